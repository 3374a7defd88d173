//! The contact book: members and departments.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An employee.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The id, compared without case.
    pub userid: String,
    /// The name shown.
    #[serde(default)]
    pub name: String,
    /// Departments.
    #[serde(default = "root_only")]
    pub department: Vec<i64>,
    /// Position.
    #[serde(default)]
    pub position: String,
    /// 1 active, 2 disabled, 4 not activated, 5 left.
    #[serde(default = "active")]
    pub status: u8,
    /// Whether the member may serve customers.
    #[serde(default = "yes")]
    pub serves_customers: bool,
    /// What `user/create` and `user/update` said beyond the above.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}

impl Member {
    /// An active member of the root department who may serve customers.
    #[must_use]
    pub fn new(userid: &str, name: &str) -> Self {
        Self {
            userid: userid.to_owned(),
            name: name.to_owned(),
            department: root_only(),
            position: String::new(),
            status: active(),
            serves_customers: yes(),
            details: Map::new(),
        }
    }
}

/// A department.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Department {
    /// The id; 1 is the root.
    pub id: i64,
    /// The name.
    pub name: String,
    /// The department above.
    #[serde(default)]
    pub parentid: i64,
    /// The English name.
    #[serde(default)]
    pub name_en: String,
    /// Larger comes first among its siblings.
    #[serde(default = "one")]
    pub order: i64,
}

fn one() -> i64 {
    1
}

/// What an app may see; an app without such a range sees the whole corp.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisibleRange {
    /// The app's secret.
    pub secret: String,
    /// Members.
    #[serde(default)]
    pub users: Vec<String>,
    /// Departments, with all below them.
    #[serde(default)]
    pub parties: Vec<i64>,
}

fn root_only() -> Vec<i64> {
    vec![1]
}

fn active() -> u8 {
    1
}

fn yes() -> bool {
    true
}

/// A tag of the contact book, as `totag` names it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookTag {
    /// The id.
    pub tagid: i64,
    /// The name.
    #[serde(default)]
    pub tagname: String,
    /// Members.
    #[serde(default)]
    pub userlist: Vec<String>,
    /// Departments.
    #[serde(default)]
    pub partylist: Vec<i64>,
}

/// Members by lower-cased userid, and departments by id.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Book {
    pub(crate) members: BTreeMap<String, Member>,
    pub(crate) departments: BTreeMap<i64, Department>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<i64, BookTag>,
    /// What apps may see, by secret.
    #[serde(default)]
    pub(crate) visible: BTreeMap<String, VisibleRange>,
}

impl Book {
    pub(crate) fn put(&mut self, member: Member) {
        self.members.insert(member.userid.to_lowercase(), member);
    }

    pub(crate) fn member(&self, userid: &str) -> Option<&Member> {
        self.members.get(&userid.to_lowercase())
    }

    /// Sets what an app may see; a range of nothing lets it see everything again.
    pub(crate) fn show(&mut self, range: VisibleRange) {
        if range.users.is_empty() && range.parties.is_empty() {
            self.visible.remove(&range.secret);
        } else {
            self.visible.insert(range.secret.clone(), range);
        }
    }

    pub(crate) fn member_mut(&mut self, userid: &str) -> Option<&mut Member> {
        self.members.get_mut(&userid.to_lowercase())
    }

    /// Whether the app of this secret sees a member.
    pub(crate) fn sees(&self, secret: &str, userid: &str) -> bool {
        let Some(range) = self.visible.get(secret) else {
            return true;
        };
        let named = range
            .users
            .iter()
            .any(|user| user.eq_ignore_ascii_case(userid));
        let departments = self.member(userid).map(|member| &member.department);
        named
            || departments
                .into_iter()
                .flatten()
                .any(|id| self.sees_party(secret, *id))
    }

    /// Whether the app of this secret sees a department.
    pub(crate) fn sees_party(&self, secret: &str, id: i64) -> bool {
        let Some(range) = self.visible.get(secret) else {
            return true;
        };
        let below = |party: &i64| self.below(Some(*party)).iter().any(|one| one.id == id);
        range.parties.iter().any(below)
    }

    /// Members of a department, not of those below it.
    pub(crate) fn in_department(&self, id: i64) -> impl Iterator<Item = &Member> {
        self.members
            .values()
            .filter(move |member| member.department.contains(&id))
    }

    /// Members who carry a tag, themselves or by their department.
    pub(crate) fn tagged(&self, id: i64) -> Option<Vec<String>> {
        let tag = self.tags.get(&id)?;
        let named = tag.userlist.iter().filter_map(|userid| self.member(userid));
        let by_party = tag.partylist.iter().flat_map(|party| {
            let below = self.below(Some(*party));
            below.into_iter().flat_map(|one| self.in_department(one.id))
        });
        let all = named.chain(by_party);
        Some(all.map(|member| member.userid.clone()).collect())
    }

    /// A department and all below it; `None` means all.
    pub(crate) fn below(&self, root: Option<i64>) -> Vec<&Department> {
        let inside = |department: &&Department| {
            root.is_none_or(|root| {
                let mut at = department.id;
                // Bounded, so that a circle in the seeds cannot hang the server.
                for _ in 0..64 {
                    if at == root {
                        return true;
                    }
                    match self.departments.get(&at) {
                        Some(above) => at = above.parentid,
                        None => return false,
                    }
                }
                false
            })
        };
        self.departments.values().filter(inside).collect()
    }
}
