//! Pulls kf messages: page by page, each page committed together with its cursor.
//!
//! A push is only a hint; accounts are pulled slowly without one too. One pull at a time
//! per account.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};

use super::translate_kf;
use crate::config::{Config, Kind};
use crate::domain::clock::{SharedClock, UnixMillis};
use crate::domain::ids::{AppName, OpenKfId};
use crate::gateway::Gateway;
use crate::service::{Pass, Service};
use crate::store::{Acceptance, FactSwap, KF_HISTORY_ENDS, KfPage, KfPush, Store, StoreError};
use crate::wecom::api::kf::{account_list, sync_msg};
use crate::wecom::client::Secret;
use crate::wecom::errcode::KF_TOKEN_EXPIRED;
use crate::wecom::error::Error;

/// Accounts are listed this often, so that new ones are found.
const LIST_EVERY: Duration = Duration::from_secs(600);
/// A push token is not used when it is older; WeCom gives it ten minutes.
const TOKEN_LIFE: Duration = Duration::from_secs(540);
/// Waits after a failed pull: doubled from the first to the last.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LAST_WAIT: Duration = Duration::from_secs(60);
/// The cursor is not one that WeCom knows (any more).
const CURSOR_INVALID: i64 = 50100;
/// Where the accounts that were ever pulled are remembered.
const KNOWN_ACCOUNTS: &str = "kf_accounts";
/// How often pulls under way are looked at.
const UNDER_WAY: Duration = Duration::from_millis(100);
/// A replica that pulls an account keeps it for so long, or until the pull is over.
const TURN: Duration = Duration::from_secs(30);
/// While another replica pulls.
const THEIR_TURN: Duration = Duration::from_millis(300);
/// A cursor that stands still this often over empty pages ends the pull.
const STANDSTILLS: u32 = 3;

/// Pulls every kf account of every kf app, each in a task of its own.
pub struct Puller {
    apps: Vec<KfApp>,
    shared: Arc<Shared>,
    accounts: HashMap<OpenKfId, Account>,
    pulls: JoinSet<(OpenKfId, Result<(), PullError>)>,
    list_at: UnixMillis,
    recalled: bool,
    remembered: usize,
}

struct Shared {
    store: Arc<dyn Store>,
    clock: SharedClock,
    gateway: Gateway,
}

#[derive(Clone)]
struct KfApp {
    name: AppName,
    poll_every: Duration,
    ignore_older_than: Duration,
}

struct Account {
    app: KfApp,
    poll_at: UnixMillis,
    not_before: UnixMillis,
    failures: u32,
    under_way: bool,
}

#[derive(Debug, thiserror::Error)]
enum PullError {
    #[error(transparent)]
    Call(#[from] Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("no app of the config can pull it")]
    NoApp,
    #[error("another replica pulls it")]
    Theirs,
}

impl Puller {
    /// A puller for the kf apps of the config.
    #[must_use]
    pub fn new(
        config: &Config,
        store: Arc<dyn Store>,
        clock: SharedClock,
        gateway: Gateway,
    ) -> Self {
        let apps = config
            .apps
            .iter()
            .filter_map(|app| match app.kind {
                Kind::Kf {
                    poll_every,
                    ignore_older_than,
                } => Some(KfApp {
                    name: app.name.clone(),
                    poll_every,
                    ignore_older_than,
                }),
                _ => None,
            })
            .collect();
        Self {
            apps,
            shared: Arc::new(Shared {
                store,
                clock,
                gateway,
            }),
            accounts: HashMap::new(),
            pulls: JoinSet::new(),
            list_at: UnixMillis(i64::MIN),
            recalled: false,
            remembered: 0,
        }
    }

