//! What others use for such a callback, installed once into `target/`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::servers::{Server, start, start_at};

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/server/peers")
}

fn installed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target")
}

fn ran(command: &mut Command) -> Result<(), String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr)
            .lines()
            .last()
            .unwrap_or("it failed")
            .to_owned()),
    }
}

/// fastify and `@wecom/crypto`.
pub(crate) fn fastify() -> Result<Server, String> {
    let folder = installed().join("bench-node");
    if !folder.join("node_modules/@wecom/crypto").exists() {
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        ran(Command::new("npm")
            .args(["install", "--silent", "--no-audit", "--no-fund"])
            .args(["fastify@5", "@wecom/crypto@1", "fast-xml-parser@5"])
            .current_dir(&folder))?;
    }
    let mut command = Command::new("node");
    command.env("BENCH_MODULES", folder.join("node_modules"));
    command.arg(here().join("fastify_app.mjs"));
    start(command)
}

/// Flask and wechatpy, with two workers of gunicorn.
pub(crate) fn flask(address: SocketAddr) -> Result<Server, String> {
    let folder = installed().join("bench-flask");
    let python = folder.join("bin/python");
    if !folder.join("bin/gunicorn").exists() {
        ran(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        ran(Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(["flask", "gunicorn", "wechatpy[cryptography]"]))?;
    }
    let mut command = Command::new(python);
    command.args([
        "-m",
        "gunicorn",
        "--workers",
        "2",
        "--threads",
        "4",
        "--bind",
    ]);
    command.arg(address.to_string()).arg("flask_app:app");
    command.current_dir(here());
    start_at(command, address)
}
