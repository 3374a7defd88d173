//! WeCom for the soak: it fails now and then, and counts the answers that take effect.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use mock_wecom::{Action, Chaos, Config, JournalQuery, Member, MockWecom};
use serde_json::json;
use tokio::time::sleep;

use crate::say;
use crate::servers::CLOCK;

/// So many members write, again and again.
pub(crate) const MEMBERS: usize = 20_000;
/// What the answers came to, as JSON.
pub(crate) const TALLY: &str = "tally.json";

const SEND: &str = "message/send";
/// The journal keeps fifty thousand entries: more than come in so long.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Nothing gets through for `OUTAGE`, so often.
const OUTAGE_EVERY: Duration = Duration::from_secs(240);
const OUTAGE: Duration = Duration::from_secs(20);
/// The tokens that were granted are no longer good, so often.
const REVOKED_EVERY: Duration = Duration::from_secs(60);

/// Runs until it is killed.
pub(crate) async fn run(folder: &Path) {
    let mock = MockWecom::start(Config::sample());
    let mock = mock.await.expect("the mock starts");
    let member = |number: usize| {
        let userid = format!("member{number}");
        serde_json::from_value(json!({ "userid": userid, "name": userid }))
    };
    let members: Result<Vec<Member>, _> = (0..MEMBERS).map(member).collect();
    mock.put_members(members.expect("members"));
    // A corp of this size would ask for a higher limit; what happens at it has tests of its own.
    let limits = json!({"calls_per_min": 0, "calls_per_hour": 0});
    let limits = limits.as_object().cloned().unwrap_or_default();
    mock.set_switches(limits).expect("switches");
    say(mock.base_url().trim_start_matches("http://"));
    let mut answers = Answers::default();
    let began = Instant::now();
    let (mut outages, mut down, mut revoked) = (0, true, 0);
    loop {
        let since = began.elapsed().as_secs() % OUTAGE_EVERY.as_secs();
        let is_down = began.elapsed() > OUTAGE_EVERY && since < OUTAGE.as_secs();
        if began.elapsed().as_secs() / REVOKED_EVERY.as_secs() > revoked {
            revoked += 1;
            mock.revoke_tokens();
        }
        if is_down != down {
            outages += u32::from(is_down);
            down = is_down;
            mock.chaos(weather(down)).expect("chaos");
        }
        follow_clock(&mock, folder);
        answers.read(&mock);
        let text = answers.told(outages).to_string();
        std::fs::write(folder.join("tally.part"), text).expect("written");
        std::fs::rename(folder.join("tally.part"), folder.join(TALLY)).expect("in place");
        sleep(LOOK_EVERY).await;
    }
}

/// One call of a hundred goes wrong, in eight ways; in an outage each is cut off.
fn weather(down: bool) -> Chaos {
    let mixture = vec![
        Action::Errcode {
            code: -1,
            applied: false,
        },
        Action::Errcode {
            code: -1,
            applied: true,
        },
        Action::Http {
            status: 502,
            applied: false,
        },
        Action::Http {
            status: 502,
            applied: true,
        },
        Action::DropBefore,
        Action::DropAfter,
        Action::DelayMs { ms: 1000 },
        Action::Truncate,
    ];
    let (percent, actions) = match down {
        true => (100, vec![Action::DropBefore]),
        false => (1, mixture),
    };
    Chaos {
        seed: 1,
        percent,
        paths: Vec::new(),
        actions,
    }
}

/// The agent's clock and this one go together.
fn follow_clock(mock: &MockWecom, folder: &Path) {
    let text = std::fs::read_to_string(folder.join(CLOCK)).unwrap_or_default();
    let ahead: i64 = text.trim().parse().unwrap_or_default();
    let missing = (ahead - mock.ahead_ms()) / 1000;
    if missing > 0 {
        mock.advance_secs(missing);
    }
}

/// How often each message was answered.
#[derive(Default)]
struct Answers {
    counts: HashMap<usize, u32>,
    read_to: u64,
    faults: usize,
}

impl Answers {
    fn read(&mut self, mock: &MockWecom) {
        let query = JournalQuery {
            since: Some(self.read_to),
            ..JournalQuery::calls(SEND)
        };
        for entry in mock.journal(&query) {
            self.read_to = entry.id;
            self.faults += usize::from(entry.fault.is_some());
            // A repetition that WeCom has recognised reaches nobody.
            if !entry.applied
                || entry.errcode.is_some_and(|code| code > 0)
                || !entry.problems.is_empty()
            {
                continue;
            }
            let text = entry.request["body"]["text"]["content"]
                .as_str()
                .unwrap_or_default();
            let number = text
                .rsplit('#')
                .next()
                .and_then(|end| end.split('.').next()?.parse().ok());
            if let Some(number) = number {
                *self.counts.entry(number).or_default() += 1;
            }
        }
    }

    fn told(&self, outages: u32) -> serde_json::Value {
        let twice = self.counts.values().filter(|count| **count > 1).count();
        json!({
            "once": self.counts.len() - twice,
            "twice": twice,
            "faults": self.faults,
            "outages": outages,
        })
    }
}
