//! `demo`: mock and agent in one process, on sample files.

mod orders;
mod watch;

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use mock_wecom::{MockWecom, ReceiverSpec};

use super::output::Terminal;
use super::serve::{LogArgs, Signals, Woken, read, wait};
use super::{Ended, samples};
use crate::app::{self, StartError};
use crate::config::StoreKind;
use crate::domain::clock::MovedClock;
use crate::domain::ids::CorpId;

const AGENT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);
const MOCK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8090);
/// How often the agent's clock follows the mock's.
const CLOCK_EVERY: Duration = Duration::from_millis(20);
const CORP: &str = "ww0000000000000001";
/// The store's folder below the demo's.
const STORE: &str = "data";
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
    // What became of changed files is told in the reader's language.
    args.log.start("warn,wecom_agent::app::reload=off");
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
    in_nobodys_use(&folder).await?;
    samples::write(&folder).with_context(|| folder.display().to_string())?;
    let mock = start_mock(terminal).await?;
    let orders = orders::start(*terminal).await?;
    let config = folder.join("agent.toml");
    let mut signals = Signals::new()?;
    let start = AgentStart {
        path: &config,
        mock: &mock,
        orders,
        clock: Arc::new(MovedClock::default()),
    };
    let mut server = start_agent(&start, args.listen, terminal).await?;
    let address = server.address;
    for receiver in receivers(address) {
        mock.set_receiver(receiver)
            .map_err(|error| anyhow::anyhow!("{error}"))?;
    }
    introduce(&folder, &mock, address, terminal);
    let reload = server.reload.clone();
    let ended = {
        let end = async {
            match args.exit_after {
                Some(secs) => tokio::time::sleep(Duration::from_secs(secs)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            woken = wait(&mut server, &mut signals) => match woken {
                Woken::Asked => Ended::Good,
                Woken::Cannot(_) => Ended::CouldNotRun,
            },
            () = end => Ended::Good,
            () = watch::run(&mock, &reload, &config, terminal) => Ended::Good,
            () = follow_clock(&mock, &start.clock) => Ended::Good,
        }
    };
    server.stop().await;
    mock.shutdown().await;
    terminal.say("demo.stopped", &[]);
    Ok(ended)
}

/// Refuses a folder that another process works on, before anything in it is changed.
async fn in_nobodys_use(folder: &Path) -> Result<(), StartError> {
    let store = StoreKind::Redb(folder.join(STORE));
    app::open_kind(&store, &CorpId(CORP.to_owned())).await?;
    Ok(())
}

async fn start_mock(terminal: &Terminal) -> anyhow::Result<MockWecom> {
    let mut config = mock_wecom::Config {
        listen: MOCK,
        // A folder that was used before remembers ids and cursors of another mock.
        fresh_ids: true,
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

/// What the agent of the demo starts with.
struct AgentStart<'a> {
    path: &'a Path,
    mock: &'a MockWecom,
    orders: SocketAddr,
    /// Goes with the mock's, so that a week of steps plays in seconds.
    clock: Arc<MovedClock>,
}

/// Starts on the wanted address, or on a free port if nobody asked for one in particular.
async fn start_agent(
    start: &AgentStart<'_>,
    wanted: Option<SocketAddr>,
    terminal: &Terminal,
) -> anyhow::Result<app::Server> {
    let mut listen = wanted.unwrap_or(AGENT);
    loop {
        let text = config(&start.mock.base_url(), start.orders, listen);
        std::fs::write(start.path, text)?;
        // It holds secrets, even if they open nothing but the simulated WeCom.
        std::fs::set_permissions(start.path, std::fs::Permissions::from_mode(0o600))?;
        let mut parts = read(start.path, terminal)
            .await
            .context("the sample files")?;
        start.clock.set_ahead(start.mock.ahead_ms());
        parts.clock = Arc::clone(&start.clock) as _;
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

/// Keeps the agent's clock at the mock's, which the page can move, until it is dropped.
async fn follow_clock(mock: &MockWecom, clock: &MovedClock) {
    loop {
        clock.set_ahead(mock.ahead_ms());
        tokio::time::sleep(CLOCK_EVERY).await;
    }
}

/// The config that the demo runs on, kept beside its data so that other verbs can use it.
fn config(api_base: &str, orders: SocketAddr, listen: SocketAddr) -> String {
    let callback = format!("token = \"{TOKEN}\"\nencoding_aes_key = \"{AES_KEY}\"\n");
    format!(
        "# 演示用配置 / the config of the demo\n\
         [corp]\nid = \"{CORP}\"\n\n\
         [server]\nlisten = \"{listen}\"\n\n\
         [wecom]\napi_base = \"{api_base}\"\n\n\
         [[app]]\nname = \"kf\"\nkind = \"kf\"\nsecret = \"kf-secret\"\n{callback}\n\
         [[app]]\nname = \"contact\"\nkind = \"contact\"\nsecret = \"contact-secret\"\n{callback}\n\
         [[app]]\nname = \"staff\"\nkind = \"app\"\nagent_id = 1000002\nsecret = \"app-secret\"\n{callback}\n\
         [[app]]\nname = \"bot\"\nkind = \"aibot\"\n{callback}\n\
         [store]\nkind = \"redb\"\npath = \"{STORE}\"\n\n\
         [servicers]\n\"售后组\" = [\"zhao.min\"]\n\"售前组\" = [\"lin.mei\"]\n\n\
         [robots]\n\"店铺群\" = \"sample-robot-key\"\n\n\
         [webhooks.\"订单系统\"]\nurl = \"http://{orders}/orders\"\n"
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
    terminal.say("demo.clock", &[]);
    terminal.say("demo.agent", &[("address", &address)]);
    terminal.say("demo.watch", &[]);
}
