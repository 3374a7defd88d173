//! One record, one contact, one moment in; one commit out. No I/O.

use jiff::tz::TimeZone;

use super::own::{TaskScene, decide_task};
use super::playbook::Playbook;
use super::run_action::Planner;
use crate::config::Config;
use crate::domain::change::ContactChange;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Follower};
use crate::domain::ids::{Person, RuleId};
use crate::domain::inbound::{Author, Inbound, Trigger};
use crate::rules::{Standing, decide as decide_rules};
use crate::store::{ClaimedRecord, DecisionCommit, RecordOutcome};

/// Decides about a claimed record.
#[must_use]
pub fn decide(
    config: &Config,
    playbook: &Playbook,
    record: &ClaimedRecord,
    contact: Option<&Contact>,
    standing: &Standing,
    now: UnixMillis,
) -> DecisionCommit {
    let inbound = &record.inbound;
    let mut commit = DecisionCommit {
        record: record.id,
        fence: record.fence,
        now,
        outcome: RecordOutcome::Skipped {
            reason: String::new(),
        },
        contact: contact_change(inbound),
        uses: Vec::new(),
        records: Vec::new(),
        effects: Vec::new(),
        timers: Vec::new(),
        remove_timers: Vec::new(),
        trace: None,
    };
    if let Some(reason) = not_for_rules(inbound) {
        commit.outcome = RecordOutcome::Skipped {
            reason: reason.to_owned(),
        };
        return commit;
    }
    let nobody = Contact::unknown(
        inbound
            .person
            .clone()
            .unwrap_or_else(|| Person::Member("".into())),
    );
    if let Trigger::Own(task) = &inbound.trigger {
        let scene = TaskScene {
            config,
            playbook,
            record,
            contact: contact.unwrap_or(&nobody),
            now,
        };
        decide_task(&scene, task, &mut commit);
        return commit;
    }
    let mut seen = contact.unwrap_or(&nobody).clone();
    apply_arrival(&mut seen, inbound);
    decide_with_rules(config, playbook, record, &seen, standing, now, &mut commit);
    commit
}

fn decide_with_rules(
    config: &Config,
    playbook: &Playbook,
    record: &ClaimedRecord,
    contact: &Contact,
    standing: &Standing,
    now: UnixMillis,
    commit: &mut DecisionCommit,
) {
    let zone: &TimeZone = &config.timezone;
    let decision = decide_rules(
        &playbook.rules,
        &record.inbound,
        contact,
        standing,
        now,
        zone,
    );
    let mut planner = Planner::new(config, playbook, record, contact, now);
    let mut fired: Vec<RuleId> = Vec::new();
    let mut cooling: Vec<RuleId> = Vec::new();
    for rule in &decision.fired {
        fired.push(rule.rule.clone());
        if rule.cooldown.is_some() {
            cooling.push(rule.rule.clone());
        }
        if !rule.observe {
            planner.run(rule);
        }
    }
    let plan = planner.finish();
    let change = commit.contact.get_or_insert_with(ContactChange::default);
    change.person.clone_from(&record.inbound.person);
    change.add_tags = plan.add_tags;
    change.remove_tags = plan.remove_tags;
    change.set = plan.set;
    change.fired = cooling;
    commit.effects = plan.effects;
    commit.trace = Some(serde_json::json!({
        "rules": decision.trace,
        "steps": plan.steps,
    }));
    commit.outcome = RecordOutcome::Done { fired };
}

/// Why the rules never see this record.
fn not_for_rules(inbound: &Inbound) -> Option<&'static str> {
    match (inbound.author, &inbound.trigger) {
        (Author::Servicer, _) => Some("written by a servicer"),
        (_, Trigger::SendFailed { .. }) => Some("a report on a message of ours"),
        (_, Trigger::SessionChanged { .. }) => Some("the session changed hands"),
        _ => None,
    }
}

/// What the record itself says about the contact, whatever the rules decide.
fn contact_change(inbound: &Inbound) -> Option<ContactChange> {
    let person = inbound.person.clone()?;
    let mut change = ContactChange {
        person: Some(person),
        ..ContactChange::default()
    };
    if !matches!(inbound.trigger, Trigger::Own(_)) {
        change.conversation = Some(inbound.conversation.clone());
    }
    if inbound.author == Author::Person && matches!(inbound.trigger, Trigger::Message(_)) {
        change.wrote_at = Some(inbound.at);
    }
    match &inbound.trigger {
        Trigger::Added { .. } => change.added_by = arrival(inbound),
        Trigger::Deleted { userid, .. } => change.removed_by = Some(userid.clone()),
        _ => {}
    }
    Some(change)
}

fn arrival(inbound: &Inbound) -> Option<Follower> {
    let Trigger::Added { userid, source, .. } = &inbound.trigger else {
        return None;
    };
    Some(Follower {
        userid: userid.clone(),
        remark: None,
        added_at: Some(inbound.at),
        source: source.clone(),
    })
}

/// Lets the rules see the arrival that the commit is about to store.
fn apply_arrival(contact: &mut Contact, inbound: &Inbound) {
    let Some(follower) = arrival(inbound) else {
        return;
    };
    contact.source = follower.source.clone().or_else(|| contact.source.take());
    contact.added_at.get_or_insert(inbound.at);
    if !contact
        .followers
        .iter()
        .any(|known| known.userid == follower.userid)
    {
        contact.followers.push(follower);
    }
}
