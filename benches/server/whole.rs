//! The whole path: callbacks in, answers at WeCom, by the real program against the mock.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::callbacks::requests;
use crate::load;
use crate::servers::{agent, child, free_address, start, write_config};

/// So many members ask once each.
pub(crate) const MESSAGES: usize = 10_000;
/// Longer than this is a fault.
const PATIENCE: Duration = Duration::from_secs(120);

/// First members of whom nothing is known yet, each of whom WeCom is asked about; then, as on
/// every later day, the same members again.
pub(crate) async fn measure() -> Result<Json, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let wecom = start(child("mock", folder.path()))?;
    let address = free_address();
    write_config(
        folder.path(),
        address,
        &format!("http://{}", wecom.address),
        "redb",
    );
    let server = agent(folder.path(), address)?;
    let idle = server.memory();
    let strangers = round(address, 0).await?;
    let known = round(address, 1).await?;
    Ok(json!({
        "messages": MESSAGES,
        "accepted_per_second": known.accepted,
        "sent_per_second": known.sent,
        "strangers_per_second": strangers.sent,
        "idle_mib": idle,
        "busy_mib": server.memory(),
    }))
}

/// What happened each second.
struct Rate {
    accepted: f64,
    sent: f64,
}

/// Every member asks once more.
async fn round(address: SocketAddr, number: usize) -> Result<Rate, String> {
    let before = number * MESSAGES;
    let asked = requests(0..MESSAGES, before, "我要退款");
    let began = Instant::now();
    let outcome = load::run(address, asked, PATIENCE, false).await;
    let accepted = began.elapsed().as_secs_f64();
    if outcome.good != MESSAGES {
        return Err(format!("{} of {MESSAGES} were accepted", outcome.good));
    }
    loop {
        let sent = sent(address).await? - before as f64;
        if sent >= MESSAGES as f64 {
            break;
        }
        if began.elapsed() > PATIENCE {
            return Err(format!("{sent} of {MESSAGES} answers were sent"));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(Rate {
        accepted: MESSAGES as f64 / accepted,
        sent: MESSAGES as f64 / began.elapsed().as_secs_f64(),
    })
}

/// The answers that WeCom has taken.
async fn sent(address: SocketAddr) -> Result<f64, String> {
    let url = format!("http://{address}/metrics");
    let text = reqwest::get(url).await.map_err(|error| error.to_string())?;
    let text = text.text().await.map_err(|error| error.to_string())?;
    let calls = text.lines().filter(|line| {
        line.starts_with("wecom_agent_api_calls_total")
            && line.contains("message/send")
            && line.contains("done")
    });
    Ok(calls
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum())
}
