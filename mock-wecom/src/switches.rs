//! Switches: every point that the official pages leave open, with its default.
//!
//! The table below makes the type, its defaults and the page in the README. The
//! text after each default says which open point of the facts it settles; an
//! empty one marks a switch that only tests need.

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

/// How a minute is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Minute {
    /// The last 60 seconds.
    Sliding,
    /// From :00 to :59.
    Fixed,
}

/// How aibot card events spell their fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Spelling {
    /// `card_type`, `event_key`, `option_ids`, as the samples and the SDKs do.
    Underscored,
    /// `cardtype`, `eventkey`, `optionids`, as the table of page 101027 does.
    Joined,
}

/// Who an event without a documented sender is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sender {
    /// `sys`.
    Sys,
    /// The acting member.
    Member,
}

/// How many mass messages a customer or a group takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MassCeiling {
    /// As many as the month has days, in a month.
    Month,
    /// Seven a week.
    Week,
    /// One a day.
    Day,
}

/// How a field may be spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AppidSpelling {
    /// Either way.
    #[serde(rename = "either")]
    Either,
    /// Only `Appid`.
    #[serde(rename = "Appid")]
    Appid,
    /// Only `AppId`.
    #[serde(rename = "AppId")]
    AppId,
}

/// A row of the switches page.
pub(crate) struct About {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
    /// The file of the facts and the open point there.
    pub(crate) unsure: &'static str,
}

