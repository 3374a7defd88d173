//! Whom a word of the command line means, for verbs that act on one customer and no other.

use anyhow::bail;

use super::{each, only};
use crate::app::{ContactQuery, Reply, Request};
use crate::cli::access::Access;
use crate::cli::output::Terminal;
use crate::domain::contact::Contact;
use crate::domain::ids::{Person, UserId};

/// What a word came to.
pub(in crate::cli) enum Customer {
    /// This customer.
    One(Box<Contact>),
    /// Nobody; it was said.
    Unknown,
    /// Somebody else, or more than one; it was said.
    Refused,
}

/// The one customer of this id or name. Who is known by messages alone is found by their id.
pub(in crate::cli) async fn customer(
    access: &Access,
    who: &str,
    terminal: &Terminal,
) -> anyhow::Result<Customer> {
    let Reply::Contacts(found) = access.ask(Request::Find(who.to_owned())).await? else {
        bail!("unexpected answer");
    };
    let by_member = Person::Member(who.into());
    let member = found.iter().any(|contact| contact.person == by_member);
    let is_customer = |contact: &Contact| matches!(contact.person, Person::External(_));
    let customers: Vec<Contact> = found.into_iter().filter(is_customer).collect();
    if !customers.is_empty() {
        let one = only(customers, who, terminal).map(Box::new);
        return Ok(one.map_or(Customer::Refused, Customer::One));
    }
    if member || has_customers(access, who).await? {
        terminal.warn("contacts.member", &[("who", who)]);
        return Ok(Customer::Refused);
    }
    let person = Person::External(who.into());
    let Reply::Known(known) = access.ask(Request::IsKnown(person.clone())).await? else {
        bail!("unexpected answer");
    };
    if known {
        return Ok(Customer::One(Box::new(Contact::unknown(person))));
    }
    terminal.warn("contacts.unknown", &[("who", who)]);
    Ok(Customer::Unknown)
}

/// Whether somebody is a member who has customers or a customer group.
async fn has_customers(access: &Access, who: &str) -> anyhow::Result<bool> {
    let mut any = false;
    for groups in [false, true] {
        let query = ContactQuery {
            of: vec![UserId(who.to_owned())],
            groups,
            ..ContactQuery::default()
        };
        each(access, query, Some(1), |_| {
            any = true;
            Ok(())
        })
        .await?;
    }
    Ok(any)
}
