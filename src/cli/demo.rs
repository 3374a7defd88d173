//! `demo`: mock and agent in one process, on sample files.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use mock_wecom::{Entry, EntryKind, JournalQuery, MockWecom, ReceiverSpec};

use super::output::Terminal;
use super::serve::{LogArgs, Signals, read, wait};
use super::{Ended, samples};
use crate::app::{self, StartError};

const AGENT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);
const MOCK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8090);
/// How often the journal of the mock is looked at.
const WATCH: Duration = Duration::from_millis(200);
const TOKEN: &str = "DemoToken";
const AES_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const CUSTOMER: &str = "wmSAMPLE00000000000000000000001";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[arg(long, value_name = "SECONDS")]
    exit_after: Option<u64>,
    #[command(flatten)]
    log: LogArgs,
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    args.log.start("warn");
    crate::gateway::install_crypto();
    let temporary = match args.data {
        Some(_) => None,
        None => Some(tempfile::tempdir()?),
    };
    let folder = match (&args.data, &temporary) {
        (Some(folder), _) => folder.clone(),
        (None, Some(temporary)) => temporary.path().to_path_buf(),
        (None, None) => PathBuf::from("."),
    };
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    samples::write(&folder).with_context(|| folder.display().to_string())?;
    let mock = start_mock(terminal).await?;
    let config = folder.join("agent.toml");
    let mut signals = Signals::new()?;
    let mut server = start_agent(&config, &mock, args.listen, terminal).await?;
    let address = server.address;
    for receiver in receivers(address) {
        mock.set_receiver(receiver)
            .map_err(|error| anyhow::anyhow!("{error}"))?;
    }
    introduce(&folder, &mock, address, terminal);
    let ended = {
        let end = async {
            match args.exit_after {
                Some(secs) => tokio::time::sleep(Duration::from_secs(secs)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = wait(&mut server, &mut signals) => ended,
            () = end => Ended::Good,
            () = watch(&mock, terminal) => Ended::Good,
        }
    };
    server.stop().await;
    mock.shutdown().await;
    terminal.say("demo.stopped", &[]);
    Ok(ended)
}

async fn start_mock(terminal: &Terminal) -> anyhow::Result<MockWecom> {
    let mut config = mock_wecom::Config {
        listen: MOCK,
        ..mock_wecom::Config::sample()
    };
    match MockWecom::start(config.clone()).await {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            terminal.warn("demo.port_taken", &[("address", &MOCK.to_string())]);
            config.listen.set_port(0);
            MockWecom::start(config).await.context("mock-wecom")
        }
        other => other.context("mock-wecom"),
    }
}

/// Starts on the wanted address, or on a free port if nobody asked for one in particular.
async fn start_agent(
    path: &Path,
    mock: &MockWecom,
    wanted: Option<SocketAddr>,
    terminal: &Terminal,
) -> anyhow::Result<app::Server> {
    let mut listen = wanted.unwrap_or(AGENT);
    loop {
        std::fs::write(path, config(&mock.base_url(), listen))?;
        let parts = read(path, terminal).context("the sample files")?;
        match app::start(parts).await {
            Err(StartError::Listen { source, .. })
                if source.kind() == std::io::ErrorKind::AddrInUse
                    && wanted.is_none()
                    && listen.port() != 0 =>
            {
                terminal.warn("demo.port_taken", &[("address", &listen.to_string())]);
                listen.set_port(0);
            }
            other => return Ok(other?),
        }
    }
}

/// The config that the demo runs on, kept beside its data so that other verbs can use it.
fn config(api_base: &str, listen: SocketAddr) -> String {
    let callback = format!("token = \"{TOKEN}\"\nencoding_aes_key = \"{AES_KEY}\"\n");
    format!(
        "# 演示用配置 / the config of the demo\n\
         [corp]\nid = \"ww0000000000000001\"\n\n\
         [server]\nlisten = \"{listen}\"\n\n\
         [wecom]\napi_base = \"{api_base}\"\n\n\
         [[app]]\nname = \"kf\"\nkind = \"kf\"\nsecret = \"kf-secret\"\n{callback}\n\
         [[app]]\nname = \"contact\"\nkind = \"contact\"\nsecret = \"contact-secret\"\n{callback}\n\
         [[app]]\nname = \"staff\"\nkind = \"app\"\nagent_id = 1000002\nsecret = \"app-secret\"\n{callback}\n\
         [[app]]\nname = \"bot\"\nkind = \"aibot\"\n{callback}\n\
         [store]\nkind = \"redb\"\npath = \"data\"\n\n\
         [servicers]\n\"售后组\" = [\"zhao.min\"]\n\"销售组\" = [\"lin.mei\"]\n"
    )
}

