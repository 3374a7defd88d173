//! The configuration: what `agent.toml` means, after every check.

mod build;
mod exposed;
mod file;
mod mask;
mod outline;
mod secret;
mod syntax;
#[cfg(test)]
mod tests;
mod tls;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use build::Env;
pub use file::{AppKind, ConfigFile};
pub use secret::{SecretText, Setting};
pub use tls::{TlsError, TlsFiles};

use crate::diagnostic::{Diagnostic, Report, Severity};
use crate::domain::broadcast::Ceiling;
use crate::domain::ids::{AppName, ChatId, CorpId, UserId};
use crate::lang::Lang;

/// The code of a config file that cannot be read.
const UNREADABLE: &str = "A001";
/// The codes of values that are empty, or that the environment or a file does not give.
const MISSING: [&str; 3] = ["A005", "A006", "A007"];

/// A config read for its rules alone.
#[derive(Debug)]
pub struct Outlined {
    /// With empty secrets if any value is missing or wrong: nothing may be sent with it.
    /// Nothing at all if the file cannot be understood.
    pub config: Option<Config>,
    /// All problems.
    pub report: Report,
}

impl Outlined {
    /// Whether the file itself could not be read.
    #[must_use]
    pub fn unreadable(&self) -> bool {
        let items = self.report.items();
        items.iter().any(|item| item.code == UNREADABLE)
    }

    /// Whether the only errors are values that this machine does not have, as on the
    /// desk of somebody who writes rules.
    #[must_use]
    pub fn lacks_values_only(&self) -> bool {
        let items = self.report.items();
        let mut errors = items.iter().filter(|item| item.severity == Severity::Error);
        errors.all(|item| MISSING.contains(&item.code))
    }
}

/// A checked configuration. Nothing in it contradicts anything else in it.
#[derive(Debug, Clone)]
pub struct Config {
    /// The company.
    pub corp: CorpId,
    /// The zone that hours and dates are meant in.
    pub timezone: jiff::tz::TimeZone,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where operators look, if not at the same address.
    pub admin: Option<SocketAddr>,
    /// The certificate of the listener, if it speaks TLS itself.
    pub tls: Option<TlsFiles>,
    /// The base URL of the API, without a trailing slash.
    pub api_base: String,
    /// Time limit of one API call.
    pub api_timeout: Duration,
    /// One for each callback URL.
    pub apps: Vec<App>,
    /// Where data lives.
    pub store: StoreKind,
    /// Rules, templates and SOPs.
    pub paths: Paths,
    /// Whether missing tags are created in the corp's library.
    pub create_tags: bool,
    /// How contacts are kept in step.
    pub sync: Sync,
    /// What callers of `/ingest` show; without it there is no such page.
    pub ingest_token: Option<SecretText>,
    /// Servicer groups: name and members.
    pub servicers: BTreeMap<String, Vec<UserId>>,
    /// Group robots: name and key.
    pub robots: BTreeMap<String, SecretText>,
    /// Internal groups that the app opened: name and chat.
    pub appchats: BTreeMap<String, ChatId>,
    /// The company's own endpoints.
    pub webhooks: BTreeMap<String, Webhook>,
    /// How long things are kept.
    pub retention: Retention,
    /// Who is told when something goes wrong, if anybody.
    pub alerts: Option<Alerts>,
    /// The app through which members set reminders and get them, if there is one.
    pub reminders: Option<Reminders>,
    /// The loop guard, unless it is switched off.
    pub guard: Option<Guard>,
    /// Mass-send tasks.
    pub broadcasts: Broadcasts,
}

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Messages and what became of them.
    pub history: Duration,
    /// Traces; those of failures stay as long as messages.
    pub traces: Duration,
    /// The outcome of steps of SOPs and of broadcasts.
    pub reports: Duration,
    /// What operators did.
    pub audit: Duration,
    /// Customers that no member has any more; `None` if they are not forgotten by themselves.
    pub lost_customers: Option<Duration>,
}

impl Default for Retention {
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 86_400);
        Self {
            history: days(90),
            traces: days(30),
            reports: days(365),
            audit: days(365),
            lost_customers: None,
        }
    }
}

/// How mass-send tasks are followed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broadcasts {
    /// What each customer or group can receive.
    pub ceiling: Ceiling,
    /// Members who have not confirmed are reminded this often …
    pub remind_every: Duration,
    /// … and so many times at the most.
    pub reminders: u32,
    /// What is not confirmed within this time is taken back.
    pub give_up_after: Duration,
}

impl Default for Broadcasts {
    fn default() -> Self {
        Self {
            ceiling: Ceiling::default(),
            remind_every: Duration::from_secs(4 * 3600),
            reminders: 2,
            give_up_after: Duration::from_secs(3 * 86_400),
        }
    }
}

/// Who is told when something goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alerts {
    /// The app that tells them.
    pub app: AppName,
    /// The members.
    pub to: Vec<UserId>,
    /// In which language.
    pub lang: Lang,
}

