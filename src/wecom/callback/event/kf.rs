use crate::wecom::callback::fields::Fields;

/// Events of WeChat customer service. They carry no messages: those are fetched with
/// `kf/sync_msg`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KfEvent {
    /// `kf_msg_or_event`: there is something to fetch.
    MsgOrEvent {
        /// Lifts the rate limit of `kf/sync_msg` for ten minutes.
        token: Option<String>,
        /// The customer-service account.
        open_kfid: String,
    },
    /// `kf_account_auth_change`, from `sys`: accounts the app may or may no longer manage.
    AccountAuthChange {
        /// Accounts added.
        added: Vec<String>,
        /// Accounts removed.
        removed: Vec<String>,
    },
}

pub(super) fn parse(name: &str, f: &mut Fields<'_, '_>) -> Option<KfEvent> {
    Some(match name {
        "kf_msg_or_event" => KfEvent::MsgOrEvent {
            token: f.filled("Token"),
            open_kfid: f.filled("OpenKfId")?,
        },
        "kf_account_auth_change" => KfEvent::AccountAuthChange {
            added: f.texts("AuthAddOpenKfId"),
            removed: f.texts("AuthDelOpenKfId"),
        },
        _ => return None,
    })
}
