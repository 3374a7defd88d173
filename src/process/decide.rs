//! One record, one contact, one moment in; one commit out. No I/O.

use jiff::tz::TimeZone;

use super::dates;
use super::guard::{self, Held};
use super::own::{TaskScene, decide_task};
use super::playbook::Playbook;
use super::reminders;
use super::run_action::Planner;
use super::sop_step::enter;
use super::trace::Seen;
use super::unanswered;
use crate::config::Config;
use crate::domain::action::Action;
use crate::domain::change::{ContactChange, SopChange};
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Follower};
use crate::domain::effect::NewEffect;
use crate::domain::ids::Person;
use crate::domain::inbound::{Author, Inbound, Trigger};
use crate::rules::{Fired, Standing, decide as decide_rules};
use crate::store::{ClaimedRecord, DecisionCommit, RecordOutcome, RuleUse};

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
    let ignored = not_for_rules(inbound);
    if let Some(reason) = ignored {
        commit.outcome = RecordOutcome::Skipped {
            reason: reason.to_owned(),
        };
    }
    let nobody = Contact::unknown(
        inbound
            .person
            .clone()
            .unwrap_or_else(|| Person::Member("".into())),
    );
    let mut seen = contact.unwrap_or(&nobody).clone();
    apply_arrival(&mut seen, inbound);
    let scene = TaskScene {
        config,
        playbook,
        record,
        contact: &seen,
        now,
    };
    match &inbound.trigger {
        Trigger::Own(task) => decide_task(&scene, task, &mut commit),
        _ if ignored.is_some() || reminders::hear(&scene, &mut commit) => {}
        _ => decide_with_rules(&scene, standing, &mut commit),
    }
    dates::keep(&scene, &mut commit);
    if !matches!(inbound.trigger, Trigger::Own(_)) {
        unanswered::watch(&scene, &mut commit);
    }
    commit
}

fn decide_with_rules(scene: &TaskScene<'_>, standing: &Standing, commit: &mut DecisionCommit) {
    let TaskScene {
        config,
        playbook,
        record,
        contact,
        now,
    } = *scene;
    let inbound = &record.inbound;
    let zone: &TimeZone = &config.timezone;
    let decision = decide_rules(&playbook.rules, inbound, contact, standing, now, zone);
    let held = guard::held(config.guard, contact, inbound.at);
    let mut planner = Planner::new(config, playbook, record, contact, now);
    planner.hold_answers(held.map(Held::reason));
    for rule in decision.fired.iter().filter(|rule| !rule.observe) {
        planner.run(rule);
    }
    let plan = planner.finish();
    let wanted = decision.fired.iter().any(wants_answer);
    let held = held.filter(|_| wanted);
    commit
        .records
        .extend(held.and_then(|held| held.alert(config, contact, now)));
    let mut change = commit.contact.take().unwrap_or_default();
    change.person.clone_from(&inbound.person);
    let in_chat = |new: &NewEffect| new.lane.0 == inbound.conversation.0;
    change.answered = wanted && held.is_none() && plan.effects.iter().any(in_chat);
    let steps = plan.into_commit(&mut change, commit);
    let added = matches!(inbound.trigger, Trigger::Added { .. });
    enter(scene, &mut change, added, commit);
    change.hits = decision.hits;
    let day = now.timestamp().to_zoned(zone.clone()).date();
    let limited = decision.fired.iter().filter_map(|rule| {
        let (rule, max) = (rule.rule.clone(), rule.limit?);
        Some(RuleUse { rule, day, max })
    });
    commit.uses = limited.collect();
    let cooling = decision.fired.iter().filter(|rule| rule.cooldown.is_some());
    change.fired = cooling.map(|rule| rule.rule.clone()).collect();
    let mut trace = serde_json::json!({
        "rules": decision.trace,
        "steps": steps,
        "tags": tag_changes(&change),
        "sops": sop_changes(&change),
        "seen": Seen::of(contact, now),
    });
    if let Some(held) = held {
        trace["held"] = held.reason().into();
    }
    if !change.set.is_empty() {
        trace["set"] = change.set.iter().map(|(name, _)| name.as_str()).collect();
    }
    if change.points != 0 {
        trace["points"] = change.points.into();
    }
    commit.trace = Some(trace);
    commit.contact = Some(change);
    let fired = decision.fired.into_iter().map(|rule| rule.rule);
    commit.outcome = RecordOutcome::Done {
        fired: fired.collect(),
    };
}

/// Whether a rule answers in the chat. A welcome is not counted: its code works once.
fn wants_answer(rule: &Fired) -> bool {
    let answers = |action: &Action| matches!(action, Action::Reply(_));
    !rule.observe && rule.actions.iter().any(answers)
}

/// `+组/标签` and `-组/标签`, as the rules said it.
#[must_use]
pub fn tag_changes(change: &ContactChange) -> Vec<String> {
    let added = change.add_tags.iter();
    let added = added.map(|grant| format!("+{}", grant.tag));
    let removed = change.remove_tags.iter();
    added.chain(removed.map(|tag| format!("-{tag}"))).collect()
}

/// `+id` for an SOP that they entered and `-id` for one that they left.
#[must_use]
pub fn sop_changes(change: &ContactChange) -> Vec<String> {
    let sign = |change: &SopChange| if change.to.is_running() { '+' } else { '-' };
    let changes = change.sops.iter();
    changes
        .map(|change| format!("{}{}", sign(change), change.sop))
        .collect()
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
    if !matches!(inbound.trigger, Trigger::Own(_) | Trigger::Date(_)) {
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
