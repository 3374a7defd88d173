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
/// What the ids of tags of a 规则组 begin with.
const STRATEGY_TAG: &str = "st";
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

/// A relation as the lists of members tell it. The tags of a 规则组 have no name in the
/// company's library: who carries one has tags of which nothing is said. Any other tag that
/// is not in the library is no more.
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
        tags: tags_of(&follow.tag_id, tag_of),
        seen_at: Some(asked_at),
    };
    let person = Person::External(ExternalUserId(customer.external_userid.clone()));
    ContactFacts {
        name: filled(&customer.name),
        relations: vec![follower],
        ..ContactFacts::asked(person, asked_at)
    }
}

/// Whether a tag of this id could be in the company's library.
pub(super) fn may_be_new(id: &str) -> bool {
    !id.starts_with(STRATEGY_TAG)
}

fn tags_of(ids: &[String], tag_of: impl Fn(&str) -> Option<Tag>) -> Option<Vec<Tag>> {
    let mut tags = Vec::new();
    for id in ids {
        match tag_of(id) {
            Some(tag) => tags.push(tag),
            None if may_be_new(id) => {}
            None => return None,
        }
    }
    Some(tags)
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

#[cfg(test)]
mod tests {
    use super::tags_of;
    use crate::domain::ids::Tag;

    #[test]
    fn tags_that_are_no_more_are_left_out_and_those_without_a_name_hide_all() {
        let known = |id: &str| (id == "et1").then(|| Tag::from("客户/新"));
        let told = |ids: &[&str]| {
            let ids: Vec<String> = ids.iter().map(|&id| id.to_owned()).collect();
            tags_of(&ids, known)
        };
        assert_eq!(told(&["et1", "et2"]), Some(vec![Tag::from("客户/新")]));
        assert_eq!(told(&[]), Some(vec![]));
        assert_eq!(told(&["et1", "st1"]), None);
    }
}
