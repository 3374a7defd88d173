use crate::wecom::callback::fields::Fields;

/// `customer_acquisition` by `ChangeType`, always from `sys`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcquisitionEvent {
    /// `balance_low`: fewer than 20 left.
    BalanceLow,
    /// `balance_exhausted`
    BalanceExhausted,
    /// `balance_increased`
    BalanceIncreased,
    /// `quota_expire_soon`: 14, 7, 3, 2 and 1 days before.
    QuotaExpireSoon {
        /// Unix seconds.
        expire_time: Option<i64>,
        /// How many will be lost.
        expire_quota: Option<i64>,
    },
    /// `link_unavailable`
    LinkUnavailable {
        /// The link.
        link_id: String,
    },
    /// `delete_link`
    DeleteLink {
        /// The link.
        link_id: String,
    },
    /// `open_profile`: a customer opened the link.
    OpenProfile {
        /// The link.
        link_id: String,
        /// `customer_channel` of the link.
        state: Option<String>,
    },
    /// `friend_request`: a customer asked to be added.
    FriendRequest {
        /// The link.
        link_id: String,
        /// `customer_channel` of the link.
        state: Option<String>,
    },
    /// `customer_start_chat`: the customer wrote first.
    CustomerStartChat {
        /// The member.
        user_id: String,
        /// The customer.
        external_user_id: String,
        /// The link.
        link_id: Option<String>,
    },
    /// `message_from_customer`: the third, fifth or tenth message.
    MessageFromCustomer {
        /// The link.
        link_id: Option<String>,
        /// Reads the chat's details for 30 minutes.
        chat_key: String,
    },
}

pub(super) fn parse(f: &mut Fields<'_, '_>) -> Option<AcquisitionEvent> {
    Some(match f.name("ChangeType")? {
        "balance_low" => AcquisitionEvent::BalanceLow,
        "balance_exhausted" => AcquisitionEvent::BalanceExhausted,
        "balance_increased" => AcquisitionEvent::BalanceIncreased,
        "quota_expire_soon" => AcquisitionEvent::QuotaExpireSoon {
            expire_time: f.number("ExpireTime"),
            expire_quota: f.number("ExpireQuotaNum"),
        },
        "link_unavailable" => AcquisitionEvent::LinkUnavailable {
            link_id: f.filled("LinkId")?,
        },
        "delete_link" => AcquisitionEvent::DeleteLink {
            link_id: f.filled("LinkId")?,
        },
        "open_profile" => AcquisitionEvent::OpenProfile {
            link_id: f.filled("LinkId")?,
            state: f.filled("State"),
        },
        "friend_request" => AcquisitionEvent::FriendRequest {
            link_id: f.filled("LinkId")?,
            state: f.filled("State"),
        },
        "customer_start_chat" => AcquisitionEvent::CustomerStartChat {
            user_id: f.filled("UserID")?,
            external_user_id: f.filled("ExternalUserID")?,
            link_id: f.filled("LinkId"),
        },
        "message_from_customer" => AcquisitionEvent::MessageFromCustomer {
            link_id: f.filled("LinkId"),
            chat_key: f.filled("ChatKey")?,
        },
        _ => return None,
    })
}
