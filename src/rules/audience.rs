//! Whether a contact is among those that a rule, an SOP or a mass message is for.

use super::explain::Reason;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::criteria::{Compare, ContactTest, fits as matches_pattern};

/// Whether all tests hold of a contact; if not, the first that does not.
///
/// `source` is the way in that counts: that of an event at hand, else the contact's own.
///
/// # Errors
/// The first test that does not hold, and what is known instead.
pub fn fits(
    tests: &[ContactTest],
    contact: &Contact,
    source: Option<&str>,
    now: UnixMillis,
) -> Result<(), Reason> {
    tests
        .iter()
        .try_for_each(|test| holds(test, contact, source, now))
}

fn holds(
    test: &ContactTest,
    contact: &Contact,
    source: Option<&str>,
    now: UnixMillis,
) -> Result<(), Reason> {
    let number = |name: &str, compare: &Compare, actual: Option<String>| {
        // An unknown number is not even unlike another.
        let known = actual.is_some() && compare.holds(actual.as_deref());
        require(known, || differs(name, compare.to_string(), actual))
    };
    match test {
        ContactTest::HasTag(tag) => require(contact.has_tag(tag), || Reason::HasTag {
            tag: tag.to_string(),
        }),
        ContactTest::NotTag(tag) => require(!contact.has_tag(tag), || Reason::NotTag {
            tag: tag.to_string(),
        }),
        ContactTest::AddedDays(compare) => {
            let days = contact.added_days(now).map(|days| days.to_string());
            number("added_days", compare, days)
        }
        ContactTest::Points(compare) => number("points", compare, Some(contact.points.to_string())),
        ContactTest::Source(patterns) => {
            let fit = |source| {
                patterns
                    .iter()
                    .any(|pattern| matches_pattern(pattern, source))
            };
            require(source.is_some_and(fit), || {
                differs("source", patterns.join(" | "), source.map(str::to_owned))
            })
        }
        ContactTest::Attribute(name, compares) => {
            let actual = contact.attributes.get(name).map(ToString::to_string);
            let fit = compares
                .iter()
                .any(|compare| compare.holds(actual.as_deref()));
            require(fit, || {
                let wants: Vec<_> = compares.iter().map(ToString::to_string).collect();
                differs(name, wants.join(" | "), actual)
            })
        }
    }
}

fn require(holds: bool, reason: impl FnOnce() -> Reason) -> Result<(), Reason> {
    if holds { Ok(()) } else { Err(reason()) }
}

fn differs(attribute: &str, wants: String, actual: Option<String>) -> Reason {
    Reason::Contact {
        attribute: attribute.to_owned(),
        wants,
        actual,
    }
}
