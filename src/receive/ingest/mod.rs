//! What the company's own systems tell about customers: attributes, and what they did.
//!
//! It enters the inbox like everything else, so that rules and SOPs notice, in the order of
//! the customer's own conversation and once for each `id`.

mod line;
mod route;

pub use line::{BadLine, NotADay, Read, Telling, read, schema};
pub use route::router;

use crate::config::Config;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::ids::{DedupeKey, Person};
use crate::domain::inbound::{Inbound, Task, Trigger};
use crate::store::{NewRecord, RecordBody};

/// The records of what was told; none if the config has no app.
#[must_use]
pub fn records(config: &Config, tellings: Vec<Telling>, now: UnixMillis) -> Vec<NewRecord> {
    let Some(first) = config.apps.first() else {
        return Vec::new();
    };
    let app = config.contact_app(&first.name);
    let tellings = tellings.into_iter();
    let records = tellings.map(|telling| {
        let person = Person::External(telling.customer);
        let told = Trigger::Own(Task::Told(Box::new(telling.told)));
        let inbound = Inbound::about(&Contact::unknown(person), app.clone(), telling.at, told);
        NewRecord {
            dedupe: DedupeKey(format!("own/told/{}", telling.id)),
            received_at: now,
            urgent: false,
            body: RecordBody::Inbound {
                inbound,
                raw: String::new(),
            },
        }
    });
    records.collect()
}
