//! Two rules with the same conditions whose validity overlaps: both fire then.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::Files;
use crate::diagnostic::{Diagnostic, Report};
use crate::rules::load::References;
use crate::rules::model::{Mode, Rule, RuleSet};
use crate::rules::problems;
use crate::rules::words::WordList;

pub(super) fn find(
    set: &RuleSet,
    references: &References<'_>,
    files: &Files<'_>,
    report: &mut Report,
) {
    let zone = references
        .setting
        .map_or(TimeZone::UTC, |setting| setting.now.time_zone().clone());
    let mut alike: BTreeMap<String, Vec<&Rule>> = BTreeMap::new();
    let seasonal = set
        .rules
        .iter()
        .filter(|rule| rule.mode == Mode::On && (rule.from.is_some() || rule.until.is_some()));
    for rule in seasonal {
        alike.entry(conditions(rule)).or_default().push(rule);
    }
    for rules in alike.values_mut() {
        rules.sort_by_key(|rule| begins(rule, &zone));
        for pair in rules.windows(2) {
            let [one, other] = pair else { continue };
            if !one.stop && !other.stop && begins(other, &zone) < ends(one, &zone) {
                let found = Diagnostic::of(problems::SAME_TIME)
                    .value("id", other.id.as_str())
                    .value("other", one.id.as_str())
                    .value("place", files.place_of(one));
                files.add(other, other.id.as_str(), found, report);
            }
        }
    }
}

fn begins(rule: &Rule, zone: &TimeZone) -> i64 {
    rule.from.map_or(i64::MIN, |from| from.start(zone).0)
}

fn ends(rule: &Rule, zone: &TimeZone) -> i64 {
    rule.until.map_or(i64::MAX, |until| until.end(zone).0)
}

/// Everything but the validity that decides whether a rule fires.
fn conditions(rule: &Rule) -> String {
    let when = &rule.when;
    let words = |list: &WordList| {
        let mut words: Vec<&str> = list.words().iter().map(|word| &*word.text).collect();
        words.sort_unstable();
        words.join("\n")
    };
    let pattern = when.regex.as_ref().map(|pattern| pattern.regex.as_str());
    format!(
        "{:?}",
        (
            (&rule.on, &rule.channels, rule.hours),
            (words(&when.any), words(&when.all), words(&when.none)),
            (when.how, when.loose, pattern, &when.types, &when.contact),
        )
    )
}
