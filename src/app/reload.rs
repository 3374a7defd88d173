//! Puts changed files in force when they are good, and only then.

use std::sync::Arc;
use std::time::Duration;

use super::files::{Fingerprint, Folders};
use super::going_back::{GoingBackError, settle};
use super::playbook::load_playbook;
use super::status::{Problem, ReloadState};
use super::{sop_versions, versions};
use crate::config::Config;
use crate::diagnostic::{Report, Severity};
use crate::domain::clock::SharedClock;
use crate::lang::Lang;
use crate::process::playbook::{CurrentPlaybook, Playbook};
use crate::service::{Pass, Service};
use crate::store::{Store, StoreError, alert_record};
use crate::versions::{FileSet, Reason};

/// The files are looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Editors write several files, or one in several steps: wait until it is quiet.
const SETTLE: Duration = Duration::from_millis(300);
/// Files that never come to rest are worth a word after so many tries.
const RESTLESS: u32 = 20;

/// What a reloader works with.
pub struct Deps {
    /// Where the files are, and whom to tell.
    pub config: Arc<Config>,
    /// The set in force.
    pub current: CurrentPlaybook,
    /// What became of the last look.
    pub state: ReloadState,
    /// Time.
    pub clock: SharedClock,
    /// Where versions are kept.
    pub store: Arc<dyn Store>,
    /// What the files looked like before the current playbook was read from them.
    pub seen: Fingerprint,
}

/// Watches the operators' files and puts a changed set in force when it is good.
///
/// It looks at names, sizes, times and inode numbers instead of asking the system for
/// change events: those are missed on bind mounts and network folders, and a look at a few
/// hundred files costs less than a millisecond. Reading and building is done beside the
/// workers, and a set is used only if nothing moved from before the first file was read
/// until after the last.
pub struct Reloader {
    deps: Deps,
    folders: Folders,
    pending: bool,
    restless: u32,
    /// Sets that messages may still be decided with.
    retired: Vec<Arc<Playbook>>,
}

/// What became of reading the files.
enum Read {
    /// They changed meanwhile.
    Moved,
    /// The files as they are, and what could be made of them.
    Done(Option<Box<(Playbook, Option<FileSet>)>>, Report),
}

