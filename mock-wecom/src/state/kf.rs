//! WeChat customer service: accounts, sessions, the message log and its cursors.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Window;
use crate::errcode::{self, ApiError};
use crate::ids::Ids;

const TWO_DAYS: i64 = 48 * 3_600;
const HISTORY_SECS: i64 = 3 * 86_400;
const SENDS_PER_CUSTOMER_MESSAGE: u8 = 5;

/// A human agent of an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Servicer {
    /// The member.
    pub userid: String,
    /// 0 receiving, 1 stopped.
    #[serde(default)]
    pub status: u8,
}

/// An account that customers write to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KfAccount {
    /// `wk…`; empty in a seed means "make one".
    pub open_kfid: String,
    /// The name customers see.
    pub name: String,
    /// The avatar.
    pub avatar: String,
    /// Human agents.
    pub servicers: Vec<Servicer>,
    /// Departments whose members are agents.
    pub departments: Vec<i64>,
}

/// One item of the log that `kf/sync_msg` pages through.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LogItem {
    pub(crate) seq: u64,
    pub(crate) at: i64,
    pub(crate) item: Value,
}

/// The talk between an account and a customer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    /// 0 new, 1 bot, 2 pool, 3 human, 4 ended.
    state: u8,
    pub(crate) servicer: Option<String>,
    pub(crate) last_customer_at: Option<i64>,
    pub(crate) last_any_at: Option<i64>,
    pub(crate) sent_since: u8,
    queued_before: bool,
    taken_before: bool,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            state: 4,
            servicer: None,
            last_customer_at: None,
            last_any_at: None,
            sent_since: 0,
            queued_before: false,
            taken_before: false,
        }
    }
}

impl Session {
    /// The state now; 48 hours after the customer's last message a session is over.
    pub(crate) fn state(&self, now: i64) -> u8 {
        if self.within_two_days(now) {
            self.state
        } else {
            4
        }
    }

    pub(crate) fn within_two_days(&self, now: i64) -> bool {
        self.last_customer_at.is_some_and(|at| now - at < TWO_DAYS)
    }

    /// Notes a customer's message: an ended session is new again, the budget is full again.
    pub(crate) fn customer_spoke(&mut self, now: i64) {
        if self.state(now) == 4 {
            *self = Self {
                state: 0,
                ..Self::default()
            };
        }
        self.last_customer_at = Some(now);
        self.last_any_at = Some(now);
        self.sent_since = 0;
    }

    /// Whether the API may send now; counts the message when it may.
    pub(crate) fn spend(&mut self, now: i64) -> Result<(), ApiError> {
        if !self.within_two_days(now) {
            return Err(errcode::KF_TIME.plain());
        }
        if !matches!(self.state, 0 | 1) {
            return Err(errcode::KF_STATE.about(format!("service_state {}", self.state)));
        }
        self.count_one()?;
        self.last_any_at = Some(now);
        Ok(())
    }

    /// Uses up one of the messages that a customer's message allows.
    pub(crate) fn count_one(&mut self) -> Result<(), ApiError> {
        if self.sent_since >= SENDS_PER_CUSTOMER_MESSAGE {
            return Err(errcode::KF_COUNT.plain());
        }
        self.sent_since += 1;
        Ok(())
    }

    /// Puts the session into a state; answers which one-time code this earns.
    pub(crate) fn enter(&mut self, state: u8, servicer: Option<String>) -> Option<CodeKind> {
        self.state = state;
        self.servicer = servicer;
        match state {
            2 if !self.queued_before => {
                self.queued_before = true;
                Some(CodeKind::Queued)
            }
            3 if !self.taken_before => {
                self.taken_before = true;
                Some(CodeKind::Taken)
            }
            4 => Some(CodeKind::Ended),
            _ => None,
        }
    }
}

/// Whether the API may move a session from one state to another.
pub(crate) fn may_move(from: u8, to: u8, end_without_servicer: bool) -> bool {
    match (from, to) {
        (0, 1..=3) | (1, 2..=3) | (2, 3) | (3, 3..=4) => true,
        (1 | 2, 4) => end_without_servicer,
        _ => false,
    }
}

/// What a one-time code was given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CodeKind {
    Welcome,
    Queued,
    Taken,
    Ended,
}

impl CodeKind {
    fn life(self) -> i64 {
        match self {
            Self::Welcome | Self::Ended => 20,
            Self::Queued | Self::Taken => TWO_DAYS,
        }
    }

    /// Whether a menu may be sent, or only text.
    pub(crate) fn allows_menu(self) -> bool {
        matches!(self, Self::Welcome | Self::Ended)
    }

    fn state(self) -> Option<u8> {
        match self {
            Self::Welcome => None,
            Self::Queued => Some(2),
            Self::Taken => Some(3),
            Self::Ended => Some(4),
        }
    }
}

