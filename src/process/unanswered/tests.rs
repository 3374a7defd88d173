//! Customers who wait, in one conversation and in two at once.

use std::path::Path;

use crate::config::Config;
use crate::diagnostic::Report;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::ids::{Person, RecordId};
use crate::domain::inbound::{Author, Channel, Inbound, Message, ReplyPath, Trigger};
use crate::domain::reminder::Waiting;
use crate::lang::Lang;
use crate::playbook::Playbook;
use crate::process::decide::decide;
use crate::rules::{References, Standing};
use crate::store::{ClaimedRecord, DecisionCommit};

const CONFIG: &str = "\
[corp]\nid = \"ww1\"\n[[app]]\nname = \"kf\"\nkind = \"kf\"\nsecret = \"s\"\ntoken = \"T\"\n\
encoding_aes_key = \"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG\"\n\
[[app]]\nname = \"staff\"\nkind = \"app\"\nagent_id = 1\nsecret = \"s\"\ntoken = \"T\"\n\
encoding_aes_key = \"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG\"\n";

const RULES: &str = "version: 1\nrules:\n  - {id: x, when: {any: [价格]}, do: [{reply: 甲}]}\n";
const ROSTER: &str = "\
version: 1
groups:
  值班组:
    shifts: [{who: wang.wei, days: 每天, from: \"00:00\", to: \"23:59\"}]
unanswered:
  steps: [{after: 5m, tell: 值班组}, {after: 10m, tell: 值班组}]
";

/// A plan that nobody enters by themselves.
const PLANS: &str =
    "version: 1\nsops:\n  - {id: 空, kind: lifecycle, steps: [{at: 0d, do: [{tag: a/b}]}]}\n";

fn playbook() -> Playbook {
    let templates = [("甲.txt", "您好")];
    let playbook = Playbook::from_texts(&templates, RULES, PLANS);
    let mut playbook = playbook.unwrap_or_else(|report| panic!("{}", report.human(Lang::En)));
    let files = [("rules.yaml", RULES), ("roster.yaml", ROSTER)];
    let files = files.map(|(name, text)| (name.to_owned(), text.into()));
    let references = References::of(&playbook.templates);
    let mut report = Report::default();
    let rules =
        crate::rules::load::from_files(Path::new("rules"), &files.into(), &references, &mut report);
    playbook.rules = rules.unwrap_or_else(|| panic!("{}", report.human(Lang::En)));
    playbook
}

fn at(text: &str) -> UnixMillis {
    let zoned: jiff::Zoned = format!("2026-11-23T{text}[Asia/Shanghai]")
        .parse()
        .expect("a time");
    UnixMillis(zoned.timestamp().as_millisecond())
}

/// A customer who talks to two accounts.
struct World {
    config: Config,
    playbook: Playbook,
    contact: Contact,
}

impl World {
    fn new() -> Self {
        let parsed = Config::parse(CONFIG, Path::new("agent.toml"), &|_| None);
        let (config, _) = parsed.unwrap_or_else(|report| panic!("{}", report.human(Lang::En)));
        Self {
            config,
            playbook: playbook(),
            contact: Contact::unknown(Person::External("wm1".into())),
        }
    }

    fn decide(&mut self, inbound: Inbound, now: UnixMillis) -> DecisionCommit {
        let record = ClaimedRecord {
            id: RecordId(1),
            fence: 1,
            attempt: 1,
            received_at: now,
            inbound,
        };
        let standing = Standing::default();
        let (config, playbook) = (&self.config, &self.playbook);
        let commit = decide(
            config,
            playbook,
            &record,
            Some(&self.contact),
            &standing,
            now,
        );
        if let Some(change) = commit.contact.clone() {
            change.apply(&mut self.contact, now);
        }
        commit
    }

    fn says(&mut self, author: Author, account: &str, text: &str, now: &str) -> DecisionCommit {
        let now = at(now);
        let inbound = Inbound {
            channel: Channel::Kf,
            app: "kf".into(),
            at: now,
            person: Some(self.contact.person.clone()),
            author,
            conversation: format!("{account}/wm1").into(),
            trigger: Trigger::Message(Message::text(text)),
            reply_path: ReplyPath::Kf {
                open_kfid: account.into(),
                external_userid: "wm1".into(),
            },
        };
        self.decide(inbound, now)
    }

    fn waits(&self) -> Vec<(&str, u32)> {
        let waits = self.contact.waiting.iter();
        waits
            .map(|wait| (wait.conversation.as_str(), wait.step))
            .collect()
    }
}

#[test]
fn who_writes_to_two_accounts_waits_in_both() {
    let mut world = World::new();
    let first = world.says(Author::Person, "wk1", "一号在吗", "13:00");
    let second = world.says(Author::Person, "wk2", "二号在吗", "13:02");
    assert_eq!(first.timers[0].key, "unanswered/wk1/wm1");
    assert_eq!(second.timers[0].key, "unanswered/wk2/wm1");
    assert_eq!(second.timers[0].due, at("13:07"));
    let answered = world.says(Author::Servicer, "wk2", "二号来了", "13:03");
    assert_eq!(answered.remove_timers, ["unanswered/wk2/wm1"]);
    assert_eq!(world.waits(), [("wk1/wm1", 0)]);
    let told = world.decide(first.timers[0].inbound.clone(), at("13:05"));
    assert_eq!((told.effects.len(), told.timers[0].due), (1, at("13:10")));
    assert_eq!(world.waits(), [("wk1/wm1", 1)]);
    world.says(Author::Person, "wk1", "价格", "13:06");
    assert_eq!(world.waits(), [], "a rule has answered");
}

#[test]
fn a_wait_of_the_version_before_is_read() {
    let mut contact = Contact::unknown(Person::External("wm1".into()));
    let mut json = serde_json::to_value(&contact).expect("plain data");
    let wait = Waiting {
        since: at("13:00"),
        conversation: "wk1/wm1".into(),
        step: 1,
    };
    json["waiting"] =
        serde_json::json!({ "since": wait.since, "conversation": "wk1/wm1", "step": 1 });
    contact.waiting.push(wait);
    let read: Contact = serde_json::from_value(json).expect("a contact");
    assert_eq!(read, contact);
    let again = serde_json::to_value(&read).expect("plain data");
    assert_eq!(
        serde_json::from_value::<Contact>(again).expect("a contact"),
        contact
    );
}

#[test]
fn after_downtime_the_same_person_hears_of_it_once() {
    let mut world = World::new();
    let first = world.says(Author::Person, "wk1", "一号在吗", "13:00");
    let told = world.decide(first.timers[0].inbound.clone(), at("13:30"));
    assert_eq!((told.effects.len(), told.timers.len()), (1, 0));
    assert_eq!(world.waits(), [("wk1/wm1", 2)]);
}
