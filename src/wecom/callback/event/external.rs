use crate::wecom::callback::fields::Fields;

/// `change_external_contact` by `ChangeType`, always from `sys`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExternalEvent {
    /// `add_external_contact`: member and customer are now contacts.
    Add {
        /// Who follows whom.
        follow: Follow,
        /// `state` of the contact way, or `customer_channel` of the acquisition link.
        state: Option<String>,
        /// Permits one welcome message within 20 seconds.
        welcome_code: Option<String>,
    },
    /// `add_half_external_contact`: the customer added the member, who has not confirmed. An
    /// `add_external_contact` may follow; only one of the two welcome codes will work.
    AddHalf {
        /// Who follows whom.
        follow: Follow,
        /// As for [`ExternalEvent::Add`].
        state: Option<String>,
        /// As for [`ExternalEvent::Add`].
        welcome_code: Option<String>,
    },
    /// `edit_external_contact`: the member changed remark, phone or tags.
    Edit(Follow),
    /// `del_external_contact`: the member removed the customer.
    DeletedByMember {
        /// Who followed whom.
        follow: Follow,
        /// `DELETE_BY_TRANSFER` when a transfer removed it.
        source: Option<String>,
    },
    /// `del_follow_user`: the customer removed the member.
    DeletedByCustomer(Follow),
    /// `transfer_fail`: a takeover failed; `follow` names the member who should have taken over.
    TransferFail {
        /// Who should have followed whom.
        follow: Follow,
        /// `customer_refused` or `customer_limit_exceed`.
        reason: Option<String>,
    },
    /// `msg_audit_approved`: the customer agreed to the conversation archive.
    MsgAuditApproved {
        /// Who follows whom.
        follow: Follow,
        /// As for [`ExternalEvent::Add`].
        welcome_code: Option<String>,
    },
}

/// A member and one of their customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// The member.
    pub user_id: String,
    /// The customer.
    pub external_user_id: String,
}

/// `change_external_tag` by `ChangeType`, always from `sys`. Read the tag list again on any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagEvent {
    /// `create`
    Create(TagRef),
    /// `update`
    Update(TagRef),
    /// `delete`; the tags of a deleted group go without events of their own.
    Delete(TagRef),
    /// `shuffle`: reordered.
    Shuffle {
        /// The group; `None`: all groups.
        group_id: Option<String>,
        /// Rule group.
        strategy_id: Option<i64>,
    },
}

/// A tag or a group of tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagRef {
    /// Its id.
    pub id: String,
    /// `tag` or `tag_group`.
    pub tag_type: Option<String>,
    /// Rule group; told only to the customer-contact app.
    pub strategy_id: Option<i64>,
}

pub(super) fn parse(f: &mut Fields<'_, '_>) -> Option<ExternalEvent> {
    let change = f.name("ChangeType")?;
    let follow = Follow {
        user_id: f.filled("UserID")?,
        external_user_id: f.filled("ExternalUserID")?,
    };
    Some(match change {
        "add_external_contact" => ExternalEvent::Add {
            follow,
            state: f.filled("State"),
            welcome_code: f.filled("WelcomeCode"),
        },
        "add_half_external_contact" => ExternalEvent::AddHalf {
            follow,
            state: f.filled("State"),
            welcome_code: f.filled("WelcomeCode"),
        },
        "edit_external_contact" => ExternalEvent::Edit(follow),
        "del_external_contact" => ExternalEvent::DeletedByMember {
            follow,
            source: f.filled("Source"),
        },
        "del_follow_user" => ExternalEvent::DeletedByCustomer(follow),
        "transfer_fail" => ExternalEvent::TransferFail {
            follow,
            reason: f.filled("FailReason"),
        },
        "msg_audit_approved" => ExternalEvent::MsgAuditApproved {
            follow,
            welcome_code: f.filled("WelcomeCode"),
        },
        _ => return None,
    })
}

pub(super) fn parse_tag(f: &mut Fields<'_, '_>) -> Option<TagEvent> {
    Some(match f.name("ChangeType")? {
        "create" => TagEvent::Create(tag_ref(f)?),
        "update" => TagEvent::Update(tag_ref(f)?),
        "delete" => TagEvent::Delete(tag_ref(f)?),
        "shuffle" => TagEvent::Shuffle {
            group_id: f.filled("Id"),
            strategy_id: f.number("StrategyId"),
        },
        _ => return None,
    })
}

fn tag_ref(f: &mut Fields<'_, '_>) -> Option<TagRef> {
    Some(TagRef {
        id: f.filled("Id")?,
        tag_type: f.filled("TagType"),
        strategy_id: f.number("StrategyId"),
    })
}
