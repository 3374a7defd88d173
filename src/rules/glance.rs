//! A trace as a person reads it at a glance: what fired, what nearly did, and how many others.

use super::explain::{Found, Reason, Step, Trace, Verdict};
use super::model::{How, Rule, RuleSet};
use super::normalize::normalize;
use crate::domain::ids::RuleId;
use crate::domain::inbound::{Inbound, Trigger};
use crate::lang::Lang;

/// At most so many rules that nearly fired are shown.
const MOST_NEAR: usize = 8;
/// Up to so many others are named.
const MOST_NAMED: usize = 12;

/// What is worth a look in a trace of all rules.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Glance {
    /// What was said, with the places that rules found.
    text: String,
    fired: Vec<Step>,
    near: Vec<Step>,
    /// Rules whose words occur, but not where they should.
    misplaced: Vec<(RuleId, How)>,
    /// Rules that have nothing to do with it; the first few by name.
    others: usize,
    named: Vec<RuleId>,
    /// The rule that stopped, and how many it left out.
    stopped: Option<(RuleId, usize)>,
}

impl Glance {
    /// Sorts a trace of all rules. The rules `asked` are shown whatever they did.
    #[must_use]
    pub fn of(set: &RuleSet, trace: &Trace, inbound: &Inbound, asked: &[&RuleId]) -> Self {
        let text = text_of(inbound);
        let look = Look {
            normal: &normalize(text),
            text,
            message: matches!(inbound.trigger, Trigger::Message(_)),
        };
        let mut glance = Self {
            text: text.to_owned(),
            ..Self::default()
        };
        let mut near = Vec::new();
        for (step, rule) in trace.steps.iter().zip(set.rules()) {
            let Some(reason) = glance.sort(step) else {
                continue;
            };
            let wanted = asked.contains(&&step.rule);
            if !wanted && !look.near(rule, reason) {
                glance.other(&step.rule);
                continue;
            }
            if matches!(reason, Reason::Any { .. }) && look.has_words(rule) {
                glance.misplaced.push((step.rule.clone(), rule.when.how));
            }
            near.push((reason.reach(), wanted, step));
        }
        glance.take(near);
        glance
    }

    /// Sorts a stored trace by what it says itself: the rules of then may be gone. `text` is
    /// the customer's message.
    #[must_use]
    pub fn of_past(trace: &Trace, text: &str) -> Self {
        let mut glance = Self {
            text: text.to_owned(),
            ..Self::default()
        };
        let mut near = Vec::new();
        for step in &trace.steps {
            match glance.sort(step) {
                Some(reason) if reason.reach() > Reason::Regex.reach() => {
                    near.push((reason.reach(), false, step));
                }
                Some(_) => glance.other(&step.rule),
                None => {}
            }
        }
        glance.take(near);
        glance
    }

    /// Takes in a rule that fired or was not reached; gives the reason of one that was skipped.
    fn sort<'s>(&mut self, step: &'s Step) -> Option<&'s Reason> {
        match &step.verdict {
            Verdict::Fired { .. } => self.fired.push(step.clone()),
            Verdict::NotReached { by } => {
                let count = self.stopped.take().map_or(0, |(_, count)| count);
                self.stopped = Some((by.clone(), count + 1));
            }
            Verdict::Skipped(reason) => return Some(reason),
        }
        None
    }

    /// Takes in the rules that nearly fired, those that came furthest first.
    fn take(&mut self, mut near: Vec<(u8, bool, &Step)>) {
        near.sort_by_key(|(reach, _, _)| std::cmp::Reverse(*reach));
        for (_, wanted, step) in near {
            if wanted || self.near.len() < MOST_NEAR {
                self.near.push(step.clone());
            } else {
                self.other(&step.rule);
            }
        }
    }

    fn other(&mut self, rule: &RuleId) {
        self.others += 1;
        if self.named.len() < MOST_NAMED {
            self.named.push(rule.clone());
        }
    }

    /// The rules that fired.
    #[must_use]
    pub fn fired(&self) -> &[Step] {
        &self.fired
    }

    /// What was said, with the places that rules found in 【】.
    #[must_use]
    pub fn marked(&self) -> String {
        let fired = self.fired.iter().chain(&self.near);
        let found = fired.flat_map(|step| match &step.verdict {
            Verdict::Fired { found, .. } => found.as_slice(),
            Verdict::Skipped(Reason::None { found }) => std::slice::from_ref(found),
            _ => &[],
        });
        mark(&self.text, found)
    }

    /// Why a rule does not fire though its words occur.
    fn hint(&self, rule: &RuleId) -> Option<&'static str> {
        let mut misplaced = self.misplaced.iter();
        match misplaced.find(|(id, _)| id == rule)?.1 {
            How::Exact => Some("simulate.wants_exact"),
            How::Prefix => Some("simulate.wants_prefix"),
            How::Suffix => Some("simulate.wants_suffix"),
            _ => None,
        }
    }

    /// For people.
    #[must_use]
    pub fn human(&self, lang: Lang) -> String {
        let mut out = String::new();
        for step in self.fired.iter().chain(&self.near) {
            out.push_str(&format!("{}\n", step.title()));
            for line in step.verdict.human(lang, &self.text) {
                out.push_str(&format!("    {line}\n"));
            }
            if let Some(hint) = self.hint(&step.rule) {
                out.push_str(&format!("    {}\n", lang.text(hint, &[])));
            }
        }
        if let Some((by, count)) = &self.stopped {
            let count = count.to_string();
            let values = [("rule", by.as_str()), ("count", &count)];
            out.push_str(&format!("{}\n", lang.text("explain.not_reached", &values)));
        }
        if self.others > 0 {
            let count = self.others.to_string();
            let names: Vec<&str> = self.named.iter().map(RuleId::as_str).collect();
            let more = if self.others > self.named.len() {
                " …"
            } else {
                ""
            };
            let names = format!("{}{more}", names.join(", "));
            let values = [("count", count.as_str()), ("names", &names)];
            out.push_str(&format!("{}\n", lang.text("simulate.others", &values)));
        }
        if out.is_empty() {
            out.push_str(&format!("{}\n", lang.text("explain.no_rules", &[])));
        }
        out
    }
}

