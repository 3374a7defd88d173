//! A mistake of the program's own: told by its place, never by its words.

use std::backtrace::{Backtrace, BacktraceStatus};

use super::output::Terminal;

/// Tells of a panic where it happened and nothing else. What it says can quote the value that
/// it stumbled over, which may be a secret or what somebody wrote; `RUST_BACKTRACE=1` shows the
/// way to it, which holds no values.
pub(super) fn keep_quiet(terminal: Terminal) {
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string);
        let place = place.unwrap_or_default();
        let way = Backtrace::capture();
        if tracing::dispatcher::has_been_set() {
            tracing::error!(place, "a mistake in the program; please report the place");
        } else {
            terminal.warn("cli.panicked", &[("place", &place)]);
        }
        if way.status() == BacktraceStatus::Captured {
            terminal.beside(&way);
        }
    }));
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::keep_quiet;
    use crate::cli::output::Terminal;
    use crate::lang::Lang;

    const CHILD: &str = "WECOM_AGENT_TEST_PANICS";
    const SAID: &str = "金丝雀客户原话";

    /// The hook belongs to a whole process, so the test runs itself in one of its own.
    #[test]
    fn a_panic_tells_its_place_and_not_what_it_stumbled_over() {
        if std::env::var_os(CHILD).is_some() {
            keep_quiet(Terminal::new(Lang::En));
            let said = SAID.to_owned();
            let cut = |at| std::panic::catch_unwind(|| said[..at].len());
            assert!(cut(1).is_err(), "in the middle of a letter");
            assert!(cut(3).is_ok());
            let thread = std::thread::spawn(|| panic!("{SAID}"));
            assert!(thread.join().is_err());
            return;
        }
        let name = "cli::panics::tests::a_panic_tells_its_place_and_not_what_it_stumbled_over";
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program);
        child.args(["--exact", name, "--nocapture"]).env(CHILD, "1");
        let ran = child.env("RUST_BACKTRACE", "1").output().expect("it runs");
        let told = [ran.stdout, ran.stderr].concat();
        let told = String::from_utf8_lossy(&told);
        assert!(ran.status.success(), "{told}");
        let places = told.matches("mistake in the program at src/cli/panics.rs:");
        assert_eq!(places.count(), 2, "{told}");
        assert!(
            told.contains("stack backtrace") || told.contains("0:"),
            "{told}"
        );
        for part in [SAID, "金", "char boundary"] {
            assert!(!told.contains(part), "{told}");
        }
    }
}
