//! What rules and templates need of a config whose other values are missing or wrong.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;

use super::build::{
    DEFAULT_API_BASE, DEFAULT_API_TIMEOUT, DEFAULT_IGNORE, DEFAULT_LISTEN, DEFAULT_POLL,
    DEFAULT_TIMEZONE, member_app,
};
use super::file::{AppKind, AppSection, ConfigFile, PathsSection, StoreSection};
use super::secret::SecretText;
use super::{
    App, Broadcasts, Config, Guard, Kind, Paths, Reminders, Retention, StoreKind, Sync, Webhook,
};
use crate::domain::ids::{AppName, ChatId, CorpId, UserId};

/// The config with empty secrets and default limits: fit for looking at rules, not for
/// talking to anybody.
pub(super) fn outline(file: &ConfigFile, base: &Path) -> Option<Config> {
    let zone = file.corp.timezone.as_ref().map(Spanned::get_ref);
    let zone = zone.and_then(|name| jiff::tz::TimeZone::get(name).ok());
    let default_zone = || jiff::tz::TimeZone::get(DEFAULT_TIMEZONE).ok();
    let empty = || SecretText::new(String::new());
    let robots = file.robots.keys().map(|name| (name.clone(), empty()));
    let webhooks = file.webhooks.keys().map(|name| {
        let webhook = Webhook {
            url: empty(),
            secret: None,
        };
        (name.clone(), webhook)
    });
    Some(Config {
        corp: CorpId(String::new()),
        timezone: zone.or_else(default_zone)?,
        listen: DEFAULT_LISTEN.parse().ok()?,
        admin: None,
        tls: None,
        api_base: DEFAULT_API_BASE.to_owned(),
        api_timeout: DEFAULT_API_TIMEOUT,
        apps: file
            .apps
            .iter()
            .map(|app| self::app(app.get_ref()))
            .collect(),
        store: store(&file.store, base, empty()),
        paths: paths(&file.paths, base),
        create_tags: file.contacts.create_tags,
        sync: Sync::default(),
        ingest_token: None,
        servicers: servicers(&file.servicers),
        robots: robots.collect(),
        appchats: appchats(&file.appchats),
        webhooks: webhooks.collect(),
        retention: Retention::default(),
        alerts: None,
        reminders: member_app(file, file.reminders.app.as_ref()).map(|app| Reminders {
            app,
            commands: file.reminders.commands,
            cards: file.reminders.cards,
        }),
        guard: Some(Guard::default()),
        broadcasts: Broadcasts::default(),
    })
}

fn app(section: &AppSection) -> App {
    let kind = match section.kind {
        AppKind::Kf => Kind::Kf {
            poll_every: DEFAULT_POLL,
            ignore_older_than: DEFAULT_IGNORE,
        },
        AppKind::App => Kind::App {
            agent_id: section.agent_id.unwrap_or_default(),
            passive_reply: section.passive_reply,
        },
        AppKind::Contact => Kind::Contact,
        AppKind::Aibot => Kind::Aibot,
    };
    let secret = (section.kind != AppKind::Aibot).then(|| SecretText::new(String::new()));
    App {
        name: AppName(section.name.get_ref().clone()),
        kind,
        secret,
        token: SecretText::new(String::new()),
        encoding_aes_key: SecretText::new(String::new()),
        receive_id: String::new(),
    }
}

/// `url` is what the one of a database turned out to be.
pub(super) fn store(section: &StoreSection, base: &Path, url: SecretText) -> StoreKind {
    match section {
        StoreSection::Redb { path } => StoreKind::Redb(base.join(path)),
        StoreSection::Sled { path } => StoreKind::Sled(base.join(path)),
        StoreSection::Postgres { .. } => StoreKind::Postgres(url),
    }
}

pub(super) fn paths(section: &PathsSection, base: &Path) -> Paths {
    Paths {
        rules: base.join(&section.rules),
        templates: base.join(&section.templates),
        sops: base.join(&section.sops),
        channels: base.join(&section.channels),
    }
}

pub(super) fn appchats(groups: &BTreeMap<String, String>) -> BTreeMap<String, ChatId> {
    let groups = groups.iter();
    groups
        .map(|(name, id)| (name.clone(), ChatId(id.clone())))
        .collect()
}

pub(super) fn servicers(groups: &BTreeMap<String, Vec<String>>) -> BTreeMap<String, Vec<UserId>> {
    let members = |ids: &Vec<String>| ids.iter().cloned().map(UserId).collect();
    groups
        .iter()
        .map(|(name, ids)| (name.clone(), members(ids)))
        .collect()
}
