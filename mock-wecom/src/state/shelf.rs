//! Records that the platform keeps as they were sent: links, ways, rules, calendars, …

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::Ids;

/// One record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) created_at: i64,
    /// The secret that made it.
    pub(crate) creator: String,
    pub(crate) fields: Map<String, Value>,
}

impl Record {
    /// The field, or null.
    pub(crate) fn field(&self, name: &str) -> Value {
        self.fields.get(name).cloned().unwrap_or(Value::Null)
    }

    /// The record with its id under this name.
    pub(crate) fn with_id(&self, name: &str) -> Value {
        let mut fields = self.fields.clone();
        fields.insert(name.to_owned(), Value::String(self.id.clone()));
        Value::Object(fields)
    }
}

/// Records by id.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Shelf(pub(crate) BTreeMap<String, Record>);

impl Shelf {
    /// Keeps a record under a new id.
    pub(crate) fn add(
        &mut self,
        id: String,
        creator: &str,
        now: i64,
        fields: Map<String, Value>,
    ) -> String {
        let record = Record {
            id: id.clone(),
            created_at: now,
            creator: creator.to_owned(),
            fields,
        };
        self.0.insert(id.clone(), record);
        id
    }

    /// Records in the order in which they were made.
    pub(crate) fn in_order(&self) -> Vec<&Record> {
        let mut records: Vec<&Record> = self.0.values().collect();
        records.sort_by_key(|record| record.created_at);
        records
    }
}

/// The shelves.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Shelves {
    pub(crate) links: Shelf,
    /// Who came by a link.
    pub(crate) link_customers: Vec<LinkCustomer>,
    pub(crate) join_ways: Shelf,
    pub(crate) intercept_rules: Shelf,
    pub(crate) products: Shelf,
    pub(crate) strategies: Shelf,
    pub(crate) calendars: Shelf,
    pub(crate) schedules: Shelf,
    /// Upgrades to an exclusive service, by account and customer.
    pub(crate) upgrades: BTreeMap<String, Value>,
}

/// A customer who came by an acquisition link.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LinkCustomer {
    pub(crate) link_id: String,
    pub(crate) external_userid: String,
    pub(crate) userid: String,
    pub(crate) state: String,
    /// 0 has not written, 1 has written.
    pub(crate) chat_status: u8,
    pub(crate) at: i64,
}

/// An id of digits only, as strategies and rules have.
pub(crate) fn number_id(ids: &mut Ids) -> String {
    (1_000 + ids.number()).to_string()
}
