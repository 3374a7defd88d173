//! From the operators' files to the playbook in force, at the start and whenever they change.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::status::ReloadState;
use crate::config::Config;
use crate::diagnostic::{Report, Severity};
use crate::domain::clock::SharedClock;
use crate::lang::Lang;
use crate::process::playbook::{CurrentPlaybook, Playbook};
use crate::rules::{self, References};
use crate::service::{Pass, Service};
use crate::simulate::{self, Wish};
use crate::templates::Catalog;

/// The files are looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Editors write several files, or one in several steps: wait until it is quiet.
const SETTLE: Duration = Duration::from_millis(300);

/// Reads, checks and builds everything the operators wrote, and runs their rule tests: what
/// fails one is not a playbook.
#[must_use]
pub fn load_playbook(config: &Config) -> (Option<Playbook>, Report) {
    let (playbook, mut report) = read_playbook(config);
    let tested = simulate::verify(config, playbook.as_ref(), &Wish::default());
    report.merge(tested.report);
    let good = !report.has_errors();
    (playbook.filter(|_| good), report)
}

/// Reads, checks and builds everything the operators wrote, but runs no tests.
#[must_use]
pub fn read_playbook(config: &Config) -> (Option<Playbook>, Report) {
    let (templates, mut report) = Catalog::load(&config.paths.templates);
    let references = References {
        templates: &templates,
        servicer_groups: &config.servicers.keys().cloned().collect(),
        webhooks: &config.webhooks.keys().cloned().collect(),
        robots: &config.robots.keys().cloned().collect(),
    };
    let (set, rule_report) = rules::load(&config.paths.rules, &references);
    report.merge(rule_report);
    let good = !report.has_errors();
    let playbook = set
        .filter(|_| good)
        .map(|rules| Playbook { rules, templates });
    (playbook, report)
}

/// Watches the operators' files and puts a changed set in force when it is good.
///
/// It looks at names, sizes, times and inode numbers instead of asking the system for
/// change events: those are missed on bind mounts and network folders, and a look at a few
/// hundred files costs less than a millisecond.
pub struct Reloader {
    config: Arc<Config>,
    current: CurrentPlaybook,
    state: ReloadState,
    clock: SharedClock,
    seen: Fingerprint,
    pending: bool,
}

impl Reloader {
    /// A reloader for the files that were just loaded.
    #[must_use]
    pub fn new(
        config: Arc<Config>,
        current: CurrentPlaybook,
        state: ReloadState,
        clock: SharedClock,
    ) -> Self {
        let seen = Fingerprint::of(&config);
        Self {
            config,
            current,
            state,
            clock,
            seen,
            pending: false,
        }
    }

    async fn reload(&mut self) {
        let config = Arc::clone(&self.config);
        let loaded = tokio::task::spawn_blocking(move || load_playbook(&config)).await;
        let Ok((playbook, report)) = loaded else {
            self.state.kept("the files could not be read".to_owned());
            return;
        };
        match playbook {
            Some(playbook) => {
                let version = playbook.rules.version().to_owned();
                self.current.set(playbook);
                self.state.loaded(&version, self.clock.now());
                tracing::info!(version, "rules and templates reloaded");
            }
            None => {
                let mut items = report.items().into_iter();
                let first = items.find(|item| item.severity == Severity::Error);
                let problem = first
                    .map(|item| item.headline(Lang::En))
                    .unwrap_or_default();
                tracing::error!(
                    errors = report.count(Severity::Error),
                    first = problem,
                    "the changed files are not usable; the last good set stays in force \
                     (run `wecom-agent check` for all problems)"
                );
                self.state.kept(problem);
            }
        }
    }
}

impl Service for Reloader {
    const NAME: &'static str = "reloader";

    async fn pass(&mut self) -> Pass {
        let forced = self.state.take_wish();
        let config = Arc::clone(&self.config);
        let Ok(seen) = tokio::task::spawn_blocking(move || Fingerprint::of(&config)).await else {
            return Pass::Idle(LOOK_EVERY);
        };
        if seen != self.seen {
            // Not quiet yet: look again before anything is read.
            self.seen = seen;
            self.pending = true;
            return Pass::Idle(SETTLE);
        }
        if self.pending || forced {
            self.pending = false;
            self.reload().await;
        }
        Pass::Idle(LOOK_EVERY)
    }
}

/// What the folders look like from outside.
#[derive(Debug, PartialEq, Eq)]
struct Fingerprint(Vec<(PathBuf, u64, Option<std::time::SystemTime>, u64)>);

impl Fingerprint {
    fn of(config: &Config) -> Self {
        let mut files = Vec::new();
        let mut folders = vec![
            config.paths.rules.clone(),
            config.paths.templates.clone(),
            config.paths.sops.clone(),
        ];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                // Links to files are followed: config maps are links to the real files. Links
                // to folders are not, as when the files are read.
                let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let Ok(meta) = std::fs::metadata(&path) else {
                    continue;
                };
                if folder {
                    folders.push(path);
                } else if meta.is_file() {
                    files.push((path, meta.len(), meta.modified().ok(), inode(&meta)));
                }
            }
        }
        files.sort();
        Self(files)
    }
}

fn inode(meta: &std::fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    meta.ino()
}
