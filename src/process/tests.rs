//! Whole decisions: values in, a commit out.

use std::path::Path;

use super::decide::decide;
use super::own::undo_record;
use super::playbook::Playbook;
use super::replay::Replay;
use super::run_action::Planner;
use super::trace::StoredTrace;
use crate::config::Config;
use crate::domain::action::Action;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Follower, TagMark};
use crate::domain::effect::Effect;
use crate::domain::ids::{Person, RecordId, RuleId, Tag};
use crate::domain::inbound::{Author, Channel, Inbound, Message, ReplyPath, Trigger};
use crate::domain::outgoing::Outgoing;
use crate::lang::Lang;
use crate::rules::Standing;
use crate::store::{
    ClaimedRecord, DecisionCommit, ItemState, NewRecord, PastEffect, PastRecord, RecordBody,
    RecordOutcome, alert_record,
};

const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

fn config(more: &str) -> Config {
    let app = |name: &str, kind: &str| {
        format!(
            "[[app]]\nname = \"{name}\"\nkind = \"{kind}\"\nsecret = \"s\"\ntoken = \"T\"\n\
             encoding_aes_key = \"{KEY}\"\n"
        )
    };
    let text = format!(
        "[corp]\nid = \"ww1\"\n{}{}agent_id = 1\n[servicers]\n\"值班\" = [\"wang.wei\"]\n{more}",
        app("kf", "kf"),
        app("desk", "app"),
    );
    let (config, _) = Config::parse(&text, Path::new("agent.toml"), &|_| None)
        .unwrap_or_else(|report| panic!("{}", report.human(Lang::En)));
    config
}

/// A plan that nobody enters by themselves.
const PLANS: &str =
    "version: 1\nsops:\n  - {id: 空, kind: lifecycle, steps: [{at: 0d, do: [{tag: a/b}]}]}\n";

fn playbook(rules: &str) -> Playbook {
    let templates = [("甲.txt", "甲"), ("乙.txt", "乙")];
    let playbook = Playbook::from_texts(&templates, rules, PLANS);
    playbook.unwrap_or_else(|report| panic!("{}", report.human(Lang::En)))
}

const RULES: &str = "version: 1\nrules:\n  - id: refund\n    when: {any: [退款]}\n    do: [{tag: 意向/退款}, {reply: 甲}]\n  - id: once\n    when: {any: [优惠]}\n    cooldown: 1h\n    do: [{reply: 乙}]\n";

fn at(secs: i64) -> UnixMillis {
    UnixMillis::from_secs(1_795_000_000 + secs)
}

fn says(id: u64, text: &str, when: i64) -> ClaimedRecord {
    ClaimedRecord {
        id: RecordId(id),
        fence: 1,
        attempt: 1,
        received_at: at(when),
        inbound: Inbound {
            channel: Channel::Kf,
            app: "kf".into(),
            at: at(when),
            person: Some(Person::External("wm1".into())),
            author: Author::Person,
            conversation: "wk1/wm1".into(),
            trigger: Trigger::Message(Message::text(text)),
            reply_path: ReplyPath::Kf {
                open_kfid: "wk1".into(),
                external_userid: "wm1".into(),
            },
        },
    }
}

fn claimed(record: NewRecord) -> ClaimedRecord {
    let RecordBody::Inbound { inbound, .. } = record.body else {
        panic!("a record that is processed");
    };
    ClaimedRecord {
        inbound,
        ..says(9, "", 0)
    }
}

fn contact() -> Contact {
    let mut contact = Contact::unknown(Person::External("wm1".into()));
    contact.name = Some("小明".to_owned());
    contact.followers = ["lin.mei", "zhao.min"].map(follower).into();
    contact
}

fn follower(userid: &str) -> Follower {
    Follower::of(userid.into())
}

fn run(
    config: &Config,
    playbook: &Playbook,
    record: &ClaimedRecord,
    contact: &Contact,
) -> DecisionCommit {
    let standing = Standing::default();
    let now = record.inbound.at;
    decide(config, playbook, record, Some(contact), &standing, now)
}

fn trace(commit: &DecisionCommit) -> StoredTrace {
    let trace = commit.trace.clone().expect("a trace");
    serde_json::from_value(trace).expect("a stored trace")
}

