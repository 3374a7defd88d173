//! Records that we give ourselves.

use super::types::{NewRecord, RecordBody};
use crate::config::Config;
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{ConversationKey, DedupeKey};
use crate::domain::inbound::{Author, Channel, Inbound, ReplyPath, Task, Trigger};

/// The conversation of everything that operators are told.
const ALERTS: &str = "own/alerts";

/// The record by which something of our own enters the inbox.
///
/// `key` is what makes it recognisable: a second record with the same key is not taken.
#[must_use]
pub fn own_record(key: &str, inbound: Inbound, now: UnixMillis) -> NewRecord {
    NewRecord {
        dedupe: DedupeKey(format!("own/{key}")),
        received_at: now,
        urgent: false,
        body: RecordBody::Inbound {
            inbound,
            raw: String::new(),
        },
    }
}

/// The record by which operators are told something; `None` if nobody is to be told.
#[must_use]
pub fn alert_record(
    config: &Config,
    key: &str,
    text: String,
    now: UnixMillis,
) -> Option<NewRecord> {
    let alerts = config.alerts.as_ref()?;
    let inbound = Inbound {
        channel: Channel::App,
        app: alerts.app.clone(),
        at: now,
        person: None,
        author: Author::System,
        conversation: ConversationKey::from(ALERTS),
        trigger: Trigger::Own(Task::Alert { text }),
        reply_path: ReplyPath::None,
    };
    Some(own_record(&format!("alert/{key}"), inbound, now))
}