/// How contacts are kept in step with WeCom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sync {
    /// How often all lists are read again; `None` if never by itself.
    pub every: Option<Duration>,
    /// At most so many calls a minute.
    pub calls_per_minute: u32,
}

impl Default for Sync {
    fn default() -> Self {
        Self {
            every: Some(Duration::from_secs(24 * 3600)),
            calls_per_minute: 300,
        }
    }
}

/// The app through which members set reminders and get them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminders {
    /// The app.
    pub app: AppName,
    /// Whether what members say to it is understood as wishes.
    pub commands: bool,
    /// Whether reminders are cards with buttons; else they are texts.
    pub cards: bool,
}

/// How often rules may answer one person: what is beyond it is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// So many answers …
    pub answers: usize,
    /// … within this time.
    pub within: Duration,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            answers: 20,
            within: Duration::from_secs(600),
        }
    }
}

/// One callback URL.
#[derive(Debug, Clone)]
pub struct App {
    /// The name in `/callback/<name>`.
    pub name: AppName,
    /// What kind, with what only that kind has.
    pub kind: Kind,
    /// The app's secret; intelligent bots have none.
    pub secret: Option<SecretText>,
    /// The callback's token.
    pub token: SecretText,
    /// The callback's key.
    pub encoding_aes_key: SecretText,
    /// Checked after decryption.
    pub receive_id: String,
}

/// What kind of callback URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 微信客服.
    Kf {
        /// How often to pull without a push.
        poll_every: Duration,
        /// The first start ignores messages older than this.
        ignore_older_than: Duration,
    },
    /// A self-built app.
    App {
        /// WeCom's agent id.
        agent_id: i64,
        /// Answer members in the callback itself.
        passive_reply: bool,
    },
    /// 客户联系.
    Contact,
    /// An intelligent bot.
    Aibot,
}

/// Where data lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreKind {
    /// Embedded, redb.
    Redb(PathBuf),
    /// Embedded, sled.
    Sled(PathBuf),
    /// A PostgreSQL database, by its URL.
    Postgres(SecretText),
}

/// Folders, absolute or relative to the working directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Rules.
    pub rules: PathBuf,
    /// Templates.
    pub templates: PathBuf,
    /// SOPs.
    pub sops: PathBuf,
    /// The file of channel codes.
    pub channels: PathBuf,
}

/// One of the company's own endpoints.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its address.
    pub url: SecretText,
    /// The signing secret of Standard Webhooks.
    pub secret: Option<SecretText>,
}

impl Config {
    /// Reads and checks a config file: all problems at once.
    ///
    /// # Errors
    /// The report, if it holds an error.
    pub fn load(path: &Path, env: &Env<'_>) -> Result<(Self, Report), Report> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, path, env),
            Err(error) => Err(unreadable(path, &error)),
        }
    }

    /// Checks the text of a config file that stands at `path`.
    ///
    /// # Errors
    /// The report, if it holds an error.
    pub fn parse(text: &str, path: &Path, env: &Env<'_>) -> Result<(Self, Report), Report> {
        build::build(text, path, env)
    }

    /// Reads a config file for its rules: goes on when values are missing or wrong.
    #[must_use]
    pub fn outline(path: &Path, env: &Env<'_>) -> Outlined {
        match std::fs::read_to_string(path) {
            Ok(text) => build::outlined(&text, path, env),
            Err(error) => Outlined {
                config: None,
                report: unreadable(path, &error),
            },
        }
    }

    /// The files of secrets, the config itself among them, that others may read. Nobody
    /// should serve with such a config; whoever only reads rules may.
    #[must_use]
    pub fn exposed(path: &Path) -> Report {
        exposed::exposed(path)
    }

    /// The folder of the embedded store.
    #[must_use]
    pub fn data_folder(&self) -> Option<&Path> {
        match &self.store {
            StoreKind::Redb(folder) | StoreKind::Sled(folder) => Some(folder),
            StoreKind::Postgres(_) => None,
        }
    }

    /// The app of this name.
    #[must_use]
    pub fn app(&self, name: &AppName) -> Option<&App> {
        self.apps.iter().find(|app| &app.name == name)
    }

    /// The app whose token may read and tag customers: the contact app, else `fallback`.
    #[must_use]
    pub fn contact_app<'a>(&'a self, fallback: &'a AppName) -> &'a AppName {
        self.apps
            .iter()
            .find(|app| app.kind == Kind::Contact && app.secret.is_some())
            .map_or(fallback, |app| &app.name)
    }

    /// The app that can write to members.
    #[must_use]
    pub fn member_app(&self) -> Option<&AppName> {
        self.apps
            .iter()
            .find(|app| matches!(app.kind, Kind::App { .. }))
            .map(|app| &app.name)
    }
}

/// The report on a config file that cannot be read.
fn unreadable(path: &Path, error: &std::io::Error) -> Report {
    let mut report = Report::default();
    report.push(
        Diagnostic::new(UNREADABLE, Severity::Error, "config.unreadable")
            .value("path", path.display().to_string())
            .system(error)
            .in_file(path.display().to_string()),
    );
    report
}
