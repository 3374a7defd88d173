//! The contact book: members and departments.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
}

impl Book {
    pub(crate) fn put(&mut self, member: Member) {
        self.members.insert(member.userid.to_lowercase(), member);
    }

    pub(crate) fn member(&self, userid: &str) -> Option<&Member> {
        self.members.get(&userid.to_lowercase())
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