    /// Finds accounts that no push has named yet.
    async fn list_accounts(&mut self, now: UnixMillis) {
        self.list_at = now.after(LIST_EVERY);
        for app in self.apps.clone() {
            let Some(handle) = self.shared.gateway.app(&app.name).cloned() else {
                continue;
            };
            let mut offset = 0;
            loop {
                let page = match handle
                    .call(&account_list::Request::from_offset(offset))
                    .await
                {
                    Ok(page) => page.account_list,
                    Err(error) => {
                        tracing::warn!(app = %app.name, %error, "kf accounts cannot be listed; pushes still name them");
                        self.list_at = now.after(LAST_WAIT);
                        break;
                    }
                };
                let count = u32::try_from(page.len()).unwrap_or(u32::MAX);
                for account in page {
                    self.know(OpenKfId(account.open_kfid), &app, now);
                }
                if count < account_list::LIMIT_MAX {
                    break;
                }
                offset += count;
            }
        }
    }

    /// The accounts of earlier runs: an app that may not list accounts polls them all the same.
    async fn recall(&mut self, now: UnixMillis) -> Result<(), StoreError> {
        let known = self.shared.store.fact(KNOWN_ACCOUNTS).await?;
        let known: BTreeMap<OpenKfId, AppName> = known
            .and_then(|known| serde_json::from_value(known).ok())
            .unwrap_or_default();
        for (id, name) in known {
            if let Some(app) = self.apps.iter().find(|app| app.name == name).cloned() {
                self.know(id, &app, now);
            }
        }
        self.remembered = self.accounts.len();
        Ok(())
    }

    async fn remember(&mut self) -> Result<(), StoreError> {
        if self.accounts.len() == self.remembered {
            return Ok(());
        }
        let stored = self.shared.store.fact(KNOWN_ACCOUNTS).await?;
        let stored = stored.unwrap_or_default();
        // Another replica may know accounts that we have not heard of.
        let known = serde_json::from_value(stored.clone());
        let mut known: BTreeMap<OpenKfId, AppName> = known.unwrap_or_default();
        let ours = self.accounts.iter();
        known.extend(ours.map(|(id, account)| (id.clone(), account.app.name.clone())));
        let known = serde_json::to_value(known).unwrap_or_default();
        let swap = FactSwap {
            expected: vec![(KNOWN_ACCOUNTS.to_owned(), stored)],
            facts: vec![(KNOWN_ACCOUNTS.to_owned(), known)],
            records: Vec::new(),
        };
        match self.shared.store.swap_facts(swap).await {
            // The next pass tries again.
            Err(StoreError::FactMoved { .. }) => return Ok(()),
            swapped => drop(swapped?),
        }
        self.remembered = self.accounts.len();
        Ok(())
    }

    fn know(&mut self, id: OpenKfId, app: &KfApp, now: UnixMillis) {
        self.accounts.entry(id).or_insert_with(|| Account {
            app: app.clone(),
            poll_at: now,
            not_before: now,
            failures: 0,
            under_way: false,
        });
    }

    async fn work(&mut self) -> Result<Pass, StoreError> {
        while let Some(ended) = self.pulls.try_join_next() {
            self.note(ended);
        }
        let now = self.shared.clock.now();
        if !self.recalled {
            self.recall(now).await?;
            self.recalled = true;
        }
        let mut tokens: HashMap<OpenKfId, Option<String>> = HashMap::new();
        for push in self.shared.store.pending_kf_pushes().await? {
            // An app of another kind may be registered for the kf callback too.
            let named = self.apps.iter().find(|app| app.name == push.app);
            if let Some(app) = named.or(self.apps.first()).cloned() {
                self.know(push.open_kfid.clone(), &app, now);
            }
            if push.received_at > now {
                // The clock has been set back since: no pull would ever answer it.
                let push = KfPush {
                    received_at: now,
                    ..push.clone()
                };
                self.shared.store.note_kf_push(push).await?;
            }
            let fresh = now.since(push.received_at) < TOKEN_LIFE;
            tokens.insert(push.open_kfid, push.token.filter(|_| fresh));
        }
        // A customer is waiting behind each push; the list of accounts is not urgent then.
        if tokens.is_empty() && is_over(self.list_at, LIST_EVERY, now) {
            self.list_accounts(now).await;
        }
        self.remember().await?;
        for (id, account) in &mut self.accounts {
            let poll_every = account.app.poll_every.max(LAST_WAIT);
            let wanted = tokens.contains_key(id) || is_over(account.poll_at, poll_every, now);
            if wanted && !account.under_way && is_over(account.not_before, LAST_WAIT, now) {
                account.under_way = true;
                let token = tokens.remove(id).flatten();
                let (shared, id, app) = (Arc::clone(&self.shared), id.clone(), account.app.clone());
                self.pulls.spawn(async move {
                    let end = shared.pull(&id, &app, token, now).await;
                    // Wakes the loop: a push may have come in behind this pull.
                    shared.store.signals().kf.notify_one();
                    (id, end)
                });
            }
        }
        Ok(Pass::Idle(self.until_next(now)))
    }

