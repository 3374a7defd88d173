//! Keeps customers, followers, tags and customer groups in step with WeCom.
//!
//! Events keep them current; a slow run over all lists finds what events missed. A run is
//! taken page by page: what a page says and where to go on are one commit, so a run that is
//! cut off goes on where it was. It begins by itself at the first start, then every
//! `[sync] every`, when tags were renamed, and when an operator says `sync --full`.

mod customers;
mod groups;
mod missed;
mod progress;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use progress::tags_changed;
pub use progress::{Counts, Finished, Phase, Problem, Running, SyncStatus, status, wish};

use self::progress::{LAST, MEMBERS, PROBLEM, RUN, Run, TAGS, hints, note, read};
use super::contacts::{Contacts, NotNow};
use crate::config::{Config, Kind, Sync};
use crate::domain::clock::{SharedClock, UnixMillis};
use crate::domain::ids::{AppName, Tag, UserId};
use crate::gateway::Gateway;
use crate::service::{Pass, Service};
use crate::store::{ContactFacts, NewRecord, QuotaUse, Reservation, Store, StoreError, SyncPage};
use crate::wecom::api::externalcontact::{get_corp_tag_list, get_follow_user_list};
use crate::wecom::client::{App, Endpoint};
use crate::wecom::errcode;
use crate::wecom::error::{Disposition, Error};

/// Members in one call of `batch/get_by_user`, and owners in one of `groupchat/list`.
const WIDTH: usize = 100;
/// Customers and groups that are asked for one by one, so many at once.
const AT_ONCE: usize = 5;
/// The replica that reads the lists keeps them for so long after its last page.
const TURN: Duration = Duration::from_secs(90);
/// How often it is looked whether a run is due.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Waits after a call that failed: doubled from the first to the last.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LAST_WAIT: Duration = Duration::from_secs(600);
/// The cursor is not one that WeCom knows (any more).
const CURSOR_INVALID: i64 = 50100;
const MINUTE: Duration = Duration::from_secs(60);

/// The company's tags by their ids.
type Library = BTreeMap<String, Tag>;

/// Reads WeCom's lists.
pub struct Syncer {
    app: Option<AppName>,
    settings: Sync,
    store: Arc<dyn Store>,
    clock: SharedClock,
    gateway: Gateway,
    contacts: Contacts,
    /// Of the run under way, which began at this time.
    members: Option<(UnixMillis, Vec<UserId>)>,
    library: Library,
    /// When the tags were last read.
    library_at: UnixMillis,
    not_before: UnixMillis,
    failures: u32,
}

/// Why a run does not go on now.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Call(#[from] Error),
    #[error("WeCom cannot be asked")]
    NotNow,
    #[error("so many calls are enough for now")]
    Enough(UnixMillis),
}

impl From<NotNow> for Stopped {
    fn from(_: NotNow) -> Self {
        Self::NotNow
    }
}

impl Syncer {
    /// A reader of the lists that the contact app of the config may see.
    #[must_use]
    pub fn new(
        config: &Arc<Config>,
        store: Arc<dyn Store>,
        clock: SharedClock,
        gateway: Gateway,
    ) -> Self {
        let mut apps = config.apps.iter();
        let app = apps.find(|app| app.kind == Kind::Contact && app.secret.is_some());
        let contacts = Contacts::new(Arc::clone(config), gateway.clone(), Arc::clone(&clock));
        Self {
            app: app.map(|app| app.name.clone()),
            settings: config.sync,
            store,
            clock,
            gateway,
            contacts,
            members: None,
            library: Library::new(),
            library_at: UnixMillis(i64::MIN),
            not_before: UnixMillis(i64::MIN),
            failures: 0,
        }
    }