impl Reloader {
    /// Keeps the set that a process starts with, before anything is decided with it: every
    /// trace names a version that `rules history` lists, whatever happens next.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn begin(deps: Deps) -> Result<Self, StoreError> {
        sop_versions::keep(deps.store.as_ref(), &deps.current.get().sops).await?;
        let mut reloader = Self {
            folders: Folders::of(&deps.config),
            deps,
            pending: false,
            restless: 0,
            retired: Vec::new(),
        };
        reloader.keep_first().await?;
        Ok(reloader)
    }

    /// Reads and builds beside the workers.
    async fn read(&self) -> Option<Read> {
        let (config, folders) = (Arc::clone(&self.deps.config), self.folders.clone());
        let seen = self.deps.seen.clone();
        let task = tokio::task::spawn_blocking(move || {
            if let Err(GoingBackError::Busy) = settle(&folders) {
                return Read::Moved;
            }
            let (playbook, report) = load_playbook(&config);
            let good = playbook.map(|playbook| Box::new((playbook, folders.read().ok())));
            if folders.fingerprint() == seen {
                Read::Done(good, report)
            } else {
                Read::Moved
            }
        });
        task.await.ok()
    }

    /// Whether the files were at rest.
    async fn reload(&mut self) -> bool {
        match self.read().await {
            None => {
                let problem = "the files could not be read".to_owned();
                tracing::error!(problem, "the last good set stays in force");
                let kept = Problem {
                    errors: 1,
                    english: problem.clone(),
                    problem: problem.clone(),
                };
                if self.deps.state.kept(kept) {
                    self.alert("alert.reload_failed", 1, &problem).await;
                }
            }
            Some(Read::Moved) => {
                self.restless += 1;
                if self.restless == RESTLESS {
                    tracing::warn!("the files change all the time; they are read once they rest");
                }
                return false;
            }
            Some(Read::Done(Some(good), _)) => {
                let (playbook, files) = *good;
                self.take_over(playbook, files).await;
            }
            Some(Read::Done(None, report)) => self.keep_old(&report).await,
        }
        self.restless = 0;
        true
    }

    async fn take_over(&mut self, playbook: Playbook, files: Option<FileSet>) {
        let version = playbook.rules.version().to_owned();
        // Without it who is in an SOP goes on with the newest version: no reason to wait.
        if let Err(error) = sop_versions::keep(self.deps.store.as_ref(), &playbook.sops).await {
            tracing::warn!(%error, "the versions of the SOPs could not be kept");
        }
        // Kept first: nobody decides with a set that no version tells of.
        let number = self.keep_version(files).await;
        self.retired.push(self.deps.current.swap(playbook));
        let current = self.deps.current.get();
        let mended = self.deps.state.loaded(&current, self.deps.clock.now());
        if let Some(number) = number {
            self.deps.state.numbered(number);
        }
        tracing::info!(version, mended, "rules and templates reloaded");
        if mended {
            self.alert("alert.reload_mended", 0, "").await;
        }
    }

    async fn keep_old(&self, report: &Report) {
        let first = |lang| {
            let mut items = report.items().into_iter();
            let first = items.find(|item| item.severity == Severity::Error);
            first.map(|item| item.headline(lang)).unwrap_or_default()
        };
        let errors = report.count(Severity::Error);
        tracing::error!(
            errors,
            first = first(Lang::En),
            "the changed files are not usable; the last good set stays in force \
             (run `wecom-agent check` for all problems)"
        );
        let lang = self.deps.config.alerts.as_ref().map(|alerts| alerts.lang);
        let problem = first(lang.unwrap_or_default());
        let kept = Problem {
            errors,
            english: first(Lang::En),
            problem: problem.clone(),
        };
        if self.deps.state.kept(kept) {
            self.alert("alert.reload_failed", errors, &problem).await;
        }
    }

    /// Tells the operators in WeCom, if the config says whom. It goes the way of every
    /// message: through the inbox.
    async fn alert(&self, text: &str, errors: usize, problem: &str) {
        let Some(alerts) = &self.deps.config.alerts else {
            return;
        };
        let errors = errors.to_string();
        let values = [("errors", errors.as_str()), ("problem", problem)];
        let text = alerts.lang.text(text, &values);
        let now = self.deps.clock.now();
        let key = format!("reload/{}", now.0);
        let Some(record) = alert_record(&self.deps.config, &key, text, now) else {
            return;
        };
        if let Err(error) = self.deps.store.accept(vec![record]).await {
            tracing::warn!(%error, "the operators could not be told");
        }
    }

    /// Keeps a set as the version in force; gives its number. That it could not be kept
    /// harms nobody now.
    async fn keep_version(&self, files: Option<FileSet>) -> Option<u64> {
        let (store, now) = (self.deps.store.as_ref(), self.deps.clock.now());
        let Some(files) = files else {
            tracing::warn!("the set in force is not kept as a version: a file cannot be read");
            return None;
        };
        match versions::keep(store, &files, Reason::InForce, now).await {
            Ok(number) => Some(number),
            Err(error) => {
                tracing::warn!(%error, "the set in force is not kept as a version");
                None
            }
        }
    }

    /// Keeps what the process started with, if the files are still the same. They may have
    /// errors, and an earlier version be in force.
    async fn keep_first(&mut self) -> Result<(), StoreError> {
        let (folders, seen) = (self.folders.clone(), self.deps.seen.clone());
        let version = self.deps.current.get().rules.version().to_owned();
        let started_with = version.clone();
        let read = tokio::task::spawn_blocking(move || {
            let files = folders.read().ok()?;
            let same = folders.fingerprint() == seen && files.hash() == started_with;
            same.then_some(files)
        });
        let number = match read.await.ok().flatten() {
            Some(files) => self.keep_version(Some(files)).await,
            None => {
                self.pending = true;
                versions::numbered(self.deps.store.as_ref(), &version).await?
            }
        };
        if let Some(number) = number {
            self.deps.state.numbered(number);
        }
        Ok(())
    }

    /// Takes apart sets that nobody uses any more, beside the workers: a large one takes a
    /// while. While it is in the list, no message is the last to hold it.
    fn take_apart(&mut self) {
        let (unused, used) = std::mem::take(&mut self.retired)
            .into_iter()
            .partition::<Vec<_>, _>(|set| Arc::strong_count(set) == 1);
        self.retired = used;
        if !unused.is_empty() {
            tokio::task::spawn_blocking(move || drop(unused));
        }
    }
}

impl Service for Reloader {
    const NAME: &'static str = "reloader";

    async fn pass(&mut self) -> Pass {
        self.take_apart();
        let forced = self.deps.state.take_wish();
        let folders = self.folders.clone();
        let Ok(seen) = tokio::task::spawn_blocking(move || folders.fingerprint()).await else {
            return Pass::Idle(LOOK_EVERY);
        };
        if seen != self.deps.seen {
            // Not quiet yet: look again before anything is read.
            self.deps.seen = seen;
            self.pending = true;
            return Pass::Idle(SETTLE);
        }
        if self.pending || forced {
            self.pending = !self.reload().await;
            if self.pending {
                return Pass::Idle(SETTLE);
            }
        }
        Pass::Idle(LOOK_EVERY)
    }
}
