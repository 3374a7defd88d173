//! A process that dies at any write while operators change their files: what a restart finds
//! is the old set or the new one, and the ledger tells of every set that decided something.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use wecom_agent::app::{
    Folders, History, ReloadState, Reloader, ReloaderDeps, Reply, Request, SopReply, SopRequest,
    carry_out, load_playbook,
};
use wecom_agent::config::Config;
use wecom_agent::domain::clock::{SharedClock, UnixMillis};
use wecom_agent::domain::effect::Effect;
use wecom_agent::domain::ids::{CorpId, RecordId};
use wecom_agent::domain::outgoing::Outgoing;
use wecom_agent::playbook::CurrentPlaybook;
use wecom_agent::service::{Pass, Service as _};
use wecom_agent::store::embedded::{Disk, EmbeddedStore};
use wecom_agent::store::{PastRecord, RecordQuery, Store};
use wecom_agent::versions::{FileSet, Kept};

use crate::life::{Life, Machine, Stage};
use crate::link::Link;
use crate::mortal::{Fate, Side};
use crate::shop::{self, Push};
use crate::time::SimTime;
use crate::wecom::{Habits, Wecom};

/// A Monday morning.
const START: i64 = 1_795_399_200_000;
/// What is answered is told by the set that decided it: its rule, its template and its plan
/// all carry the set's name.
const SETS: [&str; 3] = ["甲", "乙", "丙"];

/// Something that happens.
#[derive(Debug, Clone, Copy)]
enum Doing {
    /// The operators write these files, one after another.
    Write(&'static str),
    /// They leave rules behind that nobody can read.
    Break,
    /// A member asks something.
    Ask(usize),
}

/// What the operators do while nothing runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pause {
    /// They wait, unless nothing starts with the files that are there.
    Wait,
    /// They go on writing.
    Write,
}

/// A machine with operators' files, through the deaths of its processes.
struct Office {
    folder: TempDir,
    machine: Machine,
    plan: VecDeque<Doing>,
    /// So many processes have begun.
    runs: usize,
    pause: Pause,
}

