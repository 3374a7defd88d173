//! Days that attributes of a contact name: one timer for each that a rule asks for.

use crate::config::Config;
use crate::domain::anniversary::Anniversary;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Value};
use crate::domain::ids::{AppName, Person};
use crate::domain::inbound::{Inbound, Trigger};
use crate::domain::timer::Timer;
use crate::process::own::TaskScene;
use crate::store::DecisionCommit;

/// Sets the timers anew whose attribute the decision changes, or whose day it was.
pub(super) fn keep(scene: &TaskScene<'_>, commit: &mut DecisionCommit) {
    let TaskScene {
        config,
        playbook,
        record,
        contact,
        now,
    } = *scene;
    if !matches!(contact.person, Person::External(_)) {
        return;
    }
    let set = commit
        .contact
        .as_ref()
        .map(|change| change.set.clone())
        .unwrap_or_default();
    for anniversary in playbook.rules.anniversaries() {
        let changed = set
            .iter()
            .rev()
            .find(|(name, _)| *name == anniversary.attribute);
        let today = matches!(&record.inbound.trigger, Trigger::Date(of) if **of == *anniversary);
        if changed.is_none() && !today {
            continue;
        }
        let held = contact.attributes.get(&anniversary.attribute);
        let value = changed.map(|(_, value)| value).or(held);
        match value.and_then(|value| {
            timer(
                config,
                &record.inbound.app,
                contact,
                anniversary,
                value,
                now,
            )
        }) {
            Some(timer) => commit.timers.push(timer),
            None => commit.remove_timers.push(key(contact, anniversary)),
        }
    }
}

/// The timers of a contact for these days: when rules begin to ask for them.
#[must_use]
pub fn timers_of(
    config: &Config,
    contact: &Contact,
    wanted: &[&Anniversary],
    now: UnixMillis,
) -> Vec<Timer> {
    let Some(app) = config.apps.first().map(|app| &app.name) else {
        return Vec::new();
    };
    if !matches!(contact.person, Person::External(_)) {
        return Vec::new();
    }
    let of = |anniversary: &&Anniversary| {
        let value = contact.attributes.get(&anniversary.attribute)?;
        timer(config, app, contact, anniversary, value, now)
    };
    wanted.iter().filter_map(of).collect()
}

fn key(contact: &Contact, anniversary: &Anniversary) -> String {
    format!("date/{}/{}", contact.person.key(), anniversary.key())
}

fn timer(
    config: &Config,
    app: &AppName,
    contact: &Contact,
    anniversary: &Anniversary,
    value: &Value,
    now: UnixMillis,
) -> Option<Timer> {
    let due = anniversary.next(value, now, &config.timezone)?;
    Some(Timer {
        key: key(contact, anniversary),
        due,
        inbound: Inbound::about(
            contact,
            config.contact_app(app).clone(),
            due,
            Trigger::Date(Box::new(anniversary.clone())),
        ),
    })
}
