//! Intelligent bots on the long connection: who they are, what they were asked, what they upload.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Window;

/// A bot that connects by WebSocket.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BotSpec {
    /// Its id.
    pub bot_id: String,
    /// What it subscribes with.
    pub secret: String,
}

/// What a callback was about; it decides which command may answer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Asked {
    Message,
    EnterChat,
    CardEvent,
    /// Nothing may answer it.
    Other,
}

/// A callback over the connection, which replies name by its `req_id`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LinkCall {
    pub(crate) bot_id: String,
    pub(crate) asked: Asked,
    /// The member or group whose conversation it is.
    pub(crate) with: String,
    pub(crate) at: i64,
    /// The stream that answers it, and when it began.
    pub(crate) stream: Option<(String, i64)>,
    /// Nothing more may come.
    pub(crate) finished: bool,
    pub(crate) reply: Option<Value>,
}

/// An upload in parts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LinkUpload {
    pub(crate) bot_id: String,
    pub(crate) kind: String,
    pub(crate) filename: String,
    pub(crate) total_size: usize,
    pub(crate) total_chunks: usize,
    pub(crate) md5: String,
    pub(crate) at: i64,
    pub(crate) chunks: BTreeMap<usize, Vec<u8>>,
}

/// Everything about long connections that outlives one.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Links {
    /// Secrets by bot id.
    pub(crate) bots: BTreeMap<String, String>,
    pub(crate) calls: BTreeMap<String, LinkCall>,
    pub(crate) uploads: BTreeMap<String, LinkUpload>,
    /// Messages by bot and conversation.
    pub(crate) sent: BTreeMap<String, Window>,
    /// Uploads by bot.
    pub(crate) uploaded: BTreeMap<String, Window>,
    /// Conversations in which somebody has written to the bot.
    pub(crate) talked: BTreeSet<String>,
}
