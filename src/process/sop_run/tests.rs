//! What becomes of a step of a run for one target.

mod held;

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::Config;
use crate::diagnostic::Report;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Follower, SopEnding, TagMark};
use crate::domain::group::Group;
use crate::domain::ids::{Person, RecordId, SopId, Tag};
use crate::domain::inbound::{Author, Channel, Inbound, ReplyPath, RunRef, SopMove, Task, Trigger};
use crate::lang::Lang;
use crate::playbook::Playbook;
use crate::process::decide::decide;
use crate::rules::Standing;
use crate::store::{ClaimedRecord, DecisionCommit, Delivery, RecordOutcome, RowOutcome};
use crate::templates::Catalog;

const CONFIG: &str = "\
[corp]\nid = \"ww1\"\n[[app]]\nname = \"contact\"\nkind = \"contact\"\nsecret = \"s\"\ntoken = \"T\"\n\
encoding_aes_key = \"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG\"\n\
[[app]]\nname = \"staff\"\nkind = \"app\"\nagent_id = 1\nsecret = \"s\"\ntoken = \"T\"\n\
encoding_aes_key = \"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG\"\n";

const PLANS: &str = "\
version: 1
sops:
  - id: 双十二
    kind: campaign
    audience: {has_tag: 客户/老客}
    exit_when: {has_tag: 双十二/已下单}
    then: [{tag: 双十二/成交}]
    quiet: {from: \"21:00\", to: \"09:00\"}
    phases:
      - {name: 预热, at: 2026-12-08 10:00, do: [{notify: {to: lin.mei, text: 预热}}]}
      - {name: 深夜, at: 2026-12-12 23:00, do: [{notify: {to: lin.mei, text: 深夜}}]}
      - {name: 返场, at: 2026-12-13 08:30, do: [{tag: 双十二/返场}]}
  - id: 早报
    kind: recurring
    every: 每天 09:00
    audience: {has_tag: 客户/老客}
    target: {name: 会员*}
    steps:
      - {via: staff, do: [{send: 早报}, {tag: 早报/发过}]}
      - {at: +3h, do: [{tag: 早报/三小时}]}
";

fn config() -> Config {
    let parsed = Config::parse(CONFIG, Path::new("agent.toml"), &|_| None);
    let (config, _) = parsed.unwrap_or_else(|report| panic!("{}", report.human(Lang::En)));
    config
}

/// The plans, and the templates that are there at run time.
fn playbook(plans: &str, templates_now: &[&str]) -> Playbook {
    let rules = "version: 1\nrules:\n  - {id: x, when: {any: [x]}, do: [{tag: a/b}]}\n";
    let checked = Playbook::from_texts(&[("早报.txt", "早上好")], rules, plans);
    let mut playbook = checked.unwrap_or_else(|report| panic!("{}", report.human(Lang::En)));
    let mut files = BTreeMap::from([("别的.txt".to_owned(), "别的".into())]);
    files.extend(
        templates_now
            .iter()
            .map(|name| (format!("{name}.txt"), "早上好".into())),
    );
    playbook.templates = Catalog::from_files(Path::new("t"), &files, &mut Report::default());
    playbook
}

fn at(text: &str) -> UnixMillis {
    let zoned: jiff::Zoned = format!("{text}[Asia/Shanghai]").parse().expect("a time");
    UnixMillis(zoned.timestamp().as_millisecond())
}

fn customer() -> Contact {
    let mut contact = Contact::unknown(Person::External("wm1".into()));
    tag(&mut contact, "客户/老客");
    contact.followers = vec![Follower::of("lin.mei".into())];
    contact
}

fn tag(contact: &mut Contact, tag: &str) {
    let mark = TagMark::told(UnixMillis(0));
    contact.tags.insert(Tag::from(tag), mark);
}

/// A world of one contact.
struct World {
    config: Config,
    playbook: Playbook,
    contact: Contact,
    paused: bool,
}

impl World {
    fn new(contact: Contact) -> Self {
        Self {
            config: config(),
            playbook: playbook(PLANS, &["早报"]),
            contact,
            paused: false,
        }
    }

    /// Decides about a task and applies what was decided.
    fn decide(&mut self, task: Task, now: &str) -> DecisionCommit {
        let now = at(now);
        let conversation = self.contact.conversation();
        let inbound = Inbound {
            channel: Channel::Contact,
            app: "contact".into(),
            at: now,
            person: Some(self.contact.person.clone()),
            author: Author::System,
            conversation,
            trigger: Trigger::Own(task),
            reply_path: ReplyPath::None,
        };
        self.decide_about(inbound, now)
    }

    fn decide_about(&mut self, inbound: Inbound, now: UnixMillis) -> DecisionCommit {
        let record = ClaimedRecord {
            id: RecordId(1),
            fence: 1,
            attempt: 1,
            received_at: now,
            inbound,
        };
        let mut standing = Standing::default();
        if self.paused {
            standing.paused = ["双十二".into(), "早报".into(), "三天".into()].into();
        }
        let commit = decide(
            &self.config,
            &self.playbook,
            &record,
            Some(&self.contact),
            &standing,
            now,
        );
        if let Some(change) = commit.contact.clone() {
            change.apply(&mut self.contact, now);
        }
        commit
    }

    /// A step of the run that began then.
    fn run(&mut self, sop: &str, step: u32, began: &str, now: &str) -> DecisionCommit {
        self.numbered(sop, (step, None), began, now)
    }

    /// The same, with the number of its row.
    fn numbered(
        &mut self,
        sop: &str,
        (step, number): (u32, Option<u32>),
        began: &str,
        now: &str,
    ) -> DecisionCommit {
        let known = self.playbook.sops.get(&sop.into()).expect("a plan");
        let task = Task::SopStep {
            sop: sop.into(),
            step,
            run: Some(RunRef {
                at: at(began),
                version: known.version.clone(),
                number,
            }),
        };
        self.decide(task, now)
    }

    fn timer(&mut self, sop: &str, step: u32, now: &str) -> DecisionCommit {
        let (sop, run) = (SopId::from(sop), None);
        self.decide(Task::SopStep { sop, step, run }, now)
    }

    fn ending(&self, sop: &str) -> Option<SopEnding> {
        let enrolment = self.contact.sops.get(&sop.into())?;
        enrolment.ended.as_ref().map(|end| end.how)
    }
}

/// Step, outcome and reason of each row.
fn rows(commit: &DecisionCommit) -> Vec<(u32, RowOutcome, &str)> {
    let each = commit.rows.iter();
    each.map(|row| {
        (
            row.step,
            row.outcome,
            row.why.as_deref().unwrap_or_default(),
        )
    })
    .collect()
}

fn reason(commit: &DecisionCommit) -> &str {
    match &commit.outcome {
        RecordOutcome::Skipped { reason } => reason,
        RecordOutcome::Done { .. } => "",
    }
}

const BEGAN: &str = "2026-12-01T10:00";

#[test]
fn a_phase_is_done_once_however_often_it_comes() {
    let mut world = World::new(customer());
    let first = world.run("双十二", 0, BEGAN, "2026-12-08T10:01");
    assert_eq!(rows(&first), [(0, RowOutcome::Done, "")]);
    assert_eq!(first.rows[0].planned, at("2026-12-08T10:00"));
    assert_eq!(first.rows[0].run, at(BEGAN));
    assert!(!first.rows[0].is_late());
    assert_eq!(first.effects.len(), 1);
    let lane = &first.effects[0].lane.0;
    assert_eq!(
        lane, "sop/双十二/notify/lin.mei",
        "nobody else waits behind it"
    );
    assert_eq!(first.timers, [], "the next phase begins for everybody");
    let again = world.run("双十二", 0, BEGAN, "2026-12-08T10:02");
    assert_eq!(reason(&again), "they have had this step");
    assert_eq!((again.effects.len(), again.rows.len()), (0, 0));
}

/// The plans after somebody has edited them; who began before finishes on what was.
fn edited(world: &mut World, from: &str, to: &str) {
    let plans = world.playbook.sops.iter();
    let old: Vec<crate::sops::Sop> = plans.map(|sop| crate::sops::Sop::clone(sop)).collect();
    assert!(PLANS.contains(from));
    world.playbook = playbook(&PLANS.replace(from, to), &["早报"]);
    world.playbook.sops.recall(old);
}

const WARM: &str =
    "      - {name: 预热, at: 2026-12-08 10:00, do: [{notify: {to: lin.mei, text: 预热}}]}\n";
const BACK: &str = "      - {name: 返场, at: 2026-12-13 08:30, do: [{tag: 双十二/返场}]}\n";

#[test]
fn the_next_phase_comes_though_the_one_before_it_was_deleted() {
    let mut world = World::new(customer());
    world.run("双十二", 0, BEGAN, "2026-12-08T10:00");
    edited(&mut world, WARM, "");
    let next = world.numbered("双十二", (0, Some(1)), BEGAN, "2026-12-12T23:00");
    // It waits for the morning, in a row of its own; the one before keeps its.
    assert_eq!(rows(&next), [(1, RowOutcome::Waiting, "quiet hours")]);
    assert_eq!(next.rows[0].name.as_deref(), Some("深夜"));
    let woken = world.timer("双十二", 0, "2026-12-13T09:00");
    assert_eq!(rows(&woken), [(1, RowOutcome::Done, "")]);
    let again = world.numbered("双十二", (0, Some(1)), BEGAN, "2026-12-13T09:01");
    assert_eq!(reason(&again), "they have had this step");
}

#[test]
fn a_phase_before_those_that_were_had_is_none_of_them() {
    let mut world = World::new(customer());
    world.run("双十二", 0, BEGAN, "2026-12-08T10:00");
    let early = WARM.replace("预热", "早到").replace("12-08", "12-07");
    edited(&mut world, WARM, &format!("{early}{WARM}"));
    let again = world.run("双十二", 1, BEGAN, "2026-12-08T10:05");
    assert_eq!(reason(&again), "they have had this step");
    let next = world.run("双十二", 2, BEGAN, "2026-12-12T23:00");
    assert_eq!(rows(&next), [(2, RowOutcome::Waiting, "quiet hours")]);
}

#[test]
fn who_was_through_has_a_phase_that_is_added() {
    let mut world = World::new(customer());
    for (step, now) in [(0, "2026-12-08T10:00"), (1, "2026-12-12T23:00")] {
        world.run("双十二", step, BEGAN, now);
    }
    world.run("双十二", 2, BEGAN, "2026-12-13T08:30");
    assert_eq!(world.ending("双十二"), Some(SopEnding::Finished));
    let more = BACK.replace("返场", "加场").replace("12-13", "12-14");
    edited(&mut world, BACK, &format!("{BACK}{more}"));
    let added = world.run("双十二", 3, BEGAN, "2026-12-14T08:30");
    assert_eq!(rows(&added), [(3, RowOutcome::Done, "")]);
    assert!(world.contact.has_tag(&"双十二/加场".into()));
    let again = world.run("双十二", 2, BEGAN, "2026-12-14T08:31");
    assert_eq!(rows(&again)[0].1, RowOutcome::Skipped);
}

#[test]
fn who_has_bought_leaves_and_later_phases_say_so() {
    let mut world = World::new(customer());
    world.run("双十二", 0, BEGAN, "2026-12-08T10:00");
    tag(&mut world.contact, "双十二/已下单");
    let exit = world.run("双十二", 1, BEGAN, "2026-12-12T19:00");
    assert_eq!(rows(&exit), [(1, RowOutcome::Waiting, "it is not due yet")]);
    let exit = world.timer("双十二", 1, "2026-12-12T23:00");
    assert_eq!(rows(&exit), [(1, RowOutcome::Exited, "")]);
    assert_eq!(world.ending("双十二"), Some(SopEnding::Exited));
    assert!(world.contact.has_tag(&"双十二/成交".into()), "then");
    let later = world.run("双十二", 2, BEGAN, "2026-12-13T08:30");
    let over = (2, RowOutcome::Skipped, "it is over for them");
    assert_eq!(rows(&later), [over]);
}

#[test]
fn a_phase_held_back_until_the_next_one_is_left_out() {
    let mut world = World::new(customer());
    let held = world.run("双十二", 1, BEGAN, "2026-12-12T23:00");
    assert_eq!(rows(&held), [(1, RowOutcome::Waiting, "quiet hours")]);
    assert_eq!(held.timers[0].due, at("2026-12-13T09:00"));
    assert!(
        world.contact.sops.contains_key(&"双十二".into()),
        "it waits in it"
    );
    let next = world.run("双十二", 2, BEGAN, "2026-12-13T08:30");
    let overtaken = (1, RowOutcome::Skipped, "the next phase came first");
    assert_eq!(rows(&next), [overtaken, (2, RowOutcome::Done, "")]);
    assert_eq!(next.remove_timers, ["sop/双十二/ext:wm1"]);
    let late = world.timer("双十二", 1, "2026-12-13T09:00");
    assert_eq!(late.effects.len(), 0);
    assert_eq!(world.ending("双十二"), Some(SopEnding::Finished));
}

#[test]
fn overlapping_runs_leave_out_who_is_still_in_the_run_before() {
    let mut world = World::new(customer());
    let first = world.run("早报", 0, "2026-11-23T09:00", "2026-11-23T09:00");
    assert_eq!(first.timers[0].due, at("2026-11-23T12:00"), "the next step");
    let other = world.run("早报", 0, "2026-11-24T09:00", "2026-11-24T09:00");
    let still = (0, RowOutcome::Skipped, "they are still in the run before");
    assert_eq!(rows(&other), [still]);
    world.timer("早报", 1, "2026-11-24T12:00");
    let third = world.run("早报", 0, "2026-11-25T09:00", "2026-11-25T09:00");
    assert_eq!(rows(&third), [(0, RowOutcome::Done, "")]);
    assert_eq!(third.rows[0].run, at("2026-11-25T09:00"));
}

#[test]
fn who_does_not_belong_any_more_is_left_out() {
    let mut world = World::new(customer());
    world.contact.tags.clear();
    let gone = world.run("早报", 0, "2026-11-23T09:00", "2026-11-23T09:01");
    let row = (0, RowOutcome::Skipped, "it is not for them any more");
    assert_eq!(rows(&gone), [row]);
    assert!(world.contact.sops.is_empty());
}

#[test]
fn a_template_that_is_missing_at_run_time_stops_nothing_else() {
    let mut world = World::new(customer());
    world.playbook = playbook(PLANS, &[]);
    let step = world.run("早报", 0, "2026-11-23T09:00", "2026-11-23T09:00");
    assert_eq!(rows(&step), [(0, RowOutcome::Done, "")]);
    assert_eq!(step.rows[0].delivery, Delivery::Failed);
    let why = step.rows[0].delivery_why.as_deref().expect("a reason");
    assert!(why.contains("早报"), "{why}");
    assert!(
        world.contact.has_tag(&"早报/发过".into()),
        "the next action"
    );
    assert_eq!(step.timers.len(), 1, "the next step");
}

#[test]
fn a_customer_whose_member_left_is_told_of_in_the_row() {
    let mut world = World::new(customer());
    world.contact.followers.clear();
    let step = world.run("早报", 0, "2026-11-23T09:00", "2026-11-23T09:00");
    assert_eq!(step.rows[0].delivery, Delivery::Failed);
    assert_eq!(
        step.rows[0].delivery_why.as_deref(),
        Some("no member has this customer as a contact")
    );
}

#[test]
fn a_group_goes_through_runs_like_a_customer_until_it_is_dissolved() {
    let mut group = Contact::unknown(Person::Group("wr1".into()));
    group.name = Some("会员一群".to_owned());
    let mut world = World::new(group);
    let first = world.run("早报", 0, "2026-11-23T09:00", "2026-11-23T09:00");
    assert_eq!(first.rows[0].target, Person::Group("wr1".into()));
    world.contact.group = Some(Box::new(Group {
        dissolved_at: Some(at("2026-11-23T10:00")),
        ..Group::default()
    }));
    let over = world.timer("早报", 1, "2026-11-23T12:00");
    assert_eq!(
        rows(&over),
        [(1, RowOutcome::Exited, "the group was dissolved")]
    );
    assert_eq!(world.ending("早报"), Some(SopEnding::Dissolved));
    let next = world.run("早报", 0, "2026-11-24T09:00", "2026-11-24T09:00");
    let row = (0, RowOutcome::Skipped, "it is not for them any more");
    assert_eq!(rows(&next), [row]);
}

#[test]
fn what_is_paused_waits_and_goes_on() {
    let mut world = World::new(customer());
    world.run("早报", 0, "2026-11-23T09:00", "2026-11-23T09:00");
    world.paused = true;
    let held = world.timer("早报", 1, "2026-11-23T12:00");
    assert_eq!(
        rows(&held),
        [(1, RowOutcome::Waiting, "the plan is paused")]
    );
    world.paused = false;
    let (sop, to) = (SopId::from("早报"), SopMove::On);
    let woken = world.decide(Task::SopMove { sop, to }, "2026-11-23T12:10");
    assert_eq!(woken.timers[0].due, at("2026-11-23T12:10"));
    let step = world.timer("早报", 1, "2026-11-23T12:10");
    assert_eq!(rows(&step), [(1, RowOutcome::Done, "")]);
}

#[test]
fn editing_a_running_plan_moves_nobody_until_they_are_migrated() {
    let mut world = World::new(customer());
    world.run("早报", 0, "2026-11-23T09:00", "2026-11-23T09:00");
    let began_with = world.contact.sops[&SopId::from("早报")].version.clone();
    let old = world.playbook.sops.get(&"早报".into()).expect("a plan");
    let old = crate::sops::Sop::clone(old);
    world.playbook = playbook(&PLANS.replace("at: +3h", "at: +5h"), &["早报"]);
    world.playbook.sops.recall([old]);
    let new = world.playbook.sops.get(&"早报".into()).expect("a plan");
    let version = new.version.clone();
    assert_ne!(began_with, version);
    let to = SopMove::To(version.clone());
    let sop = SopId::from("早报");
    let moved = world.decide(Task::SopMove { sop, to }, "2026-11-23T10:00");
    assert_eq!(moved.timers[0].due, at("2026-11-23T14:00"), "five hours on");
    let stands = &world.contact.sops[&SopId::from("早报")];
    assert_eq!((&stands.version, stands.step), (&version, 1));

    let other = Task::SopMove {
        sop: "早报".into(),
        to: SopMove::To("old".to_owned()),
    };
    let refused = world.decide(other, "2026-11-23T10:01");
    assert_eq!(reason(&refused), "the SOP has changed again");
    let out = Task::SopMove {
        sop: "早报".into(),
        to: SopMove::Out,
    };
    let out = world.decide(out, "2026-11-23T10:02");
    assert_eq!(
        rows(&out),
        [(1, RowOutcome::Exited, "the SOP was cancelled")]
    );
    assert_eq!(out.remove_timers, ["sop/早报/ext:wm1"]);
    assert_eq!(world.ending("早报"), Some(SopEnding::Cancelled));
}
