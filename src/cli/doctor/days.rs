//! Attributes that rules read as a day and that name none: their rules are never set off.

use std::collections::BTreeMap;

use super::Finding;
use crate::app::ContactQuery;
use crate::cli::access::Access;
use crate::cli::output::Terminal;
use crate::cli::{ConfigArg, contacts};
use crate::domain::anniversary::Anniversary;
use crate::domain::contact::Contact;
use crate::lang::Lang;

/// For how many contacts a day cannot be read, and one of them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Odd(BTreeMap<String, (u64, String)>);

impl Odd {
    fn look(&mut self, contact: &Contact, days: &[Anniversary]) {
        for name in not_days(contact, days) {
            let example = || (0, contact.person.id().to_owned());
            self.0.entry(name.to_owned()).or_insert_with(example).0 += 1;
        }
    }

    /// What is told of them; values are a customer's and stay out of it.
    fn finding(&self, lang: Lang) -> Finding {
        let Some((_, (_, example))) = self.0.first_key_value() else {
            return super::good("days");
        };
        let each = self.0.iter().map(|(name, (count, example))| {
            let count = count.to_string();
            let values = [("name", &**name), ("count", &count), ("example", example)];
            lang.text("doctor.not_days", &values)
        });
        Finding {
            ok: false,
            problem: Some(each.collect::<Vec<_>>().join("\n    ")),
            mend: Some(lang.text("doctor.days_mend", &[("example", example)])),
            ..super::good("days")
        }
    }
}

/// The attributes of a contact that rules read as a day and that name none.
pub(in crate::cli) fn not_days<'c>(
    contact: &'c Contact,
    days: &'c [Anniversary],
) -> impl Iterator<Item = &'c str> {
    let attributes = contact.attributes.iter();
    let odd = attributes.filter(|(name, value)| {
        let mut asked = days.iter().filter(|day| day.attribute == **name);
        asked.any(|day| !day.reads(value))
    });
    odd.map(|(name, _)| name.as_str())
}

/// Looks at all customers; `None` where there is nothing to look at.
pub(super) async fn look(
    config: &ConfigArg,
    days: &[Anniversary],
    terminal: &Terminal,
) -> Option<Finding> {
    if days.is_empty() {
        return None;
    }
    // Before the first start there are no data, and a server that is gone is told elsewhere.
    let access = Access::open(config, terminal).await.ok()?;
    let mut odd = Odd::default();
    let all = ContactQuery::default();
    let looked = contacts::each(&access, all, None, |contact| {
        odd.look(contact, days);
        Ok(())
    });
    looked.await.ok()?;
    Some(odd.finding(terminal.lang))
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::Odd;
    use crate::domain::anniversary::Anniversary;
    use crate::domain::contact::{Contact, Value};
    use crate::domain::ids::Person;
    use crate::lang::Lang;

    fn day(attribute: &str, once: bool) -> Anniversary {
        Anniversary {
            attribute: attribute.to_owned(),
            lunar: false,
            once,
            before: 0,
            at: time(9, 0, 0, 0),
        }
    }

    fn born(id: &str, value: Value) -> Contact {
        let mut contact = Contact::unknown(Person::External(id.into()));
        contact.attributes.insert("生日".to_owned(), value);
        contact
    }

    #[test]
    fn days_that_cannot_be_read_are_counted_with_one_customer_and_without_what_is_written() {
        let days = [day("生日", false), day("到期", true)];
        let mut odd = Odd::default();
        let text = |text: &str| Value::Text(text.to_owned());
        for (id, value) in [
            ("wm1", text("1990-05-01")),
            ("wm2", text("三月初")),
            ("wm3", Value::Number(19_900_501.0)),
            ("wm4", text("05-01")),
        ] {
            odd.look(&born(id, value), &days);
        }
        let finding = odd.finding(Lang::Zh);
        assert!(!finding.ok);
        let problem = finding.problem.unwrap_or_default();
        assert!(problem.contains("2 位"), "{problem}");
        assert!(
            problem.contains("wm2") && problem.contains("date:生日"),
            "{problem}"
        );
        assert!(!problem.contains("三月初"), "{problem}");
        // What comes once needs its year.
        let mut once = Odd::default();
        once.look(&born("wm4", text("05-01")), &[day("生日", true)]);
        assert!(!once.finding(Lang::Zh).ok);
        assert!(Odd::default().finding(Lang::Zh).ok);
    }
}