/// A one-time right to send on an event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct EventCode {
    pub(crate) kind: CodeKind,
    pub(crate) open_kfid: String,
    pub(crate) external_userid: String,
    expires_at: i64,
    pub(crate) used: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct PullToken {
    open_kfid: String,
    expires_at: i64,
}

/// All of customer service.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Kf {
    pub(crate) accounts: BTreeMap<String, KfAccount>,
    sessions: BTreeMap<String, Session>,
    log: BTreeMap<String, Vec<LogItem>>,
    /// Positions up to here belong to earlier runs.
    #[serde(default)]
    begins_after: u64,
    tokens: BTreeMap<String, PullToken>,
    pub(crate) codes: BTreeMap<String, EventCode>,
    /// Message ids used per account, ours and the callers'.
    pub(crate) msgids: BTreeSet<String>,
    pub(crate) tokenless: Window,
}

impl Kf {
    /// Makes every log begin behind this position, so that cursors of earlier runs lie before.
    pub(crate) fn begin_after(&mut self, position: u64) {
        self.begins_after = position;
    }

    pub(crate) fn account(&self, open_kfid: &str) -> Result<&KfAccount, ApiError> {
        if !open_kfid.starts_with("wk") {
            return Err(errcode::BAD_KFID.about(open_kfid));
        }
        self.accounts
            .get(open_kfid)
            .ok_or_else(|| errcode::NO_SUCH_KF.about(open_kfid))
    }

    pub(crate) fn session(&self, open_kfid: &str, external_userid: &str) -> Option<&Session> {
        self.sessions.get(&format!("{open_kfid}/{external_userid}"))
    }

    pub(crate) fn session_mut(&mut self, open_kfid: &str, external_userid: &str) -> &mut Session {
        self.sessions
            .entry(format!("{open_kfid}/{external_userid}"))
            .or_default()
    }

    /// Whether a customer wrote to any account within 48 hours.
    pub(crate) fn active(&self, external_userid: &str, now: i64) -> bool {
        let end = format!("/{external_userid}");
        self.sessions
            .iter()
            .any(|(key, session)| key.ends_with(&end) && session.within_two_days(now))
    }

    /// Appends to the log of an account.
    pub(crate) fn append(&mut self, open_kfid: &str, now: i64, item: Map<String, Value>) {
        let log = self.log.entry(open_kfid.to_owned()).or_default();
        let seq = log.last().map_or(self.begins_after, |last| last.seq) + 1;
        log.push(LogItem {
            seq,
            at: now,
            item: Value::Object(item),
        });
    }

    /// A page of the log after a cursor: items, next cursor, whether more follow.
    pub(crate) fn page(
        &self,
        open_kfid: &str,
        cursor: Option<&str>,
        limit: usize,
        now: i64,
    ) -> Result<(Vec<Value>, String, bool), ApiError> {
        let after = match cursor {
            None => 0,
            Some(text) => parse_cursor(open_kfid, text).ok_or(errcode::BAD_CURSOR.plain())?,
        };
        let empty = Vec::new();
        let log = self.log.get(open_kfid).unwrap_or(&empty);
        let start = log.partition_point(|item| item.seq <= after || item.at < now - HISTORY_SECS);
        let page: Vec<&LogItem> = log[start..].iter().take(limit).collect();
        let last = page.last().map_or(after, |item| item.seq);
        let more = start + page.len() < log.len();
        let items = page.into_iter().map(|item| item.item.clone()).collect();
        Ok((items, print_cursor(open_kfid, last), more))
    }

    /// A token for `sync_msg`, good for ten minutes.
    pub(crate) fn new_token(&mut self, open_kfid: &str, now: i64, ids: &mut Ids) -> String {
        self.tokens.retain(|_, token| token.expires_at > now);
        let text = ids.text("ENC", 61);
        let token = PullToken {
            open_kfid: open_kfid.to_owned(),
            expires_at: now + 600,
        };
        self.tokens.insert(text.clone(), token);
        text
    }

    pub(crate) fn token_is_good(&self, text: &str, open_kfid: &str, now: i64) -> bool {
        let token = self.tokens.get(text);
        token.is_some_and(|token| token.open_kfid == open_kfid && token.expires_at > now)
    }

    /// A one-time code for `send_msg_on_event`.
    pub(crate) fn new_code(
        &mut self,
        kind: CodeKind,
        open_kfid: &str,
        external_userid: &str,
        now: i64,
        ids: &mut Ids,
    ) -> String {
        let text = ids.text("EC", 40);
        let code = EventCode {
            kind,
            open_kfid: open_kfid.to_owned(),
            external_userid: external_userid.to_owned(),
            expires_at: now + kind.life(),
            used: false,
        };
        self.codes.insert(text.clone(), code);
        text
    }

