//! The simulated corp. One value behind one lock; nothing here does I/O.

pub(crate) mod app;
pub(crate) mod book;
pub(crate) mod customers;
pub(crate) mod groups;
pub(crate) mod kf;
pub(crate) mod links;
pub(crate) mod login;
pub(crate) mod mass;
pub(crate) mod media;
pub(crate) mod moments;
mod sample;
pub(crate) mod shelf;
pub(crate) mod traffic;
pub(crate) mod transfers;

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::broadcast;

use crate::chaos::Storm;
use crate::chat::{ChatLine, readable};
use crate::config::{Config, Kind, ReceiverSpec, SecretSpec};
use crate::control::scenario::Stage;
use crate::faults::{Action, Faults};
use crate::ids::Ids;
use crate::journal::{Entry, Journal};
use crate::switches::Switches;

/// Chat lines kept before the oldest go.
const CHAT_KEPT: usize = 50_000;

/// Everything the simulated platform knows.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct World {
    pub(crate) corp_id: String,
    pub(crate) secrets: Vec<SecretSpec>,
    pub(crate) receivers: Vec<ReceiverSpec>,
    pub(crate) switches: Switches,
    pub(crate) tokens: app::Tokens,
    pub(crate) book: book::Book,
    pub(crate) customers: customers::Customers,
    pub(crate) tags: customers::TagLibrary,
    pub(crate) greetings: customers::Greetings,
    pub(crate) groups: groups::Groups,
    pub(crate) mass: mass::MassTasks,
    pub(crate) kf: kf::Kf,
    pub(crate) media: media::MediaStore,
    pub(crate) app: app::AppMail,
    pub(crate) links: links::Links,
    pub(crate) traffic: traffic::Traffic,
    pub(crate) logins: login::Logins,
    pub(crate) moments: moments::Moments,
    pub(crate) transfers: transfers::Transfers,
    pub(crate) shelves: shelf::Shelves,
    pub(crate) strategy_tags: BTreeMap<String, customers::TagLibrary>,
    /// The secrets that made tags and groups; those made in the console are absent.
    pub(crate) tag_creators: BTreeMap<String, String>,
    pub(crate) faults: Faults,
    pub(crate) storm: Storm,
    pub(crate) stage: Stage,
    pub(crate) journal: Journal,
    pub(crate) ids: Ids,
    chat_next: u64,
    #[serde(skip)]
    chat: VecDeque<ChatLine>,
    #[serde(skip, default = "nobody")]
    events: broadcast::Sender<Value>,
}

/// A channel that nobody hears, until [`World::refill`] puts the real one in.
fn nobody() -> broadcast::Sender<Value> {
    broadcast::channel(1).0
}

impl World {
    /// A corp as the config describes it.
    pub(crate) fn new(
        config: &Config,
        events: broadcast::Sender<Value>,
        now: i64,
    ) -> Result<Self, String> {
        let mut world = Self {
            corp_id: config.corp_id.clone(),
            secrets: config.secrets.clone(),
            receivers: config.receivers.clone(),
            switches: Switches::default().changed(&config.switches)?,
            tokens: app::Tokens::default(),
            book: book::Book::default(),
            customers: customers::Customers::default(),
            tags: customers::TagLibrary::default(),
            greetings: customers::Greetings::default(),
            groups: groups::Groups::default(),
            mass: mass::MassTasks::default(),
            kf: kf::Kf::default(),
            media: media::MediaStore::default(),
            app: app::AppMail::default(),
            links: links::Links::default(),
            traffic: traffic::Traffic::default(),
            logins: login::Logins::default(),
            moments: moments::Moments::default(),
            transfers: transfers::Transfers::default(),
            shelves: shelf::Shelves::default(),
            strategy_tags: BTreeMap::new(),
            tag_creators: BTreeMap::new(),
            faults: Faults::default(),
            storm: Storm::default(),
            stage: Stage::default(),
            journal: Journal::default(),
            ids: Ids::new(config.seed),
            chat_next: 0,
            chat: VecDeque::new(),
            events,
        };
        for range in &config.visible {
            world.book.show(range.clone());
        }
        if config.sample_data {
            sample::fill(&mut world, now);
        }
        if config.fresh_ids {
            // The machine's clock: the simulated one can be moved back.
            let beyond = u64::try_from(crate::clock::real_ms()).unwrap_or_default();
            world.ids.leave_for(beyond);
            world.kf.begin_after(beyond);
        }
        Ok(world)
    }

