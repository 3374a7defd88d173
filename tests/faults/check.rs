//! What must hold when everything has come to rest, endpoint by endpoint.

use std::collections::{BTreeMap, BTreeSet};

use crate::shop::{COOLDOWN, COUPONS};
use crate::story::{Clockwork, Rest, Story};
use crate::wecom::{MASS, Said};
use wecom_agent::domain::effect::{Effect, listed};
use wecom_agent::domain::inbound::{Inbound, Trigger};
use wecom_agent::domain::outgoing::Outgoing;
use wecom_agent::store::{BroadcastState, ItemId, ItemState, PastEffect, PastRecord};

const MINUTE: i64 = 60_000;

/// Everything that is not as it was promised.
pub(crate) fn broken(story: &Story, rest: &Rest) -> Vec<String> {
    let said = story.machine.link.wecom(|wecom| wecom.said.clone());
    let mut broken = Vec::new();
    if rest.refused > 0 {
        broken.push(format!("the store failed {} times", rest.refused));
    }
    everything_ended(rest, &mut broken);
    nothing_lost(story, rest, &mut broken);
    decided_once(rest, &mut broken);
    said_as_promised(story, rest, &said, &mut broken);
    in_order(rest, &said, &mut broken);
    tags_are_exact(story, rest, &mut broken);
    one_task_each(rest, &said, &mut broken);
    if story.clock == Clockwork::Right {
        limits_held(rest, &said, &mut broken);
    }
    broken
}

fn everything_ended(rest: &Rest, broken: &mut Vec<String>) {
    for record in &rest.records {
        let ended = match record.state {
            ItemState::Done => record.outcome.is_some(),
            ItemState::Dead => record.reason.is_some(),
            _ => false,
        };
        if !ended {
            broken.push(format!("{} ended as {:?}", record.id, record.state));
        }
        for effect in &record.effects {
            let ended = match effect.state {
                ItemState::Sent => true,
                ItemState::Failed | ItemState::Unknown | ItemState::Dropped => {
                    effect.reason.is_some()
                }
                _ => false,
            };
            if !ended {
                broken.push(format!("{} ended as {:?}", effect.id, effect.state));
            }
        }
    }
}

fn words(inbound: &Inbound) -> Option<&str> {
    match &inbound.trigger {
        Trigger::Message(message) => Some(&message.text),
        _ => None,
    }
}

/// Every text that customers wrote and every push that was acknowledged is there, once.
fn nothing_lost(story: &Story, rest: &Rest, broken: &mut Vec<String>) {
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    for text in rest
        .records
        .iter()
        .filter_map(|record| words(&record.inbound))
    {
        *taken.entry(text).or_default() += 1;
    }
    let written: Vec<String> = story
        .machine
        .link
        .wecom(|wecom| wecom.written().map(|(_, text)| text.to_owned()).collect());
    for text in written.iter().chain(&story.acknowledged) {
        let times = taken.get(text.as_str()).copied().unwrap_or(0);
        if times != 1 {
            broken.push(format!("{text} is there {times} times"));
        }
    }
}

fn decided_once(rest: &Rest, broken: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for record in &rest.records {
        for effect in &record.effects {
            let origin = &effect.origin;
            let key = (
                origin.record,
                origin.rule.clone(),
                origin.action,
                origin.part,
            );
            if !seen.insert(key) {
                broken.push(format!("{} was decided twice: {origin:?}", effect.id));
            }
        }
    }
}

/// The endpoint, the receiver and the text of what an effect says.
fn says(effect: &Effect) -> Option<(&'static str, String, &str)> {
    let (path, to, message) = match effect {
        Effect::KfSend {
            external_userid,
            message,
            ..
        } => ("kf/send_msg", external_userid.0.clone(), message),
        Effect::AppSend { to, message, .. } => ("message/send", listed(to), message),
        Effect::Robot { message, .. } => ("webhook/send", "night".to_owned(), message),
        Effect::Appchat { chat, message, .. } => ("appchat/send", chat.0.clone(), message),
        Effect::Welcome { code, messages, .. } => {
            let first = messages.first()?;
            ("externalcontact/send_welcome_msg", code.clone(), first)
        }
        _ => return None,
    };
    let text = match message {
        Outgoing::Text { text } => text,
        Outgoing::Card { card } => card["sub_title_text"].as_str()?,
        _ => return None,
    };
    Some((path, to, text))
}

