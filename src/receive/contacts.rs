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

    async fn customer(&self, app: &AppName, id: &ExternalUserId) -> Answer {
        let reader = self.config.contact_app(app);
        let known = self.relation(reader, id).await?;
        if known.as_ref().is_some_and(|facts| facts.name.is_some()) {
            return Ok(known);
        }
        // A customer of a service account need not be anybody's contact.
        let name = self.kf_name(app, id).await?;
        let mut facts = known.unwrap_or_else(|| self.blank(Person::External(id.clone())));
        facts.name = name;
        Ok(Some(facts))
    }

    /// Asked, and nothing learnt: worth remembering, so that it is not asked again at once.
    fn blank(&self, person: Person) -> ContactFacts {
        ContactFacts {
            person,
            name: None,
            followers: None,
            tags: None,
            synced_at: self.clock.now(),
        }
    }

    /// Followers and tags, all pages; `None` if WeCom knows no such relation.
    async fn relation(&self, app: &AppName, id: &ExternalUserId) -> Answer {
        let mut request = get::Request::new(id.as_str());
        let mut facts: Option<ContactFacts> = None;
        loop {
            let Some(page) = self.ask(app, "get", &request).await? else {
                return Ok(facts);
            };
            let facts = facts.get_or_insert_with(|| ContactFacts {
                name: filled(&page.external_contact.name),
                followers: Some(Vec::new()),
                tags: Some(Vec::new()),
                ..self.blank(Person::External(id.clone()))
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
        Ok(facts)
    }

    async fn kf_name(&self, app: &AppName, id: &ExternalUserId) -> Result<Option<String>, NotNow> {
        if !matches!(
            self.config.app(app).map(|app| app.kind),
            Some(Kind::Kf { .. })
        ) {
            return Ok(None);
        }
        let request = customer_batchget::Request::new(vec![id.0.clone()]);
        let response = self.ask(app, "batchget", &request).await?;
        let customer = response.and_then(|response| response.customer_list.into_iter().next());
        Ok(customer.and_then(|customer| filled(&customer.nickname)))
    }

    async fn member(&self, app: &AppName, id: &UserId) -> Answer {
        // Intelligent bots have no secret; another app may read the address book.
        let reader = match self.gateway.app(app) {
            Some(_) => Some(app),
            None => self.config.member_app(),
        };
        let Some(reader) = reader else {
            return Ok(None);
        };
        let request = user::get::Request::new(id.as_str());
        let member = self.ask(reader, "user", &request).await?;
        let blank = self.blank(Person::Member(id.clone()));
        Ok(Some(ContactFacts {
            name: member.and_then(|member| filled(&member.name)),
            ..blank
        }))
    }

    /// `None` if WeCom refuses, now or a moment ago; an error if it could not be asked.
    async fn ask<E: crate::wecom::client::Endpoint>(
        &self,
        app: &AppName,
        what: &'static str,
        request: &E,
    ) -> Result<Option<E::Response>, NotNow> {
        let key = (app.clone(), what);
        let now = self.clock.now();
        if self.lock().get(&key).is_some_and(|until| *until > now) {
            return Ok(None);
        }
        let Some(handle) = self.gateway.app(app) else {
            return Ok(None);
        };
        match handle.call(request).await {
            Ok(response) => Ok(Some(response)),
            Err(error) => {
                let refused = error.refused().is_some();
                self.note(key, &error, now);
                if refused { Ok(None) } else { Err(NotNow) }
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
        let answer = match person {
            Person::External(id) => self.customer(app, id).await,
            Person::Member(id) => self.member(app, id).await,
            Person::Group(_) => Ok(None),
        };
        answer.ok().flatten()
    }
}

/// WeCom could not be asked: the next record asks again.
struct NotNow;

type Answer = Result<Option<ContactFacts>, NotNow>;

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn follower(follow: &FollowUser) -> Follower {
    Follower {
        userid: UserId(follow.userid.clone()),
        remark: filled(&follow.remark),
        added_at: (follow.createtime > 0).then(|| UnixMillis::from_secs(follow.createtime)),
        source: filled(&follow.state),
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