    /// The code, if it may still be used.
    pub(crate) fn usable_code(&self, text: &str, now: i64) -> Result<EventCode, &'static str> {
        let code = self.codes.get(text).ok_or("unknown code")?;
        if code.used {
            return Err("code has been used");
        }
        if code.expires_at <= now {
            return Err("code has expired");
        }
        let state = self
            .session(&code.open_kfid, &code.external_userid)
            .map(|session| session.state);
        if code
            .kind
            .state()
            .is_some_and(|wanted| state != Some(wanted))
        {
            return Err("the session has left the state of this code");
        }
        Ok(code.clone())
    }
}

/// The common fields of a log item that is an event.
pub(crate) fn event_item(msgid: &str, now: i64, event: Value) -> Map<String, Value> {
    let item =
        json!({"msgid": msgid, "send_time": now, "origin": 4, "msgtype": "event", "event": event});
    match item {
        Value::Object(item) => item,
        _ => Map::new(),
    }
}

fn checksum(open_kfid: &str, seq: u64) -> u64 {
    let mix = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    open_kfid
        .bytes()
        .chain(seq.to_le_bytes())
        .fold(0xCBF2_9CE4_8422_2325, mix)
}

fn print_cursor(open_kfid: &str, seq: u64) -> String {
    format!("4gw{seq:08x}{:016x}", checksum(open_kfid, seq))
}

/// A cursor is only good for the account it came from.
fn parse_cursor(open_kfid: &str, text: &str) -> Option<u64> {
    let body = text.strip_prefix("4gw")?;
    let (seq, sum) = body.split_at_checked(body.len().checked_sub(16)?)?;
    let seq = u64::from_str_radix(seq, 16).ok()?;
    (u64::from_str_radix(sum, 16).ok()? == checksum(open_kfid, seq)).then_some(seq)
}

#[cfg(test)]
mod tests {
    use super::{Kf, Session, may_move};
    use serde_json::{Map, json};

    fn kf_with(items: u64) -> Kf {
        let mut kf = Kf::default();
        for n in 0..items {
            let mut item = Map::new();
            item.insert("n".into(), json!(n));
            kf.append("wkA", 1_000, item);
        }
        kf
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_overlap() {
        let kf = kf_with(5);
        let mut cursor = None;
        let mut seen = Vec::new();
        loop {
            let (items, next, more) = kf.page("wkA", cursor.as_deref(), 2, 1_000).expect("a page");
            seen.extend(items.iter().filter_map(|item| item["n"].as_u64()));
            cursor = Some(next);
            if !more {
                break;
            }
        }
        assert_eq!(seen, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_cursor_of_another_account_is_refused() {
        let kf = kf_with(1);
        let (_, cursor, _) = kf.page("wkA", None, 10, 1_000).expect("a page");
        assert!(kf.page("wkB", Some(&cursor), 10, 1_000).is_err());
        assert!(kf.page("wkA", Some("多余"), 10, 1_000).is_err());
    }

    #[test]
    fn a_cursor_of_an_earlier_run_lies_before_the_log() {
        let (_, cursor, _) = kf_with(5).page("wkA", None, 10, 1_000).expect("a page");
        let mut later = Kf::default();
        later.begin_after(1_000_000);
        later.append("wkA", 1_000, Map::new());
        let (items, next, _) = later.page("wkA", Some(&cursor), 10, 1_000).expect("a page");
        assert_eq!(items.len(), 1);
        let (items, ..) = later.page("wkA", Some(&next), 10, 1_000).expect("a page");
        assert!(items.is_empty());
    }

    #[test]
    fn three_days_are_kept() {
        let kf = kf_with(1);
        let (items, ..) = kf
            .page("wkA", None, 10, 1_000 + 3 * 86_400 + 1)
            .expect("a page");
        assert!(items.is_empty());
    }

    #[test]
    fn five_messages_then_a_new_customer_message() {
        let mut session = Session::default();
        assert_eq!(session.spend(0).expect_err("never wrote").code, 95002);
        session.customer_spoke(0);
        let codes: Vec<i64> = (0..6)
            .map(|_| session.spend(1).err().map_or(0, |error| error.code))
            .collect();
        assert_eq!(codes, [0, 0, 0, 0, 0, 95001]);
        session.customer_spoke(2);
        assert!(session.spend(2).is_ok());
        assert_eq!(
            session.spend(2 + 48 * 3_600).expect_err("too late").code,
            95002
        );
    }

    #[test]
    fn the_documented_moves_and_no_others() {
        let legal: Vec<(u8, u8)> = (0..=4)
            .flat_map(|from| (0..=4).map(move |to| (from, to)))
            .filter(|&(from, to)| may_move(from, to, false))
            .collect();
        assert_eq!(
            legal,
            [
                (0, 1),
                (0, 2),
                (0, 3),
                (1, 2),
                (1, 3),
                (2, 3),
                (3, 3),
                (3, 4)
            ]
        );
    }
}