fn effects(rest: &Rest) -> impl Iterator<Item = &PastEffect> {
    rest.records.iter().flat_map(|record| &record.effects)
}

/// Sent means once; whatever else it is, never twice; refused for good means never.
fn said_as_promised(story: &Story, rest: &Rest, said: &[Said], broken: &mut Vec<String>) {
    let mut times: BTreeMap<(&str, String, &str), usize> = BTreeMap::new();
    for said in said {
        let what = (said.path.as_str(), said.to.clone(), said.text.as_str());
        *times.entry(what).or_default() += 1;
    }
    for effect in effects(rest) {
        let Some((path, to, text)) = says(&effect.effect) else {
            continue;
        };
        let heard = times.remove(&(path, to, text)).unwrap_or(0);
        let good = match (effect.state, &effect.effect) {
            // WeCom knows a repeat for half an hour, and only a clock tells how long that is.
            (_, Effect::AppSend { .. }) if story.clock == Clockwork::Jumps => heard <= 2,
            (ItemState::Sent, _) => heard == 1,
            (ItemState::Failed, Effect::Robot { .. } | Effect::Appchat { .. }) => heard == 0,
            _ => heard <= 1,
        };
        if !good {
            let (id, state, reason) = (effect.id, effect.state, &effect.reason);
            broken.push(format!(
                "{id} is {state:?} ({reason:?}) and was said {heard} times: {path} {text}"
            ));
        }
    }
    times.retain(|(path, _, _), _| *path != MASS);
    for (what, times) in times {
        broken.push(format!("nobody decided to say {what:?} {times} times"));
    }
}

/// People are answered in the order in which they were heard.
fn in_order(rest: &Rest, said: &[Said], broken: &mut Vec<String>) {
    let place = |wanted: &(&str, String, &str)| {
        said.iter().position(|said| {
            (said.path.as_str(), said.to.as_str(), said.text.as_str())
                == (wanted.0, wanted.1.as_str(), wanted.2)
        })
    };
    let mut last: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    for record in &rest.records {
        for effect in &record.effects {
            let in_a_chat = matches!(
                effect.effect,
                Effect::KfSend { .. } | Effect::AppSend { .. }
            );
            // A member is also told what others wrote: lanes of their own.
            if !in_a_chat || words(&record.inbound).is_none() {
                continue;
            }
            let Some(wanted) = says(&effect.effect) else {
                continue;
            };
            let Some(place) = place(&wanted) else {
                continue;
            };
            let conversation = record.inbound.conversation.0.as_str();
            let before = last.insert(conversation, (place, wanted.2.to_owned()));
            if let Some((earlier, text)) = before
                && earlier > place
            {
                broken.push(format!("{} was said before {text}", wanted.2));
            }
        }
    }
    in_order_of_the_log(rest, broken);
}

/// What customers wrote is decided in the order of WeCom's log.
fn in_order_of_the_log(rest: &Rest, broken: &mut Vec<String>) {
    let mut numbers: BTreeMap<&str, i64> = BTreeMap::new();
    for record in &rest.records {
        let Some(text) = words(&record.inbound) else {
            continue;
        };
        let kf = record.inbound.conversation.0.starts_with("wk1/");
        let number = text
            .rsplit_once('#')
            .and_then(|(_, number)| number.parse().ok());
        if let (true, Some(number)) = (kf, number) {
            let conversation = record.inbound.conversation.0.as_str();
            let before = numbers.insert(conversation, number);
            if before.is_some_and(|before| before > number) {
                broken.push(format!("{text} was taken too late"));
            }
        }
    }
}

