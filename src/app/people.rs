//! Contacts and customer groups by what is known of them, as the lists ask for them.

use serde::{Deserialize, Serialize};

use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::criteria::{ContactTest, fits as fits_pattern};
use crate::domain::ids::{Person, UserId};
use crate::rules::fits;
use crate::store::{Store, StoreError};

/// Contacts are read so many at a time.
const PAGE: usize = 500;
/// One answer looks at so many at the most: whoever asks comes again.
const MOST_LOOKED_AT: usize = 20_000;

/// Which contacts or groups.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ContactQuery {
    /// Customer groups instead of customers.
    pub groups: bool,
    /// What must hold of each.
    pub tests: Vec<ContactTest>,
    /// Patterns for the name, one of which must fit; `*` stands for anything.
    pub names: Vec<String>,
    /// Only those of one of these members: followers, or owners of groups.
    pub of: Vec<UserId>,
    /// Only groups with this person in them.
    pub member: Option<String>,
    /// Only those added, or made, at this time or later.
    pub added_since: Option<UnixMillis>,
    /// Only customers whom nobody has any more, or groups that were dissolved.
    pub gone: bool,
    /// Only those behind this one.
    pub after: Option<Person>,
    /// At most so many.
    pub limit: usize,
}

/// Some contacts.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ContactPage {
    /// Those that fit.
    pub found: Vec<Contact>,
    /// Where to go on; `None` at the end.
    pub next: Option<Person>,
}

/// The next contacts that fit.
pub(super) async fn page(
    store: &dyn Store,
    query: &ContactQuery,
    now: UnixMillis,
) -> Result<ContactPage, StoreError> {
    let mut found = Vec::new();
    let mut after = query.after.clone();
    for _ in 0..MOST_LOOKED_AT / PAGE {
        let page = store.contacts_after(after.as_ref(), PAGE).await?;
        let end = page.len() < PAGE;
        for contact in page {
            if found.len() == query.limit {
                return Ok(ContactPage { found, next: after });
            }
            after = Some(contact.person.clone());
            if query.wants(&contact, now) {
                found.push(contact);
            }
        }
        if end {
            return Ok(ContactPage { found, next: None });
        }
    }
    Ok(ContactPage { found, next: after })
}

impl ContactQuery {
    fn wants(&self, contact: &Contact, now: UnixMillis) -> bool {
        let kind = match contact.person {
            Person::External(_) => !self.groups,
            Person::Group(_) => self.groups,
            Person::Member(_) => false,
        };
        kind && self.is_called(contact)
            && self.belongs(contact)
            && (!self.gone || is_gone(contact))
            && self
                .added_since
                .is_none_or(|since| contact.added_at >= Some(since))
            && fits(&self.tests, contact, contact.source.as_deref(), now).is_ok()
    }

    fn is_called(&self, contact: &Contact) -> bool {
        let remarks = contact.followers.iter();
        let remarks = remarks.filter_map(|follower| follower.remark.as_deref());
        let mut names = remarks.chain(contact.name.as_deref());
        self.names.is_empty()
            || names.any(|name| self.names.iter().any(|pattern| fits_pattern(pattern, name)))
    }

    fn belongs(&self, contact: &Contact) -> bool {
        let group = contact.group.as_ref();
        let owner = group.and_then(|group| group.owner.as_ref());
        let mut followers = contact.followers.iter().map(|one| &one.userid).chain(owner);
        let of = self.of.is_empty() || followers.any(|id| self.of.contains(id));
        let within = self.member.as_ref().is_none_or(|member| {
            group.is_some_and(|group| group.members.iter().any(|one| one.id == *member))
        });
        of && within
    }
}

/// Whether nobody has the customer any more, or the group was dissolved.
fn is_gone(contact: &Contact) -> bool {
    let group = contact.group.as_ref();
    contact.lost_at.is_some() || group.is_some_and(|group| group.dissolved_at.is_some())
}
