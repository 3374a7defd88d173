//! What can be asked of a contact: one list for rules, audiences and filters.

use serde::{Deserialize, Serialize};

use super::clock::UnixMillis;
use super::contact::Contact;
use super::ids::Tag;

/// What must hold of the contact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactTest {
    /// Carries the tag.
    HasTag(Tag),
    /// Does not carry the tag.
    NotTag(Tag),
    /// Whole days since they were added.
    AddedDays(Compare),
    /// The channel code they came through; `*` stands for anything.
    Source(Vec<String>),
    /// Their points.
    Points(Compare),
    /// An attribute: one of these must hold.
    Attribute(String, Vec<Compare>),
}

impl ContactTest {
    /// Whether it holds for this contact.
    #[must_use]
    pub fn holds(&self, contact: &Contact, now: UnixMillis) -> bool {
        match self {
            Self::HasTag(tag) => contact.has_tag(tag),
            Self::NotTag(tag) => !contact.has_tag(tag),
            Self::AddedDays(compare) => {
                let days = contact.added_days(now).map(|days| days.to_string());
                days.is_some() && compare.holds(days.as_deref())
            }
            Self::Source(patterns) => {
                let source = contact.source.as_deref();
                source.is_some_and(|source| patterns.iter().any(|pattern| fits(pattern, source)))
            }
            Self::Points(compare) => compare.holds(Some(&contact.points.to_string())),
            Self::Attribute(name, compares) => {
                let actual = contact.attributes.get(name).map(ToString::to_string);
                compares
                    .iter()
                    .any(|compare| compare.holds(actual.as_deref()))
            }
        }
    }
}

/// A comparison with a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compare {
    /// How.
    pub op: Op,
    /// With what.
    pub value: String,
}

/// How to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `contains`
    Contains,
}

impl Op {
    /// All operators; longer ones first, so that `>=` is not read as `>`.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::NotEqual, "!="),
        (Self::AtLeast, ">="),
        (Self::AtMost, "<="),
        (Self::Greater, ">"),
        (Self::Less, "<"),
        (Self::Equal, "="),
        (Self::Contains, "contains "),
    ];

    /// How it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(op, _)| *op == self)
            .map_or("", |(_, text)| text.trim_end())
    }

    /// Whether both sides must be numbers.
    #[must_use]
    pub fn is_numeric(self) -> bool {
        matches!(
            self,
            Self::Greater | Self::AtLeast | Self::Less | Self::AtMost
        )
    }
}

impl Compare {
    /// Whether the comparison holds for what is known; `None` if nothing is known.
    #[must_use]
    pub fn holds(&self, actual: Option<&str>) -> bool {
        let Some(actual) = actual else {
            return self.op == Op::NotEqual;
        };
        let numbers = || {
            let numbers: (f64, f64) = (actual.parse().ok()?, self.value.parse().ok()?);
            Some(numbers)
        };
        let equal = || numbers().map_or(actual == self.value, |(a, b)| (a - b).abs() < 1e-9);
        match self.op {
            Op::Equal => equal(),
            Op::NotEqual => !equal(),
            Op::Greater => numbers().is_some_and(|(a, b)| a > b),
            Op::AtLeast => numbers().is_some_and(|(a, b)| a >= b),
            Op::Less => numbers().is_some_and(|(a, b)| a < b),
            Op::AtMost => numbers().is_some_and(|(a, b)| a <= b),
            Op::Contains => actual.contains(&self.value),
        }
    }
}

impl std::fmt::Display for Compare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.op.as_str(), self.value)
    }
}

/// Whether a text fits a pattern in which `*` stands for anything.
#[must_use]
pub fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        if let Some(middle) = last.replace(part) {
            match rest.find(middle) {
                Some(at) => rest = &rest[at + middle.len()..],
                None => return false,
            }
        }
    }
    last.map_or(rest.is_empty(), |end| rest.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::{Compare, ContactTest, Op, fits};
    use crate::domain::clock::UnixMillis;
    use crate::domain::contact::{Contact, Value};
    use crate::domain::ids::Person;

    #[test]
    fn tests_look_at_what_is_known() {
        let mut contact = Contact::unknown(Person::External("wm1".into()));
        let at_least = |value: &str| Compare {
            op: Op::AtLeast,
            value: value.into(),
        };
        let days = ContactTest::AddedDays(at_least("2"));
        let source = ContactTest::Source(vec!["门店*".into()]);
        let level = ContactTest::Attribute("等级".into(), vec![at_least("3")]);
        let now = UnixMillis(3 * 86_400_000);
        for test in [&days, &source, &level] {
            assert!(!test.holds(&contact, now), "{test:?}");
        }
        contact.added_at = Some(UnixMillis(86_400_000));
        contact.source = Some("门店-01".into());
        contact.attributes.insert("等级".into(), Value::Number(4.0));
        for test in [&days, &source, &level] {
            assert!(test.holds(&contact, now), "{test:?}");
        }
        assert!(!days.holds(&contact, UnixMillis(now.0 - 1)));
    }

    #[test]
    fn stars_stand_for_anything() {
        assert!(fits("门店*", "门店-01"));
        assert!(fits("*", ""));
        assert!(fits("a*b*c", "a--b--bc"));
        assert!(fits("门店", "门店"));
        assert!(!fits("门店", "门店-01"));
        assert!(!fits("a*b*c", "a--c"));
        assert!(!fits("ab*ba", "aba"));
    }

    #[test]
    fn numbers_compare_as_numbers_and_text_as_text() {
        let test = |op, value: &str, actual| {
            Compare {
                op,
                value: value.into(),
            }
            .holds(actual)
        };
        assert!(test(Op::AtLeast, "9", Some("10")));
        assert!(!test(Op::Greater, "9", Some("很多")));
        assert!(test(Op::Equal, "1.0", Some("1")));
        assert!(!test(Op::Equal, "007", Some("甲")));
        assert!(test(Op::NotEqual, "会员", None));
        assert!(!test(Op::Equal, "会员", None));
        assert!(test(Op::Contains, "会", Some("老会员")));
    }
}
