//! Customers, their followers, the tag library and what greets new customers.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::errcode::{self, ApiError};
use crate::ids::Ids;

/// One member's view of a customer; tags and remarks belong to this pair.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Follow {
    /// The member.
    pub userid: String,
    /// The member's name for the customer.
    #[serde(default)]
    pub remark: String,
    /// The member's note.
    #[serde(default)]
    pub description: String,
    /// When they became friends; 0 in a seed means now.
    #[serde(default)]
    pub createtime: i64,
    /// Corp tag ids.
    #[serde(default)]
    pub tags: BTreeSet<String>,
    /// Company noted by the member.
    #[serde(default)]
    pub remark_corp_name: String,
    /// Phones noted by the member.
    #[serde(default)]
    pub remark_mobiles: Vec<String>,
    /// How the customer was added.
    #[serde(default)]
    pub add_way: i64,
    /// Contact-way state.
    #[serde(default)]
    pub state: String,
}

impl Follow {
    /// A bare relation, made at this unix time (0: now, in a seed).
    #[must_use]
    pub fn new(userid: &str, now: i64) -> Self {
        Self {
            userid: userid.to_owned(),
            remark: String::new(),
            description: String::new(),
            createtime: now,
            tags: BTreeSet::new(),
            remark_corp_name: String::new(),
            remark_mobiles: Vec::new(),
            add_way: 1,
            state: String::new(),
        }
    }
}

/// A person outside the corp.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Customer {
    /// `wm…`; empty in a seed means "make one".
    pub external_userid: String,
    /// The person's own name.
    pub name: String,
    /// 0 unknown, 1 male, 2 female.
    pub gender: i64,
    /// WeChat union id.
    pub unionid: String,
    /// The members who added this customer.
    pub followers: Vec<Follow>,
}

impl Customer {
    pub(crate) fn follow(&self, userid: &str) -> Option<&Follow> {
        self.followers
            .iter()
            .find(|follow| follow.userid.eq_ignore_ascii_case(userid))
    }

    pub(crate) fn follow_mut(&mut self, userid: &str) -> Option<&mut Follow> {
        self.followers
            .iter_mut()
            .find(|follow| follow.userid.eq_ignore_ascii_case(userid))
    }
}

/// Customers by id.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Customers(pub(crate) BTreeMap<String, Customer>);

impl Customers {
    pub(crate) fn get(&self, id: &str) -> Result<&Customer, ApiError> {
        self.0
            .get(id)
            .ok_or_else(|| errcode::BAD_EXTERNAL_USERID.about(id))
    }

    /// The relation of a member and a customer.
    pub(crate) fn follow_mut(&mut self, userid: &str, id: &str) -> Result<&mut Follow, ApiError> {
        let customer = self
            .0
            .get_mut(id)
            .ok_or_else(|| errcode::BAD_EXTERNAL_USERID.about(id))?;
        customer
            .follow_mut(userid)
            .ok_or_else(|| errcode::NO_RELATION.plain())
    }

    /// Customers of a member, in order of id.
    pub(crate) fn of(&self, userid: &str) -> impl Iterator<Item = (&Customer, &Follow)> {
        self.0
            .values()
            .filter_map(move |customer| Some((customer, customer.follow(userid)?)))
    }

    /// The customer, made on first sight.
    pub(crate) fn ensure(&mut self, id: &str) -> &mut Customer {
        self.0.entry(id.to_owned()).or_insert_with(|| Customer {
            external_userid: id.to_owned(),
            name: format!(
                "客户{}",
                id.chars()
                    .skip(id.chars().count().saturating_sub(4))
                    .collect::<String>()
            ),
            ..Customer::default()
        })
    }
}

/// A corp tag.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Tag {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) create_time: i64,
    pub(crate) order: i64,
}

/// A group of corp tags; never empty.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TagGroup {
    pub(crate) group_id: String,
    pub(crate) group_name: String,
    pub(crate) create_time: i64,
    pub(crate) order: i64,
    pub(crate) tag: Vec<Tag>,
}

/// The corp's tags.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct TagLibrary(pub(crate) Vec<TagGroup>);

impl TagLibrary {
    pub(crate) fn find(&self, tag_id: &str) -> Option<(&TagGroup, &Tag)> {
        self.0.iter().find_map(|group| {
            group
                .tag
                .iter()
                .find(|tag| tag.id == tag_id)
                .map(|tag| (group, tag))
        })
    }

    /// Adds tags to the group of this name or id, which is made when new.
    pub(crate) fn add(
        &mut self,
        group_name: &str,
        names: &[(String, i64)],
        now: i64,
        ids: &mut Ids,
    ) -> Value {
        let at = self
            .0
            .iter()
            .position(|group| group.group_name == group_name)
            .unwrap_or_else(|| {
                self.0.push(TagGroup {
                    group_id: ids.text("et", 30),
                    group_name: group_name.to_owned(),
                    create_time: now,
                    order: 0,
                    tag: Vec::new(),
                });
                self.0.len() - 1
            });
        let group = &mut self.0[at];
        let mut added: Vec<Tag> = Vec::new();
        for (name, order) in names {
            if added.iter().chain(&group.tag).any(|tag| tag.name == *name) {
                continue;
            }
            let id = ids.text("et", 30);
            added.push(Tag {
                id,
                name: name.clone(),
                create_time: now,
                order: *order,
            });
        }
        group.tag.extend(added.iter().cloned());
        json!({"group_id": group.group_id, "group_name": group.group_name,
               "create_time": group.create_time, "order": group.order, "tag": added})
    }

    pub(crate) fn count(&self) -> usize {
        self.0.iter().map(|group| group.tag.len()).sum()
    }

    /// Removes tags and groups; a group without tags goes too.
    pub(crate) fn remove(&mut self, tag_ids: &[String], group_ids: &[String]) {
        for group in &mut self.0 {
            group.tag.retain(|tag| !tag_ids.contains(&tag.id));
        }
        self.0
            .retain(|group| !group.tag.is_empty() && !group_ids.contains(&group.group_id));
    }
}

/// The right to greet a new customer once within 20 seconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct WelcomeCode {
    pub(crate) userid: String,
    pub(crate) external_userid: String,
    pub(crate) expires_at: i64,
    pub(crate) used_by: Option<String>,
    /// Set when the two already chat, so that a greeting comes too late.
    pub(crate) chat_started: bool,
}

/// A 「联系我」 channel, kept as it was sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ContactWay {
    pub(crate) config_id: String,
    pub(crate) created_at: i64,
    pub(crate) fields: Map<String, Value>,
}

/// Welcome codes, contact ways and group welcome templates.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Greetings {
    pub(crate) codes: BTreeMap<String, WelcomeCode>,
    pub(crate) ways: BTreeMap<String, ContactWay>,
    pub(crate) templates: BTreeMap<String, Map<String, Value>>,
}

impl Greetings {
    /// A fresh code that lives 20 seconds.
    pub(crate) fn new_code(
        &mut self,
        userid: &str,
        external_userid: &str,
        now: i64,
        ids: &mut Ids,
    ) -> String {
        let text = ids.text("WC", 40);
        let code = WelcomeCode {
            userid: userid.to_owned(),
            external_userid: external_userid.to_owned(),
            expires_at: now + 20,
            used_by: None,
            chat_started: false,
        };
        self.codes.insert(text.clone(), code);
        text
    }
}
