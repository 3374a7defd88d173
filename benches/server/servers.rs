//! The servers that are compared, each a process of its own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::callbacks::{APP, CORP, KEY, TOKEN};

/// A store of many gigabytes takes long to open after a kill.
const PATIENCE: Duration = Duration::from_secs(180);

/// A running server; killed when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    process: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Server {
    /// What it takes of memory now, in MiB.
    pub(crate) fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok());
        kib.map_or(f64::NAN, |kib| kib / 1024.0)
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(mut self) -> Result<(), String> {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)
            .map_err(|error| error.to_string())?;
        self.process.wait().map_err(|error| error.to_string())?;
        Ok(())
    }
}

/// This program as a child, doing what `what` says.
pub(crate) fn child(what: &str, folder: &Path) -> Command {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(["--child", what]).arg(folder);
    command
}

/// Starts a server that prints its address.
pub(crate) fn start(mut command: Command) -> Result<Server, String> {
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = command.spawn().map_err(|error| error.to_string())?;
    let output = process.stdout.take().ok_or("no output")?;
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        let address = line.rsplit(['/', ' ']).next().unwrap_or_default();
        if let Ok(address) = address.trim().parse() {
            return Ok(Server { address, process });
        }
    }
    drop(process.kill());
    drop(process.wait());
    Err("it does not start".to_owned())
}

/// Starts a server that listens where it was told to.
pub(crate) fn start_at(mut command: Command, address: SocketAddr) -> Result<Server, String> {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let process = command.spawn().map_err(|error| error.to_string())?;
    let mut server = Server { address, process };
    let began = Instant::now();
    while std::net::TcpStream::connect(address).is_err() {
        if began.elapsed() > PATIENCE {
            return Err("it does not listen".to_owned());
        }
        if let Ok(Some(status)) = server.process.try_wait() {
            return Err(format!("it ended with {status}"));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(server)
}

/// An address that was free a moment ago.
pub(crate) fn free_address() -> SocketAddr {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = std::net::TcpListener::bind(any).expect("a port");
    listener.local_addr().expect("an address")
}

/// Writes a config and one rule that answers.
pub(crate) fn write_config(folder: &Path, listen: SocketAddr, api: &str, engine: &str) {
    let config = format!(
        "[corp]\nid = \"{CORP}\"\ntimezone = \"Asia/Shanghai\"\n\
         [server]\nlisten = \"{listen}\"\n[wecom]\napi_base = \"{api}\"\n\
         [[app]]\nname = \"{APP}\"\nkind = \"app\"\nagent_id = 1000002\nsecret = \"{SECRET}\"\n\
         token = \"{TOKEN}\"\nencoding_aes_key = \"{KEY}\"\n\
         [store]\nkind = \"{engine}\"\npath = \"data\"\n\
         [paths]\nrules = \"rules\"\ntemplates = \"templates\"\nsops = \"sops\"\n\
         [sync]\nevery = \"off\"\n\
         [ingest]\ntoken = \"{INGEST}\"\n"
    );
    for (path, text) in [
        ("agent.toml", config.as_str()),
        ("templates/好的.txt", "好的，已收到\n"),
        (
            "rules/rules.yaml",
            "rules:\n  - id: 退款\n    when: {any: [退款]}\n    do: [{reply: 好的}]\n",
        ),
    ] {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }
    // The config holds secrets: `serve` wants them kept from others.
    let owner = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(folder.join("agent.toml"), owner).expect("permissions");
    std::fs::create_dir_all(folder.join("sops")).expect("a folder");
}

/// The secret of the mock's sample app.
const SECRET: &str = "app-secret";
/// How far a moved clock is ahead, in milliseconds.
pub(crate) const CLOCK: &str = "clock";
/// What may tell about customers.
pub(crate) const INGEST: &str = "0123456789abcdef0123456789abcdef";

/// The program itself, serving the config in this folder.
pub(crate) fn agent(folder: &Path, address: SocketAddr) -> Result<Server, String> {
    start_at(serve(folder), address)
}

/// The same with a clock that the file `clock` in this folder moves.
pub(crate) fn moved_agent(folder: &Path, address: SocketAddr) -> Result<Server, String> {
    let mut command = serve(folder);
    command.env("WECOM_AGENT_TEST_CLOCK_FILE", folder.join(CLOCK));
    start_at(command, address)
}

fn serve(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wecom-agent"));
    command.args(["serve", "--config"]);
    command.arg(folder.join("agent.toml"));
    command.env("RUST_LOG", "warn");
    command
}
