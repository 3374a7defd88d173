//! Switches: every point that the official pages leave open, with its default.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What `message/send` answers when the duplicate check swallows a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SuppressedSend {
    /// `errcode` 0 and the first message's id.
    Same,
    /// `errcode` 0 and a fresh id of a message nobody gets.
    Fresh,
    /// `errcode` 0 without an id.
    Nothing,
}

/// What happens to a text over its limit where the page says "cut".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Oversize {
    /// The message arrives shortened.
    Cut,
    /// The call is refused with 45002.
    Refuse,
}

/// The undocumented corners, by name. The README explains each one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Switches {
    /// How often an unanswered push is repeated after the first try.
    pub(crate) callback_repeats: u32,
    /// How long a push waits for its answer.
    pub(crate) callback_timeout_ms: u64,
    /// The pause between repeats.
    pub(crate) callback_repeat_delay_ms: u64,
    /// Whether a status other than 200 is repeated (page 90238) or not (page 90930).
    pub(crate) retry_on_non_200: bool,
    /// Whether a repeat carries a fresh timestamp, nonce and ciphertext.
    pub(crate) reencrypt_repeats: bool,
    /// How long a control call waits for a receiver before it answers "pending".
    pub(crate) control_wait_ms: u64,
    /// `errcode` of an expired token: 42001, or 40014 as some corps report.
    pub(crate) expired_token_code: i64,
    /// Life of an access token.
    pub(crate) token_life_secs: i64,
    /// `errcode` of `kf/send_msg` with a `msgid` used before.
    pub(crate) kf_duplicate_msgid_code: i64,
    /// `errcode` of `kf/send_msg_on_event` with a bad, late or used code.
    pub(crate) kf_bad_event_code_code: i64,
    /// Whether states 1 and 2 may go straight to 4.
    pub(crate) kf_end_without_servicer: bool,
    /// Largest page of `kf/sync_msg`, whatever the caller asks for.
    pub(crate) kf_page_limit: usize,
    /// How many coming `kf/sync_msg` calls answer an empty page with `has_more` 1.
    pub(crate) kf_empty_pages: u32,
    /// `kf/sync_msg` calls a minute without a token; 0 means no limit.
    pub(crate) kf_tokenless_per_min: usize,
    /// What the duplicate check of `message/send` answers.
    pub(crate) suppressed_send: SuppressedSend,
    /// Texts over 2048 bytes in `message/send`.
    pub(crate) oversize_text: Oversize,
    /// `errcode` of a robot over 20 messages a minute.
    pub(crate) robot_limit_code: i64,
    /// Whether `externalcontact/list` answers 84061 for a member without customers.
    pub(crate) empty_list_is_84061: bool,
    /// Whether a used `response_url` of an aibot is refused (false: answered 0, dropped).
    pub(crate) aibot_response_once: bool,
    /// Pause between stream refreshes when a message is followed to its end.
    pub(crate) aibot_poll_ms: u64,
    /// How long a new mass task answers 41063 to its result calls.
    pub(crate) mass_dispatching_secs: i64,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            callback_repeats: 3,
            callback_timeout_ms: 5_000,
            callback_repeat_delay_ms: 0,
            retry_on_non_200: true,
            reencrypt_repeats: true,
            control_wait_ms: 6_000,
            expired_token_code: 42001,
            token_life_secs: 7_200,
            kf_duplicate_msgid_code: 95033,
            kf_bad_event_code_code: 40058,
            kf_end_without_servicer: true,
            kf_page_limit: 1_000,
            kf_empty_pages: 0,
            kf_tokenless_per_min: 0,
            suppressed_send: SuppressedSend::Same,
            oversize_text: Oversize::Cut,
            robot_limit_code: 45009,
            empty_list_is_84061: false,
            aibot_response_once: true,
            aibot_poll_ms: 200,
            mass_dispatching_secs: 0,
        }
    }
}

impl Switches {
    /// These switches with some of them changed; unknown names are an error.
    pub(crate) fn changed(&self, changes: &Map<String, Value>) -> Result<Self, String> {
        let mut all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        if let Some(all) = all.as_object_mut() {
            all.extend(changes.clone());
        }
        serde_json::from_value(all).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::Switches;
    use serde_json::json;

    #[test]
    fn one_switch_changes_and_an_unknown_one_is_refused() {
        let change = |value: serde_json::Value| {
            Switches::default().changed(value.as_object().expect("an object"))
        };
        let changed = change(json!({"kf_page_limit": 2})).expect("a known switch");
        assert_eq!((changed.kf_page_limit, changed.callback_repeats), (2, 3));
        assert!(change(json!({"kf_pagelimit": 2})).is_err());
    }
}
