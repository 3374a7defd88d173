//! Runs over a real store: everybody once, whoever is killed and whoever does the same beside.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{Deps, PAGE, Runner};
use crate::config::Config;
use crate::domain::clock::{Clock as _, ManualClock, UnixMillis};
use crate::domain::contact::Contact;
use crate::domain::ids::{ChatId, CorpId, Person};
use crate::domain::inbound::{Author, Channel, Inbound, ReplyPath, Task, Trigger};
use crate::domain::timer::Timer;
use crate::lang::Lang;
use crate::playbook::{CurrentPlaybook, Playbook};
use crate::schedule::worker::Worker;
use crate::service::{self, Shutdown};
use crate::sops::run::{CONTROLS, RUNS, Run};
use crate::store::embedded::EmbeddedStore;
use crate::store::{
    Claim, ClaimedRecord, ContactFacts, DecisionCommit, RecordOutcome, Store, SyncPage,
};

const CONFIG: &str = "\
[corp]\nid = \"ww1\"\n[[app]]\nname = \"contact\"\nkind = \"contact\"\nsecret = \"s\"\ntoken = \"T\"\n\
encoding_aes_key = \"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG\"\n";

const PLANS: &str = "\
version: 1
sops:
  - id: 早报
    kind: recurring
    every: 每天 09:00
    audience: {not_tag: 名单/勿扰}
    steps: [{do: [{tag: 甲/乙}]}]
  - id: 群报
    kind: recurring
    every: 每天 09:00
    target: {name: 会员*}
    steps: [{do: [{tag: 甲/乙}]}]
  - id: 没人
    kind: recurring
    every: 每天 09:00
    audience: {has_tag: 没有/的}
    steps: [{do: [{tag: 甲/乙}]}]
";

fn config() -> Config {
    let parsed = Config::parse(CONFIG, Path::new("agent.toml"), &|_| None);
    let (config, _) = parsed.unwrap_or_else(|report| panic!("{}", report.human(Lang::En)));
    config
}

fn playbook() -> CurrentPlaybook {
    let rules = "version: 1\nrules:\n  - {id: x, when: {any: [x]}, do: [{tag: a/b}]}\n";
    let playbook = Playbook::from_texts(&[("x.txt", "x")], rules, PLANS);
    CurrentPlaybook::new(playbook.unwrap_or_else(|report| panic!("{}", report.human(Lang::En))))
}

/// A store with customers and groups, and a clock before nine.
struct World {
    _folder: tempfile::TempDir,
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    playbook: CurrentPlaybook,
}

fn at(text: &str) -> UnixMillis {
    let zoned: jiff::Zoned = format!("{text}[Asia/Shanghai]").parse().expect("a time");
    UnixMillis(zoned.timestamp().as_millisecond())
}

impl World {
    async fn with(customers: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = EmbeddedStore::open_redb(folder.path(), &CorpId::from("ww1"));
        let store: Arc<dyn Store> = Arc::new(store.expect("a store"));
        let customers = (0..customers).map(|n| Person::External(format!("wm{n:06}").into()));
        let groups = (0..3).map(|n| Person::Group(ChatId(format!("wr{n}"))));
        let facts = customers.chain(groups).map(|person| ContactFacts {
            name: Some("会员".to_owned()),
            ..ContactFacts::asked(person, UnixMillis(0))
        });
        let page = SyncPage {
            contacts: facts.collect(),
            ..SyncPage::default()
        };
        store.take_sync_page(page).await.expect("contacts");
        let world = Self {
            _folder: folder,
            store,
            clock: Arc::new(ManualClock::at(at("2026-11-23T08:00"))),
            playbook: playbook(),
        };
        while !matches!(world.runner().work().await, Ok(super::Pass::Idle(_))) {}
        world.clock.set(at("2026-11-23T09:00"));
        world
    }

    /// A runner as a new process has it.
    fn runner(&self) -> Runner {
        Runner::new(Deps {
            config: Arc::new(config()),
            store: Arc::clone(&self.store),
            clock: self.clock.clone(),
            playbook: self.playbook.clone(),
        })
    }

