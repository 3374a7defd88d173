//! A running mock, driven from Rust without going through HTTP.

use std::io;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::builder::Builder;
use crate::chaos::Chaos;
use crate::chat::ChatLine;
use crate::config::{Config, ReceiverSpec};
use crate::control::app::{self, AppEvent, AppSay};
use crate::control::bot::{self, BotEvent, BotRefresh, BotSay};
use crate::control::contact::{self, ContactAdd, ContactDelete, ContactEdit, TagEvent};
use crate::control::event::{self, PlatformEvent};
use crate::control::group::{self, GroupChange, GroupCreate};
use crate::control::kf::{self, KfEnter, KfFail, KfSay, KfSession};
use crate::control::mass::{self, MassConfirm};
use crate::control::people::{
    self, MemberLeave, MomentPublish, MomentRemark, OauthLogin, TransferSettle,
};
use crate::control::scan::{self, ContactScan};
use crate::control::scenario::{self, Scenario};
use crate::control::watch::{self, RawCallback};
use crate::control::{ControlError, OneOrMany, Pushed, journal, seed, snapshot};
use crate::expect::{Expect, Unmet};
use crate::faults::Fault;
use crate::journal::{Entry, JournalQuery};
use crate::server::{Server, Shared};
use crate::state::book::Member;
use crate::state::customers::Customer;
use crate::state::groups::CustomerGroup;
use crate::state::kf::KfAccount;

type Sent = Result<Pushed, ControlError>;

/// A running mock. Dropping it stops the server; [`MockWecom::shutdown`] waits for that.
#[derive(Debug)]
pub struct MockWecom {
    shared: Arc<Shared>,
    server: Option<Server>,
}

impl MockWecom {
    /// A mock with sample people on a free port, to be put together step by step.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Binds and serves in the background.
    ///
    /// # Errors
    /// When the address cannot be bound or the config contradicts itself.
    pub async fn start(config: Config) -> io::Result<Self> {
        let server = Server::start(config).await?;
        Ok(Self {
            shared: Arc::clone(&server.shared),
            server: Some(server),
        })
    }

