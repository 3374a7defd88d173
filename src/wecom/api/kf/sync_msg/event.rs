//! Events among the messages.

use crate::wecom::client::Secret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

macro_rules! events {
    ($($(#[$meta:meta])* $name:ident = $tag:literal {
        $($(#[$field_meta:meta])* $field:ident: $ty:ty,)*
    })*) => {
        /// Something that happened in a session or to a servicer. The account
        /// and the customer are in the entry around it.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Event {
            $($(#[$meta])* $name($name),)*
            /// An event this version does not know, or cannot read.
            Unknown {
                /// The event's name.
                event_type: String,
                /// Its fields as they came.
                payload: Value,
            },
        }

        $(
            $(#[$meta])*
            #[derive(Debug, Clone, PartialEq, Default, Deserialize)]
            #[serde(default)]
            pub struct $name {
                $($(#[$field_meta])* pub $field: $ty,)*
            }
        )*

        impl Event {
            /// Reads an event; anything that is no event at all gives `None`.
            pub(super) fn parse(payload: &Value) -> Option<Self> {
                let event_type = payload.get("event_type")?.as_str()?;
                let known = match event_type {
                    $($tag => read(payload).map(Self::$name),)*
                    _ => None,
                };
                Some(known.unwrap_or_else(|| Self::Unknown {
                    event_type: event_type.to_owned(),
                    payload: payload.clone(),
                }))
            }

            /// The event's name on the wire.
            pub fn event_type(&self) -> &str {
                match self {
                    $(Self::$name(_) => $tag,)*
                    Self::Unknown { event_type, .. } => event_type,
                }
            }
        }
    };
}

events! {
    /// A customer opened the chat through a link.
    EnterSession = "enter_session" {
        /// The scene of the link.
        scene: String,
        /// The parameter appended to the link.
        scene_param: String,
        /// Allows one welcome within 20 s; absent if there was a welcome or a
        /// message in the last 48 h.
        welcome_code: Option<Secret>,
        /// Set if the customer came from Channels.
        wechat_channels: Option<WechatChannels>,
    }
    /// A message of the bot or a servicer was not delivered after all.
    MsgSendFail = "msg_send_fail" {
        /// The message.
        fail_msgid: String,
        /// Why; see [`MsgSendFail::reason`].
        fail_type: i64,
    }
    /// A servicer started or stopped taking sessions.
    ServicerStatusChange = "servicer_status_change" {
        /// 1 receiving, 2 stopped.
        status: i64,
        /// 0 stopped, 1 paused for a while.
        stop_type: Option<i64>,
    }
    /// A servicer changed a session in the client.
    SessionStatusChange = "session_status_change" {
        /// 1 taken from the pool, 2 transferred, 3 ended, 4 reopened.
        change_type: i64,
        /// Who had it.
        old_servicer_userid: String,
        /// Who has it now.
        new_servicer_userid: String,
        /// Allows one sentence about changes 1 and 3.
        msg_code: Option<Secret>,
    }
    /// The customer took a message back.
    UserRecallMsg = "user_recall_msg" {
        /// The message.
        recall_msgid: String,
    }
    /// A servicer took a message back.
    ServicerRecallMsg = "servicer_recall_msg" {
        /// The message.
        recall_msgid: String,
    }
    /// A servicer began or ceased to refuse a customer's messages.
    RejectSwitchChange = "reject_customer_msg_switch_change" {
        /// 1 refuses, 0 accepts.
        reject_switch: i64,
    }
}

/// Where in Channels a customer came from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct WechatChannels {
    /// Name of the Channels account.
    pub nickname: String,
    /// Name of the shop.
    pub shop_nickname: String,
    /// 1 to 5, the place inside Channels.
    pub scene: i64,
}

impl MsgSendFail {
    /// What `fail_type` means.
    pub fn reason(&self) -> &'static str {
        match self.fail_type {
            1 => "the customer's account was deleted",
            2 => "the app was closed",
            4 => "more than 48 h since the customer's message",
            5 => "the session is closed",
            6 => "more than five messages",
            8 => "the corp is not verified",
            10 => "the customer refuses messages",
            11 => "no member of the corp has logged in",
            12 => "a component forbids this type",
            13 => "a security limit was hit",
            _ => "unknown reason",
        }
    }
}

fn read<T: DeserializeOwned>(payload: &Value) -> Option<T> {
    T::deserialize(payload).ok()
}
