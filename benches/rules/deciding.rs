//! Messages ready to be decided about.

use jiff::tz::TimeZone;
use wecom_agent::domain::clock::UnixMillis;
use wecom_agent::domain::contact::Contact;
use wecom_agent::domain::ids::{ConversationKey, OpenKfId, Person};
use wecom_agent::domain::inbound::{Author, Channel, Inbound, Message, ReplyPath, Trigger};
use wecom_agent::rules::{Decision, RuleSet, Standing, decide};

/// Monday, ten o'clock in Shanghai.
const NOW: UnixMillis = UnixMillis(1_795_485_600_000);

/// Everything a decision takes but the rules.
pub(crate) struct Desk {
    pub(crate) inbounds: Vec<Inbound>,
    contact: Contact,
    standing: Standing,
    zone: TimeZone,
}

impl Desk {
    /// One customer who sends these messages.
    pub(crate) fn new(texts: &[String]) -> Self {
        let person = Person::External("wm1".into());
        let inbound = |text: &String| Inbound {
            channel: Channel::Kf,
            app: "kf".into(),
            at: NOW,
            person: Some(person.clone()),
            author: Author::Person,
            conversation: ConversationKey::from("c"),
            trigger: Trigger::Message(Message::text(text.as_str())),
            reply_path: ReplyPath::Kf {
                open_kfid: OpenKfId::from("wk1"),
                external_userid: "wm1".into(),
            },
        };
        Self {
            inbounds: texts.iter().map(inbound).collect(),
            contact: Contact::unknown(person.clone()),
            standing: Standing::default(),
            zone: TimeZone::fixed(jiff::tz::offset(8)),
        }
    }

    pub(crate) fn decide(&self, set: &RuleSet, inbound: &Inbound) -> Decision {
        decide(set, inbound, &self.contact, &self.standing, NOW, &self.zone)
    }

    /// How many rules fire for all messages together.
    pub(crate) fn decide_all(&self, set: &RuleSet) -> usize {
        let fired = |inbound| self.decide(set, inbound).fired.len();
        self.inbounds.iter().map(fired).sum()
    }
}
