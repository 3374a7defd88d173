//! Asks WeCom who somebody is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::config::{Config, Kind};
use crate::domain::clock::{SharedClock, UnixMillis};
use crate::domain::contact::Follower;
use crate::domain::ids::{AppName, ExternalUserId, Person, Tag, UserId};
use crate::gateway::Gateway;
use crate::store::{ContactFacts, ContactSource};
use crate::wecom::api::externalcontact::{FollowUser, get};
use crate::wecom::api::kf::customer_batchget;
use crate::wecom::api::user;
use crate::wecom::error::{Disposition, Error};

/// An app that lacks the permission is not asked again for so long.
const NOT_PERMITTED: Duration = Duration::from_secs(600);
/// `type` of a tag that only its member sees; it has no id and rules cannot use it.
const PERSONAL_TAG: i64 = 2;

/// Reads customers and members through the apps of the config.
pub struct Contacts {
    config: Arc<Config>,
    gateway: Gateway,
    clock: SharedClock,
    refused: Mutex<HashMap<(AppName, &'static str), UnixMillis>>,
}

impl Contacts {
    /// Contacts of the corp.
    #[must_use]
    pub fn new(config: Arc<Config>, gateway: Gateway, clock: SharedClock) -> Self {
        Self {
            config,
            gateway,
            clock,
            refused: Mutex::default(),
        }
    }

    async fn customer(&self, app: &AppName, id: &ExternalUserId) -> Option<ContactFacts> {
        let reader = self.config.contact_app(app);
        let (known, asked) = match self.relation(reader, id).await {
            Some(facts) => (Some(facts), true),
            None => (None, false),
        };
        if known.as_ref().is_some_and(|facts| facts.name.is_some()) {
            return known;
        }
        // A customer of a service account need not be anybody's contact.
        let name = self.kf_name(app, id).await;
        if known.is_none() && name.is_none() {
            return None;
        }
        Some(ContactFacts {
            person: Person::External(id.clone()),
            name,
            followers: known.as_ref().and_then(|facts| facts.followers.clone()),
            tags: known.and_then(|facts| facts.tags).filter(|_| asked),
            synced_at: self.clock.now(),
        })
    }

    /// Followers and tags, all pages.
    async fn relation(&self, app: &AppName, id: &ExternalUserId) -> Option<ContactFacts> {
        let mut request = get::Request::new(id.as_str());
        let mut facts: Option<ContactFacts> = None;
        loop {
            let page = self.ask(app, "get", &request).await?;
            let facts = facts.get_or_insert_with(|| ContactFacts {
                person: Person::External(id.clone()),
                name: Some(page.external_contact.name.clone()).filter(|name| !name.is_empty()),
                followers: Some(Vec::new()),
                tags: Some(Vec::new()),
                synced_at: self.clock.now(),
            });
            for follow in &page.follow_user {
                facts
                    .followers
                    .get_or_insert_default()
                    .push(follower(follow));
                add_tags(facts.tags.get_or_insert_default(), follow);
            }
            if page.next_cursor.is_empty() || request.cursor.as_ref() == Some(&page.next_cursor) {
                break;
            }
            request.cursor = Some(page.next_cursor);
        }
        facts
    }

    async fn kf_name(&self, app: &AppName, id: &ExternalUserId) -> Option<String> {
        if !matches!(self.config.app(app)?.kind, Kind::Kf { .. }) {
            return None;
        }
        let request = customer_batchget::Request::new(vec![id.0.clone()]);
        let response = self.ask(app, "batchget", &request).await?;
        let customer = response.customer_list.into_iter().next()?;
        Some(customer.nickname).filter(|name| !name.is_empty())
    }

    async fn member(&self, app: &AppName, id: &UserId) -> Option<ContactFacts> {
        // Intelligent bots have no secret; another app may read the address book.
        let reader = match self.gateway.app(app) {
            Some(_) => app,
            None => self.config.member_app()?,
        };
        let member = self
            .ask(reader, "user", &user::get::Request::new(id.as_str()))
            .await?;
        Some(ContactFacts {
            person: Person::Member(id.clone()),
            name: Some(member.name).filter(|name| !name.is_empty()),
            followers: None,
            tags: None,
            synced_at: self.clock.now(),
        })
    }

    /// Calls unless the app was told a moment ago that it may not.
    async fn ask<E: crate::wecom::client::Endpoint>(
        &self,
        app: &AppName,
        what: &'static str,
        request: &E,
    ) -> Option<E::Response> {
        let key = (app.clone(), what);
        let now = self.clock.now();
        if self.lock().get(&key).is_some_and(|until| *until > now) {
            return None;
        }
        match self.gateway.app(app)?.call(request).await {
            Ok(response) => Some(response),
            Err(error) => {
                self.note(key, &error, now);
                None
            }
        }
    }

    fn note(&self, key: (AppName, &'static str), error: &Error, now: UnixMillis) {
        if error.disposition() == Disposition::Fix {
            tracing::warn!(app = %key.0, %error, "WeCom does not let this app read contacts; rules go on without");
            self.lock().insert(key, now.after(NOT_PERMITTED));
        } else {
            tracing::debug!(app = %key.0, %error, "a contact cannot be read");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(AppName, &'static str), UnixMillis>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ContactSource for Contacts {
    async fn facts(&self, app: &AppName, person: &Person) -> Option<ContactFacts> {
        match person {
            Person::External(id) => self.customer(app, id).await,
            Person::Member(id) => self.member(app, id).await,
        }
    }
}

fn follower(follow: &FollowUser) -> Follower {
    Follower {
        userid: UserId(follow.userid.clone()),
        remark: Some(follow.remark.clone()).filter(|remark| !remark.is_empty()),
        added_at: (follow.createtime > 0).then(|| UnixMillis::from_secs(follow.createtime)),
        source: Some(follow.state.clone()).filter(|state| !state.is_empty()),
    }
}

fn add_tags(tags: &mut Vec<Tag>, follow: &FollowUser) {
    for tag in follow.tags.iter().filter(|tag| tag.kind != PERSONAL_TAG) {
        let tag = Tag(format!("{}/{}", tag.group_name, tag.tag_name));
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
}
