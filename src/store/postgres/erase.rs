//! Forgets a person: see [`crate::store::erase`] for what goes and what stays.
//!
//! The database finds the rows in which the id stands; whether that is a mention, or a part
//! of a longer id, is looked at here. Found rows are locked until the end, so that whoever
//! works on one of them comes before or loses the claim.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::Shared;
use super::bells::Wake;
use super::contacts::{key, person};
use super::session::{Patience, Session, Tries, in_transaction};
use super::timers::TURN;
use super::values::{Json, lane, text, untext};
use crate::domain::ids::Person;
use crate::store::erase::{ERASED, is_about, is_for, replace};
use crate::store::{Broadcast, Erasure, RecordBody, RecordOutcome, Result, StoreError};

/// Forgets a person. Says how much there was.
pub(super) async fn erase(shared: &Arc<Shared>, who: &Person, alias: &str) -> Result<Erasure> {
    in_transaction!(shared, session => forget(&session, who, alias).await)
}

/// What [`erase`] would do: it is done, and taken back.
pub(super) async fn look(shared: &Arc<Shared>, who: &Person) -> Result<Erasure> {
    let mut tries = Tries::new(Patience::Brief);
    loop {
        let session = Session::begin(shared).await?;
        let found = forget(&session, who, "erased").await;
        session.roll_back().await;
        match found {
            Err(error) if tries.again(&error).await => {}
            found => return found,
        }
    }
}

/// Columns in which somebody may stand.
struct Place {
    table: &'static str,
    texts: &'static [&'static str],
    json: Option<&'static str>,
}

const fn place(
    table: &'static str,
    texts: &'static [&'static str],
    json: Option<&'static str>,
) -> Place {
    Place { table, texts, json }
}

const INBOX: Place = place(
    "inbox",
    &["contact", "conversation", "reason"],
    Some("body"),
);
const OUTBOX: Place = place(
    "outbox",
    &[
        "target",
        "conversation",
        "sop_contact",
        "reason",
        "failed_word",
    ],
    Some("body"),
);
const CONTACTS: Place = place("contacts", &["name"], Some("body"));
const TIMERS: Place = place("timers", &["key", "contact", "conversation"], Some("body"));
const SOP_ROWS: Place = place(
    "sop_rows",
    &["sop", "contact", "name", "why", "delivery_why", "broadcast"],
    None,
);
const TARGETS: Place = place("broadcast_targets", &["contact", "why"], Some("body"));
const BROADCASTS: Place = place("broadcasts", &["why", "sender"], Some("body"));
const QUOTAS: Place = place("quotas", &["key"], None);
const RECEIVED: Place = place("mass_received", &["contact"], Some("body"));
const FACTS: Place = place("facts", &["name"], Some("value"));
const TRACES: Place = place("traces", &[], Some("trace"));
const AUDIT: Place = place("audit", &["who", "what", "result"], None);

/// A row in which somebody stands, already with the other name.
struct Mention {
    at: String,
    texts: Vec<Option<String>>,
    before: Option<Value>,
    json: Option<Value>,
}

/// Who is forgotten, and the name that stands in their place.
struct Forgotten<'a> {
    session: &'a Session,
    person: &'a Person,
    alias: &'a str,
}

/// Work in the middle of which the server must not lose its patience.
const UNHURRIED: &str = "\
    SELECT set_config('statement_timeout', '0', true),
        set_config('idle_in_transaction_session_timeout', '0', true)";

async fn forget(session: &Session, person: &Person, alias: &str) -> Result<Erasure> {
    session.rows(UNHURRIED, &[]).await?;
    // Until the end no timer becomes a record behind our back.
    session.rows(TURN, &[&session.corp()]).await?;
    let who = Forgotten {
        session,
        person,
        alias,
    };
    let mut gone = Erasure::default();
    let effects = who.records(&mut gone).await?;
    who.effects(effects, &mut gone).await?;
    gone.contacts = who.contact().await?;
    gone.timers = who.remove(&TIMERS).await?;
    gone.sop_rows = who.rename(&SOP_ROWS).await?;
    gone.targets = who.rename(&TARGETS).await?;
    gone.mentions += who.audiences().await?;
    gone.counters = who.remove(&QUOTAS).await? + who.remove(&RECEIVED).await?;
    gone.mentions += who.facts().await?;
    for place in [&TRACES, &CONTACTS, &AUDIT] {
        gone.mentions += who.rename(place).await?;
    }
    session.wake.add(Wake::EVERYTHING);
    Ok(gone)
}

