//! What is to be done to the outside world, one outbox row each.

use serde::{Deserialize, Serialize};

use super::clock::UnixMillis;
use super::ids::{
    AppName, BroadcastId, ChatId, ExternalUserId, Lane, OpenKfId, Person, RecordId, RuleId, SopId,
    Tag, UserId,
};
use super::inbound::AibotPassive;
use super::outgoing::Outgoing;

/// One effect, as decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewEffect {
    /// What to do.
    pub effect: Effect,
    /// Effects of one lane go out in order.
    pub lane: Lane,
    /// Urgent ones jump the queue.
    pub urgent: bool,
    /// Not before this time.
    pub due: UnixMillis,
    /// Dropped with a reason when it is later than this.
    pub deadline: Option<UnixMillis>,
    /// Why it exists.
    pub origin: Origin,
}

/// Why an effect exists: the record, the rule and the place in its `do` list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The record that set it off.
    pub record: RecordId,
    /// The rule.
    pub rule: RuleId,
    /// Position in the rule's `do` list.
    pub action: u32,
    /// Position among the messages which that action became.
    pub part: u32,
    /// The step of an SOP whose message it carries: its row learns what becomes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<SopRowKey>,
}

/// What tells the row of an SOP's step from every other: one for each target and step. Rows
/// stand in the order of these fields.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SopRowKey {
    /// The SOP.
    pub sop: SopId,
    /// When the enrolment or the run began.
    pub run: UnixMillis,
    /// For whom.
    pub target: Person,
    /// The step.
    pub step: u32,
}

/// What to do to the outside world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Effect {
    /// `kf/send_msg`.
    KfSend {
        /// The configured kf app.
        app: AppName,
        /// From this service account.
        open_kfid: OpenKfId,
        /// To this customer.
        external_userid: ExternalUserId,
        /// The message.
        message: Outgoing,
    },
    /// `kf/send_msg_on_event`: a welcome or a session message by single-use code.
    KfEvent {
        /// The configured kf app.
        app: AppName,
        /// The code.
        code: String,
        /// The message: text or menu.
        message: Outgoing,
    },
    /// `externalcontact/send_welcome_msg`.
    Welcome {
        /// The configured contact app.
        app: AppName,
        /// The code.
        code: String,
        /// One text and up to nine attachments.
        messages: Vec<Outgoing>,
    },
    /// `message/send`.
    AppSend {
        /// The configured app.
        app: AppName,
        /// To these members.
        to: Vec<UserId>,
        /// The message.
        message: Outgoing,
    },
    /// `message/update_template_card`: a card's buttons turn grey.
    UpdateCard {
        /// The configured app.
        app: AppName,
        /// For these members.
        to: Vec<UserId>,
        /// Of the press; works once, within 72 hours.
        response_code: String,
        /// What the buttons say then.
        text: String,
    },
    /// An intelligent bot's answer: the callback's own while it is held open, else its
    /// `response_url`.
    AibotReply {
        /// The configured app.
        app: AppName,
        /// Valid for one call; events that open a chat have none.
        response_url: Option<String>,
        /// The form that the callback's own answer takes.
        passive: AibotPassive,
        /// Text, markdown or a card.
        message: Outgoing,
    },
    /// `externalcontact/mark_tag`.
    MarkTag {
        /// The configured app whose token may do it.
        app: AppName,
        /// The member whose relation is tagged.
        userid: UserId,
        /// The customer.
        external_userid: ExternalUserId,
        /// To add.
        add: Vec<Tag>,
        /// To remove.
        remove: Vec<Tag>,
    },
    /// `externalcontact/remark`.
    Remark {
        /// The configured app whose token may do it.
        app: AppName,
        /// The member.
        userid: UserId,
        /// The customer.
        external_userid: ExternalUserId,
        /// The new remark name.
        remark: String,
    },
    /// `kf/service_state/trans` to a human.
    KfTransfer {
        /// The configured kf app.
        app: AppName,
        /// The service account.
        open_kfid: OpenKfId,
        /// The customer.
        external_userid: ExternalUserId,
        /// Tried in this order; empty means the waiting pool.
        servicers: Vec<UserId>,
    },
    /// `kf/service_state/trans` to the end of the session.
    KfEnd {
        /// The configured kf app.
        app: AppName,
        /// The service account.
        open_kfid: OpenKfId,
        /// The customer.
        external_userid: ExternalUserId,
    },
    /// `externalcontact/add_msg_template` or `add_moment_task`: a task that members confirm.
    MassSend {
        /// The configured app whose token may do it.
        app: AppName,
        /// The broadcast whose targets it is for.
        broadcast: BroadcastId,
        /// One text and up to nine attachments.
        messages: Vec<Outgoing>,
    },
    /// `webhook/send` of a group robot.
    Robot {
        /// Its name in the config.
        robot: String,
        /// The message.
        message: Outgoing,
    },
    /// `appchat/send`: into an internal group that the app opened.
    Appchat {
        /// The app that opened it.
        app: AppName,
        /// The group.
        chat: ChatId,
        /// The message.
        message: Outgoing,
    },
    /// A request to one of the company's own systems.
    Webhook {
        /// Its name in the config.
        webhook: String,
        /// The body.
        body: serde_json::Value,
    },
}

