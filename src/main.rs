//! The `wecom-agent` program.

use std::process::ExitCode;

/// Gives back what a reload or an import took for a moment; the system's keeps it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    wecom_agent::cli::run(std::env::args_os().collect())
}
