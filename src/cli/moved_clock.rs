//! A clock that a test can move while `serve` runs, so that a week of steps plays in seconds.
//!
//! It has no option and no key in the config, and it works against a stand-in on this
//! machine only: a server that talks to WeCom refuses to start with it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::clock::{Clock, MovedClock, SharedClock, SystemClock, UnixMillis};

/// Names a file that holds how far the clock is ahead, in milliseconds.
pub(super) const VARIABLE: &str = "WECOM_AGENT_TEST_CLOCK_FILE";

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
    tracing::warn!(
        file,
        "THE CLOCK IS MOVED BY A FILE: this is a test and nothing else"
    );
    Some(Arc::new(FileClock {
        file: PathBuf::from(file),
        moved: MovedClock::default(),
    }))
}

/// Looks into the file each time it is asked: what is written is in force at once.
struct FileClock {
    file: PathBuf,
    moved: MovedClock,
}

impl Clock for FileClock {
    fn now(&self) -> UnixMillis {
        // A file that is being written leaves the clock where it is.
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        if let Ok(ahead) = text.trim().parse() {
            self.moved.set_ahead(ahead);
        }
        self.moved.now()
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
