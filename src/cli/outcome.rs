//! What came of something simulated, as lines for people.

use std::time::Duration;

use super::output::Terminal;
use super::words;
use crate::domain::effect::Effect;
use crate::lang::Lang;
use crate::simulate::model::Step;
use crate::simulate::{Act, Doing, Told, What};

/// What would be tagged and sent, one line each.
pub(super) fn results(told: &Told, terminal: Terminal) -> Vec<String> {
    let mut lines = Vec::new();
    if !told.tags.is_empty() {
        let tags = told.tags.join(" ");
        lines.push(terminal.lang.text("simulate.tags", &[("tags", &tags)]));
    }
    let say = |key: &str, values: &[(&str, &str)]| terminal.lang.text(key, values);
    for (name, value) in &told.set {
        lines.push(say("simulate.set", &[("name", name), ("value", value)]));
    }
    if told.points != 0 {
        let points = format!("{:+}", told.points);
        lines.push(say("simulate.points", &[("points", &points)]));
    }
    for change in &told.sops {
        let (key, sop) = match change.split_at_checked(1) {
            Some(("+", sop)) => ("simulate.sop_begins", sop),
            Some((_, sop)) => ("simulate.sop_ends", sop),
            None => continue,
        };
        lines.push(say(key, &[("sop", sop)]));
    }
    for reminder in &told.reminders {
        let values = [
            ("who", reminder.who.as_str()),
            ("at", &reminder.at),
            ("text", &reminder.text),
        ];
        lines.push(say("simulate.reminds", &values));
    }
    // The tags are told: that WeCom is told of them too says nothing new.
    let shown = told.effects.iter();
    for effect in shown.filter(|effect| !matches!(effect, Effect::MarkTag { .. })) {
        let what = words::effect(effect, terminal.lang);
        let content = words::content(effect, terminal.lang).replace('\n', "\n    ");
        lines.push(format!(
            "{what}{}{content}",
            terminal.lang.text("simulate.colon", &[])
        ));
    }
    for (action, problem) in &told.problems {
        let problem = terminal.reason(problem);
        let values = [("action", action.as_str()), ("problem", &problem)];
        lines.push(terminal.lang.text("try.problem", &values));
    }
    lines
}

/// When and what, of a step of a test.
pub(super) fn step(step: &Step, lang: Lang) -> String {
    let what = match &step.act {
        Some(Act::Somebody(doing)) => doing_text(doing, lang),
        Some(Act::Operator(sop, order)) => {
            let key = format!("simulate.order_{}", order.word());
            lang.text(&key, &[("sop", sop.as_str())])
        }
        Some(Act::Confirms(member)) => lang.text("simulate.confirms", &[("who", member.as_str())]),
        None => lang.text("simulate.waits", &[]),
    };
    format!("{}  {what}", spelled(step.at))
}

/// Somebody does something.
pub(super) fn doing_text(doing: &Doing, lang: Lang) -> String {
    let who = doing.who.as_str();
    match &doing.what {
        What::Say(message) if message.kind == "text" => {
            let values = [("who", who), ("text", message.text.as_str())];
            lang.text("simulate.says", &values)
        }
        What::Say(message) => {
            let kind = message.kind.as_str();
            lang.text("simulate.sends", &[("who", who), ("kind", kind)])
        }
        What::Press(key) => lang.text("simulate.presses", &[("who", who), ("key", key)]),
        What::Added { source } => arrives("simulate.added", who, source.as_deref(), lang),
        What::Entered { source } => arrives("simulate.entered", who, source.as_deref(), lang),
        What::Deleted => lang.text("simulate.deleted", &[("who", who)]),
        What::Joined => lang.text("simulate.joined", &[("who", who)]),
        What::Left => lang.text("simulate.left", &[("who", who)]),
        What::Tagged { add, remove } => {
            let added = add.iter().map(|tag| format!("+{tag}"));
            let tags = added.chain(remove.iter().map(|tag| format!("-{tag}")));
            let tags = tags.collect::<Vec<_>>().join(" ");
            lang.text("simulate.tagged", &[("who", who), ("tags", &tags)])
        }
        What::Made => lang.text("simulate.made", &[("who", who)]),
        What::Dissolved => lang.text("simulate.dissolved", &[("who", who)]),
        What::Event { event, change } => {
            let change = change.as_deref().unwrap_or_default();
            let event = format!("{event}/{change}");
            let event = event.trim_end_matches('/');
            lang.text("simulate.event", &[("who", who), ("event", event)])
        }
    }
}

fn arrives(key: &str, who: &str, source: Option<&str>, lang: Lang) -> String {
    let arrival = lang.text(key, &[("who", who)]);
    match source {
        Some(source) => format!(
            "{arrival}{}",
            lang.text("simulate.by_way_of", &[("source", source)])
        ),
        None => arrival,
    }
}

/// `3d 1h`, as tests write it.
fn spelled(time: Duration) -> String {
    let secs = time.as_secs();
    let parts = [
        (secs / 86_400, "d"),
        (secs / 3600 % 24, "h"),
        (secs / 60 % 60, "m"),
        (secs % 60, "s"),
    ];
    let shown: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect();
    if shown.is_empty() {
        "0m".to_owned()
    } else {
        shown.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::spelled;
    use std::time::Duration;

    #[test]
    fn times_are_spelled_as_in_the_file() {
        assert_eq!(spelled(Duration::ZERO), "0m");
        assert_eq!(spelled(Duration::from_secs(3 * 86_400 + 3600)), "3d 1h");
        assert_eq!(spelled(Duration::from_secs(61)), "1m 1s");
    }
}
