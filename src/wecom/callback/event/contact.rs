use crate::wecom::callback::fields::Fields;

/// `change_contact` by `ChangeType`, always from `sys`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactEvent {
    /// `create_user`
    CreateUser(Box<MemberChange>),
    /// `update_user`
    UpdateUser(Box<MemberChange>),
    /// `delete_user`
    DeleteUser {
        /// The member that is gone.
        user_id: String,
    },
    /// `create_party`
    CreateParty(PartyChange),
    /// `update_party`
    UpdateParty(PartyChange),
    /// `delete_party`
    DeleteParty {
        /// The department that is gone.
        id: i64,
    },
    /// `update_tag`
    UpdateTag(TagMembersChange),
}

/// A new or changed member.
///
/// An update carries only what changed, so here an empty text means that the value was cleared.
/// Callback URLs configured after 2022-08-15 are told of nothing but ids and departments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberChange {
    /// Id of the member, before any change of it.
    pub user_id: String,
    /// `NewUserID`: the id from now on.
    pub new_user_id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Ids of the departments.
    pub departments: Vec<i64>,
    /// Id of the main department.
    pub main_department: Option<i64>,
    /// 1 where the member leads, in the order of `departments`.
    pub is_leader_in_dept: Vec<i64>,
    /// User ids of the direct superiors.
    pub direct_leaders: Vec<String>,
    /// Mobile phone number.
    pub mobile: Option<String>,
    /// Job title.
    pub position: Option<String>,
    /// 0 unknown, 1 male, 2 female.
    pub gender: Option<i64>,
    /// E-mail address.
    pub email: Option<String>,
    /// Corp e-mail address.
    pub biz_mail: Option<String>,
    /// 1 active, 2 disabled, 4 not activated, 5 left.
    pub status: Option<i64>,
    /// Address of the picture.
    pub avatar: Option<String>,
    /// Alias.
    pub alias: Option<String>,
    /// Landline number.
    pub telephone: Option<String>,
    /// Postal address.
    pub address: Option<String>,
    /// Attributes that the corp has added.
    pub ext_attrs: Vec<ExtAttr>,
}

/// An attribute that the corp has added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtAttr {
    /// Name.
    pub name: Option<String>,
    /// 0 text, 1 web page.
    pub kind: Option<i64>,
    /// Value of a text.
    pub text: Option<String>,
    /// Title of a web page.
    pub web_title: Option<String>,
    /// Address of a web page.
    pub web_url: Option<String>,
}

/// A new or changed department. An update carries only what changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyChange {
    /// Id of the department.
    pub id: i64,
    /// Name.
    pub name: Option<String>,
    /// Id of the department above.
    pub parent_id: Option<i64>,
    /// Position among its siblings.
    pub order: Option<i64>,
}

/// Who was given a contact-book tag and who lost it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagMembersChange {
    /// Id of the tag.
    pub tag_id: i64,
    /// Members added.
    pub added_users: Vec<String>,
    /// Members removed.
    pub removed_users: Vec<String>,
    /// Departments added.
    pub added_parties: Vec<i64>,
    /// Departments removed.
    pub removed_parties: Vec<i64>,
}

pub(super) fn parse(f: &mut Fields<'_, '_>) -> Option<ContactEvent> {
    Some(match f.name("ChangeType")? {
        "create_user" => ContactEvent::CreateUser(Box::new(member(f)?)),
        "update_user" => ContactEvent::UpdateUser(Box::new(member(f)?)),
        "delete_user" => ContactEvent::DeleteUser {
            user_id: f.filled("UserID")?,
        },
        "create_party" => ContactEvent::CreateParty(party(f)?),
        "update_party" => ContactEvent::UpdateParty(party(f)?),
        "delete_party" => ContactEvent::DeleteParty {
            id: f.number("Id")?,
        },
        "update_tag" => ContactEvent::UpdateTag(TagMembersChange {
            tag_id: f.number("TagId")?,
            added_users: f.list("AddUserItems"),
            removed_users: f.list("DelUserItems"),
            added_parties: f.numbers("AddPartyItems"),
            removed_parties: f.numbers("DelPartyItems"),
        }),
        _ => return None,
    })
}

fn member(f: &mut Fields<'_, '_>) -> Option<MemberChange> {
    Some(MemberChange {
        user_id: f.filled("UserID")?,
        new_user_id: f.filled("NewUserID"),
        name: f.text("Name"),
        departments: f.numbers("Department"),
        main_department: f.number("MainDepartment"),
        is_leader_in_dept: f.numbers("IsLeaderInDept"),
        direct_leaders: f.list("DirectLeader"),
        mobile: f.text("Mobile"),
        position: f.text("Position"),
        gender: f.number("Gender"),
        email: f.text("Email"),
        biz_mail: f.text("BizMail"),
        status: f.number("Status"),
        avatar: f.text("Avatar"),
        alias: f.text("Alias"),
        telephone: f.text("Telephone"),
        address: f.text("Address"),
        ext_attrs: f
            .nested("ExtAttr", |attrs| attrs.each("Item", ext_attr))
            .unwrap_or_default(),
    })
}

fn ext_attr(f: &mut Fields<'_, '_>) -> ExtAttr {
    let name = f.filled("Name");
    let kind = f.number("Type");
    let text = f.nested("Text", |text| text.text("Value")).flatten();
    let (web_title, web_url) = f
        .nested("Web", |web| (web.text("Title"), web.text("Url")))
        .unwrap_or_default();
    ExtAttr {
        name,
        kind,
        text,
        web_title,
        web_url,
    }
}

fn party(f: &mut Fields<'_, '_>) -> Option<PartyChange> {
    Some(PartyChange {
        id: f.number("Id")?,
        name: f.filled("Name"),
        parent_id: f.number("ParentId"),
        order: f.number("Order"),
    })
}