    /// The fault that a call or a callback meets: one that was asked for, or one of the chaos.
    pub(crate) fn fault(&mut self, path: &str) -> Option<Action> {
        match self.faults.take(path) {
            Some(action) => Some(action),
            None => self.storm.take(path),
        }
    }

    /// Carries out what only needed time.
    pub(crate) fn settle(&mut self, now: i64) {
        self.transfers.settle(&mut self.customers, now);
    }

    /// Adds a line to a conversation and shows it to whoever watches.
    pub(crate) fn say(&mut self, mut line: ChatLine) {
        self.chat_next += 1;
        line.id = self.chat_next;
        if line.status.is_empty() {
            line.status.push_str("delivered");
        }
        if line.text.is_empty() {
            line.text = readable(&line.msgtype, &line.content);
        }
        self.publish("chat", &line);
        if self.chat.len() == CHAT_KEPT {
            self.chat.pop_front();
        }
        self.chat.push_back(line);
    }

    /// Every line, for a snapshot.
    pub(crate) fn chat_lines(&self) -> &VecDeque<ChatLine> {
        &self.chat
    }

    /// Puts in what the state's own JSON leaves out.
    pub(crate) fn refill(
        &mut self,
        chat: VecDeque<ChatLine>,
        journal: VecDeque<Entry>,
        events: broadcast::Sender<Value>,
    ) {
        self.chat = chat;
        self.journal.refill(journal);
        self.events = events;
    }

    /// The conversation with this person, oldest first.
    pub(crate) fn chat_with(&self, who: &str) -> Vec<ChatLine> {
        self.chat
            .iter()
            .filter(|line| line.with == who)
            .cloned()
            .collect()
    }

    /// Changes the status of the message with this id.
    pub(crate) fn mark_line(&mut self, msgid: &str, status: &str) -> bool {
        let mut found = false;
        for line in self.chat.iter_mut().filter(|line| line.msgid == msgid) {
            status.clone_into(&mut line.status);
            found = true;
        }
        if found {
            self.publish("chat_status", &json!({"msgid": msgid, "status": status}));
        }
        found
    }

    /// The line with this message id.
    pub(crate) fn line(&self, msgid: &str) -> Option<&ChatLine> {
        self.chat.iter().rfind(|line| line.msgid == msgid)
    }

    /// Writes an entry into the journal and shows it to whoever watches.
    pub(crate) fn record(&mut self, entry: Entry) -> u64 {
        let entry = self.journal.add(entry);
        self.publish("journal", &entry);
        entry.id
    }

    /// The receivers of a kind, and for app callbacks those of the agent.
    pub(crate) fn receivers_of(&self, kind: Kind, agent_id: Option<i64>) -> Vec<ReceiverSpec> {
        let wanted = |receiver: &&ReceiverSpec| {
            receiver.kind == kind
                && (agent_id.is_none()
                    || receiver.agent_id.is_none()
                    || receiver.agent_id == agent_id)
        };
        self.receivers.iter().filter(wanted).cloned().collect()
    }

    fn publish(&self, kind: &str, data: &impl Serialize) {
        if self.events.receiver_count() > 0 {
            // Nobody left to watch between the check and the send is no failure.
            let _watchers = self.events.send(json!({"kind": kind, "data": data}));
        }
    }
}

/// A sliding window of moments, for per-minute and per-hour limits.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Window(VecDeque<i64>);

impl Window {
    /// How many moments lie within the last `span` seconds.
    pub(crate) fn count(&self, now: i64, span: i64) -> usize {
        self.0
            .iter()
            .filter(|&&at| at > now - span && at <= now)
            .count()
    }

    /// Notes a moment and forgets those older than a day.
    pub(crate) fn note(&mut self, now: i64) {
        while self.0.front().is_some_and(|&at| at <= now - 86_400) {
            self.0.pop_front();
        }
        self.0.push_back(now);
    }

    /// Notes a moment unless the window is full.
    pub(crate) fn admit(&mut self, now: i64, span: i64, max: usize) -> bool {
        let free = self.count(now, span) < max;
        if free {
            self.note(now);
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::Window;

    #[test]
    fn a_window_slides() {
        let mut window = Window::default();
        let admitted: Vec<bool> = [0, 1, 2, 59, 60, 61]
            .map(|now| window.admit(now, 60, 2))
            .to_vec();
        assert_eq!(admitted, [true, true, false, false, true, true]);
    }
}
