//! Tags by name: operators write `组/标签`, WeCom wants ids.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::Mutex;

use super::translate::Failure;
use crate::domain::clock::{SharedClock, UnixMillis};
use crate::domain::ids::Tag;
use crate::wecom::api::externalcontact::add_corp_tag::{self, NewTag};
use crate::wecom::api::externalcontact::get_corp_tag_list;
use crate::wecom::client::App;

/// A name that is missing makes us read the library again, but not more often than this.
const READ_AGAIN: Duration = Duration::from_secs(5);
/// Somebody may have renamed a tag in the console.
const FRESH: Duration = Duration::from_secs(600);

/// The corp's tag library as last read.
pub struct TagLibrary {
    clock: SharedClock,
    create: bool,
    read: Mutex<Option<Library>>,
    stale: std::sync::atomic::AtomicBool,
}

struct Library {
    ids: HashMap<(String, String), String>,
    groups: HashMap<String, String>,
    at: UnixMillis,
}

impl TagLibrary {
    /// A library that creates missing tags if `create` says so.
    #[must_use]
    pub fn new(clock: SharedClock, create: bool) -> Self {
        Self {
            clock,
            create,
            read: Mutex::new(None),
            stale: std::sync::atomic::AtomicBool::new(false),
        }
    }

    /// WeCom refused an id: the next look-up reads the library again.
    pub(super) fn forget(&self) {
        self.stale.store(true, std::sync::atomic::Ordering::Release);
    }

    /// The ids of tags to add. Missing ones are created, one at a time, if that is allowed.
    pub(super) async fn ids_to_add(&self, app: &App, tags: &[Tag]) -> Result<Vec<String>, Failure> {
        let mut library = self.read.lock().await;
        self.refresh(app, &mut library, tags).await?;
        let mut ids = Vec::with_capacity(tags.len());
        for tag in tags {
            let (group, name) = tag.parts();
            let key = (group.to_owned(), name.to_owned());
            let known = library
                .as_ref()
                .and_then(|library| library.ids.get(&key).cloned());
            match known {
                Some(id) => ids.push(id),
                None if self.create => ids.push(create(app, &mut library, key).await?),
                None => {
                    return Err(Failure::Content(format!(
                        "the tag {tag} is not in WeCom's library and contacts.create_tags is false"
                    )));
                }
            }
        }
        Ok(ids)
    }

    /// The ids of tags to remove. One that does not exist cannot be on anybody.
    pub(super) async fn ids_to_remove(
        &self,
        app: &App,
        tags: &[Tag],
    ) -> Result<Vec<String>, Failure> {
        let mut library = self.read.lock().await;
        self.refresh(app, &mut library, &[]).await?;
        let Some(library) = library.as_ref() else {
            return Ok(Vec::new());
        };
        Ok(tags
            .iter()
            .filter_map(|tag| {
                let (group, name) = tag.parts();
                library
                    .ids
                    .get(&(group.to_owned(), name.to_owned()))
                    .cloned()
            })
            .collect())
    }

    async fn refresh(
        &self,
        app: &App,
        library: &mut Option<Library>,
        wanted: &[Tag],
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let stale = self.stale.swap(false, std::sync::atomic::Ordering::AcqRel);
        if let Some(known) = library.as_ref().filter(|_| !stale) {
            let age = now.since(known.at);
            let complete = wanted.iter().all(|tag| {
                let (group, name) = tag.parts();
                known.ids.contains_key(&(group.to_owned(), name.to_owned()))
            });
            if age < READ_AGAIN || (complete && age < FRESH) {
                return Ok(());
            }
        }
        let listed = app.call(&get_corp_tag_list::Request::default()).await;
        let response = listed.map_err(Failure::Preparing)?;
        let mut read = Library {
            ids: HashMap::new(),
            groups: HashMap::new(),
            at: now,
        };
        for group in response.tag_group {
            if group.deleted {
                continue;
            }
            for tag in group.tag.into_iter().filter(|tag| !tag.deleted) {
                read.ids
                    .insert((group.group_name.clone(), tag.name), tag.id);
            }
            read.groups.insert(group.group_name, group.group_id);
        }
        *library = Some(read);
        Ok(())
    }
}

/// Creates one tag. `add_corp_tag` has no idempotency key: the library was read a moment
/// ago under the same lock, and WeCom folds a name that exists in the group into one.
async fn create(
    app: &App,
    library: &mut Option<Library>,
    key: (String, String),
) -> Result<String, Failure> {
    let group_id = library
        .as_ref()
        .and_then(|library| library.groups.get(&key.0).cloned());
    let request = match group_id {
        Some(id) => add_corp_tag::Request::to_group(id, vec![NewTag::new(key.1.as_str())]),
        None => {
            add_corp_tag::Request::to_named_group(key.0.as_str(), vec![NewTag::new(key.1.as_str())])
        }
    };
    let created = app.call(&request).await.map_err(Failure::Preparing)?;
    let group = created.tag_group;
    let made = group.tag.into_iter().find(|tag| tag.name == key.1);
    let id = made.map(|tag| tag.id).ok_or_else(|| {
        Failure::Content(format!(
            "WeCom did not return the tag {}/{} it was to create",
            key.0, key.1
        ))
    })?;
    if let Some(library) = library {
        library.groups.insert(key.0.clone(), group.group_id);
        library.ids.insert(key, id.clone());
    }
    tracing::info!("a tag was created in the corp's library");
    Ok(id)
}