    /// `http://127.0.0.1:PORT`, to be used in place of `https://qyapi.weixin.qq.com`.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.shared.base_url.clone()
    }

    /// Stops the server and waits for it.
    pub async fn shutdown(mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    /// Sets a receiver; one of the same name is replaced.
    ///
    /// # Errors
    /// When the key is malformed.
    pub fn set_receiver(&self, receiver: ReceiverSpec) -> Result<(), ControlError> {
        seed::receivers(&self.shared, OneOrMany::One(receiver)).map(drop)
    }

    /// Adds or replaces members of the corp.
    pub fn put_members(&self, members: Vec<Member>) {
        let mut world = self.shared.world();
        members
            .into_iter()
            .for_each(|member| world.book.put(member));
    }

    /// Adds or replaces customers with their followers, without any callback.
    ///
    /// # Errors
    /// When a follower is not a member.
    pub fn put_customers(&self, customers: Vec<Customer>) -> Result<(), ControlError> {
        seed::contacts(&self.shared, OneOrMany::Many(customers)).map(drop)
    }

    /// Adds or replaces customer groups, without any callback; answers their ids.
    pub fn put_groups(&self, groups: Vec<CustomerGroup>) -> Vec<String> {
        seed::put_groups(&self.shared, groups)
    }

    /// Adds or replaces customer-service accounts; answers their ids.
    pub fn put_kf_accounts(&self, accounts: Vec<KfAccount>) -> Vec<String> {
        seed::put_kf_accounts(&self.shared, accounts)
    }

    /// The id of the corp tag with this name, in whichever group it is.
    #[must_use]
    pub fn tag_id(&self, name: &str) -> Option<String> {
        let world = self.shared.world();
        let tags = world.tags.0.iter().flat_map(|group| &group.tag);
        tags.filter(|tag| tag.name == name)
            .map(|tag| tag.id.clone())
            .next()
    }

    /// Tag names that a member has put on a customer, sorted.
    #[must_use]
    pub fn tags_of(&self, userid: &str, external_userid: &str) -> Vec<String> {
        let world = self.shared.world();
        let follow = world
            .customers
            .0
            .get(external_userid)
            .and_then(|c| c.follow(userid));
        let ids = follow.into_iter().flat_map(|follow| &follow.tags);
        let mut names: Vec<String> = ids
            .filter_map(|id| world.tags.find(id))
            .map(|(_, tag)| tag.name.clone())
            .collect();
        names.sort_unstable();
        names
    }

    /// A customer writes to a customer-service account.
    ///
    /// # Errors
    /// When the account does not exist or the message is empty.
    pub async fn kf_say(&self, request: KfSay) -> Sent {
        kf::say(&self.shared, request).await
    }

    /// A customer writes a text to the first account.
    ///
    /// # Errors
    /// When there is no account.
    pub async fn say(&self, external_userid: &str, text: &str) -> Sent {
        let request = KfSay {
            external_userid: external_userid.to_owned(),
            content: Some(text.to_owned()),
            ..KfSay::default()
        };
        self.kf_say(request).await
    }

    /// A customer opens an account by a link.
    ///
    /// # Errors
    /// When the account does not exist.
    pub async fn kf_enter(&self, request: KfEnter) -> Sent {
        kf::enter(&self.shared, request).await
    }

    /// A servicer takes, hands on, ends or reopens a session in the client.
    ///
    /// # Errors
    /// When the account or customer does not exist.
    pub async fn kf_session(&self, request: KfSession) -> Sent {
        kf::session(&self.shared, request).await
    }

    /// An accepted customer-service message fails in the end.
    ///
    /// # Errors
    /// When there is no such message.
    pub async fn kf_fail(&self, request: KfFail) -> Sent {
        kf::fail(&self.shared, request).await
    }

    /// A member writes to an app.
    ///
    /// # Errors
    /// When the member does not exist.
    pub async fn app_say(&self, request: AppSay) -> Sent {
        app::say(&self.shared, request).await
    }

    /// A member opens an app, clicks a menu or a card.
    ///
    /// # Errors
    /// When the member does not exist.
    pub async fn app_event(&self, request: AppEvent) -> Sent {
        app::event(&self.shared, request).await
    }

    /// A member writes to an intelligent bot.
    ///
    /// # Errors
    /// When there is no aibot receiver.
    pub async fn bot_say(&self, request: BotSay) -> Sent {
        bot::bot_say(&self.shared, request).await
    }

    /// Something else happens in a chat with an intelligent bot.
    ///
    /// # Errors
    /// When there is no aibot receiver.
    pub async fn bot_event(&self, request: BotEvent) -> Sent {
        bot::bot_event(&self.shared, request).await
    }

    /// The client asks for the rest of a stream.
    ///
    /// # Errors
    /// When there is no such stream.
    pub async fn bot_refresh(&self, request: BotRefresh) -> Sent {
        bot::bot_refresh(&self.shared, request).await
    }

    /// A customer and a member become friends.
    ///
    /// # Errors
    /// When the member does not exist.
    pub async fn added(&self, request: ContactAdd) -> Sent {
        contact::add(&self.shared, request).await
    }

    /// A customer scans the code of a contact way.
    ///
    /// # Errors
    /// When there is no such way or it leads to nobody.
    pub async fn scanned(&self, request: ContactScan) -> Sent {
        scan::contact(&self.shared, request).await
    }

    /// One of the two removes the other.
    ///
    /// # Errors
    /// When the two are not related.
    pub async fn deleted(&self, request: ContactDelete) -> Sent {
        contact::delete(&self.shared, request).await
    }

    /// A member changes a remark or tags in the client.
    ///
    /// # Errors
    /// When the two are not related.
    pub async fn edited(&self, request: ContactEdit) -> Sent {
        contact::edit(&self.shared, request).await
    }

    /// The tag library changes in the console.
    ///
    /// # Errors
    /// When the change type is unknown.
    pub async fn tag_event(&self, request: TagEvent) -> Sent {
        contact::tag_event(&self.shared, request).await
    }

    /// A member makes a customer group.
    ///
    /// # Errors
    /// When the owner does not exist.
    pub async fn group_created(&self, request: GroupCreate) -> Sent {
        group::create(&self.shared, request).await
    }

    /// People join a customer group.
    ///
    /// # Errors
    /// When there is no such group.
    pub async fn group_joined(&self, request: GroupChange) -> Sent {
        group::join(&self.shared, request).await
    }

    /// People leave a customer group.
    ///
    /// # Errors
    /// When there is no such group.
    pub async fn group_left(&self, request: GroupChange) -> Sent {
        group::leave(&self.shared, request).await
    }

    /// A member confirms a mass-sending task.
    ///
    /// # Errors
    /// When there is no such task or it is not this member's.
    pub fn confirm_mass(&self, request: MassConfirm) -> Result<Value, ControlError> {
        mass::confirm(&self.shared, request)
    }

    /// Sends an event of the official list.
    ///
    /// # Errors
    /// When there is no such event, or it has no such element.
    pub async fn event(&self, request: PlatformEvent) -> Sent {
        event::send(&self.shared, request).await
    }

    /// A member leaves the corp.
    ///
    /// # Errors
    /// When there is no such member.
    pub async fn member_left(&self, request: MemberLeave) -> Sent {
        people::leave(&self.shared, request).await
    }

    /// A waiting transfer of a customer ends.
    ///
    /// # Errors
    /// When none is waiting.
    pub async fn transfer_settled(&self, request: TransferSettle) -> Sent {
        people::settle(&self.shared, request).await
    }

    /// A member publishes a moment.
    ///
    /// # Errors
    /// When there is no such moment or it is not for this member.
    pub fn publish_moment(&self, request: MomentPublish) -> Result<Value, ControlError> {
        people::publish(&self.shared, request)
    }

    /// Somebody comments on a moment or likes it.
    ///
    /// # Errors
    /// When the member has not published it.
    pub fn remark_moment(&self, request: MomentRemark) -> Result<Value, ControlError> {
        people::remark(&self.shared, request)
    }

    /// Somebody opens a page of an app; answers the OAuth code.
    ///
    /// # Errors
    /// When there is no such member.
    pub fn oauth_code(&self, request: OauthLogin) -> Result<Value, ControlError> {
        people::login(&self.shared, request)
    }

    /// Sends any plaintext to a receiver.
    ///
    /// # Errors
    /// When there is no such receiver.
    pub async fn callback(&self, request: RawCallback) -> Sent {
        watch::callback(&self.shared, request).await
    }

    /// The conversation with a customer, member, group or robot, oldest first.
    #[must_use]
    pub fn chat(&self, who: &str) -> Vec<ChatLine> {
        self.shared.world().chat_with(who)
    }

    /// Journal entries, oldest first.
    #[must_use]
    pub fn journal(&self, query: &JournalQuery) -> Vec<Entry> {
        self.shared.world().journal.read(query)
    }

    /// Calls of one endpoint (`kf/send_msg`), oldest first.
    #[must_use]
    pub fn calls(&self, path: &str) -> Vec<Entry> {
        self.journal(&JournalQuery::calls(path))
    }

    /// Waits until the journal meets an expectation; answers the exchanges that were counted.
    ///
    /// # Errors
    /// When it does not within the expectation's time: what was found instead.
    pub async fn expect(&self, expect: Expect) -> Result<Vec<Entry>, Unmet> {
        journal::wait(&self.shared, &expect).await
    }

    /// The whole state as one JSON document.
    ///
    /// # Errors
    /// When a part cannot be written as JSON.
    pub fn snapshot(&self) -> Result<Value, ControlError> {
        snapshot::take(&self.shared)
    }

    /// Puts a snapshot in the place of everything; the clock goes on from its time.
    ///
    /// # Errors
    /// When it is no snapshot of this version.
    pub fn restore(&self, snapshot: Value) -> Result<(), ControlError> {
        snapshot::restore(&self.shared, snapshot).map(drop)
    }

    /// Injects a fault.
    pub fn fault(&self, fault: Fault) {
        self.shared.world().faults.add(fault);
    }

    /// Begins faults at random; 0 percent ends them.
    ///
    /// # Errors
    /// When the percentage is over 100.
    pub fn chaos(&self, chaos: Chaos) -> Result<(), ControlError> {
        watch::chaos(&self.shared, chaos).map(drop)
    }

    /// Plays a scenario in place of the one before.
    ///
    /// # Errors
    /// When a step cannot be read.
    pub fn play(&self, scenario: Scenario) -> Result<(), ControlError> {
        scenario::play(&self.shared, scenario).map(drop)
    }

    /// Removes the faults that have not struck yet.
    pub fn clear_faults(&self) {
        self.shared.world().faults.clear();
    }

    /// Moves the clock; negative values move it back.
    pub fn advance_secs(&self, secs: i64) {
        self.shared.clock.advance_ms(secs.saturating_mul(1000));
        watch::announce_clock(&self.shared);
    }

    /// How far the simulated clock is ahead of the machine's, in milliseconds.
    #[must_use]
    pub fn ahead_ms(&self) -> i64 {
        self.shared.clock.offset_ms()
    }

    /// Makes the simulated clock go on from this unix time.
    pub fn set_time(&self, unix_secs: i64) {
        self.shared.clock.set(unix_secs);
        watch::announce_clock(&self.shared);
    }

    /// Simulated unix time.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.shared.clock.now()
    }

    /// Makes every access token invalid.
    pub fn revoke_tokens(&self) -> usize {
        self.shared.world().tokens.revoke(None)
    }

    /// Changes switches by name.
    ///
    /// # Errors
    /// When a name or a value is unknown.
    pub fn set_switches(&self, changes: Map<String, Value>) -> Result<Value, ControlError> {
        watch::set_switches(&self.shared, changes)
    }

    /// The whole state as JSON, as `GET /mock/state` shows it.
    #[must_use]
    pub fn state(&self) -> Value {
        serde_json::to_value(&*self.shared.world()).unwrap_or_default()
    }

    /// Back to the state that the config describes.
    ///
    /// # Errors
    /// When the config's switches are unknown, which `start` would have told.
    pub fn reset(&self) -> Result<(), ControlError> {
        self.shared.reset().map_err(ControlError::new)
    }
}

impl Drop for MockWecom {
    fn drop(&mut self) {
        self.shared.close();
    }
}
