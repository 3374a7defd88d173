use crate::wecom::callback::fields::Fields;

/// `change_external_chat` by `ChangeType`, always from `sys`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupEvent {
    /// `create`
    Create {
        /// The new customer group.
        chat_id: String,
    },
    /// `update`
    Update(GroupUpdate),
    /// `dismiss`
    Dismiss {
        /// The customer group that is gone.
        chat_id: String,
    },
}

/// A change in a customer group. The group's details may lag behind the event by seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupUpdate {
    /// The customer group.
    pub chat_id: String,
    /// What changed.
    pub detail: UpdateDetail,
    /// Members who came or went, for those two details.
    pub delta: MemberDelta,
}

/// `UpdateDetail`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateDetail {
    /// `add_member`
    AddMember,
    /// `del_member`
    DelMember,
    /// `change_owner`
    ChangeOwner,
    /// `change_name`
    ChangeName,
    /// `change_notice`
    ChangeNotice,
    /// Anything else.
    Other(String),
}

/// Members who came or went.
///
/// The list is reliable when the version last seen equals `last_version`; otherwise the group has
/// to be read again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberDelta {
    /// 0 invited, 3 by QR code. (The group's own details number this differently.)
    pub join_scene: Option<i64>,
    /// 0 left, 1 removed.
    pub quit_scene: Option<i64>,
    /// How many.
    pub count: Option<i64>,
    /// User ids, members' and customers' alike.
    pub members: Vec<String>,
    /// `LastMemVer`: version before.
    pub last_version: Option<String>,
    /// `CurMemVer`: version after.
    pub current_version: Option<String>,
}

pub(super) fn parse(f: &mut Fields<'_, '_>) -> Option<GroupEvent> {
    let change = f.name("ChangeType")?;
    let chat_id = f.filled("ChatId")?;
    Some(match change {
        "create" => GroupEvent::Create { chat_id },
        "update" => GroupEvent::Update(GroupUpdate {
            chat_id,
            detail: detail(f.filled("UpdateDetail")?),
            delta: MemberDelta {
                join_scene: f.number("JoinScene"),
                quit_scene: f.number("QuitScene"),
                count: f.number("MemChangeCnt"),
                members: f
                    .nested("MemChangeList", |list| list.texts("Item"))
                    .unwrap_or_default(),
                last_version: f.filled("LastMemVer"),
                current_version: f.filled("CurMemVer"),
            },
        }),
        "dismiss" => GroupEvent::Dismiss { chat_id },
        _ => return None,
    })
}

fn detail(name: String) -> UpdateDetail {
    match name.as_str() {
        "add_member" => UpdateDetail::AddMember,
        "del_member" => UpdateDetail::DelMember,
        "change_owner" => UpdateDetail::ChangeOwner,
        "change_name" => UpdateDetail::ChangeName,
        "change_notice" => UpdateDetail::ChangeNotice,
        _ => UpdateDetail::Other(name),
    }
}
