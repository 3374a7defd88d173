//! From wire values to domain values: customers, their followers and customer groups.

use crate::domain::clock::UnixMillis;
use crate::domain::contact::Follower;
use crate::domain::group::{Group, GroupMember};
use crate::domain::ids::{ExternalUserId, Person, Tag, UserId};
use crate::store::{ContactFacts, GroupFacts};
use crate::wecom::api::externalcontact::batch_get_by_user::Row;
use crate::wecom::api::externalcontact::{FollowUser, groupchat_get};

/// `type` of a tag that only its member sees; it has no id and rules cannot use it.
const PERSONAL_TAG: i64 = 2;
/// `type` of a customer in a group; anybody else is a member of the company.
const CUSTOMER: i64 = 2;

pub(super) fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn seconds(secs: i64) -> Option<UnixMillis> {
    (secs > 0).then(|| UnixMillis::from_secs(secs))
}

/// A relation as the customer's own page tells it, tags by name.
pub(super) fn follower(follow: &FollowUser, asked_at: UnixMillis) -> Follower {
    let mut tags: Vec<Tag> = Vec::new();
    for tag in follow.tags.iter().filter(|tag| tag.kind != PERSONAL_TAG) {
        let tag = Tag(format!("{}/{}", tag.group_name, tag.tag_name));
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Follower {
        userid: UserId(follow.userid.clone()),
        remark: filled(&follow.remark),
        added_at: seconds(follow.createtime),
        source: filled(&follow.state),
        description: filled(&follow.description),
        add_way: (follow.add_way != 0).then_some(follow.add_way),
        tags: Some(tags),
        seen_at: Some(asked_at),
    }
}

/// A relation as the lists of members tell it. A tag whose id is not in the company's
/// library (one of a 规则组) has no name here: then nothing is said about tags.
pub(super) fn relation(
    row: &Row,
    tag_of: impl Fn(&str) -> Option<Tag>,
    asked_at: UnixMillis,
) -> ContactFacts {
    let (customer, follow) = (&row.external_contact, &row.follow_info);
    let follower = Follower {
        userid: UserId(follow.userid.clone()),
        remark: filled(&follow.remark),
        added_at: seconds(follow.createtime),
        source: filled(&follow.state),
        description: filled(&follow.description),
        add_way: (follow.add_way != 0).then_some(follow.add_way),
        tags: follow.tag_id.iter().map(|id| tag_of(id)).collect(),
        seen_at: Some(asked_at),
    };
    let person = Person::External(ExternalUserId(customer.external_userid.clone()));
    ContactFacts {
        name: filled(&customer.name),
        relations: vec![follower],
        ..ContactFacts::asked(person, asked_at)
    }
}

/// A customer group.
pub(super) fn group(chat: &groupchat_get::GroupChat) -> GroupFacts {
    let members = chat.member_list.iter().map(|member| GroupMember {
        id: member.userid.clone(),
        customer: member.kind == CUSTOMER,
        joined_at: seconds(member.join_time),
        source: member.state.as_deref().and_then(filled),
    });
    let admins = chat.admin_list.iter();
    GroupFacts::Is {
        group: Group {
            owner: filled(&chat.owner).map(UserId),
            admins: admins.map(|admin| UserId(admin.userid.clone())).collect(),
            members: members.collect(),
            dissolved_at: None,
        },
        made_at: seconds(chat.create_time),
    }
}
