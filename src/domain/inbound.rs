//! What came in, in our own words. `receive/translate.rs` makes these from wire values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::anniversary::Anniversary;
use super::clock::UnixMillis;
use super::contact::Contact;
use super::ids::{
    AppName, ChatId, ConversationKey, ExternalUserId, OpenKfId, Person, RuleId, SopId, UserId,
};
use super::reminder;

/// The kind of callback URL that something came through.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// 微信客服: a customer on WeChat writes to a service account.
    Kf,
    /// A member writes to a self-built app.
    App,
    /// A member writes to an intelligent bot.
    Aibot,
    /// Customer and customer-group events.
    Contact,
}

impl Channel {
    /// The word used in files and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kf => "kf",
            Self::App => "app",
            Self::Aibot => "aibot",
            Self::Contact => "contact",
        }
    }
}

/// One thing that happened, ready for the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbound {
    /// Through which channel.
    pub channel: Channel,
    /// Through which configured app.
    pub app: AppName,
    /// When it happened by WeCom's clock.
    pub at: UnixMillis,
    /// Whom it is about, if anybody.
    pub person: Option<Person>,
    /// Who did it: only customers and members set rules off.
    pub author: Author,
    /// The order it belongs to.
    pub conversation: ConversationKey,
    /// What happened.
    pub trigger: Trigger,
    /// How an answer can get back.
    pub reply_path: ReplyPath,
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// A customer or a member talking to us.
    Person,
    /// A human servicer in the same conversation.
    Servicer,
    /// The platform, on somebody's behalf: added, joined, entered, …
    System,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A message.
    Message(Message),
    /// A customer was added as a contact of a member.
    Added {
        /// The member.
        userid: UserId,
        /// The channel code (`state`) of the way in.
        source: Option<String>,
        /// Lets one welcome be sent within 20 s.
        welcome_code: Option<String>,
    },
    /// The contact was ended, by either side.
    Deleted {
        /// The member.
        userid: UserId,
        /// Whether the customer did it.
        by_customer: bool,
    },
    /// Somebody joined a customer group.
    Joined {
        /// The group.
        chat_id: ChatId,
        /// Customers and members.
        who: Vec<String>,
    },
    /// Somebody left a customer group.
    Left {
        /// The group.
        chat_id: ChatId,
        /// Customers and members.
        who: Vec<String>,
    },
    /// A chat window was opened.
    Entered {
        /// Where from.
        scene: Option<String>,
        /// Lets one welcome be sent within 20 s.
        welcome_code: Option<String>,
    },
    /// A menu item or card button was pressed.
    Clicked {
        /// Its key.
        key: String,
        /// The card's task, if it was a card.
        task_id: Option<String>,
        /// Lets the card be updated once.
        response_code: Option<String>,
    },
    /// A message of ours was refused after it had been accepted.
    SendFailed {
        /// The `msgid` we gave it.
        msgid: String,
        /// WeCom's `fail_type`.
        fail_type: i64,
    },
    /// The session changed hands.
    SessionChanged {
        /// WeCom's `change_type`.
        change: i64,
    },
    /// Any other event, by WeCom's own names.
    Event {
        /// `Event`.
        event: String,
        /// `ChangeType`, if there is one.
        change_type: Option<String>,
    },
    /// A day has come that an attribute of the customer names.
    Date(Box<Anniversary>),
    /// Something that we gave ourselves to do.
    Own(Task),
}

/// What we give ourselves to do: by a timer, or because an operator said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// A step of an SOP is due for the person.
    SopStep {
        /// The SOP.
        sop: SopId,
        /// The step, counted from 0.
        step: u32,
        /// The run for everybody that it is part of; none if it was their own timer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<RunRef>,
    },
    /// An operator moves everybody who is in an SOP.
    SopMove {
        /// The SOP.
        sop: SopId,
        /// Where to.
        to: SopMove,
    },
    /// A reminder is due.
    Remind {
        /// A servicer group of the config, a member id, or `负责人` (the follower).
        who: String,
        /// Of what.
        text: String,
        /// The rule or SOP that wanted it.
        origin: RuleId,
    },
    /// A reminder of the member's own is due.
    Reminder {
        /// Its number.
        number: u32,
    },
    /// The member is shown something that they may put off or hand over.
    Show(reminder::Told),
    /// The member gets a reminder that another member handed over.
    Take(reminder::Handed),
    /// The customer may still wait for an answer.
    Unanswered {
        /// Which step of the ladder.
        step: u32,
        /// What they wrote.
        text: String,
    },
    /// The member wanted to be asked again whether they have sent something by hand.
    ByHand {
        /// What the buttons of the card carry.
        about: String,
    },
    /// The customer came into a group through one of our join ways.
    CameBy {
        /// The id of the way.
        way: String,
    },
    /// An operator takes the tags of a rule back.
    Undo {
        /// The rule.
        rule: RuleId,
        /// Tags set before this time stay.
        since: UnixMillis,
    },
    /// WeCom is asked again about the person or group: it was not sure of the newest yet.
    Refresh {
        /// So many times it was asked in vain.
        tries: u32,
    },
    /// One of the company's own systems told something about the person.
    Told(Box<Told>),
    /// Operators are told something.
    Alert {
        /// What.
        text: String,
    },
}