fn receivers(agent: SocketAddr) -> Vec<ReceiverSpec> {
    use mock_wecom::Kind;
    [
        ("kf", Kind::Kf),
        ("contact", Kind::Contact),
        ("staff", Kind::App),
        ("bot", Kind::Aibot),
    ]
    .into_iter()
    .map(|(name, kind)| ReceiverSpec {
        name: name.to_owned(),
        kind,
        url: format!("http://{agent}/callback/{name}"),
        token: TOKEN.to_owned(),
        encoding_aes_key: AES_KEY.to_owned(),
        receive_id: None,
        agent_id: None,
    })
    .collect()
}

fn introduce(folder: &Path, mock: &MockWecom, address: SocketAddr, terminal: &Terminal) {
    let url = mock.base_url();
    let body =
        serde_json::json!({ "external_userid": CUSTOMER, "content": "我要退款" }).to_string();
    let folder = folder.display().to_string();
    let address = address.to_string();
    terminal.say("demo.ready", &[("folder", &folder)]);
    terminal.say("demo.page", &[("url", &url)]);
    terminal.say("demo.curl", &[("url", &url), ("body", &body)]);
    terminal.say("demo.files", &[("folder", &folder)]);
    terminal.say("demo.agent", &[("address", &address)]);
    terminal.say("demo.watch", &[]);
}

/// Shows what happens, as the mock sees it.
async fn watch(mock: &MockWecom, terminal: &Terminal) {
    let mut since = 0;
    loop {
        let query = JournalQuery {
            since: Some(since),
            ..JournalQuery::default()
        };
        for entry in mock.journal(&query) {
            since = entry.id;
            show(&entry, terminal);
        }
        tokio::time::sleep(WATCH).await;
    }
}

fn show(entry: &Entry, terminal: &Terminal) {
    let text = |pointer: &str| {
        let body = entry.request.get("body").unwrap_or(&entry.request);
        body.pointer(pointer).and_then(|value| value.as_str())
    };
    match (
        entry.kind,
        entry.path.rsplit("/cgi-bin/").next().unwrap_or(&entry.path),
    ) {
        (EntryKind::Callback, name) => {
            let status = entry.response.get("http_status").map(ToString::to_string);
            let result = status.unwrap_or_default();
            terminal.say(
                "demo.called",
                &[("path", &format!("callback {name}")), ("result", &result)],
            );
        }
        (EntryKind::Call, "kf/sync_msg") => {
            let said = entry
                .response
                .get("msg_list")
                .and_then(|list| list.as_array());
            for item in said.into_iter().flatten() {
                let who = item["external_userid"].as_str().unwrap_or_default();
                let shown = item["text"]["content"]
                    .as_str()
                    .or(item["msgtype"].as_str());
                terminal.say(
                    "demo.customer",
                    &[("who", who), ("text", shown.unwrap_or_default())],
                );
            }
        }
        (EntryKind::Call, "kf/send_msg") => {
            let who = text("/touser").unwrap_or_default();
            let shown = text("/text/content")
                .or(text("/msgmenu/head_content"))
                .or(text("/msgtype"));
            terminal.say(
                "demo.bot",
                &[("who", who), ("text", shown.unwrap_or_default())],
            );
        }
        (EntryKind::Call, path) => {
            let result = match entry.errcode {
                Some(0) | None => "ok".to_owned(),
                Some(code) => format!("errcode {code}"),
            };
            terminal.say("demo.called", &[("path", path), ("result", &result)]);
        }
    }
}
