//! WeChat customer service: accounts, servicers, sessions and messages.

pub mod account_add;
pub mod account_del;
pub mod account_list;
pub mod account_update;
pub mod add_contact_way;
pub mod customer_batchget;
pub mod send_msg;
pub mod send_msg_on_event;
pub mod service_state_get;
pub mod service_state_trans;
pub mod servicer_add;
pub mod servicer_del;
pub mod servicer_list;
pub mod sync_msg;

use serde::{Deserialize, Serialize};

/// Who handles a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "i64", into = "i64")]
pub enum ServiceState {
    /// 0: new, handled by nobody. The API may send, and move it to 1, 2 or 3.
    Untreated,
    /// 1: handled by the bot. The API may send, and move it to 2 or 3.
    Bot,
    /// 2: waiting in the pool. The API may move it to 3.
    Queued,
    /// 3: handled by a person. The API must not send (95018).
    Human,
    /// 4: ended or not begun. The customer's next message makes it 0.
    Ended,
    /// A state that the documentation does not know.
    Other(i64),
}

impl ServiceState {
    /// True where `kf/send_msg` is allowed.
    pub fn bot_may_send(self) -> bool {
        matches!(self, Self::Untreated | Self::Bot)
    }
}

impl From<i64> for ServiceState {
    fn from(state: i64) -> Self {
        match state {
            0 => Self::Untreated,
            1 => Self::Bot,
            2 => Self::Queued,
            3 => Self::Human,
            4 => Self::Ended,
            other => Self::Other(other),
        }
    }
}

impl From<ServiceState> for i64 {
    fn from(state: ServiceState) -> Self {
        match state {
            ServiceState::Untreated => 0,
            ServiceState::Bot => 1,
            ServiceState::Queued => 2,
            ServiceState::Human => 3,
            ServiceState::Ended => 4,
            ServiceState::Other(other) => other,
        }
    }
}

/// The outcome for one servicer or department of a batch.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ServicerResult {
    /// Set for a member.
    pub userid: Option<String>,
    /// Set for a department.
    pub department_id: Option<i64>,
    /// 0 if done.
    pub errcode: i64,
    /// `ignored` if there was nothing to do.
    pub errmsg: String,
}

/// The answer to adding or removing servicers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ServicerResults {
    /// One entry for each member and department.
    pub result_list: Vec<ServicerResult>,
}

impl ServicerResults {
    /// What was not done although the call as a whole succeeded.
    pub fn rejected(&self) -> impl Iterator<Item = &ServicerResult> {
        self.result_list.iter().filter(|result| result.errcode != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::{ServiceState, ServicerResults};

    #[test]
    fn the_bot_sends_in_states_0_and_1_only() {
        let allowed: Vec<i64> = (0..6)
            .filter(|state| ServiceState::from(*state).bot_may_send())
            .collect();
        assert_eq!(allowed, [0, 1]);
        for state in 0..6 {
            assert_eq!(i64::from(ServiceState::from(state)), state);
        }
    }

    #[test]
    fn failed_servicers_are_found() {
        let results: ServicerResults = serde_json::from_str(
            r#"{"result_list":[{"userid":"a","errcode":0,"errmsg":"ignored"},
            {"department_id":2,"errcode":60003,"errmsg":"department not found"}]}"#,
        )
        .unwrap();
        let rejected: Vec<_> = results
            .rejected()
            .map(|r| (r.department_id, r.errcode))
            .collect();
        assert_eq!(rejected, [(Some(2), 60003)]);
    }
}
