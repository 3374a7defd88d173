//! What belongs to apps: tokens, sent messages, cards, internal groups, robots.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Window;
use crate::ids::Ids;

/// An access token and the secret it was given for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) secret: String,
    pub(crate) expires_at: i64,
    pub(crate) revoked: bool,
}

/// Tokens by their text.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tokens(BTreeMap<String, Token>);

impl Tokens {
    /// The secret's living token, or a new one.
    pub(crate) fn issue(
        &mut self,
        secret: &str,
        now: i64,
        life: i64,
        ids: &mut Ids,
    ) -> (String, i64) {
        let living = self
            .0
            .iter()
            .find(|(_, token)| token.secret == secret && !token.revoked && token.expires_at > now);
        if let Some((text, token)) = living {
            return (text.clone(), token.expires_at - now);
        }
        let text = ids.text("AT", 84);
        let token = Token {
            secret: secret.to_owned(),
            expires_at: now + life,
            revoked: false,
        };
        self.0.insert(text.clone(), token);
        (text, life)
    }

    pub(crate) fn get(&self, text: &str) -> Option<&Token> {
        self.0.get(text)
    }

    /// Revokes one token.
    pub(crate) fn revoke_one(&mut self, text: &str) {
        if let Some(token) = self.0.get_mut(text) {
            token.revoked = true;
        }
    }

    /// Revokes the tokens of one secret, or all of them; answers how many.
    pub(crate) fn revoke(&mut self, secret: Option<&str>) -> usize {
        let hit = self
            .0
            .values_mut()
            .filter(|token| !token.revoked && secret.is_none_or(|secret| token.secret == secret));
        hit.map(|token| token.revoked = true).count()
    }
}

/// A message that `message/send` accepted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SentMessage {
    pub(crate) agent_id: i64,
    pub(crate) sent_at: i64,
    pub(crate) receivers: Vec<String>,
    pub(crate) card: Option<Value>,
    pub(crate) recalled: bool,
}

/// The right to change a card once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ResponseCode {
    pub(crate) msgid: String,
    pub(crate) agent_id: i64,
    pub(crate) expires_at: i64,
    pub(crate) used: bool,
}

/// What the duplicate check remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Remembered {
    pub(crate) msgid: String,
    pub(crate) at: i64,
}

/// An internal group made by an app.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AppChat {
    pub(crate) chatid: String,
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) userlist: Vec<String>,
    pub(crate) agent_id: i64,
}

/// A group robot.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Robot {
    /// The secret key in its URL.
    pub key: String,
    /// The name shown.
    #[serde(default)]
    pub name: String,
    /// A stopped robot answers 93004.
    #[serde(default)]
    pub stopped: bool,
}

/// The one-time address of an active aibot reply.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BotReply {
    pub(crate) with: String,
    pub(crate) receiver: String,
    pub(crate) expires_at: i64,
    pub(crate) used: bool,
}

/// A stream that an aibot has begun.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BotStream {
    pub(crate) message: Value,
    pub(crate) receiver: String,
    pub(crate) with: String,
    pub(crate) began_at: i64,
    pub(crate) finished: bool,
}

/// A file that a bot may fetch for a while.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BotFile {
    pub(crate) media_id: String,
    pub(crate) encoding_aes_key: String,
    pub(crate) expires_at: i64,
}

/// Everything around app messages.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct AppMail {
    pub(crate) sent: BTreeMap<String, SentMessage>,
    pub(crate) response_codes: BTreeMap<String, ResponseCode>,
    pub(crate) remembered: BTreeMap<String, Remembered>,
    pub(crate) task_ids: BTreeMap<String, String>,
    pub(crate) per_member: BTreeMap<String, Window>,
    pub(crate) chats: BTreeMap<String, AppChat>,
    pub(crate) robots: BTreeMap<String, Robot>,
    pub(crate) per_robot: BTreeMap<String, Window>,
    pub(crate) bot_replies: BTreeMap<String, BotReply>,
    pub(crate) bot_streams: BTreeMap<String, BotStream>,
    #[serde(default)]
    pub(crate) bot_files: BTreeMap<String, BotFile>,
    /// What `agent/set` changed.
    #[serde(default)]
    pub(crate) agents: BTreeMap<i64, Map<String, Value>>,
    #[serde(default)]
    pub(crate) menus: BTreeMap<i64, Value>,
    /// What members get in internal groups, by app and member.
    #[serde(default)]
    pub(crate) chat_per_member: BTreeMap<String, Window>,
}

impl AppMail {
    /// Whether a member still receives from this app; the excess is dropped in silence.
    pub(crate) fn admit(&mut self, agent_id: i64, userid: &str, now: i64) -> bool {
        let window = self
            .per_member
            .entry(format!("{agent_id}/{userid}"))
            .or_default();
        window.count(now, 3_600) < 1_000 && window.admit(now, 60, 30)
    }

    /// Whether a member still receives in internal groups from this app: 200 a minute and
    /// 10,000 a day; the excess is dropped in silence.
    pub(crate) fn admit_in_chat(&mut self, agent_id: i64, userid: &str, now: i64) -> bool {
        let key = format!("{agent_id}/{userid}");
        let window = self.chat_per_member.entry(key).or_default();
        window.count(now, 86_400) < 10_000 && window.admit(now, 60, 200)
    }

    /// A fresh code that lets an app change a card once within 72 hours.
    pub(crate) fn new_response_code(
        &mut self,
        msgid: &str,
        agent_id: i64,
        now: i64,
        ids: &mut Ids,
    ) -> String {
        let code = ids.text("RC", 40);
        let right = ResponseCode {
            msgid: msgid.to_owned(),
            agent_id,
            expires_at: now + 72 * 3_600,
            used: false,
        };
        self.response_codes.insert(code.clone(), right);
        code
    }
}