macro_rules! switches {
    ($($(#[doc = $text:literal])+ $name:ident: $type:ty = $default:expr, $unsure:literal;)*) => {
        /// The undocumented corners, by name.
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub(crate) struct Switches {
            $($(#[doc = $text])+ pub(crate) $name: $type,)*
        }

        impl Default for Switches {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        /// Every switch, in the order of the page.
        pub(crate) const ABOUT: &[About] = &[
            $(About { name: stringify!($name), text: concat!($($text),+), unsure: $unsure },)*
        ];
    };
}

switches! {
    /// How often an unanswered push is repeated after the first try.
    callback_repeats: u32 = 3, "callback.md: three attempts in all, or one and three repeats";
    /// The pause between repeats.
    callback_repeat_delay_ms: u64 = 0, "callback.md: the spacing of repeats is not documented";
    /// Whether a status other than 200 is repeated.
    retry_on_non_200: bool = true, "callback.md: page 90238 says yes, page 90930 speaks of time-outs only";
    /// Whether a repeat carries a fresh timestamp, nonce and ciphertext.
    reencrypt_repeats: bool = true, "callback.md: whether a repeat is encrypted anew";
    /// The receive id of URL verification; empty takes that of the receiver.
    verify_receive_id: String = String::new(), "callback.md: the receive id of a provider's two URLs";
    /// How long a push waits for its answer.
    callback_timeout_ms: u64 = 5_000, "";
    /// How long a control call waits for a receiver before it answers "pending".
    control_wait_ms: u64 = 6_000, "";
    /// `errcode` of an expired token: 42001, or 40014 as some corps report.
    expired_token_code: i64 = 42_001, "";
    /// Life of an access token.
    token_life_secs: i64 = 7_200, "";
    /// Addresses that may call with a token; others get 60020. Empty lets everybody in.
    trusted_ips: Vec<String> = Vec::new(), "";
    /// So many wrong secrets within an hour close `gettoken` to the address for an hour; 0 never does.
    bad_secret_block_after: usize = 100, "";
    /// Calls of one API a minute; 0 means no limit. Sending messages does not count.
    calls_per_min: u64 = 10_000, "errors-and-limits.md: the numbers of the frequency page may be adjusted";
    /// Calls of one API an hour; 0 means no limit.
    calls_per_hour: u64 = 150_000, "";
    /// Calls of one external-contact API a minute; 0 takes the general number.
    contact_calls_per_min: u64 = 0, "errors-and-limits.md: limits of external-contact calls are not published";
    /// Whether `user/get` shows mobile, email and the like, as for apps older than 2022-06-20.
    user_details: bool = false, "";
    /// Whether `fetch_child` of `user/simplelist` and `user/list` reaches the departments below, as it did before 2022.
    fetch_child: bool = false, "";
    /// Contact ways and join ways that a corp may have together.
    ways_per_corp: usize = 500_000, "";
    /// Contact ways for temporary chats that a corp may make a day.
    temp_ways_per_day: usize = 100_000, "";
    /// Internal groups that a corp may make a day.
    appchats_per_day: usize = 1_000, "";
    /// Changes of internal groups that a corp may make an hour.
    appchat_changes_per_hour: usize = 1_000, "";
    /// Person-messages to internal groups a minute; 0 means no limit.
    appchat_person_messages_per_min: u64 = 20_000, "";
    /// The path of the desktop login page.
    desktop_login_path: String = "/wwlogin/sso/login".to_owned(), "api.md: the desktop login URL was not read from its page";
    /// `errcode` of `kf/send_msg` with a `msgid` used before; the code is not published.
    kf_duplicate_msgid_code: i64 = 95_033, "";
    /// `errcode` of `kf/send_msg_on_event` with a bad, late or used code; it is not published.
    kf_bad_event_code_code: i64 = 40_058, "";
    /// Whether states 1 and 2 may go straight to 4.
    kf_end_without_servicer: bool = true, "api.md: whether 1→4 and 2→4 are allowed";
    /// Whether messages on events use up the 5 of a customer message.
    kf_event_sends_count: bool = false, "api.md: messages on events not using up the 5 is inferred";
    /// Largest page of `kf/sync_msg`, whatever the caller asks for.
    kf_page_limit: usize = 1_000, "";
    /// How many coming `kf/sync_msg` calls answer an empty page with `has_more` 1.
    kf_empty_pages: u32 = 0, "";
    /// `kf/sync_msg` calls a minute without a token; 0 means no limit.
    kf_tokenless_per_min: usize = 0, "";
    /// What the duplicate check of `message/send` answers: `same` id, `fresh` id or `nothing`.
    suppressed_send: SuppressedSend = SuppressedSend::Same, "";
    /// Texts over 2048 bytes in `message/send`: `cut`, or `refuse` with 45002.
    oversize_text: Oversize = Oversize::Cut, "";
    /// Person-messages to internal groups an hour; 0 means no limit.
    appchat_person_messages_per_hour: u64 = 150_000, "api.md: 150k, 350k or 700k by size, 300k on the older page";
    /// `errcode` of a robot over 20 messages a minute.
    robot_limit_code: i64 = 45_009, "api.md: the code for a robot's excess is general knowledge";
    /// How a robot's minute is counted: `sliding` or `fixed`.
    robot_window: Minute = Minute::Sliding, "api.md: fixed or sliding minute of robots";
    /// Whether the bytes of an upload are looked at, not only its name.
    media_content_check: bool = true, "";
    /// Pictures that `uploadimg` takes a day.
    uploadimg_per_day: usize = 1_000, "";
    /// Whether `externalcontact/list` answers 84061 for a member without customers.
    empty_list_is_84061: bool = false, "api.md: 84061 or an empty list for a member without customers";
    /// Whether `externalcontact/contact_list` may be called; false answers 48002.
    contact_list_served: bool = true, "api.md: the details of contact_list were not read";
    /// `errcode` of changing a tag that another app or the console made.
    foreign_tag_code: i64 = 81_011, "api.md: the code for another creator's tag";
    /// What a customer or a group takes of mass messages: as many as the `month` has days, 7 a `week` or 1 a `day`, as the console sets it.
    mass_ceiling: MassCeiling = MassCeiling::Month, "";
    /// Reminders of a mass task within 24 hours.
    mass_reminders_per_day: usize = 3, "api.md: three reminders in 24 hours is quoted second-hand";
    /// How long a new mass task answers 41063 to its result calls.
    mass_dispatching_secs: i64 = 0, "";
    /// How long the job of a new moment is under way.
    moment_job_secs: i64 = 0, "";
    /// Job types that a `batch_job_result` event may name.
    export_job_types: Vec<String> = ["sync_user", "replace_user", "invite_user", "replace_party",
        "export_simple_user", "export_user", "export_department", "export_taguser"]
        .map(str::to_owned).to_vec(), "events.md: the names of export jobs are general knowledge";
    /// Values that a `living_status_change` event may carry.
    living_statuses: Vec<i64> = vec![0, 1, 2, 4], "events.md: the values of living_status_change were not read";
    /// Who calendar events are from: `sys` or the `member`.
    calendar_event_from: Sender = Sender::Sys, "events.md: FromUserName of calendar events";
    /// Whether a file that a member sends to an app is delivered to it.
    app_file_messages: bool = false, "messages.md: whether file messages reach an app";
    /// Most articles of a passive news reply.
    passive_news_max: usize = 8, "messages.md: the article maximum of a passive reply";
    /// Whether replies to `template_card_event` are obeyed.
    card_event_reply: bool = true, "messages.md: replies to template_card_event may be ignored";
    /// Most entries of a card's menu in a passive reply.
    passive_action_menu_max: usize = 10, "messages.md: ActionMenu has 1–10 or 1–3 entries";
    /// Spelling in `QuoteArea` and `ImageTextArea` of a passive card: `either`, `Appid` or `AppId`.
    passive_quote_appid: AppidSpelling = AppidSpelling::Either, "messages.md: Appid or AppId in QuoteArea and ImageTextArea";
    /// Spelling in aibot card events: `underscored` or `joined`.
    aibot_event_spelling: Spelling = Spelling::Underscored, "aibot.md: cardtype or card_type";
    /// How long a `response_url` lives.
    aibot_response_url_secs: i64 = 3_600, "aibot.md: one hour officially, five minutes in a note";
    /// Whether a used `response_url` is refused (false: answered 0, dropped).
    aibot_response_once: bool = true, "";
    /// Whether an aibot's `multiple_interaction` card needs a task id.
    aibot_multiple_needs_task_id: bool = false, "aibot.md: task_id of multiple_interaction is optional in the table";
    /// How long a stream is asked for in URL mode.
    aibot_stream_secs: i64 = 360, "";
    /// How long a stream may go on over the long connection.
    aibot_ws_stream_secs: i64 = 600, "aibot.md: a stream ends after 6 or 10 minutes";
    /// Messages a minute into one conversation over the long connection; the hour takes 1000.
    aibot_ws_per_min: usize = 30, "aibot.md: limits of the long connection come from notes";
    /// `errcode` of `aibot_send_msg` with a text.
    aibot_ws_text_push_code: i64 = 40_008, "aibot.md: a pushed text fails with 40008";
    /// `errcode` of a reply with the wrong command for its callback, or an unknown `req_id`.
    aibot_ws_wrong_req_code: i64 = 846_605, "";
    /// Whether bodies of the long connection carry a `response_url`.
    aibot_ws_response_url: bool = false, "aibot.md: whether response_url appears in the long connection";
    /// Pause between stream refreshes when a message is followed to its end.
    aibot_poll_ms: u64 = 200, "";
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

/// The switches as a Markdown table, for the README.
pub(crate) fn markdown() -> String {
    let defaults = serde_json::to_value(Switches::default()).unwrap_or_default();
    let mut out = String::from(
        "| switch | default | meaning | open point of the official pages |\n|---|---|---|---|\n",
    );
    for about in ABOUT {
        let row = format!(
            "| `{}` | `{}` | {} | {} |\n",
            about.name,
            defaults[about.name],
            about.text.trim(),
            about.unsure,
        );
        out.push_str(&row);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{ABOUT, Switches};
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

    /// The lines that begin with `UNSURE:` in each file of the facts.
    #[test]
    fn every_open_point_of_the_facts_has_a_switch() {
        for (file, points) in [
            ("callback.md", 5),
            ("api.md", 10),
            ("events.md", 3),
            ("messages.md", 5),
            ("errors-and-limits.md", 2),
            ("aibot.md", 7),
        ] {
            let named = ABOUT.iter().filter(|about| about.unsure.starts_with(file));
            assert_eq!(named.count(), points, "{file}");
        }
    }
}