    async fn work(&mut self) -> Result<Pass, Stopped> {
        let now = self.clock.now();
        if self.app.is_none() {
            return Ok(Pass::Idle(LAST_WAIT));
        }
        if now < self.not_before {
            return Ok(Pass::Idle(self.not_before.since(now).min(LOOK_EVERY)));
        }
        if !self.store.take_turn("lists of contacts", TURN).await? {
            return Ok(Pass::Idle(LOOK_EVERY));
        }
        let hints = hints(self.store.as_ref()).await?;
        if hints.tags_changed && self.tags_renamed().await? {
            self.begin(now).await?;
            return Ok(Pass::Busy);
        }
        let run: Option<Run> = read(self.store.as_ref(), RUN).await?;
        let Some(run) = run else {
            if hints.wished || self.is_due(now).await? {
                self.begin(now).await?;
                return Ok(Pass::Busy);
            }
            return Ok(Pass::Idle(LOOK_EVERY));
        };
        self.recall(&run).await?;
        match run.phase {
            Phase::Customers => self.customers(run).await?,
            Phase::LostCustomers => self.lost_customers(run).await?,
            Phase::Groups => self.groups(run).await?,
            Phase::LostGroups => self.lost_groups(run).await?,
        }
        self.failures = 0;
        Ok(Pass::Busy)
    }

    async fn is_due(&self, now: UnixMillis) -> Result<bool, Stopped> {
        let Some(every) = self.settings.every else {
            return Ok(false);
        };
        let last: Option<Finished> = read(self.store.as_ref(), LAST).await?;
        Ok(last.is_none_or(|last| last.began_at.after(every) <= now))
    }

    /// A new run, in place of any other.
    async fn begin(&mut self, now: UnixMillis) -> Result<(), Stopped> {
        let members = self.call(&get_follow_user_list::Request::default()).await?;
        let library = self.read_library().await?;
        let members: Vec<UserId> = members.follow_user.into_iter().map(UserId).collect();
        let run = Run {
            began_at: now,
            phase: Phase::Customers,
            next: 0,
            width: WIDTH,
            cursor: None,
            restarted: false,
            by_owner: false,
            listed: false,
            chats: Vec::new(),
            after: None,
            counts: Counts::default(),
            problems: Vec::new(),
        };
        let facts = vec![
            note(TAGS, &library),
            note(MEMBERS, &members),
            note(RUN, &run),
            note(PROBLEM, &()),
            progress::no_wish(),
            progress::tags_read(),
        ];
        self.store.put_facts(facts).await?;
        tracing::info!(
            members = members.len(),
            tags = library.len(),
            "contacts are read from WeCom"
        );
        metrics::gauge!("wecom_agent_sync_running").set(1.0);
        self.members = Some((now, members));
        self.library = library;
        self.library_at = now;
        Ok(())
    }

    /// What a run needs that was begun before a restart.
    async fn recall(&mut self, run: &Run) -> Result<(), Stopped> {
        let known = self.members.as_ref().map(|(began_at, _)| *began_at);
        if known != Some(run.began_at) {
            let members: Option<Vec<UserId>> = read(self.store.as_ref(), MEMBERS).await?;
            let library: Option<Library> = read(self.store.as_ref(), TAGS).await?;
            self.members = Some((run.began_at, members.unwrap_or_default()));
            self.library = library.unwrap_or_default();
            metrics::gauge!("wecom_agent_sync_running").set(1.0);
            tracing::info!(
                phase = run.phase.word(),
                "contacts: the run goes on where it was"
            );
        }
        Ok(())
    }

    fn members(&self) -> &[UserId] {
        self.members.as_ref().map_or(&[], |(_, members)| members)
    }

    async fn read_library(&self) -> Result<Library, Stopped> {
        let listed = self.call(&get_corp_tag_list::Request::default()).await?;
        let mut library = Library::new();
        for group in listed.tag_group.iter().filter(|group| !group.deleted) {
            for tag in group.tag.iter().filter(|tag| !tag.deleted) {
                let name = Tag(format!("{}/{}", group.group_name, tag.name));
                library.insert(tag.id.clone(), name);
            }
        }
        Ok(library)
    }

    /// Reads the tags again. Whether contacts carry names that are no longer right: then all
    /// of them are read again, by the new names.
    async fn tags_renamed(&mut self) -> Result<bool, Stopped> {
        let before: Option<Library> = read(self.store.as_ref(), TAGS).await?;
        let library = self.read_library().await?;
        let renamed = before.is_some_and(|before| {
            let mut before = before.iter();
            before.any(|(id, name)| library.get(id) != Some(name))
        });
        let facts = vec![note(TAGS, &library), progress::tags_read()];
        self.store.put_facts(facts).await?;
        self.library = library;
        Ok(renamed)
    }

