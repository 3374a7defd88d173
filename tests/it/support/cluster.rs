//! A throwaway PostgreSQL from the installed programs, for one test process.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// How to get the programs.
const MISSING: &str = "the tests need PostgreSQL's programs: apt-get install postgresql";
/// Everything may take so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs in the folder of the cluster until its input ends, which it does with the process of
/// the tests, however that ends. Its input starts and stops the server.
const KEEPER: &str = "\
start() { \"$0/postgres\" -D data -k \"$PWD\" -h 127.0.0.1 -p \"$1\" -c \"fsync=$2\" \
  -c max_connections=300 -c shared_buffers=64MB -c log_min_messages=warning \
  -c full_page_writes=$2 -c max_wal_size=256MB >>log 2>&1 & pid=$!; }
start \"$@\"
while read -r word; do
  case $word in
    stop) kill -INT $pid; wait $pid;;
    crash) kill -QUIT $pid; wait $pid;;
    start) start \"$@\";;
  esac
done
kill -QUIT $pid; wait $pid; rm -rf \"$PWD\"
";

/// A running server.
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    keeper: Mutex<Child>,
    names: AtomicU32,
}

/// Who runs the server: PostgreSQL refuses to be run by root.
struct Account {
    uid: u32,
    gid: u32,
}

impl Cluster {
    /// The cluster that all tests of this process share. What it was told is lost if the
    /// machine stops: it does not wait for the disk.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(false))
    }

    /// A cluster of one's own, which waits for the disk if `durable`.
    pub fn start(durable: bool) -> Self {
        let programs = programs();
        let account = is_root().then(account);
        let folder = tempfile::Builder::new()
            .prefix("wecom-agent-pg-")
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir()
            .expect("a temporary folder")
            .keep();
        if let Some(Account { uid, gid }) = &account {
            chown(&folder, Some(*uid), Some(*gid)).expect("a folder of the other account");
        }
        let mut initdb = dropping(account.as_ref(), &programs.join("initdb"));
        let made = initdb
            .args(["-D", "data", "-U", "agent", "--auth=trust", "-E", "UTF8"])
            .args(["--locale=C", "--no-sync"])
            .current_dir(&folder)
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", words(&made));
        let port = free_port();
        let mut keeper = dropping(account.as_ref(), Path::new("/bin/sh"));
        let keeper = keeper
            .arg("-c")
            .arg(KEEPER)
            .arg(&programs)
            .arg(port.to_string())
            .arg(if durable { "on" } else { "off" })
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let cluster = Self {
            programs,
            folder,
            port,
            keeper: Mutex::new(keeper),
            names: AtomicU32::new(0),
        };
        cluster.wait_until(true);
        cluster
    }

    /// The URL of a new database.
    pub fn database(&self) -> String {
        let name = format!("db{}", self.names.fetch_add(1, Ordering::SeqCst));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The URL of a new database whose owner is asked for this password.
    pub fn guarded(&self, password: &str) -> String {
        let url = self.database();
        let name = url.rsplit('/').next().expect("a name");
        let owner = format!(
            "CREATE ROLE {name} LOGIN PASSWORD '{password}'; ALTER DATABASE {name} OWNER TO {name}"
        );
        self.sql("postgres", &owner);
        // The first line that fits counts.
        let file = self.folder.join("data/pg_hba.conf");
        let doors = std::fs::read_to_string(&file).expect("pg_hba.conf");
        let guarded = format!("host all {name} 127.0.0.1/32 scram-sha-256\n{doors}");
        std::fs::write(&file, guarded).expect("pg_hba.conf");
        self.sql("postgres", "SELECT pg_reload_conf()");
        url.replace("agent:not-a-secret", &format!("{name}:{password}"))
    }

    /// The URL of a new schema in a database that others use as well.
    pub fn schema(&self) -> String {
        let name = format!("s{}", self.names.fetch_add(1, Ordering::SeqCst));
        self.sql("postgres", &format!("CREATE SCHEMA {name}"));
        format!("{}?options=-csearch_path%3D{name}", self.url("postgres"))
    }

    fn url(&self, database: &str) -> String {
        format!(
            "postgres://agent:not-a-secret@127.0.0.1:{}/{database}",
            self.port
        )
    }

    /// Runs SQL in a database or on a URL; what it answers, a line for each row.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let url = if database.contains("://") {
            database.to_owned()
        } else {
            self.url(database)
        };
        let mut psql = Command::new(self.programs.join("psql"));
        let asked = psql
            .args(["-qAtX", "-v", "ON_ERROR_STOP=1", "-c", sql, &url])
            .output()
            .expect("psql runs");
        assert!(asked.status.success(), "psql: {}", words(&asked));
        String::from_utf8_lossy(&asked.stdout).trim().to_owned()
    }

    /// Speaks TLS from now on, with this certificate and key.
    pub fn secure(&self, certificate: &str, key: &str) {
        for (name, pem) in [("server.crt", certificate), ("server.key", key)] {
            let file = self.folder.join("data").join(name);
            std::fs::write(&file, pem).expect("a file");
            let owner = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(&file, owner).expect("permissions");
            if is_root() {
                let Account { uid, gid } = account();
                chown(&file, Some(uid), Some(gid)).expect("a file of the other account");
            }
        }
        self.sql("postgres", "ALTER SYSTEM SET ssl = on");
        // It reads its settings again when it starts.
        self.stop();
        self.resume();
    }

    /// Everything in a database, as text.
    pub fn dump(&self, url: &str) -> String {
        let dumped = Command::new(self.programs.join("pg_dump"))
            .arg(url)
            .output()
            .expect("pg_dump runs");
        assert!(dumped.status.success(), "pg_dump: {}", words(&dumped));
        String::from_utf8_lossy(&dumped.stdout).into_owned()
    }

    /// Stops the server, as `pg_ctl stop -m fast` would.
    pub fn stop(&self) {
        self.say("stop");
        self.wait_until(false);
    }

    /// Stops the server at once, as `pg_ctl stop -m immediate` would: what it had not written
    /// out is gone.
    pub fn crash(&self) {
        self.say("crash");
        self.wait_until(false);
    }

    /// Starts the server again.
    pub fn resume(&self) {
        self.say("start");
        self.wait_until(true);
    }

    fn say(&self, word: &str) {
        let mut keeper = self.keeper.lock().expect("the keeper");
        let input = keeper.stdin.as_mut().expect("its input");
        writeln!(input, "{word}").expect("it listens");
    }

    fn wait_until(&self, up: bool) {
        let began = Instant::now();
        loop {
            let ready = Command::new(self.programs.join("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                .status()
                .expect("pg_isready runs");
            if ready.success() == up {
                return;
            }
            let log = || std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(began.elapsed() < PATIENCE, "up: {up}\n{}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut keeper = self.keeper.lock().expect("the keeper");
        drop(keeper.stdin.take());
        drop(keeper.wait());
    }
}

/// The folder of the programs: the newest of Debian's, or that of the PATH.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let versions = versions.into_iter().flatten().flatten();
    let folders = versions.filter_map(|version| {
        let number: u32 = version.file_name().to_str()?.parse().ok()?;
        Some((number, version.path().join("bin")))
    });
    let newest = folders.max_by_key(|(number, _)| *number);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut all = std::env::split_paths(&path).chain(newest.map(|(_, folder)| folder));
    all.find(|folder| folder.join("initdb").exists() && folder.join("psql").exists())
        .expect(MISSING)
}

fn is_root() -> bool {
    let me = std::fs::metadata("/proc/self").expect("/proc");
    std::os::unix::fs::MetadataExt::uid(&me) == 0
}

fn account() -> Account {
    let accounts = std::fs::read_to_string("/etc/passwd").expect("accounts");
    let find = |name: &str| {
        let line = accounts
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut parts = line.split(':').skip(2);
        Some(Account {
            uid: parts.next()?.parse().ok()?,
            gid: parts.next()?.parse().ok()?,
        })
    };
    let found = find("postgres").or_else(|| find("nobody"));
    found.expect("an account other than root's")
}

/// A command of the account, if it is to be another than ours.
fn dropping(account: Option<&Account>, program: &Path) -> Command {
    let Some(Account { uid, gid }) = account else {
        return Command::new(program);
    };
    let mut command = Command::new("setpriv");
    command
        .args([&format!("--reuid={uid}"), &format!("--regid={gid}")])
        .arg("--clear-groups")
        .arg(program);
    command
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

fn words(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