impl Forgotten<'_> {
    /// The rows of a table that mention the person.
    async fn mentioning(&self, place: &Place) -> Result<Vec<Mention>> {
        let rows = self.found(place, "", &[]).await?;
        let read = rows.iter().map(|row| self.mention(place, row));
        let read: Vec<Option<Mention>> = read.collect::<Result<_>>()?;
        Ok(read.into_iter().flatten().collect())
    }

    /// The rows of a table in which the id stands, locked; with `more` columns.
    async fn found(&self, place: &Place, more: &str, or: &[i64]) -> Result<Vec<Row>> {
        let Place { table, texts, json } = place;
        let columns: Vec<&str> = texts.iter().copied().chain(*json).collect();
        let stands = columns
            .iter()
            .map(|name| format!("strpos({name}::text, $2) > 0"));
        let mut stands: Vec<String> = stands.collect();
        let (corp, id) = (self.session.corp(), text(self.person.id()));
        let mut params: Vec<&(dyn ToSql + Sync)> = vec![&corp, &id];
        if !or.is_empty() {
            stands.push("id = ANY($3)".to_owned());
            params.push(&or);
        }
        let sql = format!(
            "SELECT ctid::text AS at, {}{more} FROM {table} \
             WHERE corp_id = $1 AND ({}) FOR UPDATE",
            columns.join(", "),
            stands.join(" OR "),
        );
        self.session.rows(&sql, &params).await
    }

    /// The row with the other name, if it is a mention.
    fn mention(&self, place: &Place, row: &Row) -> Result<Option<Mention>> {
        let mut any = false;
        let mut texts = Vec::with_capacity(place.texts.len());
        for name in place.texts {
            let text: Option<String> = row.get(name);
            texts.push(text.map(|text| {
                let mut value = Value::String(untext(text));
                any |= replace(&mut value, self.person.id(), self.alias);
                match value {
                    Value::String(text) => text,
                    _ => String::new(),
                }
            }));
        }
        let before = place
            .json
            .map(|name| row.get::<_, Json>(name).read::<Value>("row"));
        let before = before.transpose()?;
        let json = before.clone().map(|mut json| {
            any |= replace(&mut json, self.person.id(), self.alias);
            json
        });
        Ok(any.then(|| Mention {
            at: row.get("at"),
            texts,
            before,
            json,
        }))
    }

    /// Writes a row with the other name.
    async fn write(&self, place: &Place, mention: &Mention) -> Result<()> {
        let columns = place.texts.iter().copied().chain(place.json);
        let columns = columns.zip(3..);
        let columns: Vec<String> = columns
            .map(|(name, at)| format!("{name} = ${at}"))
            .collect();
        let sql = format!(
            "UPDATE {} SET {} WHERE corp_id = $1 AND ctid = $2::text::tid",
            place.table,
            columns.join(", ")
        );
        let corp = self.session.corp();
        let texts = mention.texts.iter();
        let texts: Vec<_> = texts.map(|it| it.as_deref().map(text)).collect();
        let json = mention.json.as_ref().map(|json| Json::of("row", json));
        let json = json.transpose()?;
        let mut params: Vec<&(dyn ToSql + Sync)> = vec![&corp, &mention.at];
        for text in &texts {
            params.push(text);
        }
        if json.is_some() {
            params.push(&json);
        }
        self.changed(self.session.run(&sql, &params).await?, 1)
    }

    /// What is locked cannot move. If it did, nothing is to be stored.
    fn changed(&self, rows: u64, expected: u64) -> Result<()> {
        if rows == expected {
            return Ok(());
        }
        Err(StoreError::Corrupt {
            what: "row to be erased",
        })
    }

    /// Puts the other name into all rows of a table.
    async fn rename(&self, place: &Place) -> Result<u64> {
        let found = self.mentioning(place).await?;
        for mention in &found {
            self.write(place, mention).await?;
        }
        Ok(found.len() as u64)
    }

    /// Removes the rows of a table that mention them.
    async fn remove(&self, place: &Place) -> Result<u64> {
        let found = self.mentioning(place).await?;
        self.delete(place.table, found.into_iter().map(|it| it.at).collect())
            .await
    }

    async fn delete(&self, table: &str, rows: Vec<String>) -> Result<u64> {
        if rows.is_empty() {
            return Ok(0);
        }
        let sql =
            format!("DELETE FROM {table} WHERE corp_id = $1 AND ctid = ANY($2::text[]::tid[])");
        let removed = self
            .session
            .run(&sql, &[&self.session.corp(), &rows])
            .await?;
        self.changed(removed, rows.len() as u64)?;
        Ok(removed)
    }

    /// Blanks records about the person. Gives the effects that they led to.
    async fn records(&self, gone: &mut Erasure) -> Result<BTreeSet<i64>> {
        let (mut about, mut effects) = (Vec::new(), BTreeSet::new());
        for row in self.found(&INBOX, ", id, effects", &[]).await? {
            let Some(mention) = self.mention(&INBOX, &row)? else {
                continue;
            };
            let body = mention.before.as_ref();
            let theirs = body != mention.json.as_ref()
                && body.is_some_and(|body| is_about(body, self.person));
            if theirs {
                about.push(row.get::<_, i64>("id"));
                effects.extend(
                    row.get::<_, Option<Vec<i64>>>("effects")
                        .unwrap_or_default(),
                );
            } else {
                self.write(&INBOX, &mention).await?;
                gone.mentions += 1;
            }
        }
        if about.is_empty() {
            return Ok(effects);
        }
        let skipped = RecordOutcome::Skipped {
            reason: ERASED.to_owned(),
        };
        let outcome = Json::of("outcome", &skipped)?;
        let body = Json::of("record", &RecordBody::Erased)?;
        let corp = self.session.corp();
        let blanked = self
            .session
            .run(BLANK, &[&corp, &about, &lane(""), &ERASED, &outcome, &body])
            .await?;
        self.changed(blanked, about.len() as u64)?;
        self.session.run(UNTRACE, &[&corp, &about]).await?;
        gone.records = blanked;
        Ok(effects)
    }

    /// Removes effects about the person.
    async fn effects(&self, of_records: BTreeSet<i64>, gone: &mut Erasure) -> Result<()> {
        let ids: Vec<i64> = of_records.iter().copied().collect();
        let mut theirs = Vec::new();
        for row in self.found(&OUTBOX, ", id", &ids).await? {
            if of_records.contains(&row.get::<_, i64>("id")) {
                theirs.push(row.get::<_, String>("at"));
                continue;
            }
            let Some(mention) = self.mention(&OUTBOX, &row)? else {
                continue;
            };
            let effect = mention.before.as_ref().and_then(|body| body.get("effect"));
            if effect.is_some_and(|effect| is_for(effect, self.person)) {
                theirs.push(mention.at);
            } else {
                self.write(&OUTBOX, &mention).await?;
                gone.mentions += 1;
            }
        }
        gone.effects = self.delete(OUTBOX.table, theirs).await?;
        Ok(())
    }

    async fn contact(&self) -> Result<u64> {
        let key = key(self.person);
        self.session
            .run(FORGET_CONTACT, &[&self.session.corp(), &key])
            .await
    }

    /// A broadcast that looks for its targets may have come just to them: it goes on from
    /// whoever stands before them.
    async fn audiences(&self) -> Result<u64> {
        let found = self.mentioning(&BROADCASTS).await?;
        let count = found.len() as u64;
        for mut mention in found {
            let corrupt = |_| StoreError::Corrupt { what: "broadcast" };
            let row = mention.json.take().unwrap_or_default();
            let mut row: Broadcast = serde_json::from_value(row).map_err(corrupt)?;
            if let Some(audience) = &mut row.audience {
                audience.after = self.before().await?;
            }
            mention.json = Some(serde_json::to_value(&row).map_err(corrupt)?);
            self.write(&BROADCASTS, &mention).await?;
        }
        Ok(count)
    }

    /// The contact before them, in the order of contacts.
    async fn before(&self) -> Result<Option<Person>> {
        let key = key(self.person);
        let row = self
            .session
            .row(BEFORE, &[&self.session.corp(), &key])
            .await?;
        Ok(row
            .and_then(|row| row.get::<_, Option<String>>(0))
            .and_then(person))
    }

    /// A fact that is named after them goes; others have the other name.
    async fn facts(&self) -> Result<u64> {
        let mut named = Vec::new();
        let mut count = 0;
        for row in self.found(&FACTS, "", &[]).await? {
            let Some(mention) = self.mention(&FACTS, &row)? else {
                continue;
            };
            count += 1;
            let name: String = row.get("name");
            if mention.texts.first() == Some(&Some(untext(name))) {
                self.write(&FACTS, &mention).await?;
            } else {
                named.push(mention.at);
            }
        }
        self.delete(FACTS.table, named).await?;
        Ok(count)
    }
}

/// The number, the time and the hash that tells a second push stay.
const BLANK: &str = "\
    UPDATE inbox SET state = 'done', lane = $3, conversation = NULL, contact = NULL, kind = $4,
        happened_at = NULL, due_at = received_at, urgent = false, attempts = 0,
        first_attempt_at = NULL, reason = NULL, outcome = $5, rules = NULL, effects = NULL,
        preferred_by = NULL, fence = NULL, holder = NULL, claimed_at = NULL, lease_until = NULL,
        body = $6
    WHERE corp_id = $1 AND id = ANY($2)";
const UNTRACE: &str = "DELETE FROM traces WHERE corp_id = $1 AND record_id = ANY($2)";
const FORGET_CONTACT: &str = "DELETE FROM contacts WHERE corp_id = $1 AND contact = $2";
const BEFORE: &str = "SELECT max(contact) FROM contacts WHERE corp_id = $1 AND contact < $2";