fn files(set: &str) -> [(&'static str, String); 3] {
    [
        (
            "templates/answer.txt",
            format!("{set} {{{{ message.text }}}}"),
        ),
        (
            "sops/plans.yaml",
            format!(
                "version: 1\nsops:\n  - id: 跟进\n    name: {set}\n    kind: lifecycle\n    steps:\n\
                 \x20     - {{at: +1d, via: staff, do: [{{send: answer}}]}}\n"
            ),
        ),
        (
            "rules/rules.yaml",
            format!(
                "version: 1\nrules:\n  - id: {set}\n    when: {{any: [问]}}\n    do: [{{reply: answer}}, {{start_sop: 跟进}}]\n"
            ),
        ),
    ]
}

fn write(folder: &Path, set: &str) {
    for (path, text) in files(set) {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
}

fn config(folder: &Path) -> Config {
    let mut config = shop::config_with("[alerts]\nto = [\"lin.mei\"]\n");
    config.paths.rules = folder.join("rules");
    config.paths.templates = folder.join("templates");
    config.paths.sops = folder.join("sops");
    config.paths.channels = folder.join("channels.yaml");
    config
}

impl Office {
    fn new(pause: Pause) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), SETS[0]);
        let config = Arc::new(config(folder.path()));
        let time = Arc::new(SimTime::at(UnixMillis(START)));
        let habits = Habits {
            names_msgid: true,
            page: 3,
        };
        let disk = Disk::default();
        let open = move || {
            let store = EmbeddedStore::open_on(&disk, &CorpId::from("ww1"));
            Arc::new(store.expect("a store")) as Arc<dyn Store>
        };
        let plan = [
            Doing::Ask(1),
            Doing::Write(SETS[1]),
            Doing::Ask(2),
            Doing::Break,
            Doing::Ask(3),
            Doing::Write(SETS[2]),
            Doing::Ask(4),
            Doing::Write(SETS[0]),
            Doing::Ask(5),
        ];
        Self {
            machine: Machine {
                link: Link::new(Wecom::new(habits), Arc::clone(&time), 1),
                playbook: shop::current(),
                config,
                time,
                open: Box::new(open),
                elsewhere: None,
            },
            folder,
            plan: plan.into(),
            runs: 0,
            pause,
        }
    }

    fn clock(&self) -> SharedClock {
        Arc::clone(&self.machine.time) as SharedClock
    }

    /// One process from its start to its death, or until everything is done.
    fn live(&mut self, fate: &Arc<Fate>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let time = Arc::clone(&self.machine.time);
        runtime.block_on(async {
            time.begin();
            tokio::select! {
                biased;
                () = fate.death() => {}
                () = self.work(fate) => {}
            }
            fate.kill();
            time.end(Duration::from_secs(60));
        });
    }

    async fn work(&mut self, fate: &Arc<Fate>) {
        let seen = self.start();
        let life = &mut Life::begin(&self.machine, fate).await;
        let state = ReloadState::new(&self.machine.playbook);
        let reloader = Reloader::begin(ReloaderDeps {
            config: Arc::clone(&self.machine.config),
            current: self.machine.playbook.clone(),
            state,
            clock: self.clock(),
            store: Arc::clone(&life.store),
            seen,
        });
        let reloader = &mut reloader.await.expect("a store");
        loop {
            // Whatever an earlier process left is decided by this one.
            while life.pass(Stage::Process).await == Pass::Busy {}
            let Some(doing) = self.plan.front().copied() else {
                return;
            };
            match doing {
                Doing::Ask(number) => {
                    let now = self.machine.time.true_now().as_secs();
                    let push = Push::member_writes("crew0", &format!("问 #{number}"), number, now);
                    assert!(life.push(&push).await, "{number} is acknowledged");
                    self.plan.pop_front();
                }
                Doing::Write(_) | Doing::Break => {
                    self.happen();
                    // Noticed, at rest, read.
                    for _ in 0..3 {
                        reloader.pass().await;
                    }
                }
            }
        }
    }

    /// Reads the files as a process does that starts; the operators mend what does not start.
    fn start(&mut self) -> wecom_agent::app::Fingerprint {
        let writes = |doing: &Doing| matches!(doing, Doing::Write(_) | Doing::Break);
        if self.pause == Pause::Write && self.runs > 0 && self.plan.front().is_some_and(writes) {
            self.happen();
        }
        self.runs += 1;
        loop {
            let seen = Folders::of(&self.machine.config).fingerprint();
            let (playbook, _) = load_playbook(&self.machine.config);
            if let Some(playbook) = playbook {
                self.machine.playbook = CurrentPlaybook::new(playbook);
                return seen;
            }
            let mend = self
                .plan
                .iter()
                .position(|doing| matches!(doing, Doing::Write(_)));
            let Some(Doing::Write(set)) = mend.and_then(|at| self.plan.remove(at)) else {
                panic!("nobody mends the files");
            };
            write(self.folder.path(), set);
        }
    }

    /// The operators do what is next.
    fn happen(&mut self) {
        match self.plan.pop_front() {
            Some(Doing::Write(set)) => write(self.folder.path(), set),
            Some(Doing::Break) => {
                let path = self.folder.path().join("rules/rules.yaml");
                std::fs::write(path, "rules: [\n").expect("a file");
            }
            _ => {}
        }
    }

    /// Looks at the data as they lie there.
    fn look<T>(&self, look: impl AsyncFnOnce(&dyn Store, SharedClock) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let store = (self.machine.open)();
        let looked = async { look(store.as_ref(), self.clock()).await };
        runtime.expect("a runtime").block_on(looked)
    }

    fn ledger(&self) -> Ledger {
        self.look(async |store, clock| Ledger::of(store, &clock).await)
    }
}

/// What `rules history` and `sop` would tell.
struct Ledger {
    history: History,
    kept: Vec<Kept>,
    plans: Vec<String>,
    records: Vec<PastRecord>,
}

impl Ledger {
    async fn of(store: &dyn Store, clock: &SharedClock) -> Self {
        let ask = async |request| carry_out(store, clock, request).await.expect("a store");
        let Reply::Versions(history) = ask(Request::Versions).await else {
            panic!("no history");
        };
        let mut kept = Vec::new();
        for version in &history.versions {
            let Reply::Version(found) = ask(Request::Version(version.number)).await else {
                panic!("no version");
            };
            kept.push(*found.expect("a version that the history lists"));
        }
        let plans = Request::Sop(Box::new(SopRequest::Versions("跟进".into())));
        let Reply::Sop(plans) = ask(plans).await else {
            panic!("no plans");
        };
        let SopReply::Versions(plans) = *plans else {
            panic!("no plans");
        };
        let query = RecordQuery {
            since: UnixMillis(0),
            after: RecordId(0),
            limit: 100,
        };
        Self {
            history: *history,
            kept,
            plans: plans.into_iter().filter_map(|plan| plan.name).collect(),
            records: store.records(query).await.expect("records"),
        }
    }

