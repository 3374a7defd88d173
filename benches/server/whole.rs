//! The whole path: callbacks in, answers at WeCom, by the real program against the mock.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::callbacks::requests;
use crate::load;
use crate::servers::{agent, child, free_address, start, write_config};

/// So many members ask once each.
pub(crate) const MESSAGES: usize = 10_000;
/// Longer than this is a fault.
const PATIENCE: Duration = Duration::from_secs(120);

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
    let began = Instant::now();
    let outcome = load::run(address, requests(0, MESSAGES, "我要退款"), PATIENCE, false).await;
    let accepted = began.elapsed().as_secs_f64();
    if outcome.good != MESSAGES {
        return Err(format!("{} of {MESSAGES} were accepted", outcome.good));
    }
    while sent(address).await? < MESSAGES as f64 {
        if began.elapsed() > PATIENCE {
            return Err(format!(
                "{} of {MESSAGES} answers were sent",
                sent(address).await?
            ));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let secs = began.elapsed().as_secs_f64();
    Ok(json!({
        "messages": MESSAGES,
        "accepted_per_second": MESSAGES as f64 / accepted,
        "sent_per_second": MESSAGES as f64 / secs,
        "idle_mib": idle,
        "busy_mib": server.memory(),
    }))
}

/// The answers that WeCom has taken.
async fn sent(address: std::net::SocketAddr) -> Result<f64, String> {
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