    fn note(&mut self, ended: Result<(OpenKfId, Result<(), PullError>), JoinError>) {
        let now = self.shared.clock.now();
        let (id, end) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                // What a panic says may quote what people wrote.
                let panicked = error.is_panic();
                tracing::error!(panicked, "a pull of kf messages broke off");
                // Whose it was is not known: every account may be pulled again.
                self.accounts
                    .values_mut()
                    .for_each(|account| account.under_way = false);
                return;
            }
        };
        let Some(account) = self.accounts.get_mut(&id) else {
            return;
        };
        account.under_way = false;
        account.poll_at = now.after(account.app.poll_every);
        match end {
            Ok(()) => {
                account.failures = 0;
                account.not_before = now;
            }
            // What they leave is for us: a push may have come in behind their pull, or they have
            // died over it.
            Err(PullError::Theirs) => {
                account.not_before = now.after(THEIR_TURN);
                account.poll_at = account.not_before;
            }
            Err(error) => {
                account.failures = account.failures.saturating_add(1);
                let wait = FIRST_WAIT * 2_u32.saturating_pow(account.failures.min(8) - 1);
                account.not_before = now.after(wait.min(LAST_WAIT));
                account.poll_at = account.not_before;
                tracing::warn!(account = %id, %error, failures = account.failures, "kf messages cannot be pulled");
            }
        }
    }

    fn until_next(&self, now: UnixMillis) -> Duration {
        let waiting = self.accounts.values().filter(|account| !account.under_way);
        let next = waiting
            .map(|account| account.poll_at.max(account.not_before))
            .chain([self.list_at])
            .min();
        let wait = next.map_or(LAST_WAIT, |at| at.since(now));
        // A push for an account whose last pull failed waits for the end of its pause.
        let paused = self.accounts.values().any(|account| account.failures > 0);
        let longest = match (self.pulls.is_empty(), paused) {
            // The end of a pull rings a moment before it can be noted.
            (false, _) => UNDER_WAY,
            (true, true) => FIRST_WAIT,
            (true, false) => LAST_WAIT,
        };
        wait.clamp(Duration::from_millis(20), longest)
    }
}

/// Whether a pause until then is over. One that is longer than pauses are was set by a clock
/// that has been put back since.
fn is_over(until: UnixMillis, longest: Duration, now: UnixMillis) -> bool {
    until <= now || until.since(now) > longest
}

impl Shared {
    /// One replica at a time pulls an account. The cursor would refuse a second one, but its
    /// calls would be wasted.
    async fn pull(
        &self,
        account: &OpenKfId,
        app: &KfApp,
        token: Option<String>,
        started: UnixMillis,
    ) -> Result<(), PullError> {
        let job = format!("kf/{account}");
        if !self.store.take_turn(&job, TURN).await? {
            return Err(PullError::Theirs);
        }
        let pulled = self.pull_pages(&job, account, app, token, started).await;
        self.store.leave_turn(&job).await?;
        pulled
    }

