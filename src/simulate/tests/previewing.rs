//! What a preview tells of the days to come.

use super::support::{RULES, config, playbook_with};
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Follower, TagMark};
use crate::domain::group::Group;
use crate::domain::ids::Person;
use crate::lang::Lang;
use crate::simulate::preview::{ByHand, Entry, NEWCOMER, Question, newcomer, preview, why_not};
use crate::store::RowOutcome;

const PLANS: &str = r#"
outreach:
  quiet: {from: "21:00", to: "09:00"}
  per_contact: [1/天]
  do_not_disturb: [名单/勿扰]
sops:
  - id: 新客
    kind: lifecycle
    audience: {not_tag: [客户/已购买]}
    steps:
      - {name: 晚安, at: 1d 22:00, via: staff, do: [{send: 好的}]}
      - {name: 早安, at: 2d 10:00, via: staff, do: [{send: 好的}]}
  - id: 早报
    kind: recurring
    every: 周一 09:30
    target: {name: 会员*}
    steps: [{via: staff, do: [{send: 好的}]}]
  - id: 大促
    kind: campaign
    approve: required
    audience: {has_tag: 客户/已购买}
    phases:
      - {name: 预热, at: 2026-12-08 10:00, via: staff, do: [{send: 好的}]}
"#;

/// A time in Shanghai.
fn at(text: &str) -> UnixMillis {
    let zoned: jiff::Zoned = format!("{text}[Asia/Shanghai]").parse().expect("a time");
    UnixMillis(zoned.timestamp().as_millisecond())
}

fn customer(id: &str, tags: &[&str]) -> Contact {
    let mut contact = Contact::unknown(Person::External(id.into()));
    contact.name = Some(id.to_owned());
    contact.followers = vec![Follower::of("zhao.min".into())];
    let told = || TagMark::told(at("2026-11-01T10:00"));
    contact.tags = tags.iter().map(|tag| ((*tag).into(), told())).collect();
    contact
}

fn group(id: &str, name: &str) -> Contact {
    let mut contact = Contact::unknown(Person::Group(id.into()));
    contact.name = Some(name.to_owned());
    contact.group = Some(Box::new(Group {
        owner: Some("zhao.min".into()),
        ..Group::default()
    }));
    contact
}

fn play(contacts: Vec<Contact>, until: &str, approve: bool) -> Vec<Entry> {
    play_of(PLANS, contacts, until, approve)
}

fn play_of(plans: &str, contacts: Vec<Contact>, until: &str, approve: bool) -> Vec<Entry> {
    let config = config();
    let playbook = playbook_with(&config, RULES, plans);
    preview(Question {
        config: &config,
        playbook: &playbook,
        from: at("2026-11-24T12:00"),
        until: at(until),
        contacts,
        plans: [].into(),
        approve,
        newcomer: Some(newcomer(&[], at("2026-11-24T12:00"))),
    })
    .expect("it can be told")
}

fn of<'e>(entries: &'e [Entry], sop: &str) -> Vec<&'e Entry> {
    let wanted = entries.iter().filter(|entry| entry.sop.as_str() == sop);
    wanted.collect()
}

#[test]
fn mautic_2307_quiet_hours_and_caps_move_what_a_newcomer_hears() {
    let entries = play(vec![], "2026-11-30T00:00", false);
    let steps = of(&entries, "新客");
    assert_eq!(steps.len(), 2, "{steps:#?}");
    let newcomer = Some(Person::External(NEWCOMER.into()));
    assert!(steps.iter().all(|step| step.target == newcomer));
    // The first falls into the night; the second then meets the cap of that day.
    assert_eq!(steps[0].at, at("2026-11-26T09:00"));
    assert_eq!(steps[0].why.as_deref(), Some("quiet hours"));
    assert!(steps[0].is_moved());
    assert_eq!(steps[0].sends, ["好的"]);
    assert_eq!(steps[1].at, at("2026-11-27T10:00"));
    let cap = Some("the limit of messages is reached");
    assert_eq!(steps[1].why.as_deref(), cap);
    assert_eq!(steps[1].after, Some("新客".into()), "whose message it was");
    assert_eq!(steps[1].by_hand, Some(ByHand::Forward));
}

#[test]
fn plans_for_everybody_are_played_for_those_who_are_known() {
    let contacts = vec![
        customer("王女士", &["客户/已购买"]),
        customer("李先生", &["客户/已购买", "名单/勿扰"]),
        group("wr1", "会员一群"),
        group("wr2", "员工群"),
    ];
    let entries = play(contacts, "2026-12-10T00:00", true);
    let weekly: Vec<_> = of(&entries, "早报").iter().map(|one| one.at).collect();
    assert_eq!(weekly, [at("2026-11-30T09:30"), at("2026-12-07T09:30")]);
    let sale = of(&entries, "大促");
    let fates: Vec<_> = sale
        .iter()
        .map(|one| (one.called.as_deref(), one.outcome, one.why.as_deref()))
        .collect();
    let shunned = Some("they do not want to be disturbed");
    assert_eq!(
        fates,
        [
            (Some("李先生"), RowOutcome::Skipped, shunned),
            (Some("王女士"), RowOutcome::Done, None),
        ]
    );
}

#[test]
fn what_members_are_told_names_the_customer() {
    let plans = r#"
sops:
  - id: 回访
    kind: campaign
    audience: {has_tag: 客户/已购买}
    phases:
      - at: 2026-11-30 10:00
        do: [{remind: {who: 负责人, text: "问问{{ contact.name }}"}}]
"#;
    let known = vec![customer("王女士", &["客户/已购买"])];
    let entries = play_of(plans, known, "2026-12-02T00:00", true);
    let told: Vec<_> = of(&entries, "回访")
        .iter()
        .flat_map(|one| &one.does)
        .collect();
    let [(key, target)] = told[..] else {
        panic!("{entries:#?}");
    };
    assert_eq!(key, "remind");
    assert!(target.contains("「问问王女士」"), "{target}");
}

#[test]
fn nobody_is_told_so_and_what_waits_for_approval_stays_away() {
    let entries = play(vec![], "2026-12-10T00:00", true);
    let sale = of(&entries, "大促");
    assert_eq!(sale.len(), 1);
    assert_eq!(sale[0].target, None);
    assert_eq!(sale[0].why.as_deref(), Some("it is for nobody"));
    let unapproved = play(vec![], "2026-12-10T00:00", false);
    assert!(of(&unapproved, "大促").is_empty());
}

#[test]
fn whom_a_plan_is_not_for_is_told_why() {
    let config = config();
    let playbook = playbook_with(&config, RULES, PLANS);
    let now = at("2026-11-24T12:00");
    let why = |sop: &str, tags: &[&str]| {
        let sop = playbook.sops.get(&sop.into()).expect("a plan");
        let tags: Vec<_> = tags.iter().map(|tag| (*tag).into()).collect();
        why_not(sop, &newcomer(&tags, now), now).map(|why| why.human(Lang::Zh, ""))
    };
    assert_eq!(why("新客", &[]), None);
    let told = why("新客", &["客户/已购买"]).expect("a reason");
    assert!(told.contains("客户/已购买"), "{told}");
    assert_eq!(why("早报", &[]), None, "nobody enters it by themselves");
}
