//! One record, one contact, one moment in; one commit out. No I/O.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::by_hand;
use super::dates;
use super::guard::{self, Held};
use super::joined;
use super::own::{TaskScene, decide_task};
use super::playbook::Playbook;
use super::reminders;
use super::run_action::{Plan, Planner, Step};
use super::sop_enter::enter;
use super::told::tell;
use super::trace::Seen;
use super::unanswered;
use crate::config::Config;
use crate::domain::action::Action;
use crate::domain::change::{ContactChange, GroupChange, SopChange};
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Follower};
use crate::domain::effect::NewEffect;
use crate::domain::ids::Person;
use crate::domain::inbound::{Author, GROUP_CHANGED, Inbound, Task, Trigger};
use crate::rules::{Standing, decide as decide_rules};
use crate::store::{ClaimedRecord, DecisionCommit, Gather, RecordOutcome, RuleUse};

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
        reached: None,
        uses: Vec::new(),
        unsettled: None,
        records: Vec::new(),
        effects: Vec::new(),
        broadcasts: Vec::new(),
        timers: Vec::new(),
        remove_timers: Vec::new(),
        rows: Vec::new(),
        notes: Vec::new(),
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
        Trigger::Own(Task::Told(told)) => {
            tell(&scene, told, commit.contact.get_or_insert_default());
            decide_with_rules(&scene, standing, &mut commit);
        }
        Trigger::Own(task) => decide_task(&scene, task, standing, &mut commit),
        _ if ignored.is_some() || reminders::hear(&scene, &mut commit) => {}
        _ if by_hand::hear(&scene, standing, &mut commit) => {}
        _ => {
            decide_with_rules(&scene, standing, &mut commit);
            reminders::doubt(&scene, &mut commit);
        }
    }
    dates::keep(&scene, &mut commit);
    commit.records.extend(joined::newcomers(&scene));
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
        now,
        ..
    } = *scene;
    let inbound = &record.inbound;
    // What the record tells is known to the rules; SOPs compare with what was before.
    let contact = &told_to(scene.contact, commit.contact.as_ref(), now);
    let zone: &TimeZone = &config.timezone;
    let decision = decide_rules(&playbook.rules, inbound, contact, standing, now, zone);
    let held = guard::held(config.guard, contact, inbound.at);
    let mut planner = Planner::new(config, playbook, record, contact, now);
    planner.hold_back(held.map(Held::reason));
    planner.arrive();
    for rule in decision.fired.iter().filter(|rule| !rule.observe) {
        planner.run(rule);
    }
    let plan = planner.finish();
    let silent = is_silent(inbound, &plan);
    let wanted = |wants: fn(&Action) -> bool| {
        let acting = decision.fired.iter().filter(|rule| !rule.observe);
        acting.flat_map(|rule| rule.actions.iter()).any(wants)
    };
    let held = held.filter(|_| wanted(guard::holds));
    commit
        .records
        .extend(held.and_then(|held| held.alert(config, contact, now)));
    let mut change = commit.contact.take().unwrap_or_default();
    change.person.clone_from(&inbound.person);
    let in_chat = |new: &NewEffect| new.lane.0 == inbound.conversation.0;
    change.answered = wanted(is_answer) && held.is_none() && plan.effects.iter().any(in_chat);
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
    note_broadcasts(&mut trace, commit);
    if let Some(held) = held {
        trace["held"] = held.reason().into();
    }
    if silent {
        trace["silent"] = NO_WELCOME.into();
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

/// Why somebody who could be welcomed is not.
const NO_WELCOME: &str = "nobody welcomes them: no rule with welcome fired, and no channel has one";

/// Whether a welcome code is left unused because nothing wants to use it.
fn is_silent(inbound: &Inbound, plan: &Plan) -> bool {
    let code = matches!(
        &inbound.trigger,
        Trigger::Added {
            welcome_code: Some(_),
            ..
        }
    );
    code && !plan.steps.iter().any(Step::is_welcome)
}

/// Writes down what is sent together with others: its effect comes to be later.
pub(super) fn note_broadcasts(trace: &mut serde_json::Value, commit: &DecisionCommit) {
    if !commit.broadcasts.is_empty() {
        let together = commit.broadcasts.iter().map(Gather::effect);
        trace["broadcasts"] = serde_json::json!(together.collect::<Vec<_>>());
    }
}

/// Whether an action answers in the chat. A welcome is not counted: its code works once.
fn is_answer(action: &Action) -> bool {
    matches!(action, Action::Reply(_))
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
        _ => change.group = group_change(inbound),
    }
    Some(change)
}

/// The contact with the attributes that the record tells.
fn told_to<'c>(
    contact: &'c Contact,
    change: Option<&ContactChange>,
    now: UnixMillis,
) -> Cow<'c, Contact> {
    let tells = |change: &&ContactChange| !change.set.is_empty() || !change.count.is_empty();
    match change.filter(tells) {
        None => Cow::Borrowed(contact),
        Some(change) => {
            let mut after = contact.clone();
            let told = ContactChange {
                set: change.set.clone(),
                count: change.count.clone(),
                ..ContactChange::default()
            };
            told.apply(&mut after, now);
            Cow::Owned(after)
        }
    }
}

/// What an event says about a customer group.
fn group_change(inbound: &Inbound) -> Option<GroupChange> {
    let Some(Person::Group(_)) = &inbound.person else {
        return None;
    };
    match &inbound.trigger {
        Trigger::Joined { who, .. } => Some(GroupChange::Joined(who.clone(), inbound.at)),
        Trigger::Left { who, .. } => Some(GroupChange::Left(who.clone())),
        Trigger::Event { event, change_type } if event == GROUP_CHANGED => {
            match change_type.as_deref()? {
                "create" => Some(GroupChange::Made(inbound.at)),
                "dismiss" => Some(GroupChange::Dissolved(inbound.at)),
                _ => None,
            }
        }
        _ => None,
    }
}

fn arrival(inbound: &Inbound) -> Option<Follower> {
    let Trigger::Added { userid, source, .. } = &inbound.trigger else {
        return None;
    };
    Some(Follower {
        added_at: Some(inbound.at),
        source: source.clone(),
        ..Follower::of(userid.clone())
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