    /// Ends everything in the inbox. Gives the SOP and target of each step.
    async fn take(&self) -> Vec<(String, String)> {
        let mut taken = Vec::new();
        loop {
            let now = self.clock.now();
            let claim = Claim {
                now,
                lease: std::time::Duration::from_secs(60),
                limit: 500,
            };
            let claimed = self.store.claim_records(claim).await.expect("records");
            if claimed.is_empty() {
                return taken;
            }
            for record in &claimed {
                if let Trigger::Own(Task::SopStep { sop, .. }) = &record.inbound.trigger {
                    let person = record.inbound.person.as_ref().expect("somebody");
                    taken.push((sop.0.clone(), person.id().to_owned()));
                }
            }
            let decisions = claimed.iter().map(|record| done(record, now)).collect();
            self.store.commit_decisions(decisions).await.expect("done");
        }
    }

    async fn runs(&self) -> Vec<Run> {
        let runs = self
            .store
            .facts_under(RUNS)
            .await
            .expect("runs")
            .into_iter();
        let read = runs.map(|(_, run)| serde_json::from_value(run).expect("a run"));
        read.collect()
    }
}

fn done(record: &ClaimedRecord, now: UnixMillis) -> DecisionCommit {
    DecisionCommit {
        record: record.id,
        fence: record.fence,
        now,
        outcome: RecordOutcome::Done { fired: Vec::new() },
        contact: None,
        reached: None,
        uses: Vec::new(),
        unsettled: None,
        records: Vec::new(),
        effects: Vec::new(),
        broadcasts: Vec::new(),
        notes: Vec::new(),
        timers: Vec::new(),
        remove_timers: Vec::new(),
        rows: Vec::new(),
        trace: None,
    }
}

fn of<'t>(taken: &'t [(String, String)], sop: &str) -> BTreeSet<&'t str> {
    let fit = taken.iter().filter(|(id, _)| id == sop);
    fit.map(|(_, person)| person.as_str()).collect()
}

#[tokio::test]
async fn everybody_is_taken_once_though_the_runner_dies_behind_each_page() {
    let world = World::with(2 * PAGE + 7).await;
    let mut taken = Vec::new();
    for _ in 0..60 {
        // A new runner for each pass: nothing is kept in memory.
        world.runner().work().await.expect("a pass");
        taken.extend(world.take().await);
    }
    assert_eq!(taken.len(), 2 * PAGE + 7 + 3);
    assert_eq!(of(&taken, "早报").len(), 2 * PAGE + 7);
    assert_eq!(of(&taken, "群报"), ["wr0", "wr1", "wr2"].into());
    let runs = world.runs().await;
    let nobody = runs
        .iter()
        .find(|run| run.sop.as_str() == "没人")
        .expect("a run");
    assert_eq!(nobody.why.as_deref(), Some("it is for nobody"));
    assert!(runs.iter().all(|run| run.ended.is_some()));
}

#[tokio::test]
async fn mautic_11763_overlapping_runs_never_send_twice() {
    let world = World::with(PAGE + 50).await;
    let (one, other) = (world.runner(), world.runner());
    let mut taken = 0;
    for _ in 0..40 {
        let (first, second) = tokio::join!(one.work(), other.work());
        first.and(second).expect("both pass");
        // While many wait no page is taken.
        taken += world.take().await.len();
    }
    assert_eq!(taken, PAGE + 50 + 3);
    // The clock goes back behind the beginning and comes again.
    world.clock.set(at("2026-11-22T12:00"));
    for now in ["2026-11-22T12:00", "2026-11-23T09:00", "2026-11-23T09:05"] {
        world.clock.set(at(now));
        for _ in 0..10 {
            world.runner().work().await.expect("a pass");
        }
    }
    assert_eq!(
        world.take().await,
        [],
        "what was begun is known by its name"
    );
    world.clock.set(at("2026-11-24T09:00"));
    let mut taken = 0;
    for _ in 0..20 {
        world.runner().work().await.expect("a pass");
        taken += world.take().await.len();
    }
    assert_eq!(taken, PAGE + 50 + 3, "the next day");
}