/// What one of the company's own systems told about a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Attributes that are so from now on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, ToldValue>,
    /// What the customer did, by the name that the systems have for it: `order`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// What is counted with the event: an amount of money in hundredths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_hundredths: Option<i64>,
}

/// The value of an attribute that was told. Numbers stay as they were written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToldValue {
    /// True or false.
    Bool(bool),
    /// A number.
    Number(String),
    /// A text.
    Text(String),
}

/// `Event` of everything about a customer.
pub const CONTACT_CHANGED: &str = "change_external_contact";
/// `Event` of everything about a customer group.
pub const GROUP_CHANGED: &str = "change_external_chat";
/// `Event` of everything about the company's tags.
pub const TAGS_CHANGED: &str = "change_external_tag";

impl Inbound {
    /// Something of our own about a contact, in the order of what else happens to them.
    #[must_use]
    pub fn about(contact: &Contact, app: AppName, at: UnixMillis, trigger: Trigger) -> Self {
        Self {
            channel: Channel::Contact,
            app,
            at,
            person: Some(contact.person.clone()),
            author: Author::System,
            conversation: contact.conversation(),
            trigger,
            reply_path: ReplyPath::None,
        }
    }

    /// Something of our own that comes after this, about the same person.
    #[must_use]
    pub fn followed_by(&self, at: UnixMillis, task: Task) -> Self {
        Self {
            at,
            author: Author::System,
            trigger: Trigger::Own(task),
            reply_path: ReplyPath::None,
            ..self.clone()
        }
    }

    /// The customer group that this event says was made. The group is the record's person, so
    /// that what begins for it is decided in the order of its conversation.
    #[must_use]
    pub fn made_group(&self) -> Option<&ChatId> {
        let (Some(Person::Group(chat)), Trigger::Event { event, change_type }) =
            (&self.person, &self.trigger)
        else {
            return None;
        };
        (event == GROUP_CHANGED && change_type.as_deref() == Some("create")).then_some(chat)
    }

    /// Whether it says that something about the person changed, but not everything.
    #[must_use]
    pub fn hints_at_change(&self) -> bool {
        match &self.trigger {
            Trigger::Event { event, change_type } => {
                let known = event == CONTACT_CHANGED || event == GROUP_CHANGED;
                known && change_type.as_deref() != Some("dismiss")
            }
            Trigger::Joined { .. } | Trigger::Left { .. } => {
                matches!(self.person, Some(Person::Group(_)))
            }
            Trigger::Own(Task::Refresh { .. }) => true,
            _ => false,
        }
    }
}

/// A run of an SOP for everybody at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRef {
    /// When it began: what tells it from other runs.
    pub at: UnixMillis,
    /// The version of the SOP that it began with.
    pub version: String,
    /// The number of its rows, where that is not the step's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
}

/// Where an operator moves those who are in an SOP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SopMove {
    /// Out of it.
    Out,
    /// To this version of it.
    To(String),
    /// On: they need not wait any longer.
    On,
}

impl Trigger {
    /// The word that `on:` uses for it; `None` for what never starts a rule.
    #[must_use]
    pub fn word(&self) -> Option<&'static str> {
        Some(match self {
            Self::Message(_) => "message",
            Self::Added { .. } => "added",
            Self::Deleted { .. } => "deleted",
            Self::Joined { .. } => "joined",
            Self::Left { .. } => "left",
            Self::Entered { .. } => "entered",
            Self::Clicked { .. } => "clicked",
            Self::Event { .. } => "event",
            Self::Date(_) => "date",
            Self::SendFailed { .. } | Self::SessionChanged { .. } | Self::Own(_) => return None,
        })
    }
}

/// A message that somebody sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `text`, `image`, `voice`, … by WeCom's names.
    pub kind: String,
    /// What keywords are looked for in; empty for pictures and the like.
    pub text: String,
    /// Whatever else it carried: `media_id`, `url`, `title`, `menu_id`, …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

impl Message {
    /// A text message.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            kind: "text".to_owned(),
            text: text.into(),
            fields: BTreeMap::new(),
        }
    }
}

/// How an answer can get back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyPath {
    /// `kf/send_msg`.
    Kf {
        /// The service account.
        open_kfid: OpenKfId,
        /// The customer.
        external_userid: ExternalUserId,
    },
    /// `message/send` to a member.
    App {
        /// The member.
        userid: UserId,
    },
    /// The open callback, or `response_url` once it is closed.
    Aibot {
        /// Valid for one call within an hour.
        response_url: Option<String>,
        /// Whether the callback's own answer may be a message, and of which form.
        passive: AibotPassive,
    },
    /// None: events without a chat.
    None,
}

/// Which answer the callback of an intelligent bot takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AibotPassive {
    /// `enter_chat`: text or card.
    Welcome,
    /// A message: stream or card.
    Message,
    /// Nothing.
    Nothing,
}
