//! A tag that is asked for and never set, beside one that is set and nearly the same.

use std::collections::{BTreeMap, BTreeSet};

use super::Files;
use crate::diagnostic::{Diagnostic, Report};
use crate::domain::action::Action;
use crate::domain::criteria::ContactTest;
use crate::domain::ids::Tag;
use crate::rules::load::References;
use crate::rules::model::{Rule, RuleSet};
use crate::rules::normalize::normalize;
use crate::rules::problems;

/// Below this many characters one more or less makes another word.
const LONG_ENOUGH: usize = 3;
/// More tags that nothing sets are not compared with each other.
const MOST_COMPARED: usize = 500;

pub(super) fn find(
    set: &RuleSet,
    references: &References<'_>,
    files: &Files<'_>,
    report: &mut Report,
) {
    let by_rules = set.rules.iter().flat_map(set_by);
    let given: BTreeSet<&Tag> = by_rules
        .chain(references.plan_tags.into_iter().flatten())
        .collect();
    let mut asked: BTreeMap<&Tag, Vec<&Rule>> = BTreeMap::new();
    for rule in &set.rules {
        for tag in asked_by(rule).filter(|tag| !is_given(tag, &given)) {
            asked.entry(tag).or_default().push(rule);
        }
    }
    let created = references.setting.is_none_or(|setting| setting.create_tags);
    for (tag, rules) in &asked {
        let near = given.iter().find(|given| is_near(tag, given)).copied();
        let found = match near.map(|near| (near, problems::NEAR_TAG.key)) {
            Some(found) => Some(found),
            None => more_often(tag, &asked).map(|near| (near, "check.near_tag_asked")),
        };
        let Some((near, key)) = found else { continue };
        let kind = problems::NEAR_TAG;
        let found = Diagnostic::new(kind.code, kind.severity, key)
            .value("tag", tag.0.as_str())
            .value("near", near.0.as_str())
            .help(if created {
                "check.near_tag_help"
            } else {
                "check.near_tag_no_create_help"
            });
        if let Some(rule) = rules.first() {
            files.add(rule, &tag.0, found, report);
        }
    }
}

/// A tag that is nearly the same and asked for by more rules: members set both by hand.
fn more_often<'t>(tag: &Tag, asked: &BTreeMap<&'t Tag, Vec<&Rule>>) -> Option<&'t Tag> {
    if asked.len() > MOST_COMPARED {
        return None;
    }
    let own = asked.get(tag).map_or(0, Vec::len);
    let mut others = asked.iter();
    let near = others.find(|(other, rules)| rules.len() > own && is_near(tag, other));
    near.map(|(other, _)| *other)
}

impl RuleSet {
    /// All tags that rules set, take away or ask for.
    pub fn tags(&self) -> impl Iterator<Item = &Tag> {
        self.rules
            .iter()
            .flat_map(|rule| asked_by(rule).chain(set_by(rule)))
    }
}

fn set_by(rule: &Rule) -> impl Iterator<Item = &Tag> {
    rule.actions.iter().filter_map(|action| match action {
        Action::Tag(tag) => Some(tag),
        _ => None,
    })
}

fn asked_by(rule: &Rule) -> impl Iterator<Item = &Tag> {
    let audiences = rule.actions.iter().filter_map(|action| match action {
        Action::MassMessage { audience, .. } => Some(audience),
        _ => None,
    });
    let removed = rule.actions.iter().filter_map(|action| match action {
        Action::Untag(tag) => Some(tag),
        _ => None,
    });
    let tests = rule.when.contact.iter().chain(audiences.flatten());
    let tests = tests.filter_map(|test| match test {
        ContactTest::HasTag(tag) | ContactTest::NotTag(tag) => Some(tag),
        _ => None,
    });
    tests.chain(removed)
}

/// A name without a group is found in any group.
fn is_given(tag: &Tag, given: &BTreeSet<&Tag>) -> bool {
    let grouped = tag.0.contains('/');
    given.contains(tag) || (!grouped && given.iter().any(|given| given.parts().1 == tag.0))
}

fn is_near(tag: &Tag, given: &Tag) -> bool {
    let ((group, name), (other_group, other)) = (tag.parts(), given.parts());
    let without_group = !given.0.contains('/') && name == other;
    normalize(&tag.0) == normalize(&given.0)
        || without_group
        || (group == other_group && is_slip(name, other))
}

/// One character more or less, or two that changed places. Another character instead of
/// one is no slip: 黑名单 and 白名单 are two tags.
fn is_slip(one: &str, other: &str) -> bool {
    let sorted = |text: &str| {
        let mut chars: Vec<char> = text.chars().collect();
        chars.sort_unstable();
        chars
    };
    let (a, b) = (sorted(one), sorted(other));
    a.len().min(b.len()) >= LONG_ENOUGH
        && (a.len() != b.len() || a == b)
        && strsim::osa_distance(one, other) == 1
}

#[cfg(test)]
mod tests {
    use super::is_near;
    use crate::domain::ids::Tag;

    #[test]
    fn only_slips_of_the_pen_are_near() {
        let near = |one: &str, other: &str| is_near(&Tag::from(one), &Tag::from(other));
        assert!(near("客户/已购買", "客户/已购买"));
        assert!(near("客户/VIP", "客户/vip"));
        assert!(near("客户/已购买", "已购买"));
        assert!(near("意向/询价过", "意向/询价过了"));
        assert!(near("意向/询过价", "意向/询价过"));
        assert!(!near("名单/黑名单", "名单/白名单"));
        assert!(!near("意向/高", "意向/低"));
        assert!(!near("意向/退款", "意向/退款中"), "two words");
        assert!(!near("渠道/门店", "意向/门店"));
    }
}