    /// What is wrong with it, whenever somebody looks.
    fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let numbers: Vec<u64> = self.kept.iter().map(|kept| kept.version.number).collect();
        let without_holes: Vec<u64> = (1..).take(numbers.len()).collect();
        if numbers != without_holes {
            broken.push(format!("the history counts {numbers:?}"));
        }
        for pair in self.kept.windows(2) {
            if pair[0].version.hash == pair[1].version.hash {
                broken.push(format!("{} is kept twice", pair[0].version.hash));
            }
        }
        if self.history.in_force != numbers.last().copied() {
            broken.push(format!("{:?} is in force", self.history.in_force));
        }
        let names: Vec<&str> = self.kept.iter().filter_map(name).collect();
        if names.len() != self.kept.len() {
            broken.push(format!("a set is not whole: {names:?}"));
        }
        let plans: BTreeSet<&String> = self.plans.iter().collect();
        if plans.len() != self.plans.len() {
            broken.push(format!("plans are kept twice: {:?}", self.plans));
        }
        if let Some(set) = names
            .iter()
            .find(|name| !self.plans.iter().any(|plan| plan == *name))
        {
            broken.push(format!("the plan of {set} is forgotten"));
        }
        broken.extend(self.records.iter().filter_map(|record| self.mixed(record)));
        broken
    }

    /// What is wrong with a decision.
    fn mixed(&self, record: &PastRecord) -> Option<String> {
        let trace = record.trace.as_ref()?;
        let hash = trace["rules"]["version"].as_str()?;
        let mut by = self.kept.iter().filter(|kept| kept.version.hash == hash);
        let Some(set) = by.next().and_then(name) else {
            return Some(format!(
                "{} was decided with {hash}, which nobody knows",
                record.id
            ));
        };
        let bad = |what: String| Some(format!("{} was decided with {set}: {what}", record.id));
        for effect in &record.effects {
            let Effect::AppSend { message, .. } = &effect.effect else {
                return bad(effect.effect.word().to_owned());
            };
            let Outgoing::Text { text } = message else {
                return bad("no text".to_owned());
            };
            let rule = effect.origin.rule.as_str();
            if !text.starts_with(set) || rule != set {
                return bad(format!("{rule} says {text}"));
            }
        }
        None
    }
}

/// The name that all files of a version carry; none if they are not of one set, or not whole.
fn name(kept: &Kept) -> Option<&'static str> {
    let of_set = |set: &str| {
        let mut whole = FileSet::default();
        for (path, text) in files(set) {
            whole.add(path.to_owned(), text.into_bytes());
        }
        whole == kept.set && whole.hash() == kept.version.hash
    };
    SETS.into_iter().find(|set| of_set(set))
}

/// The answers, by the number of the question, and the set that gave them.
fn answers(records: &[PastRecord]) -> BTreeMap<String, Vec<String>> {
    let mut answers = BTreeMap::new();
    for record in records {
        for effect in &record.effects {
            if let Effect::AppSend {
                message: Outgoing::Text { text },
                ..
            } = &effect.effect
                && let Some((set, number)) = text.split_once(" 问 #")
            {
                let of: &mut Vec<String> = answers.entry(number.to_owned()).or_default();
                of.push(set.to_owned());
            }
        }
    }
    answers
}

fn every_point(pause: Pause) {
    let mut whole = Office::new(pause);
    let fate = Fate::dying_at(usize::MAX, Side::Before);
    whole.live(&fate);
    let ledger = whole.ledger();
    assert_eq!(ledger.broken(), [""; 0], "nobody died");
    let names: Vec<_> = ledger.kept.iter().filter_map(name).collect();
    assert_eq!(names, ["甲", "乙", "丙", "甲"], "the ledger");
    let told: Vec<String> = answers(&ledger.records).into_values().flatten().collect();
    assert_eq!(told, ["甲", "乙", "乙", "丙", "甲"], "who answered");
    let writes = fate.writes();
    let facts = |name: &&&str| ["put_facts", "swap_facts"].contains(*name);
    let kept = writes.iter().filter(facts).count();
    assert!(kept >= 7, "sets and plans are written: {writes:?}");

    for (point, write) in writes.iter().enumerate() {
        for side in [Side::Before, Side::After] {
            let mut office = Office::new(pause);
            office.live(&Fate::dying_at(point, side));
            let place = format!("died {side:?} write {point}, {write}");
            // What lies there is whole at once, not only when somebody has mended it.
            let left = office.ledger();
            assert_eq!(left.broken(), [""; 0], "{place}");
            office.live(&Fate::open());
            let ledger = office.ledger();
            assert_eq!(ledger.broken(), [""; 0], "{place}, and what came of it");
            let last = ledger.kept.last().and_then(name);
            assert_eq!(last, Some("甲"), "{place}");
            let answers = answers(&ledger.records);
            let once = answers.values().all(|sets| sets.len() == 1);
            assert!(once && answers.len() == 5, "{place}: {answers:?}");
            if pause == Pause::Wait {
                let names: Vec<_> = ledger.kept.iter().filter_map(name).collect();
                assert_eq!(names, ["甲", "乙", "丙", "甲"], "{place}");
            }
        }
    }
}

#[test]
fn a_death_at_any_write_of_a_reload_leaves_the_old_set_or_the_new_one() {
    every_point(Pause::Wait);
}

#[test]
fn files_that_change_while_nothing_runs_leave_no_hole_in_the_history() {
    every_point(Pause::Write);
}
