//! Who takes part in a simulated conversation, and what they do.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::{Config, Kind};
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Follower, TagMark, Value};
use crate::domain::group::Group;
use crate::domain::ids::{AppName, ConversationKey, Person, SopId, Tag, UserId};
use crate::domain::inbound::{
    AibotPassive, Author, CONTACT_CHANGED, Channel, GROUP_CHANGED, Inbound, Message, ReplyPath,
    Trigger,
};

/// The member who has the customers as contacts, when no other is named.
const STAFF: &str = "staff";
/// A code that nothing accepts: nothing is sent, but a welcome needs one.
const CODE: &str = "simulated";
const ACCOUNT: &str = "wk-simulated";
const DAY: Duration = Duration::from_secs(86_400);

/// What is known about somebody, or about a customer group, when a conversation begins.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trait {
    /// A customer group; the first of its `staff` owns it.
    pub group: bool,
    /// Their tags.
    pub tags: Vec<Tag>,
    /// How many days ago they were added, or the group was made; `None` if they never were.
    pub added_days: Option<u32>,
    /// The channel code they came through.
    pub source: Option<String>,
    /// Their points.
    pub points: i64,
    /// Members who have them as a contact; empty means one without a name.
    pub staff: Vec<UserId>,
    /// Their attributes.
    pub attributes: BTreeMap<String, String>,
}

impl Trait {
    /// Them as a contact at this time.
    #[must_use]
    pub fn contact(&self, person: Person, name: &str, now: UnixMillis) -> Contact {
        let mut contact = Contact::unknown(person);
        contact.name = Some(name.to_owned());
        contact.added_at = self.added_days.map(|days| now.before(DAY * days));
        contact.source.clone_from(&self.source);
        contact.points = self.points;
        if self.group {
            contact.group = Some(Box::new(Group {
                owner: self.members().next(),
                ..Group::default()
            }));
        } else {
            contact.followers = self
                .members()
                .map(|userid| Follower {
                    added_at: contact.added_at,
                    source: self.source.clone(),
                    ..Follower::of(userid)
                })
                .collect();
        }
        let told = || TagMark::told(now);
        contact.tags = self.tags.iter().map(|tag| (tag.clone(), told())).collect();
        let values = self.attributes.iter();
        contact.attributes = values
            .map(|(name, value)| (name.clone(), Value::Text(value.clone())))
            .collect();
        contact
    }

    /// Who it is that has this name in a test.
    #[must_use]
    pub fn person(&self, name: &str) -> Person {
        if self.group {
            Person::Group(name.into())
        } else {
            Person::External(name.into())
        }
    }

    fn members(&self) -> impl Iterator<Item = UserId> {
        let nameless = self.staff.is_empty().then(|| STAFF.into());
        self.staff.iter().cloned().chain(nameless)
    }
}

/// What somebody does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Writes or sends something.
    Say(Message),
    /// Is added as a contact.
    Added {
        /// The channel code of the way in.
        source: Option<String>,
    },
    /// Ends the contact.
    Deleted,
    /// Joins a customer group.
    Joined,
    /// Leaves a customer group.
    Left,
    /// The customer group is made.
    Made,
    /// The customer group is dissolved.
    Dissolved,
    /// Opens the chat.
    Entered {
        /// Where from.
        source: Option<String>,
    },
    /// Is tagged in WeCom, by a member or another program.
    Tagged {
        /// Tags that they carry from now on.
        add: Vec<Tag>,
        /// Tags that they carry no longer.
        remove: Vec<Tag>,
    },
    /// Presses a menu item or button.
    Press(String),
    /// Any other event, by WeCom's own names.
    Event {
        /// `Event`.
        event: String,
        /// `ChangeType`.
        change: Option<String>,
    },
}

impl What {
    /// An event by the word that `on:` uses for it.
    #[must_use]
    pub fn event(word: &str, source: Option<String>) -> Option<Self> {
        Some(match word {
            "added" => Self::Added { source },
            "deleted" => Self::Deleted,
            "joined" => Self::Joined,
            "left" => Self::Left,
            "made" => Self::Made,
            "dissolved" => Self::Dissolved,
            "entered" => Self::Entered { source },
            _ => {
                let named = word.strip_prefix("event:")?;
                let (event, change) = match named.split_once('/') {
                    Some((event, change)) => (event, Some(change.to_owned())),
                    None => (named, None),
                };
                let event = event.to_owned();
                Self::Event { event, change }
            }
        })
    }

    /// The channel that it usually comes through.
    #[must_use]
    pub fn usual_channel(&self) -> Channel {
        match self {
            Self::Say(_) | Self::Entered { .. } => Channel::Kf,
            Self::Press(_) => Channel::App,
            Self::Added { .. }
            | Self::Deleted
            | Self::Joined
            | Self::Left
            | Self::Made
            | Self::Dissolved
            | Self::Tagged { .. }
            | Self::Event { .. } => Channel::Contact,
        }
    }

    fn author(&self) -> Author {
        match self {
            Self::Say(_) | Self::Press(_) => Author::Person,
            _ => Author::System,
        }
    }