    /// Writes what a page said together with where to go on.
    async fn save(
        &self,
        run: &Run,
        contacts: Vec<ContactFacts>,
        records: Vec<NewRecord>,
    ) -> Result<(), Stopped> {
        let page = SyncPage {
            contacts,
            records,
            notes: vec![note(RUN, run), note(PROBLEM, &())],
        };
        Ok(self.store.take_sync_page(page).await?)
    }

    async fn finish(&mut self, run: Run) -> Result<(), Stopped> {
        let ended_at = self.clock.now();
        let finished = Finished {
            began_at: run.began_at,
            ended_at,
            counts: run.counts,
            problems: run.problems,
        };
        let facts = vec![
            note(LAST, &finished),
            note(RUN, &()),
            note(PROBLEM, &()),
            progress::no_wish(),
        ];
        self.store.put_facts(facts).await?;
        self.members = None;
        let Counts {
            relations,
            groups,
            lost,
        } = finished.counts;
        let problems = finished.problems.len();
        tracing::info!(
            relations,
            groups,
            lost,
            problems,
            "contacts are in step with WeCom"
        );
        metrics::gauge!("wecom_agent_sync_running").set(0.0);
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        metrics::gauge!("wecom_agent_sync_last_success_seconds").set(ended_at.as_secs() as f64);
        Ok(())
    }

    /// One call, if there have not been too many.
    async fn call<E: Endpoint>(&self, request: &E) -> Result<E::Response, Stopped> {
        self.may_call(1).await?;
        Ok(self.handle()?.call(request).await?)
    }

    fn handle(&self) -> Result<&App, Stopped> {
        let app = self.app.as_ref().and_then(|app| self.gateway.app(app));
        app.ok_or(Stopped::NotNow)
    }

    /// Reserves calls, as many as there may be now but at least one: other questions to WeCom
    /// must not have to wait for ours.
    async fn may_call(&self, calls: usize) -> Result<usize, Stopped> {
        let one = QuotaUse {
            key: "sync/calls".to_owned(),
            max: self.settings.calls_per_minute,
            window: MINUTE,
            since: None,
            holder: None,
        };
        for granted in 0..calls {
            let now = self.clock.now();
            let one = std::slice::from_ref(&one);
            match self.store.reserve(one, now).await? {
                Reservation::Granted => {}
                Reservation::Until(at) if granted == 0 => return Err(Stopped::Enough(at)),
                Reservation::Until(_) => return Ok(granted),
            }
        }
        Ok(calls)
    }

    /// What to do about a refused list: `None` to ask again later.
    fn verdict(error: &Error) -> Option<Verdict> {
        match error.disposition() {
            Disposition::Fix => Some(Verdict::LeaveOut),
            Disposition::Drop | Disposition::Skip | Disposition::Reload => Some(Verdict::Narrow),
            Disposition::RefreshToken | Disposition::Backoff { .. } | Disposition::Ambiguous => {
                None
            }
        }
    }

    async fn stopped(&mut self, why: Stopped) -> Pass {
        let now = self.clock.now();
        if let Stopped::Enough(at) = why {
            return Pass::Idle(at.since(now).clamp(Duration::from_millis(20), MINUTE));
        }
        self.failures = self.failures.saturating_add(1);
        let wait = match &why {
            Stopped::Call(error) if error.code() == Some(errcode::TOO_FREQUENT) => {
                errcode::frequency_pause(self.failures)
            }
            Stopped::Call(error) if error.disposition() == Disposition::Fix => LAST_WAIT,
            _ => (FIRST_WAIT * 2_u32.saturating_pow(self.failures.min(10) - 1)).min(LAST_WAIT),
        };
        self.not_before = now.after(wait);
        tracing::warn!(error = %why, failures = self.failures, "contacts cannot be read now");
        if let Stopped::Call(error) = &why {
            let problem = vec![note(PROBLEM, &error.to_string())];
            if let Err(error) = self.store.put_facts(problem).await {
                tracing::warn!(%error, "the store failed while contacts were read");
            }
        }
        Pass::Idle(wait.min(LOOK_EVERY))
    }
}

/// What becomes of a list that WeCom refuses for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Nothing of this kind can be read.
    LeaveOut,
    /// One of those asked for is the reason.
    Narrow,
}

impl Service for Syncer {
    const NAME: &'static str = "sync-contacts";

    async fn pass(&mut self) -> Pass {
        match self.work().await {
            Ok(pass) => pass,
            Err(why) => self.stopped(why).await,
        }
    }
}
