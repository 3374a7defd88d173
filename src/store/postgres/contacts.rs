//! Contacts: what rules change and what WeCom says, kept in one row.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use super::session::Session;
use super::values::{Json, Time, maybe_text, most, text, untext};
use crate::domain::contact::Contact;
use crate::domain::ids::Person;
use crate::store::Result;

const SEVERAL: &str = "SELECT contact, body FROM contacts WHERE corp_id = $1 AND contact = ANY($2)";

/// The key of a person in the tables.
pub(super) fn key(person: &Person) -> String {
    text(&person.key()).into_owned()
}

/// Several contacts, in the order asked.
pub(super) async fn several(session: &Session, persons: &[Person]) -> Result<Vec<Option<Contact>>> {
    let keys: Vec<String> = persons.iter().map(key).collect();
    let rows = session.rows(SEVERAL, &[&session.corp(), &keys]).await?;
    let found: BTreeMap<String, &Row> = rows.iter().map(|row| (row.get(0), row)).collect();
    let each = keys.iter();
    each.map(|key| found.get(key).map(|row| of_row(row)).transpose())
        .collect()
}

fn of_row(row: &Row) -> Result<Contact> {
    row.get::<_, Json>("body").read("contact")
}

const AFTER: &str = "\
    SELECT contact, body FROM contacts WHERE corp_id = $1 AND contact > $2
    ORDER BY contact LIMIT $3";

/// Contacts in the order of their keys, from behind one on.
pub(super) async fn after(
    session: &Session,
    after: Option<&Person>,
    limit: usize,
) -> Result<Vec<Contact>> {
    let after = after.map(key).unwrap_or_default();
    let rows = session
        .rows(AFTER, &[&session.corp(), &after, &most(limit)])
        .await?;
    rows.iter().map(of_row).collect()
}

const KNOW: &str = "\
    INSERT INTO contacts (corp_id, contact, body)
    SELECT $1, contact, 'null' FROM unnest($2::text[]) AS o (contact) ORDER BY contact
    ON CONFLICT DO NOTHING";
const LOCK: &str = "\
    SELECT contact, body FROM contacts WHERE corp_id = $1 AND contact = ANY($2)
    ORDER BY contact FOR UPDATE";

/// Contacts that nobody else changes until the transaction ends.
#[derive(Default)]
pub(super) struct Locked(BTreeMap<String, Slot>);

struct Slot {
    contact: Contact,
    changed: bool,
    new: bool,
}

impl Locked {
    /// Those of these persons, whether they are known or not.
    pub(super) async fn of(session: &Session, persons: &[&Person]) -> Result<Self> {
        let mut by_key: BTreeMap<String, &Person> = BTreeMap::new();
        by_key.extend(persons.iter().map(|person| (key(person), *person)));
        let keys: Vec<&String> = by_key.keys().collect();
        let mut slots = BTreeMap::new();
        if keys.is_empty() {
            return Ok(Self(slots));
        }
        session.run(KNOW, &[&session.corp(), &keys]).await?;
        for row in session.rows(LOCK, &[&session.corp(), &keys]).await? {
            let key: String = row.get(0);
            let known: Option<Contact> = row.get::<_, Json>(1).read("contact")?;
            let Some(person) = by_key.get(&key) else {
                continue;
            };
            let new = known.is_none();
            let contact = known.unwrap_or_else(|| Contact::unknown((*person).clone()));
            let slot = Slot {
                contact,
                changed: false,
                new,
            };
            slots.insert(key, slot);
        }
        Ok(Self(slots))
    }

    /// Changes one; it is written if the change says so.
    pub(super) fn change(&mut self, person: &Person, change: impl FnOnce(&mut Contact) -> bool) {
        if let Some(slot) = self.0.get_mut(&key(person)) {
            slot.changed |= change(&mut slot.contact);
        }
    }

    /// One as it is now.
    pub(super) fn get(&self, person: &Person) -> Option<&Contact> {
        self.0.get(&key(person)).map(|slot| &slot.contact)
    }

    /// Writes what was changed.
    pub(super) async fn write(self, session: &Session) -> Result<()> {
        let (changed, rest): (Vec<_>, Vec<_>) =
            self.0.into_iter().partition(|(_, slot)| slot.changed);
        let unknown: Vec<String> = rest
            .into_iter()
            .filter_map(|(key, slot)| slot.new.then_some(key))
            .collect();
        if !unknown.is_empty() {
            session.run(FORGET, &[&session.corp(), &unknown]).await?;
        }
        if changed.is_empty() {
            return Ok(());
        }
        let each = || changed.iter().map(|(_, slot)| &slot.contact);
        let keys: Vec<&String> = changed.iter().map(|(key, _)| key).collect();
        let names: Vec<_> = each().map(|it| maybe_text(it.name.as_deref())).collect();
        let added: Vec<_> = each().map(|it| it.added_at.map(Time)).collect();
        let inbound: Vec<_> = each().map(|it| it.last_inbound_at.map(Time)).collect();
        let synced: Vec<_> = each().map(|it| it.synced_at.map(Time)).collect();
        let lost: Vec<_> = each().map(|it| it.lost_at.map(Time)).collect();
        let bodies = each().map(|it| Json::of("contact", it));
        let bodies: Vec<Json> = bodies.collect::<Result<_>>()?;
        session
            .run(
                WRITE,
                &[
                    &session.corp(),
                    &keys,
                    &names,
                    &added,
                    &inbound,
                    &synced,
                    &lost,
                    &bodies,
                ],
            )
            .await?;
        Ok(())
    }
}

const FORGET: &str = "DELETE FROM contacts WHERE corp_id = $1 AND contact = ANY($2)";
const WRITE: &str = "\
    UPDATE contacts c SET name = o.name, added_at = o.added_at,
        last_inbound_at = o.last_inbound_at, synced_at = o.synced_at, lost_at = o.lost_at,
        body = o.body
    FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[],
            $6::timestamptz[], $7::timestamptz[], $8::jsonb[])
        AS o (contact, name, added_at, last_inbound_at, synced_at, lost_at, body)
    WHERE c.corp_id = $1 AND c.contact = o.contact";

/// The person of a key.
pub(super) fn person(key: String) -> Option<Person> {
    Person::from_key(&untext(key))
}
