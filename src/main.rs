//! The `wecom-agent` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    wecom_agent::cli::run(std::env::args_os().collect())
}