impl Step {
    /// Its name and where it is written.
    fn title(&self) -> String {
        let place = format!("{}:{}", self.place.file, self.place.line);
        match &self.name {
            Some(name) => format!("{} {name}  ({place})", self.rule),
            None => format!("{}  ({place})", self.rule),
        }
    }
}

/// The words that rules look at, as they came.
fn text_of(inbound: &Inbound) -> &str {
    match &inbound.trigger {
        Trigger::Message(message) => &message.text,
        Trigger::Clicked { key, .. } => key,
        Trigger::Entered { scene, .. } => scene.as_deref().unwrap_or_default(),
        _ => "",
    }
}

/// Whether a rule was held back though it had to do with what happened.
#[must_use]
pub fn nearly_fired(rule: &Rule, reason: &Reason, inbound: &Inbound) -> bool {
    let text = text_of(inbound);
    let look = Look {
        normal: &normalize(text),
        text,
        message: matches!(inbound.trigger, Trigger::Message(_)),
    };
    look.near(rule, reason)
}

struct Look<'t> {
    text: &'t str,
    normal: &'t str,
    message: bool,
}

impl Look<'_> {
    fn near(&self, rule: &Rule, reason: &Reason) -> bool {
        match reason {
            Reason::Trigger { .. } | Reason::Author | Reason::Regex => false,
            Reason::None { .. } => true,
            // All else of it holds, by homophones or by the kind of message perhaps.
            Reason::Cooldown { .. } | Reason::Hits { .. } | Reason::Limit { .. } => true,
            Reason::Any { .. } | Reason::All { .. } | Reason::Type { .. } => self.has_words(rule),
            // Whoever arrives sets off rules without words: there the others count.
            _ => self.has_words(rule) || (!self.message && !asks_for_text(rule)),
        }
    }

    /// Whether one of its words, or its pattern, occurs somewhere.
    fn has_words(&self, rule: &Rule) -> bool {
        let when = &rule.when;
        let mut words = when.any.words().iter().chain(when.all.words());
        let pattern = when.regex.as_ref();
        words.any(|word| occurs(self.normal, &word.text))
            || pattern.is_some_and(|pattern| pattern.regex.is_match(self.text))
    }
}

fn occurs(normal: &str, word: &str) -> bool {
    let word = normalize(word);
    !word.is_empty() && normal.contains(&*word)
}

fn asks_for_text(rule: &Rule) -> bool {
    let when = &rule.when;
    !when.any.is_empty() || !when.all.is_empty() || when.regex.is_some()
}

/// The text with these places in 【】; those that overlap become one.
fn mark<'f>(text: &str, found: impl Iterator<Item = &'f Found>) -> String {
    let mut places: Vec<(usize, usize)> = found
        .filter(|found| found.start < found.end && text.get(found.start..found.end).is_some())
        .map(|found| (found.start, found.end))
        .collect();
    places.sort_unstable();
    let mut merged: Vec<(usize, usize)> = Vec::new();
    for (start, end) in places {
        match merged.last_mut() {
            Some(last) if start < last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    let mut out = String::new();
    let mut at = 0;
    for (start, end) in merged {
        out.push_str(&format!("{}【{}】", &text[at..start], &text[start..end]));
        at = end;
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::mark;
    use crate::rules::explain::Found;

    #[test]
    fn places_are_marked_in_the_original_text() {
        let text = "我要 退 款！退货";
        let found = |word: &str, part: &str| {
            let start = text.find(part).expect("there");
            Found {
                word: word.into(),
                start,
                end: start + part.len(),
            }
        };
        let two = [found("退货", "退货"), found("退款", "退 款")];
        assert_eq!(mark(text, two.iter()), "我要 【退 款】！【退货】");
        let overlapping = [found("要退", "要 退"), found("退款", "退 款")];
        assert_eq!(mark(text, overlapping.iter()), "我【要 退 款】！退货");
        assert_eq!(mark(text, [].iter()), text);
        let beyond = [Found {
            word: "".into(),
            start: 1,
            end: 400,
        }];
        assert_eq!(mark(text, beyond.iter()), text);
    }
}