/// A customer carries what was decided last, if all of it could be written.
fn tags_are_exact(story: &Story, rest: &Rest, broken: &mut Vec<String>) {
    let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut unsure = BTreeSet::new();
    for effect in effects(rest) {
        let Effect::MarkTag {
            external_userid,
            add,
            remove,
            ..
        } = &effect.effect
        else {
            continue;
        };
        if effect.state != ItemState::Sent {
            unsure.insert(external_userid.0.as_str());
        }
        let tags = wanted.entry(&external_userid.0).or_default();
        tags.extend(add.iter().map(|tag| tag.0.as_str()));
        for tag in remove {
            tags.remove(tag.0.as_str());
        }
    }
    let carried = story.machine.link.wecom(|wecom| wecom.tags.clone());
    for (customer, tags) in wanted {
        let carried: BTreeSet<&str> = carried
            .get(customer)
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        if carried != tags && !unsure.contains(customer) {
            broken.push(format!(
                "{customer} carries {carried:?} instead of {tags:?}"
            ));
        }
    }
}

/// What is sent together has one task in WeCom's list, and never a second one.
fn one_task_each(rest: &Rest, said: &[Said], broken: &mut Vec<String>) {
    let tasks = said.iter().filter(|said| said.path == MASS);
    let mut seen = BTreeSet::new();
    for task in tasks.clone() {
        if !seen.insert((&task.to, &task.text)) {
            broken.push(format!("{} is in two tasks: {}", task.to, task.text));
        }
    }
    for broadcast in &rest.broadcasts {
        let made = match broadcast.state {
            BroadcastState::Finished => broadcast.task.is_some(),
            BroadcastState::Unknown | BroadcastState::Failed => broadcast.why.is_some(),
            _ => false,
        };
        if !made {
            let (id, state, why) = (broadcast.id, broadcast.state, &broadcast.why);
            broken.push(format!("{id} ended as {state:?}: {why:?}"));
        }
    }
    let finished = rest.broadcasts.iter();
    let finished = finished.filter(|broadcast| broadcast.state == BroadcastState::Finished);
    if tasks.count() < finished.count() {
        broken.push("a task that WeCom does not have".to_owned());
    }
}

/// Limits by time, if the machine's clock was right.
fn limits_held(rest: &Rest, said: &[Said], broken: &mut Vec<String>) {
    for (path, most) in [("message/send", 30), ("webhook/send", 20)] {
        for first in said.iter().filter(|said| said.path == path) {
            let window = first.at..first.at + MINUTE;
            let same = said
                .iter()
                .filter(|said| said.path == path && said.to == first.to);
            let count = same.filter(|said| window.contains(&said.at)).count();
            if count > most {
                broken.push(format!("{count} × {path} to {} in a minute", first.to));
            }
        }
    }
    let mut offered: BTreeMap<&str, i64> = BTreeMap::new();
    let mut coupons: BTreeMap<i64, usize> = BTreeMap::new();
    for (record, at, effect) in decided(rest) {
        let unasked = says(&effect.effect).is_some_and(|(_, _, text)| text.starts_with("案例"));
        let hour = (at / 3_600_000 + 8) % 24;
        if unasked && !(9..21).contains(&hour) {
            broken.push(format!(
                "{} was decided in the quiet hours: {at}",
                effect.id
            ));
        }
        match effect.origin.rule.as_str() {
            "offer" => {
                let before = offered.insert(record.inbound.conversation.0.as_str(), at);
                if before.is_some_and(|before| at - before < COOLDOWN) {
                    broken.push(format!(
                        "{} was decided before the cooldown was over",
                        effect.id
                    ));
                }
            }
            "coupon" => {
                *coupons
                    .entry((at + 8 * 3_600_000) / 86_400_000)
                    .or_default() += 1;
            }
            _ => {}
        }
    }
    if coupons.values().any(|count| *count > COUPONS) {
        broken.push(format!("more coupons than there are: {coupons:?}"));
    }
}

/// Effects with the time of their decision, in that order.
fn decided(rest: &Rest) -> Vec<(&PastRecord, i64, &PastEffect)> {
    let at: BTreeMap<String, i64> = rest
        .items
        .iter()
        .map(|item| (item.id.to_string(), item.at.0))
        .collect();
    let mut all = Vec::new();
    for record in &rest.records {
        for effect in &record.effects {
            let key = ItemId::Effect(effect.id).to_string();
            if let Some(at) = at.get(&key) {
                all.push((record, *at, effect));
            }
        }
    }
    all.sort_by_key(|(_, at, effect)| (*at, effect.id));
    all
}
