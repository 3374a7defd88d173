//! A running `wecom-agent serve`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use mock_wecom::MockWecom;
use tempfile::TempDir;
use wecom_agent::app::{ControlClient, Reply, Request};

use super::process::{CLOCK_FILE, binary, clock, spawn};
use super::wire::{CALLBACK_TOKEN, ENCODING_AES_KEY};
use super::{CORP, connect, eventually, http};

/// Rules that most stories need.
const RULES: &str = "\
version: 1
rules:
  - id: refund
    when: {any: [退款]}
    do: [{tag: 意向/退款}, {reply: refund}]
  - id: echo
    when: {any: [你好]}
    do: [{reply: hello}]
  - id: welcome
    on: added
    do: [{welcome: hello}, {tag: 来源/新客}]
  - id: enter
    on: entered
    do: [{welcome: hello}]
";

/// The files of an agent before it starts.
pub struct AgentBuilder {
    folder: TempDir,
    extra: String,
    store: &'static str,
    kf: &'static str,
    staff: &'static str,
    file_limit: Option<u32>,
    log: Option<&'static str>,
    edits: Vec<(String, String)>,
}

/// A running agent; killed when dropped.
pub struct Agent {
    /// How far its clock is ahead of the machine's, in milliseconds.
    ahead: AtomicI64,
    child: Child,
    address: String,
    logs: Arc<Mutex<Vec<String>>>,
    folder: TempDir,
}

impl AgentBuilder {
    /// The usual rules and templates.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let builder = Self {
            folder,
            extra: String::new(),
            store: "redb",
            kf: "poll_every = \"1h\"\n",
            staff: "",
            file_limit: None,
            log: None,
            edits: Vec::new(),
        };
        builder
            .file("rules/rules.yaml", RULES)
            .file("templates/refund.txt", "退款请提供订单号")
            .file("templates/hello.txt", "您好")
            .file("sops/README.md", "")
    }

    /// Writes a file below the agent's folder.
    pub fn file(self, path: &str, content: &str) -> Self {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        std::fs::write(path, content).expect("file");
        self
    }

    /// Writes a file of any bytes below the agent's folder.
    pub fn bytes(self, path: &str, content: &[u8]) -> Self {
        let builder = self.file(path, "");
        std::fs::write(builder.folder.path().join(path), content).expect("file");
        builder
    }

    /// Replaces a text of `agent.toml` wherever it stands.
    pub fn edit(mut self, from: &str, to: &str) -> Self {
        self.edits.push((from.to_owned(), to.to_owned()));
        self
    }

    /// The folder that the files are in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Adds lines to `agent.toml`.
    pub fn config(mut self, lines: &str) -> Self {
        self.extra.push_str(lines);
        self
    }

    /// Chooses the store.
    pub fn store(mut self, kind: &'static str) -> Self {
        self.store = kind;
        self
    }

    /// Chooses PostgreSQL.
    pub fn database(self, url: &str) -> Self {
        let database = format!("kind = \"postgres\"\nurl = \"{url}\"");
        self.edit("kind = \"redb\"\npath = \"data\"", &database)
    }

    /// Chooses the lines of the kf app.
    pub fn kf(mut self, lines: &'static str) -> Self {
        self.kf = lines;
        self
    }

    /// Adds lines to the app that members write to.
    pub fn staff(mut self, lines: &'static str) -> Self {
        self.staff = lines;
        self
    }

    /// Lets no file of the first run grow beyond so many KiB, as a full disk would.
    pub fn file_limit(mut self, kib: u32) -> Self {
        self.file_limit = Some(kib);
        self
    }

    /// Lets the first run log by this filter (`RUST_LOG`).
    pub fn log(mut self, filter: &'static str) -> Self {
        self.log = Some(filter);
        self
    }

    /// Writes the config for an API base without starting anything.
    pub fn write(&self, api_base: &str) -> PathBuf {
        let callback =
            format!("token = \"{CALLBACK_TOKEN}\"\nencoding_aes_key = \"{ENCODING_AES_KEY}\"\n");
        let Self {
            extra,
            store,
            kf,
            staff,
            ..
        } = self;
        let text = format!(
            "[corp]\nid = \"{CORP}\"\n[server]\nlisten = \"127.0.0.1:0\"\n\
             [wecom]\napi_base = \"{api_base}\"\ntimeout = \"2s\"\n\
             [[app]]\nname = \"kf\"\nkind = \"kf\"\nsecret = \"kf-secret\"\n{callback}{kf}\
             [[app]]\nname = \"contact\"\nkind = \"contact\"\nsecret = \"contact-secret\"\n{callback}\
             [[app]]\nname = \"staff\"\nkind = \"app\"\nagent_id = 1000002\nsecret = \"app-secret\"\n{callback}{staff}\
             [[app]]\nname = \"bot\"\nkind = \"aibot\"\n{callback}\
             [store]\nkind = \"{store}\"\npath = \"data\"\n\
             [servicers]\n\"售后组\" = [\"zhao.min\"]\n[robots]\n\"值班群\" = \"sample-robot-key\"\n\
             [sync]\nevery = \"off\"\n{extra}"
        );
        let text = self.edits.iter().fold(text, |text, (from, to)| {
            assert!(text.contains(from), "agent.toml has no {from}");
            text.replace(from, to)
        });
        let path = self.folder.path().join("agent.toml");
        std::fs::write(&path, text).expect("agent.toml");
        let owner = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, owner).expect("permissions");
        path
    }

    /// Starts the agent and points the mock's callbacks at it.
    pub async fn start(self, mock: &MockWecom) -> Agent {
        let path = self.write(&mock.base_url());
        let ahead = mock.ahead_ms();
        std::fs::write(path.with_file_name(CLOCK_FILE), ahead.to_string()).expect("a file");
        let (child, logs) = spawn(&path, self.file_limit, self.log);
        let mut agent = Agent {
            ahead: AtomicI64::new(ahead),
            child,
            address: String::new(),
            logs,
            folder: self.folder,
        };
        agent.find_address().await;
        agent.connect(mock);
        agent
    }
}

