//! Moments (客户朋友圈), which only members can publish.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A member who is asked to publish.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Publisher {
    pub(crate) userid: String,
    /// 0 until published.
    pub(crate) published_at: i64,
    /// The customers who can see it.
    pub(crate) customers: Vec<String>,
}

/// A comment or a like.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Remark {
    /// The member under whose moment it stands.
    pub(crate) under: String,
    /// A userid or an external userid.
    pub(crate) from: String,
    pub(crate) at: i64,
    pub(crate) like: bool,
}

/// A moment of the corp.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Moment {
    pub(crate) moment_id: String,
    pub(crate) jobid: String,
    pub(crate) creator: String,
    pub(crate) created_at: i64,
    pub(crate) text: Value,
    pub(crate) attachments: Value,
    /// Whether the customers were chosen.
    pub(crate) narrowed: bool,
    pub(crate) publishers: Vec<Publisher>,
    pub(crate) remarks: Vec<Remark>,
    pub(crate) invalid_users: Vec<String>,
    pub(crate) invalid_tags: Vec<String>,
    pub(crate) cancelled: bool,
}

/// Moments by id.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Moments(pub(crate) BTreeMap<String, Moment>);
