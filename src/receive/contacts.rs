//! Asks WeCom who somebody is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::translate_contact::{self, filled};
use crate::config::{Config, Kind};
use crate::domain::clock::{SharedClock, UnixMillis};
use crate::domain::ids::{AppName, ChatId, ExternalUserId, Person, Tag, UserId};
use crate::gateway::Gateway;
use crate::store::{ContactFacts, ContactSource, GroupFacts};
use crate::wecom::api::externalcontact::{get, groupchat_get};
use crate::wecom::api::kf::customer_batchget;
use crate::wecom::api::user;
use crate::wecom::errcode::NO_RELATION;
use crate::wecom::error::{Disposition, Error};

/// An app that lacks the permission is not asked again for so long.
const NOT_PERMITTED: Duration = Duration::from_secs(600);
/// Nobody of the company knows a customer of this id.
const UNKNOWN_CUSTOMER: i64 = 40096;
/// There is no such customer group.
const UNKNOWN_GROUP: [i64; 3] = [40050, 86003, 90501];

/// Reads customers and members through the apps of the config.
#[derive(Clone)]
pub struct Contacts {
    config: Arc<Config>,
    gateway: Gateway,
    clock: SharedClock,
    refused: Arc<Mutex<HashMap<(AppName, &'static str), UnixMillis>>>,
}

impl Contacts {
    /// Contacts of the corp.
    #[must_use]
    pub fn new(config: Arc<Config>, gateway: Gateway, clock: SharedClock) -> Self {
        Self {
            config,
            gateway,
            clock,
            refused: Arc::default(),
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
        ContactFacts::asked(person, self.clock.now())
    }

    /// Followers and tags, all pages; no followers if WeCom says that nobody has them.
    async fn relation(&self, app: &AppName, id: &ExternalUserId) -> Answer {
        let mut request = get::Request::new(id.as_str());
        let mut facts: Option<ContactFacts> = None;
        // Relations are as new as the question, not as the answer.
        let blank = self.blank(Person::External(id.clone()));
        loop {
            let page = match self.ask(app, "get", &request).await? {
                Said::Yes(page) => page,
                Said::No(NO_RELATION | UNKNOWN_CUSTOMER) if facts.is_none() => {
                    let followers = Some(Vec::new());
                    return Ok(Some(ContactFacts { followers, ..blank }));
                }
                Said::No(_) | Said::NotAsked => return Ok(facts),
            };
            let facts = facts.get_or_insert_with(|| ContactFacts {
                name: filled(&page.external_contact.name),
                followers: Some(Vec::new()),
                tags: Some(Vec::new()),
                ..blank.clone()
            });
            for follow in &page.follow_user {
                let follower = translate_contact::follower(follow, blank.synced_at);
                let tags = facts.tags.get_or_insert_default();
                let new = follower.tags.iter().flatten();
                let new = new.filter(|tag| !tags.contains(tag)).cloned();
                let new: Vec<Tag> = new.collect();
                tags.extend(new);
                facts.followers.get_or_insert_default().push(follower);
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
        let response = self.ask(app, "batchget", &request).await?.answer();
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
        let member = self.ask(reader, "user", &request).await?.answer();
        let blank = self.blank(Person::Member(id.clone()));
        Ok(Some(ContactFacts {
            name: member.and_then(|member| filled(&member.name)),
            ..blank
        }))
    }

    async fn group(&self, app: &AppName, id: &ChatId) -> Answer {
        let reader = self.config.contact_app(app);
        let blank = self.blank(Person::Group(id.clone()));
        let request = groupchat_get::Request::new(id.as_str());
        Ok(match self.ask(reader, "groupchat", &request).await? {
            Said::Yes(response) => {
                let group = &response.group_chat;
                let facts = translate_contact::group(group);
                Some(ContactFacts {
                    name: filled(&group.name),
                    group: Some(facts),
                    ..blank
                })
            }
            Said::No(code) if UNKNOWN_GROUP.contains(&code) => Some(ContactFacts {
                group: Some(GroupFacts::Dissolved),
                ..blank
            }),
            Said::No(_) | Said::NotAsked => None,
        })
    }

    /// What WeCom says about somebody; `None` if it says nothing.
    ///
    /// # Errors
    /// If it could not be asked now.
    pub(super) async fn look(&self, app: &AppName, person: &Person) -> Answer {
        match person {
            Person::External(id) => self.customer(app, id).await,
            Person::Member(id) => self.member(app, id).await,
            Person::Group(id) => self.group(app, id).await,
        }
    }

    /// What WeCom answers or refuses; an error if it could not be asked.
    async fn ask<E: crate::wecom::client::Endpoint>(
        &self,
        app: &AppName,
        what: &'static str,
        request: &E,
    ) -> Result<Said<E::Response>, NotNow> {
        let key = (app.clone(), what);
        let now = self.clock.now();
        if self.lock().get(&key).is_some_and(|until| *until > now) {
            return Ok(Said::NotAsked);
        }
        let Some(handle) = self.gateway.app(app) else {
            return Ok(Said::NotAsked);
        };
        match handle.call(request).await {
            Ok(response) => Ok(Said::Yes(response)),
            Err(error) => {
                let code = error.refused().and(error.code());
                self.note(key, &error, now);
                code.map(Said::No).ok_or(NotNow)
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
        self.look(app, person).await.ok().flatten()
    }
}

/// WeCom could not be asked: the next record asks again.
#[derive(Debug)]
pub(super) struct NotNow;

pub(super) type Answer = Result<Option<ContactFacts>, NotNow>;

/// What became of a question.
enum Said<T> {
    Yes(T),
    /// Refused with this code.
    No(i64),
    /// There is no way to ask, or it was refused for good a moment ago.
    NotAsked,
}

impl<T> Said<T> {
    fn answer(self) -> Option<T> {
        match self {
            Self::Yes(answer) => Some(answer),
            Self::No(_) | Self::NotAsked => None,
        }
    }
}