/// Four loops of one process on one store, as two servers would run them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_whole_schedulers_on_one_store_act_once() {
    const TIMERS: usize = 1200;
    let world = World::with(PAGE + 50).await;
    let now = world.clock.now();
    let timers = (0..TIMERS).map(|n| timer(n, now)).collect();
    world.store.set_timers(timers).await.expect("timers");
    let (trigger, shutdown) = Shutdown::pair();
    let wake = Arc::new(Notify::new());
    let mut loops = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let (wake, shutdown) = (Arc::clone(&wake), shutdown.clone());
        loops.spawn(service::run(
            world.runner(),
            wake.clone(),
            |wake| wake,
            shutdown.clone(),
        ));
        let worker = Worker::new(Arc::clone(&world.store), world.clock.clone());
        loops.spawn(service::run(worker, wake, |wake| wake, shutdown));
    }
    let wanted = TIMERS + PAGE + 50 + 3;
    let mut taken = Vec::new();
    let all = async {
        while taken.len() < wanted {
            taken.extend(world.take().await);
            tokio::task::yield_now().await;
        }
    };
    let limit = std::time::Duration::from_secs(60);
    tokio::time::timeout(limit, all)
        .await
        .expect("all are taken");
    trigger.begin();
    while loops.join_next().await.is_some() {}
    taken.extend(world.take().await);
    assert_eq!(taken.len(), wanted, "none is taken twice");
    let each: BTreeSet<_> = taken.iter().collect();
    assert_eq!(each.len(), wanted, "each for its own");
}

/// The next step of an SOP for one customer.
fn timer(n: usize, due: UnixMillis) -> Timer {
    let person = Person::External(format!("wmTIMER{n:06}").into());
    let inbound = Inbound {
        channel: Channel::Contact,
        app: "contact".into(),
        at: due,
        conversation: Contact::unknown(person.clone()).conversation(),
        person: Some(person.clone()),
        author: Author::System,
        trigger: Trigger::Own(Task::SopStep {
            sop: "计时".into(),
            step: 1,
            run: None,
        }),
        reply_path: ReplyPath::None,
    };
    let key = format!("sop/计时/{}", person.key());
    Timer { key, due, inbound }
}

#[tokio::test]
async fn a_crowd_does_not_stand_before_customers() {
    let world = World::with(6 * PAGE).await;
    for _ in 0..40 {
        world.runner().work().await.expect("a pass");
    }
    let depths = world.store.depths(world.clock.now()).await.expect("depths");
    assert!(
        depths.inbox <= super::MOST_WAITING + PAGE as u64,
        "{depths:?}"
    );
}

#[tokio::test]
async fn a_paused_plan_begins_nothing_and_says_so() {
    let world = World::with(3).await;
    let paused = json!({ "paused": 5 });
    let facts: Vec<(String, Value)> = ["早报", "群报", "没人"]
        .map(|id| (format!("{CONTROLS}{id}"), paused.clone()))
        .into();
    world.store.put_facts(facts).await.expect("facts");
    for _ in 0..10 {
        world.runner().work().await.expect("a pass");
    }
    assert_eq!(world.take().await, []);
    let runs = world.runs().await;
    assert_eq!(runs.len(), 3);
    assert!(
        runs.iter()
            .all(|run| run.why.as_deref() == Some("the plan is paused"))
    );
}

#[test]
fn groups_stand_together_behind_customers() {
    let mut keys: Vec<String> = [
        Person::Member("a".into()),
        Person::Group("a".into()),
        Person::External("z".into()),
    ]
    .map(|person| Contact::unknown(person).person.key())
    .into();
    keys.sort();
    assert_eq!(keys, ["ext:z", "grp:a", "mem:a"]);
}