impl Agent {
    /// An agent with the usual rules.
    pub async fn start(mock: &MockWecom) -> Self {
        AgentBuilder::new().start(mock).await
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The folder with config, rules and data.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Log lines (JSON) so far.
    pub fn logs(&self) -> Vec<String> {
        self.logs.lock().expect("logs").clone()
    }

    /// The metrics page.
    pub async fn metrics(&self) -> String {
        let response = http()
            .get(format!("{}/metrics", self.url()))
            .send()
            .await
            .expect("metrics");
        response.text().await.expect("metrics")
    }

    /// The value of one metric line, 0 if it is not there.
    pub async fn metric(&self, line: &str) -> f64 {
        let text = self.metrics().await;
        let value = text
            .lines()
            .find_map(|found| found.strip_prefix(line)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().expect("a number"))
    }

    /// `/readyz` as JSON.
    pub async fn ready(&self) -> serde_json::Value {
        let response = http()
            .get(format!("{}/readyz", self.url()))
            .send()
            .await
            .expect("readyz");
        response.json().await.expect("readyz")
    }

    /// Waits until nothing waits in the inbox or the outbox.
    pub async fn idle(&self) {
        eventually("idle", async || {
            let ready = self.ready().await;
            let queues = &ready["queues"];
            (queues["inbox"] == 0 && queues["outbox"] == 0).then_some(())
        })
        .await;
    }

    /// Runs another verb on the same config while the agent runs.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let config = self.folder.path().join("agent.toml");
        Command::new(binary())
            .args(["--lang", "zh"])
            .args(arguments)
            .arg("--config")
            .arg(&config)
            .envs([clock(&config)])
            .output()
            .expect("the binary runs")
    }

