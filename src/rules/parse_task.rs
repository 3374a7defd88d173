//! Actions that take time or reach many: reminders, points, mass messages.

use super::model::On;
use super::parse_action::Reader;
use super::parse_contact::contact_tests;
use super::parse_content::{ATTACHABLE, is_crowded};
use super::problems;
use crate::diagnostic::{Diagnostic, Span};
use crate::domain::action::{Action, Content, RemindWhen, TemplateName};
use crate::domain::inbound::Channel;
use crate::yaml::values::{self, ClockTime, Moment};
use crate::yaml::{Data, Node};

/// Begins a reminder at the next opening: `下一个工作时间`.
const NEXT: &str = "下一个";
/// Words for days to come.
const DAYS: [(&str, u16); 3] = [("明天", 1), ("大后天", 3), ("后天", 2)];
/// A reminder lies at most so many days ahead.
const MOST_DAYS: u16 = 366;

/// Reads `points`; what does not fit was reported when the shape was checked.
pub(super) fn points(node: &Node) -> Option<Action> {
    Some(Action::Points {
        add: node.get("add")?.text().and_then(values::integer)?,
        why: node.get("why")?.text()?.to_owned(),
    })
}

impl Reader<'_, '_> {
    pub(super) fn remind(&mut self, node: &Node) -> Option<Action> {
        if let Some(who) = node.get("who") {
            self.receiver(who);
        }
        let text = node.get("text")?;
        self.inline(text);
        let content = Content::Text(text.text().unwrap_or_default().to_owned());
        self.same_again(node, &content);
        let when = match (node.entry("in"), node.entry("at")) {
            (None, None) => RemindWhen::Now,
            (Some(after), None) => RemindWhen::In {
                secs: values::duration(after.value.text()?)?.as_secs(),
            },
            (None, Some(at)) => self.remind_at(&at.value)?,
            (Some(_), Some(at)) => {
                self.findings
                    .add(at.span, Diagnostic::of(problems::IN_OR_AT));
                return None;
            }
        };
        Some(Action::Remind {
            who: node.get("who")?.text()?.to_owned(),
            when,
            text: text.text()?.to_owned(),
        })
    }

    fn remind_at(&mut self, node: &Node) -> Option<RemindWhen> {
        let text = node.text()?.trim();
        if let Some(name) = text.strip_prefix(NEXT) {
            return self.opening(node, name.trim());
        }
        let when = local(text).or_else(|| time_of_day(text));
        if when.is_none() && !text.is_empty() {
            let found = Diagnostic::of(problems::BAD_TIME).value("value", text);
            self.findings.add(node.span, found);
        }
        if let (Some(RemindWhen::Local(at)), Some(setting)) = (&when, self.references.setting)
            && *at < setting.now.datetime()
        {
            let found = Diagnostic::of(problems::PAST).value("value", text);
            self.findings.add(node.span, found);
        }
        when
    }

    fn opening(&mut self, node: &Node, name: &str) -> Option<RemindWhen> {
        if self.calendar.find(name).is_none() {
            let known: Vec<_> = self.calendar.names().collect();
            let found = Diagnostic::of(problems::UNKNOWN_HOURS)
                .value("name", name)
                .value("known", known.join(", "))
                .suggest(name, known);
            self.findings.add(node.span, found);
            return None;
        }
        Some(RemindWhen::Opening(name.to_owned()))
    }

    pub(super) fn mass_message(&mut self, node: &Node) -> Option<Action> {
        let wanted = node.get("template")?;
        let template = self.template(wanted);
        self.mass_fits(&template, wanted.span);
        if let Some(variable) = self.references.templates.personal(&template) {
            let found = Diagnostic::of(problems::MASS_PERSONAL).value("name", variable);
            self.findings.add(wanted.span, found);
        }
        let audience = node.get("audience")?;
        if matches!(&audience.data, Data::Map(entries) if entries.is_empty()) {
            let found = Diagnostic::of(problems::MASS_EVERYBODY);
            self.findings.add(audience.span, found);
        }
        let by_customers = self.occasion.on == &On::Message && self.occasion.may_be(&[Channel::Kf]);
        if by_customers {
            let found = Diagnostic::of(problems::MASS_BY_CUSTOMERS);
            self.findings.add(node.span, found);
        }
        Some(Action::MassMessage {
            template,
            audience: contact_tests(audience, self.findings),
        })
    }
}

impl Reader<'_, '_> {
    /// What a mass-send task can consist of.
    pub(super) fn mass_fits(&mut self, template: &TemplateName, span: Span) {
        let catalog = self.references.templates;
        let kinds: Vec<&str> = catalog.kinds(template).collect();
        if kinds.iter().any(|kind| !ATTACHABLE.contains(kind)) || is_crowded(&kinds) {
            let found = Diagnostic::of(problems::MASS_FORM)
                .value("kinds", kinds.join(", "))
                .value("known", ATTACHABLE.join(", "));
            self.findings.add(span, found);
        }
        if catalog.lacks_program_picture(template) {
            let found = Diagnostic::of(problems::NO_PICTURE).value("name", template.0.as_str());
            self.findings.add(span, found);
        }
    }
}

/// `2026-12-31 09:00`.
fn local(text: &str) -> Option<RemindWhen> {
    match values::moment(text)? {
        Moment::Local(at) => Some(RemindWhen::Local(at)),
        Moment::Day(_) | Moment::Instant(_) => None,
    }
}

/// `18:00`, `明天 09:00`, `3天后 10:00`.
fn time_of_day(text: &str) -> Option<RemindWhen> {
    let (days, rest) = days_ahead(text)?;
    let ClockTime(minutes) = values::clock(rest.trim())?;
    let time = jiff::civil::Time::new(
        i8::try_from(minutes / 60).ok()?,
        i8::try_from(minutes % 60).ok()?,
        0,
        0,
    );
    Some(RemindWhen::Clock {
        days,
        time: time.ok()?,
    })
}

fn days_ahead(text: &str) -> Option<(u16, &str)> {
    for (word, days) in DAYS {
        if let Some(rest) = text.strip_prefix(word) {
            return Some((days, rest));
        }
    }
    let Some((number, rest)) = text.split_once("天后") else {
        return Some((0, text));
    };
    let days: u16 = number.trim().parse().ok()?;
    (1..=MOST_DAYS).contains(&days).then_some((days, rest))
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::{local, time_of_day};
    use crate::domain::action::RemindWhen;

    fn clock(days: u16, hour: i8, minute: i8) -> Option<RemindWhen> {
        let time = time(hour, minute, 0, 0);
        Some(RemindWhen::Clock { days, time })
    }

    #[test]
    fn times_as_people_write_them() {
        assert_eq!(time_of_day("18:00"), clock(0, 18, 0));
        assert_eq!(time_of_day("明天 09:00"), clock(1, 9, 0));
        assert_eq!(time_of_day("后天9:30"), clock(2, 9, 30));
        assert_eq!(time_of_day("大后天 8:00"), clock(3, 8, 0));
        assert_eq!(time_of_day("3天后 10:00"), clock(3, 10, 0));
        assert_eq!(time_of_day("30 天后 10:00"), clock(30, 10, 0));
        for wrong in [
            "",
            "明天",
            "24:00",
            "0天后 10:00",
            "999天后 10:00",
            "下周一 9:00",
        ] {
            assert_eq!(time_of_day(wrong), None, "{wrong}");
        }
        assert_eq!(
            local("2026-12-31 09:00"),
            Some(RemindWhen::Local(date(2026, 12, 31).at(9, 0, 0, 0)))
        );
        assert_eq!(local("2026-12-31"), None);
    }
}
