//! The operator at the command line.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::ENCODING_AES_KEY;
use super::process::{CLOCK_FILE, binary, clock};

/// How a verb ended.
pub struct Ran {
    /// The exit code.
    pub code: Option<i32>,
    /// What it wrote.
    pub stdout: String,
    /// What it wrote beside the result.
    pub stderr: String,
}

impl Ran {
    /// Everything that it wrote.
    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// The result as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).expect("JSON")
    }
}

/// The binary in a folder, speaking Chinese, with a clean environment.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command
        .current_dir(folder)
        .args(arguments)
        .env_clear()
        .env("LC_ALL", "zh_CN.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // An agent of this folder has its own time.
    if folder.join(CLOCK_FILE).exists() {
        command.envs([clock(&folder.join("agent.toml"))]);
    }
    command
}

/// Runs a verb that strace kills before its `nth` system call of a kind. Whether it came to its
/// end, since it has fewer of them.
pub fn ends_before(call: &str, nth: usize, folder: &Path, arguments: &[&str]) -> bool {
    let ran = std::process::Command::new("strace")
        .current_dir(folder)
        .args(["-f", "-qq", "-o", "/dev/null", "-e"])
        .arg(format!("trace={call}"))
        .arg("-e")
        .arg(format!("inject={call}:signal=KILL:when={nth}"))
        .arg(binary())
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    ran.expect("strace").success()
}

/// Runs a verb to its end.
pub async fn run(folder: &Path, arguments: &[&str]) -> Ran {
    end(command(folder, arguments)).await
}

/// Runs a verb with every value that the config of `init` takes from the environment.
pub async fn with_secrets(folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = command(folder, arguments);
    command.env("WECOM_CORP_ID", "ww0000000000000001");
    command.env("WECOM_ROBOT_KEY", "sample-robot-key");
    for app in ["KF", "CONTACT", "APP"] {
        command.env(format!("WECOM_{app}_SECRET"), "secret");
        command.env(format!("WECOM_{app}_TOKEN"), "token");
        command.env(format!("WECOM_{app}_AES_KEY"), ENCODING_AES_KEY);
    }
    end(command).await
}

/// Waits for the end of a command.
pub async fn end(mut command: Command) -> Ran {
    let ended = tokio::time::timeout(Duration::from_secs(20), command.output()).await;
    let output = ended.expect("it ends").expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ran {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}
