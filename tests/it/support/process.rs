//! The program as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

/// Beside the config: how far the clock is ahead.
pub(super) const CLOCK_FILE: &str = "clock";

/// The binary under test.
pub fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_wecom-agent")
}

/// Where the agent finds how far its clock is ahead.
pub(super) fn clock(config: &Path) -> (&'static str, PathBuf) {
    let file = config.with_file_name(CLOCK_FILE);
    ("WECOM_AGENT_TEST_CLOCK_FILE", file)
}

/// Starts `serve` with its usual log or another (`RUST_LOG`). Its log lines are collected.
pub(super) fn spawn(
    config: &Path,
    file_limit: Option<u32>,
    log: Option<&str>,
) -> (Child, Arc<Mutex<Vec<String>>>) {
    let mut command = match file_limit {
        None => Command::new(binary()),
        // With the signal ignored, a write beyond the limit fails as on a full disk.
        Some(kib) => {
            let mut shell = Command::new("bash");
            let script = format!("trap '' XFSZ; ulimit -S -f {kib}; exec \"$0\" \"$@\"");
            shell.args(["-c", &script, binary()]);
            shell
        }
    };
    let mut child = command
        .args(["serve", "--log-format", "json", "--config"])
        .arg(config)
        .env_remove("RUST_LOG")
        .envs(log.map(|log| ("RUST_LOG", log)))
        .envs([clock(config)])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let logs = Arc::new(Mutex::new(Vec::new()));
    let stderr = child.stderr.take().expect("stderr");
    let sink = Arc::clone(&logs);
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            sink.lock().expect("logs").push(line);
        }
    });
    (child, logs)
}
