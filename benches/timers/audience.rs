//! What a plan for a large audience costs: the run over everybody, the decision about each,
//! and how long a customer's own message waits meanwhile.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use wecom_agent::config::Config;
use wecom_agent::desk::Desk;
use wecom_agent::domain::clock::{Clock as _, ManualClock, UnixMillis};
use wecom_agent::domain::contact::Follower;
use wecom_agent::domain::ids::{AppName, CorpId, DedupeKey, Person, RecordId};
use wecom_agent::domain::inbound::{Author, Channel, Inbound, Message, ReplyPath, Trigger};
use wecom_agent::lang::Lang;
use wecom_agent::playbook::{CurrentPlaybook, Playbook};
use wecom_agent::process::worker::{self as process, Worker};
use wecom_agent::schedule::runs::{Deps, Runner};
use wecom_agent::service::{self, Shutdown};
use wecom_agent::store::embedded::EmbeddedStore;
use wecom_agent::store::{
    Acceptance, ContactFacts, ContactSource, ItemId, NewRecord, RecordBody, Store, SyncPage,
};

use crate::{memory_kib, say};

/// So many customers in one commit while the store is filled.
const PAGE: usize = 1000;
/// A customer writes this often while the plan runs.
const EVERY: Duration = Duration::from_millis(50);
/// 2026-11-23 09:00 in Shanghai.
const NINE: UnixMillis = UnixMillis(1_795_395_600_000);

const CONFIG: &str = "\
[corp]\nid = \"ww1\"\n[[app]]\nname = \"contact\"\nkind = \"contact\"\nsecret = \"s\"\ntoken = \"T\"\n\
encoding_aes_key = \"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG\"\n";
const RULES: &str =
    "version: 1\nrules:\n  - {id: x, when: {any: [你好]}, do: [{tag: 意向/问候}]}\n";
const PLANS: &str = "\
version: 1
sops:
  - id: 早报
    kind: recurring
    every: 每天 09:00
    audience: {not_tag: 名单/勿扰}
    steps: [{via: broadcast, do: [{send: x}]}]
";

/// Nobody has to be asked about: everybody is known.
struct Nobody;

#[async_trait::async_trait]
impl ContactSource for Nobody {
    async fn facts(&self, _: &AppName, _: &Person) -> Option<ContactFacts> {
        None
    }
}

pub(crate) async fn measure(customers: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::open_redb(folder.path(), &CorpId::from("ww1"));
    let store: Arc<dyn Store> = Arc::new(store.expect("a store"));
    fill(store.as_ref(), customers).await;
    let before = memory_kib();
    let clock = Arc::new(ManualClock::at(UnixMillis(NINE.0 - 3_600_000)));
    let (config, playbook) = (Arc::new(config()), playbook());
    let (trigger, shutdown) = Shutdown::pair();
    let mut loops = JoinSet::new();
    let runner = Runner::new(Deps {
        config: Arc::clone(&config),
        store: Arc::clone(&store),
        clock: clock.clone(),
        playbook: playbook.clone(),
    });
    let signals = store.signals();
    loops.spawn(service::run(
        runner,
        signals,
        |all| &all.sops,
        shutdown.clone(),
    ));
    let worker = Worker::new(Arc::new(process::Deps {
        config,
        store: Arc::clone(&store),
        clock: clock.clone(),
        playbook,
        desk: Desk::default(),
        source: Arc::new(Nobody),
        instance: "bench".to_owned(),
    }));
    let signals = store.signals();
    loops.spawn(service::run(worker, signals, |all| &all.inbox, shutdown));

    let quiet = latencies(store.as_ref(), 40, "quiet", async || false).await;
    clock.set(NINE);
    let began = Instant::now();
    // Until the plan has looked at everybody and nothing waits any more.
    let busy = latencies(store.as_ref(), usize::MAX, "busy", async || {
        let depths = store.depths(clock.now()).await.expect("depths");
        let runs = store.facts_under("sop-run/").await.expect("runs");
        let over = runs.iter().any(|(_, run)| run["ended"].is_i64());
        over && depths.inbox == 0
    })
    .await;
    let took = began.elapsed().as_secs_f64();
    trigger.begin();
    while loops.join_next().await.is_some() {}
    let memory = memory_kib().saturating_sub(before) / 1024;
    say(
        "\n| customers | the whole run | steps a second | memory | message, quiet: median, p99 | message, meanwhile: median, p99 |",
    );
    say("|---|---|---|---|---|---|");
    say(&format!(
        "| {customers} | {took:.1} s | {:.0} | {memory} MiB | {} | {} |",
        customers as f64 / took,
        told(quiet),
        told(busy)
    ));
}

/// How long each message of a customer takes from being accepted to being decided.
async fn latencies(
    store: &dyn Store,
    most: usize,
    word: &str,
    over: impl AsyncFn() -> bool,
) -> Vec<Duration> {
    let mut all = Vec::new();
    while all.len() < most && !over().await {
        let began = Instant::now();
        let record = message(&format!("{word}{}", all.len()));
        let accepted = store.accept(vec![record]).await.expect("accepted");
        let [Acceptance::New(id)] = accepted[..] else {
            panic!("{accepted:?}");
        };
        while is_open(store, id).await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        all.push(began.elapsed());
        tokio::time::sleep(EVERY).await;
    }
    all
}

async fn is_open(store: &dyn Store, id: RecordId) -> bool {
    let item = store.show(ItemId::Record(id)).await.expect("shown");
    let state = item.map(|detail| serde_json::to_value(detail.item.state).expect("JSON"));
    state != Some(serde_json::json!("done"))
}

fn told(mut all: Vec<Duration>) -> String {
    all.sort_unstable();
    let at = |of: usize| all.get((all.len() * of / 100).min(all.len() - 1));
    let (median, worst) = (at(50).expect("some"), at(99).expect("some"));
    format!("{median:.1?}, {worst:.1?}")
}

async fn fill(store: &dyn Store, customers: usize) {
    for first in (0..customers).step_by(PAGE) {
        let contacts = (first..customers.min(first + PAGE)).map(|n| ContactFacts {
            name: Some("客户".to_owned()),
            relations: vec![Follower::of("lin.mei".into())],
            ..ContactFacts::asked(Person::External(format!("wm{n:024}").into()), UnixMillis(0))
        });
        let page = SyncPage {
            contacts: contacts.collect(),
            ..SyncPage::default()
        };
        store.take_sync_page(page).await.expect("contacts");
    }
}

/// Somebody who is no part of the audience's crowd writes.
fn message(key: &str) -> NewRecord {
    let person = Person::Member(format!("member.{key}").as_str().into());
    NewRecord {
        dedupe: DedupeKey(key.to_owned()),
        received_at: NINE,
        urgent: false,
        body: RecordBody::Inbound {
            inbound: Inbound {
                channel: Channel::App,
                app: "contact".into(),
                at: NINE,
                conversation: format!("app/{key}").into(),
                person: Some(person),
                author: Author::Person,
                trigger: Trigger::Message(Message::text("你好")),
                reply_path: ReplyPath::None,
            },
            raw: String::new(),
        },
    }
}

fn config() -> Config {
    let parsed = Config::parse(CONFIG, Path::new("agent.toml"), &|_| None);
    let parsed = parsed.map_err(|report| report.human(Lang::En));
    parsed.expect("a good config").0
}

fn playbook() -> CurrentPlaybook {
    let playbook = Playbook::from_texts(&[("x.txt", "早上好")], RULES, PLANS);
    CurrentPlaybook::new(playbook.unwrap_or_else(|report| panic!("{}", report.human(Lang::En))))
}