    async fn pull_pages(
        &self,
        job: &str,
        account: &OpenKfId,
        app: &KfApp,
        token: Option<String>,
        started: UnixMillis,
    ) -> Result<(), PullError> {
        let handle = self.gateway.app(&app.name).ok_or(PullError::NoApp)?;
        let mut cursor = self.store.kf_cursor(account).await?;
        let ignore_before = self
            .history_ends(account, app, cursor.is_none(), started)
            .await?;
        let mut request = sync_msg::Request::new(account.as_str());
        request.token = token.map(Secret::new);
        let mut standstills = 0;
        let mut restart = false;
        loop {
            request.cursor = cursor.clone().filter(|_| !restart);
            let page = match handle.call(&request).await {
                // Paging begins anew; what was taken before is recognised by its msgid.
                Err(error) if error.code() == Some(CURSOR_INVALID) && !restart => {
                    tracing::warn!(%account, "WeCom no longer knows the cursor: paging begins anew");
                    restart = true;
                    continue;
                }
                Err(error) if error.code() == Some(KF_TOKEN_EXPIRED) && request.token.is_some() => {
                    request.token = None;
                    continue;
                }
                other => other?,
            };
            let now = self.clock.now();
            let records = page
                .msg_list
                .iter()
                .map(|item| translate_kf::record(&app.name, account, item, now, ignore_before))
                .collect();
            let next = Some(page.next_cursor).filter(|next| !next.is_empty());
            let moved = next.is_some() && next != cursor;
            standstills = if moved || !page.msg_list.is_empty() {
                0
            } else {
                standstills + 1
            };
            let more = page.has_more && standstills < STANDSTILLS;
            let taken = self
                .store
                .accept_kf_page(KfPage {
                    open_kfid: account.clone(),
                    expected_cursor: cursor.clone(),
                    next_cursor: next.clone(),
                    records,
                    answers_pushes_until: (!more).then_some(started),
                })
                .await;
            match taken {
                Ok(taken) => count(account, &taken),
                // Another process pulls the same account: go on from where it is.
                Err(StoreError::CursorMoved) => {
                    cursor = self.store.kf_cursor(account).await?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            if !more {
                return Ok(());
            }
            cursor = next.or(cursor);
            restart = false;
            if !self.store.take_turn(job, TURN).await? {
                return Err(PullError::Theirs);
            }
        }
    }

    /// Messages older than this were there before the agent first looked at the account, and
    /// are never answered. Kept in the store: a first pull that is cut off changes nothing.
    async fn history_ends(
        &self,
        account: &OpenKfId,
        app: &KfApp,
        first: bool,
        now: UnixMillis,
    ) -> Result<Option<UnixMillis>, StoreError> {
        let name = format!("{KF_HISTORY_ENDS}{account}");
        if let Some(value) = self.store.fact(&name).await? {
            return Ok(serde_json::from_value(value).ok());
        }
        if !first {
            return Ok(None);
        }
        let ends = now.before(app.ignore_older_than);
        self.store.put_facts(vec![(name, ends.0.into())]).await?;
        Ok(Some(ends))
    }
}

fn count(account: &OpenKfId, taken: &[Acceptance]) {
    let mut duplicates = 0;
    for acceptance in taken {
        match acceptance {
            Acceptance::New(id) => tracing::info!(record = %id, %account, "accepted"),
            Acceptance::Duplicate(_) => duplicates += 1,
        }
    }
    let new = taken.len() as u64 - duplicates;
    metrics::counter!("wecom_agent_kf_messages_total", "result" => "accepted").increment(new);
    metrics::counter!("wecom_agent_kf_messages_total", "result" => "duplicate")
        .increment(duplicates);
}

impl Service for Puller {
    const NAME: &'static str = "pull-kf";

    async fn pass(&mut self) -> Pass {
        if self.apps.is_empty() {
            return Pass::Idle(LIST_EVERY);
        }
        match self.work().await {
            Ok(pass) => pass,
            Err(error) => {
                tracing::error!(%error, "the store failed while pulling kf messages");
                Pass::Idle(FIRST_WAIT)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LAST_WAIT, is_over};
    use crate::domain::clock::UnixMillis;

    #[test]
    fn a_pause_ends_when_the_clock_is_set_back_behind_it() {
        let until = UnixMillis(3_600_000);
        assert!(is_over(until, LAST_WAIT, UnixMillis(3_600_000)));
        assert!(!is_over(until, LAST_WAIT, UnixMillis(3_550_000)));
        assert!(is_over(until, LAST_WAIT, UnixMillis(0)), "set back");
    }
}
