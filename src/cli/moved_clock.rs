//! A clock that a test can move while `serve` runs, so that a week of steps plays in seconds.
//!
//! It has no option and no key in the config, and it works against a stand-in on this
//! machine only: a server that talks to WeCom refuses to start with it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::domain::clock::{MovedClock, SharedClock, SystemClock};

/// Names a file that holds how far the clock is ahead, in milliseconds.
pub(super) const VARIABLE: &str = "WECOM_AGENT_TEST_CLOCK_FILE";
/// The file is read this often.
const EVERY: Duration = Duration::from_millis(20);

/// The clock of a server that talks to `api_base`; none if it must not start.
pub(super) fn choose(
    api_base: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Option<SharedClock> {
    let Some(file) = environment(VARIABLE).filter(|file| !file.is_empty()) else {
        return Some(Arc::new(SystemClock));
    };
    if !is_this_machine(api_base) {
        return None;
    }
    let clock = Arc::new(MovedClock::default());
    tracing::warn!(
        file,
        "THE CLOCK IS MOVED BY A FILE: this is a test and nothing else"
    );
    let (file, moved) = (PathBuf::from(file), Arc::clone(&clock));
    take_over(&file, &moved);
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(EVERY);
            take_over(&file, &moved);
        }
    });
    Some(clock)
}

/// A file that is being written keeps the clock where it is.
fn take_over(file: &Path, clock: &MovedClock) {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    if let Ok(ahead) = text.trim().parse() {
        clock.set_ahead(ahead);
    }
}

fn is_this_machine(api_base: &str) -> bool {
    let host = api_base.strip_prefix("http://").unwrap_or_default();
    ["127.0.0.1:", "localhost:", "[::1]:"]
        .iter()
        .any(|loopback| host.starts_with(loopback))
}

#[cfg(test)]
mod tests {
    use super::{VARIABLE, choose, is_this_machine};
    use crate::domain::clock::{Clock as _, SystemClock};

    #[test]
    fn only_a_stand_in_on_this_machine_may_have_its_time_moved() {
        assert!(is_this_machine("http://127.0.0.1:8080"));
        assert!(is_this_machine("http://localhost:8080/"));
        for elsewhere in [
            "https://qyapi.weixin.qq.com",
            "http://127.0.0.1.example:80",
            "http://localhost.example:80",
            "https://127.0.0.1:80",
            "",
        ] {
            assert!(!is_this_machine(elsewhere), "{elsewhere}");
        }
        let moved = |name: &str| (name == VARIABLE).then(|| "/nowhere".to_owned());
        assert!(choose("https://qyapi.weixin.qq.com", &moved).is_none());
        let usual = choose("https://qyapi.weixin.qq.com", &|_| None).expect("a clock");
        assert!(usual.now().since(SystemClock.now()).as_secs() < 5);
    }
}