    /// The records and effects that `queue list` shows in these states.
    pub fn items(&self, states: &[&str]) -> Vec<serde_json::Value> {
        let mut arguments = vec!["queue", "list", "--format", "json", "--limit", "5000"];
        for state in states {
            arguments.extend(["--state", state]);
        }
        let output = self.run(&arguments);
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).expect("a JSON list")
    }

    /// What `queue show` says about one of them.
    pub fn show(&self, item: &serde_json::Value) -> serde_json::Value {
        let id = item["id"].as_str().expect("an id");
        let output = self.run(&["queue", "show", id, "--format", "json"]);
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The most memory it has held so far.
    pub fn memory_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.pid());
        let status = std::fs::read_to_string(path).expect("/proc");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
        number.expect("a number of kB")
    }

    /// Effects and records of one state, as `queue list` tells them. Asks the running agent
    /// over its socket; a new process for each look would be most of the tests' work.
    pub async fn queue(&self, state: &str) -> Vec<serde_json::Value> {
        let filter = serde_json::json!({ "states": [state], "limit": 1000 });
        let filter = serde_json::from_value(filter).expect("a state");
        let client = ControlClient::new(&self.folder.path().join("data/control.sock"));
        let asked = client.expect("a client").ask(&Request::List(filter)).await;
        let Ok(Reply::Items(items)) = asked else {
            panic!("no list: {asked:?}");
        };
        let values = items.iter().map(serde_json::to_value);
        values.map(|value| value.expect("JSON")).collect()
    }

    /// What is known of a contact or group by its id or name; null if there is none.
    pub async fn known(&self, who: &str) -> serde_json::Value {
        let client = ControlClient::new(&self.folder.path().join("data/control.sock"));
        let request = Request::Find(who.to_owned());
        let asked = client.expect("a client").ask(&request).await;
        let Ok(Reply::Contacts(found)) = asked else {
            panic!("no contacts: {asked:?}");
        };
        let first = found.first().map(serde_json::to_value);
        first.map_or(serde_json::Value::Null, |value| value.expect("JSON"))
    }

    /// Broadcasts of one state, as `broadcasts list` tells them.
    pub async fn broadcasts(&self, state: &str) -> Vec<serde_json::Value> {
        let query = serde_json::json!({ "states": [state], "before": null, "limit": 1000 });
        let query = serde_json::from_value(query).expect("a state");
        let client = ControlClient::new(&self.folder.path().join("data/control.sock"));
        let asked = client.expect("a client");
        let asked = asked.ask(&Request::Broadcasts(query)).await;
        let Ok(Reply::Broadcasts(broadcasts)) = asked else {
            panic!("no list: {asked:?}");
        };
        let values = broadcasts.iter().map(serde_json::to_value);
        values.map(|value| value.expect("JSON")).collect()
    }

    /// Waits until `queue list` tells of `count` items of a state.
    pub async fn queued(&self, state: &str, count: usize) -> Vec<serde_json::Value> {
        eventually(&format!("{count} × {state}"), async || {
            let items = self.queue(state).await;
            (items.len() >= count).then_some(items)
        })
        .await
    }

    /// Sets a limit of the running process, as `prlimit` takes it: `--fsize=unlimited:` makes
    /// room again after [`AgentBuilder::file_limit`].
    pub fn limit(&self, limit: &str) {
        let pid = self.child.id().to_string();
        let mut prlimit = Command::new("prlimit");
        let done = prlimit.args(["--pid", &pid, limit]).status();
        assert!(done.expect("prlimit of util-linux").success());
    }

    /// Moves the agent's clock and the mock's to a time in Shanghai, for example
    /// `2026-11-23 10:00`. Back only before anything has happened.
    pub fn move_to(&self, mock: &MockWecom, local: &str) {
        let local: jiff::civil::DateTime = local.parse().expect("a date and time");
        let zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone");
        let target = local
            .to_zoned(zone)
            .expect("a time")
            .timestamp()
            .as_second();
        self.ahead(mock, target - mock.now());
    }

    /// Moves the agent's clock and the mock's ahead by so many seconds.
    pub fn ahead(&self, mock: &MockWecom, by: i64) {
        mock.advance_secs(by);
        let ahead = self.ahead.fetch_add(by * 1000, Ordering::SeqCst) + by * 1000;
        let file = self.folder.path().join(CLOCK_FILE);
        let new = file.with_extension("new");
        std::fs::write(&new, ahead.to_string()).expect("a file");
        std::fs::rename(&new, &file).expect("a file");
    }

    /// Waits until the agent has taken over the time of the mock.
    pub async fn keeps_time(&self, mock: &MockWecom) {
        eventually("the clock is taken over", async || {
            let client = ControlClient::new(&self.folder.path().join("data/control.sock"));
            let asked = client.expect("a client").ask(&Request::Now).await;
            let Ok(Reply::Now(now)) = asked else {
                panic!("no time: {asked:?}");
            };
            (now.as_secs().abs_diff(mock.now()) <= 2).then_some(())
        })
        .await;
    }

    /// Waits until so many timers are set.
    pub async fn timers(&self, count: u64) {
        eventually(&format!("{count} timers"), async || {
            (self.ready().await["queues"]["timers"] == count).then_some(())
        })
        .await;
    }

    /// SIGTERM, then the exit code.
    pub async fn terminate(&mut self) -> Option<i32> {
        self.signal("TERM");
        eventually("the agent stops", async || {
            self.child.try_wait().expect("wait")
        })
        .await
        .code()
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let (signal, pid) = (format!("-{name}"), self.pid().to_string());
        let done = Command::new("kill").args([signal, pid]).status();
        assert!(done.expect("kill").success());
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    /// Starts again on the same data after `terminate` or `kill`.
    pub async fn restart(&mut self, mock: &MockWecom) {
        let (child, logs) = spawn(&self.folder.path().join("agent.toml"), None, None);
        (self.child, self.logs) = (child, logs);
        self.find_address().await;
        self.connect(mock);
    }

    async fn find_address(&mut self) {
        let found = eventually("the agent listens", async || {
            if let Some(status) = self.child.try_wait().expect("wait") {
                return Some(Err(status));
            }
            let logs = self.logs.lock().expect("logs");
            let line = logs.iter().find(|line| line.contains("\"listening\""))?;
            let line: serde_json::Value = serde_json::from_str(line).expect("a JSON log line");
            Some(Ok(line["address"].as_str().expect("address").to_owned()))
        })
        .await;
        self.address = found.unwrap_or_else(|status| {
            panic!(
                "the agent did not start ({status}): {}",
                self.logs().join("\n")
            )
        });
    }

    fn connect(&self, mock: &MockWecom) {
        connect(mock, &self.url());
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            eprintln!("--- the agent's log\n{}", self.logs().join("\n"));
        }
    }
}
