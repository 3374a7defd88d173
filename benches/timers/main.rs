//! What pending timers cost: memory while they wait, and time to find those that are due; and
//! what a plan for a large audience costs.
//!
//! `cargo bench --bench timers`, or `-- --timers 100000 --customers 10000` for fewer.

mod audience;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

use wecom_agent::domain::clock::UnixMillis;
use wecom_agent::domain::ids::{CorpId, Person};
use wecom_agent::domain::inbound::{Author, Channel, Inbound, ReplyPath, Task, Trigger};
use wecom_agent::domain::timer::Timer;
use wecom_agent::store::Store;
use wecom_agent::store::embedded::EmbeddedStore;

/// So many in one commit while the store is filled.
const BATCH: i64 = 2000;
/// So many are due in each look that is timed.
const DUE: i64 = 100;
/// So many looks.
const LOOKS: i64 = 20;
/// Those that stay pending are due from here on.
const LATER: i64 = 1_000_000_000;

fn main() {
    let most: i64 = argument("--timers").unwrap_or(1_000_000);
    let customers: usize = argument("--customers").unwrap_or(100_000);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    say("| pending | memory | on the disk | set, each | a look, nothing due | fire, each |");
    say("|---|---|---|---|---|---|");
    for count in [most / 100, most / 10, most] {
        runtime.block_on(measure(count));
    }
    runtime.block_on(audience::measure(customers));
}

/// The number behind an option.
fn argument<T: std::str::FromStr>(name: &str) -> Option<T> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)?.parse().ok()
}

async fn measure(count: i64) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::open_redb(folder.path(), &CorpId::from("ww1"));
    let store: Arc<dyn Store> = Arc::new(store.expect("a store"));
    let before = memory_kib();
    let began = Instant::now();
    for from in (0..count).step_by(usize::try_from(BATCH).expect("small")) {
        let timers =
            (from..count.min(from + BATCH)).map(|n| timer(n, LATER + n * 977 % 31_536_000_000));
        store.set_timers(timers.collect()).await.expect("set");
    }
    let set = began.elapsed() / u32::try_from(count).expect("a count");
    let memory = memory_kib().saturating_sub(before);
    let disk = std::fs::metadata(folder.path().join("store.redb")).map_or(0, |meta| meta.len());

    let began = Instant::now();
    for n in 0..LOOKS * 10 {
        let fired = store.fire_timers(UnixMillis(n), 500).await.expect("a look");
        assert_eq!(fired.count, 0);
    }
    let look = began.elapsed() / u32::try_from(LOOKS * 10).expect("small");

    for look in 0..LOOKS {
        let due = (0..DUE).map(|n| timer(-1 - look * DUE - n, 1000 + look));
        store.set_timers(due.collect()).await.expect("set");
    }
    let began = Instant::now();
    for look in 0..LOOKS {
        let fired = store.fire_timers(UnixMillis(1000 + look), 500).await;
        assert_eq!(
            fired.expect("fired").count,
            usize::try_from(DUE).expect("small")
        );
    }
    let fire = began.elapsed() / u32::try_from(LOOKS * DUE).expect("small");
    say(&format!(
        "| {count} | {} MiB | {} MiB | {set:.1?} | {look:.1?} | {fire:.1?} |",
        memory / 1024,
        disk / 1_048_576
    ));
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("standard output");
}

/// The next step of an SOP for one customer.
fn timer(number: i64, due: i64) -> Timer {
    let id = format!("wmBENCH{number:024}");
    Timer {
        key: format!("sop/新客七天/ext:{id}"),
        due: UnixMillis(due),
        inbound: Inbound {
            channel: Channel::Contact,
            app: "contact".into(),
            at: UnixMillis(due),
            person: Some(Person::External(id.as_str().into())),
            author: Author::System,
            conversation: format!("own/ext:{id}").into(),
            trigger: Trigger::Own(Task::SopStep {
                sop: "新客七天".into(),
                step: 1,
                run: None,
            }),
            reply_path: ReplyPath::None,
        },
    }
}

/// What the process holds now.
fn memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
    number.unwrap_or_default()
}
