//! Contacts: what rules change and what WeCom says, kept in one row.

use super::engine::{Rows, collect};
use super::keys::{Keys, Table};
use super::txn::{Txn, decode};
use crate::domain::change::ContactChange;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::ids::Person;
use crate::store::merge::take_over;
use crate::store::{ContactFacts, Result};

/// Applies what a decision changes to the newest stored state.
pub(crate) fn change(txn: &mut Txn<'_>, change: ContactChange, now: UnixMillis) -> Result<()> {
    let Some(person) = change.person.clone() else {
        return Ok(());
    };
    let mut contact = load(txn, person)?;
    change.apply(&mut contact, now);
    save(txn, &contact)
}

/// Writes what WeCom says, unless something newer is known.
pub(crate) fn merge(txn: &mut Txn<'_>, facts: ContactFacts) -> Result<Contact> {
    let mut contact = load(txn, facts.person.clone())?;
    if take_over(&mut contact, facts) {
        save(txn, &contact)?;
    }
    Ok(contact)
}

/// The row of a contact.
pub(crate) fn key(keys: &Keys, person: &Person) -> Vec<u8> {
    keys.text(Table::Contact, &person.key())
}

/// Contacts in the order of their keys, from behind one on.
pub(crate) fn after(
    rows: &dyn Rows,
    keys: &Keys,
    after: Option<&Person>,
    limit: usize,
) -> Result<Vec<Contact>> {
    let mut range = keys.all(Table::Contact);
    if let Some(person) = after {
        range.from = [key(keys, person).as_slice(), &[0]].concat();
    }
    let found = collect(rows, &range, limit)?;
    let each = found.iter();
    each.map(|(_, json)| decode("contact", json)).collect()
}

/// The newest stored state.
pub(crate) fn load(txn: &Txn<'_>, person: Person) -> Result<Contact> {
    let stored = txn.get_json(&key(txn.keys, &person), "contact")?;
    Ok(stored.unwrap_or_else(|| Contact::unknown(person)))
}

fn save(txn: &mut Txn<'_>, contact: &Contact) -> Result<()> {
    txn.put_json(key(txn.keys, &contact.person), "contact", contact)
}