    /// Whether only customer groups can do it.
    #[must_use]
    pub fn is_of_groups(&self) -> bool {
        matches!(self, Self::Made | Self::Dissolved)
    }

    fn trigger(&self, name: &str, staff: UserId) -> Trigger {
        let welcome_code = Some(CODE.to_owned());
        let chat_id = || "wr-simulated".into();
        let group_changed = |how: &str| Trigger::Event {
            event: GROUP_CHANGED.to_owned(),
            change_type: Some(how.to_owned()),
        };
        match self.clone() {
            Self::Say(message) => Trigger::Message(message),
            Self::Added { source } => Trigger::Added {
                userid: staff,
                source,
                welcome_code,
            },
            Self::Deleted => Trigger::Deleted {
                userid: staff,
                by_customer: true,
            },
            Self::Joined => Trigger::Joined {
                chat_id: chat_id(),
                who: vec![name.to_owned()],
            },
            Self::Left => Trigger::Left {
                chat_id: chat_id(),
                who: vec![name.to_owned()],
            },
            Self::Made => group_changed("create"),
            Self::Dissolved => group_changed("dismiss"),
            Self::Entered { source: scene } => Trigger::Entered {
                scene,
                welcome_code,
            },
            Self::Tagged { .. } => Trigger::Event {
                event: CONTACT_CHANGED.to_owned(),
                change_type: Some("edit_external_contact".to_owned()),
            },
            Self::Press(key) => Trigger::Clicked {
                key,
                task_id: None,
                response_code: None,
            },
            Self::Event { event, change } => Trigger::Event {
                event,
                change_type: change,
            },
        }
    }
}

/// `+组/标签` or `组/标签` comes, `-组/标签` goes: the tag, and whether it comes.
pub(super) fn signed(text: &str) -> (Tag, bool) {
    let (name, comes) = match text.strip_prefix('-') {
        Some(name) => (name, false),
        None => (text.strip_prefix('+').unwrap_or(text), true),
    };
    (Tag::from(name.trim()), comes)
}

/// What somebody in the company does in a step, or what comes from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A customer, a member or a group does something that WeCom tells of.
    Somebody(Doing),
    /// An operator says something about a whole plan.
    Operator(SopId, Order),
    /// A member confirms the mass-send tasks that wait for them.
    Confirms(UserId),
}

/// What operators can say about a whole plan, as the verbs of `sop` do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The campaign may begin.
    Approve,
    /// Nothing begins, and whoever is in it waits.
    Pause,
    /// It goes on.
    Resume,
    /// Whoever is in it leaves.
    Cancel,
}

impl Order {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Approve, Self::Pause, Self::Resume, Self::Cancel];

    /// The key of a test's step, and the verb.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Cancel => "cancel",
        }
    }
}

/// Somebody doing something through a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doing {
    /// Who, by the name that the test gives them.
    pub who: String,
    /// It is a customer group.
    pub group: bool,
    /// Through which channel.
    pub channel: Channel,
    /// What.
    pub what: What,
}

impl Doing {
    /// Who that is: members write to apps and bots, customers elsewhere.
    #[must_use]
    pub fn person(&self) -> Person {
        match self.channel {
            _ if self.group => Person::Group(self.who.as_str().into()),
            Channel::App | Channel::Aibot => Person::Member(self.who.as_str().into()),
            Channel::Kf | Channel::Contact => Person::External(self.who.as_str().into()),
        }
    }

    /// What production would find in its inbox.
    #[must_use]
    pub fn inbound(&self, config: &Config, who: &Trait, at: UnixMillis) -> Inbound {
        let app = app_of(config, self.channel);
        let staff = who.members().next().unwrap_or_else(|| STAFF.into());
        let place = match self.channel {
            Channel::Kf => ACCOUNT,
            _ => app.as_str(),
        };
        Inbound {
            channel: self.channel,
            at,
            person: Some(self.person()),
            author: self.what.author(),
            conversation: ConversationKey(format!("{place}/{}", self.who)),
            trigger: self.what.trigger(&self.who, staff),
            reply_path: self.reply_path(),
            app,
        }
    }

    fn reply_path(&self) -> ReplyPath {
        match self.channel {
            Channel::Kf => ReplyPath::Kf {
                open_kfid: ACCOUNT.into(),
                external_userid: self.who.as_str().into(),
            },
            Channel::App => ReplyPath::App {
                userid: self.who.as_str().into(),
            },
            Channel::Aibot => ReplyPath::Aibot {
                response_url: None,
                passive: match self.what {
                    What::Entered { .. } => AibotPassive::Welcome,
                    _ => AibotPassive::Message,
                },
            },
            Channel::Contact => ReplyPath::None,
        }
    }
}

/// The first app of the config that has this channel.
fn app_of(config: &Config, channel: Channel) -> AppName {
    let has = |kind: Kind| match kind {
        Kind::Kf { .. } => channel == Channel::Kf,
        Kind::App { .. } => channel == Channel::App,
        Kind::Contact => channel == Channel::Contact,
        Kind::Aibot => channel == Channel::Aibot,
    };
    let app = config.apps.iter().find(|app| has(app.kind));
    app.map_or_else(|| channel.as_str().into(), |app| app.name.clone())
}