#[test]
fn an_alert_is_told_to_the_members_of_the_config() {
    let config = config("[alerts]\nto = [\"值班\", \"lin.mei\", \"wang.wei\"]\n");
    let record = alert_record(&config, "reload/1", "出事了".to_owned(), at(0)).expect("an alert");
    let same = alert_record(&config, "reload/1", "又出事了".to_owned(), at(5)).expect("an alert");
    assert_eq!(record.dedupe, same.dedupe);
    let commit = run(&config, &playbook(RULES), &claimed(record), &contact());
    let [sent] = commit.effects.as_slice() else {
        panic!("{commit:?}");
    };
    let expected = Effect::AppSend {
        app: "desk".into(),
        to: vec!["wang.wei".into(), "lin.mei".into()],
        message: Outgoing::Text {
            text: "出事了".to_owned(),
        },
    };
    assert_eq!(sent.effect, expected);
    assert_eq!(commit.outcome, RecordOutcome::Done { fired: vec![] });
    let silent = self::config("");
    assert_eq!(alert_record(&silent, "k", String::new(), at(0)), None);
}

#[test]
fn undo_takes_back_what_the_rule_has_set_since_and_nothing_else() {
    let config = config("");
    let rule = RuleId::from("refund");
    let mut contact = contact();
    contact.conversations.push("wk1/wm1".into());
    let mark = |rule: &str, secs| TagMark {
        rule: Some(rule.into()),
        ..TagMark::told(at(secs))
    };
    for (tag, mark) in [
        ("早", mark("refund", 9)),
        ("正好", mark("refund", 10)),
        ("晚", mark("refund", 11)),
        ("别的规则", mark("once", 11)),
        ("企业微信", TagMark::told(at(11))),
    ] {
        contact.tags.insert(Tag::from(tag), mark);
    }
    let record = undo_record(&config, &contact, &rule, at(10), at(50)).expect("a record");
    let record = claimed(record);
    assert_eq!(record.inbound.conversation.as_str(), "wk1/wm1");
    let commit = run(&config, &playbook(RULES), &record, &contact);
    let removed: Vec<_> = commit
        .effects
        .iter()
        .map(|new| match &new.effect {
            Effect::MarkTag {
                userid,
                add,
                remove,
                ..
            } if add.is_empty() => (userid.as_str(), remove.clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    let tags = vec![Tag::from("晚"), Tag::from("正好")];
    assert_eq!(removed, [("lin.mei", tags.clone()), ("zhao.min", tags)]);

    let change = commit.contact.expect("a change");
    change.apply(&mut contact, at(50));
    let left: Vec<&str> = contact.tags.keys().map(|tag| tag.0.as_str()).collect();
    assert_eq!(left, ["企业微信", "别的规则", "早"]);
    let again = run(&config, &playbook(RULES), &record, &contact);
    assert!(again.effects.is_empty());
    assert!(matches!(again.outcome, RecordOutcome::Skipped { .. }));
}

#[test]
fn the_guard_holds_answers_and_tells_operators_once() {
    let config = config("[guard]\nanswers = 2\nwithin = \"1m\"\n[alerts]\nto = [\"值班\"]\n");
    let playbook = playbook(RULES);
    let mut contact = contact();
    let mut told = Vec::new();
    for (n, held) in [(0, false), (10, false), (20, true), (30, true), (61, false)] {
        let record = says(1, "退款", n);
        let commit = run(&config, &playbook, &record, &contact);
        let answers = commit
            .effects
            .iter()
            .filter(|new| new.effect.word() == "kf_send");
        assert_eq!(answers.count() == 0, held, "at {n} s");
        // The tag is set all the same, and the trace says why nothing was answered.
        assert!(
            commit
                .effects
                .iter()
                .any(|new| new.effect.word() == "mark_tag")
        );
        let trace = trace(&commit);
        assert_eq!(trace.held.is_some(), held);
        let problems = trace.steps.iter().filter(|step| step.problem.is_some());
        assert_eq!(problems.count(), usize::from(held));
        told.extend(commit.records.iter().map(|record| record.dedupe.clone()));
        let change = commit.contact.expect("a change");
        assert_eq!(change.answered, !held);
        change.apply(&mut contact, at(n));
    }
    assert_eq!(told.len(), 2);
    assert_eq!(told[0], told[1], "taken into the inbox once");
}

#[test]
fn a_backlog_is_no_loop() {
    let config = config("");
    let playbook = playbook(RULES);
    let mut contact = contact();
    // Written over an hour, worked off within a second.
    for n in 0..12 {
        let record = says(1, "退款", n * 300);
        let standing = Standing::default();
        let now = at(4000);
        let commit = decide(&config, &playbook, &record, Some(&contact), &standing, now);
        assert!(trace(&commit).held.is_none(), "message {n}");
        commit.contact.expect("a change").apply(&mut contact, now);
    }
}

/// What the store would tell of a decision later.
fn past(record: &ClaimedRecord, commit: &DecisionCommit) -> PastRecord {
    let effects = commit.effects.iter().zip(1..);
    PastRecord {
        id: record.id,
        received_at: record.received_at,
        inbound: record.inbound.clone(),
        state: ItemState::Done,
        reason: None,
        outcome: Some(commit.outcome.clone()),
        trace: commit.trace.clone(),
        effects: effects
            .map(|(new, id)| PastEffect {
                id: crate::domain::ids::EffectId(id),
                effect: new.effect.clone(),
                origin: new.origin.clone(),
                state: ItemState::Sent,
                reason: None,
            })
            .collect(),
    }
}

/// Decides about messages in order, as the program would.
fn recorded(config: &Config, playbook: &Playbook, said: &[(&str, i64)]) -> Vec<PastRecord> {
    let mut contact = contact();
    let mut out = Vec::new();
    for ((text, when), id) in said.iter().zip(1..) {
        let record = says(id, text, *when);
        let commit = run(config, playbook, &record, &contact);
        out.push(past(&record, &commit));
        commit
            .contact
            .expect("a change")
            .apply(&mut contact, at(*when));
    }
    out
}

#[test]
fn the_same_rules_do_the_same_again() {
    let config = config("");
    let playbook = playbook(RULES);
    let said = [
        ("退款", 0),
        ("优惠", 60),
        ("优惠", 120),
        ("退款", 4000),
        ("优惠", 4100),
    ];
    let mut replay = Replay::new(&config, &playbook);
    for record in recorded(&config, &playbook, &said) {
        let compared = replay.step(&record).expect("a comparison");
        assert!(compared.is_same(), "{compared:?}");
    }
}

#[test]
fn other_rules_are_followed_through_what_they_would_have_changed() {
    let config = config("");
    let said = [("优惠", 0), ("优惠", 60), ("退款", 120), ("谢谢", 180)];
    let records = recorded(&config, &playbook(RULES), &said);
    // No cooldown any more, another answer, and a rule that asks for the tag of another.
    let other = playbook(
        "version: 1\nrules:\n  - id: once\n    when: {any: [优惠]}\n    do: [{reply: 乙}]\n  - id: refund\n    when: {any: [退款]}\n    do: [{tag: 新/标签}, {reply: 乙}]\n  - id: thanks\n    when: {any: [谢谢], contact: {has_tag: 新/标签}}\n    do: [{reply: 甲}]\n",
    );
    let mut replay = Replay::new(&config, &other);
    let compared: Vec<_> = records
        .iter()
        .map(|record| replay.step(record).expect("a comparison"))
        .collect();
    assert!(compared[0].is_same());
    let fired = |deeds: &super::replay::Deeds| -> Vec<String> {
        deeds.fired.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        fired(&compared[1].before),
        [] as [&str; 0],
        "it cooled down"
    );
    assert_eq!(fired(&compared[1].after), ["once"]);
    assert_eq!(compared[2].before.tags, ["+意向/退款"]);
    assert_eq!(compared[2].after.tags, ["+新/标签"]);
    assert_ne!(compared[2].before.effects, compared[2].after.effects);
    assert_eq!(fired(&compared[3].after), ["thanks"], "the new tag is seen");
}

#[test]
fn what_rules_never_saw_is_not_replayed() {
    let config = config("");
    let playbook = playbook(RULES);
    let mut records = recorded(&config, &playbook, &[("退款", 0)]);
    records[0].trace = None;
    let mut replay = Replay::new(&config, &playbook);
    assert_eq!(replay.step(&records[0]), None);
    let mut servicer = says(2, "退款", 5);
    servicer.inbound.author = Author::Servicer;
    let commit = run(&config, &playbook, &servicer, &contact());
    assert!(matches!(commit.outcome, RecordOutcome::Skipped { .. }));
    assert_eq!(replay.step(&past(&servicer, &commit)), None);
}

#[test]
fn a_plan_leaves_alone_who_stands_as_it_wants() {
    let (config, playbook, record) = (config(""), playbook(RULES), says(1, "", 0));
    let mut contact = contact();
    let tag = |name: &str| Tag::from(name);
    contact.tags.insert(tag("阶段/老客"), TagMark::told(at(0)));
    let actions = [
        Action::Tag(tag("阶段/老客")),
        Action::Untag(tag("阶段/新客")),
        Action::Tag(tag("意向/送礼")),
    ];
    let marks = |in_sop: bool| {
        let mut planner = Planner::new(&config, &playbook, &record, &contact, at(1));
        if in_sop {
            planner.for_version("v");
        }
        planner.run_all(&"sop/甲".into(), &actions);
        let effects = planner.finish().effects.into_iter();
        let marks = effects.map(|new| match new.effect {
            Effect::MarkTag { add, remove, .. } => (add, remove),
            other => panic!("{other:?}"),
        });
        marks.collect::<Vec<_>>()
    };
    let wanted = (vec![tag("意向/送礼")], vec![]);
    assert_eq!(marks(true), [wanted.clone(), wanted]);
    // A rule says it again: somebody may have changed it by hand meanwhile.
    assert_eq!(marks(false)[0].0.len(), 2);
}