impl Effect {
    /// Whom it is for, as far as it says.
    #[must_use]
    pub fn whom(&self) -> Option<String> {
        match self {
            Self::KfSend {
                external_userid, ..
            }
            | Self::MarkTag {
                external_userid, ..
            }
            | Self::Remark {
                external_userid, ..
            }
            | Self::KfTransfer {
                external_userid, ..
            }
            | Self::KfEnd {
                external_userid, ..
            } => Some(external_userid.0.clone()),
            Self::MassSend { broadcast, .. } => (broadcast.0 > 0).then(|| broadcast.to_string()),
            Self::Appchat { chat, .. } => Some(chat.0.clone()),
            Self::AppSend { to, .. } | Self::UpdateCard { to, .. } => Some(listed(to)),
            Self::Robot { robot: name, .. } | Self::Webhook { webhook: name, .. } => {
                Some(name.clone())
            }
            Self::KfEvent { .. } | Self::Welcome { .. } | Self::AibotReply { .. } => None,
        }
    }

    /// The configured app that it goes through; robots and webhooks have none.
    #[must_use]
    pub fn app(&self) -> Option<&AppName> {
        match self {
            Self::KfSend { app, .. }
            | Self::KfEvent { app, .. }
            | Self::Welcome { app, .. }
            | Self::AppSend { app, .. }
            | Self::UpdateCard { app, .. }
            | Self::AibotReply { app, .. }
            | Self::MarkTag { app, .. }
            | Self::Remark { app, .. }
            | Self::KfTransfer { app, .. }
            | Self::KfEnd { app, .. }
            | Self::MassSend { app, .. }
            | Self::Appchat { app, .. } => Some(app),
            Self::Robot { .. } | Self::Webhook { .. } => None,
        }
    }

    /// The word used in metrics, logs and `queue list`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::KfSend { .. } => "kf_send",
            Self::KfEvent { .. } => "kf_event",
            Self::Welcome { .. } => "welcome",
            Self::AppSend { .. } => "app_send",
            Self::UpdateCard { .. } => "update_card",
            Self::AibotReply { .. } => "aibot_reply",
            Self::MarkTag { .. } => "mark_tag",
            Self::Remark { .. } => "remark",
            Self::KfTransfer { .. } => "kf_transfer",
            Self::KfEnd { .. } => "kf_end",
            Self::MassSend { .. } => "mass_send",
            Self::Robot { .. } => "robot",
            Self::Appchat { .. } => "appchat",
            Self::Webhook { .. } => "webhook",
        }
    }
}

/// Ids in a row.
#[must_use]
pub fn listed(ids: &[impl std::fmt::Display]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.join(", ")
}

/// The `msgid` that we give a message, so that a second try is recognised.
pub mod message_id {
    use crate::domain::clock::UnixMillis;
    use crate::domain::ids::EffectId;

    /// At most 32 of `[0-9a-zA-Z_-]`. `instance` tells one data folder from the next, and the
    /// time of the decision tells a folder from itself after an old copy was put back.
    #[must_use]
    pub fn of(instance: &str, effect: EffectId, decided_at: UnixMillis) -> String {
        format!("{instance}-{}-{:x}", effect.0, decided_at.0)
    }

    /// The effect of a `msgid` of ours.
    #[must_use]
    pub fn parse(instance: &str, msgid: &str) -> Option<EffectId> {
        let rest = msgid.strip_prefix(instance)?.strip_prefix('-')?;
        let (number, _) = rest.split_once('-')?;
        number.parse().ok().map(EffectId)
    }

    #[cfg(test)]
    mod tests {
        use super::{of, parse};
        use crate::domain::clock::UnixMillis;
        use crate::domain::ids::EffectId;

        #[test]
        fn fits_and_comes_back() {
            let id = of(
                "abcdefgh",
                EffectId(9_999_999),
                UnixMillis(1_795_307_688_123),
            );
            assert!(id.len() <= 32, "{id}");
            assert_eq!(parse("abcdefgh", &id), Some(EffectId(9_999_999)));
            assert_eq!(parse("zzzzzzzz", &id), None);
            assert_eq!(parse("abcdefgh", "abcdefgh-x-1"), None);
        }
    }
}
