//! From the file to the meaning, collecting every problem on the way.

mod contacts;
mod retention;
mod server;
mod watch;
mod webhooks;

pub(in crate::config) use watch::member_app;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use toml::Spanned;

use super::file::{AppKind, AppSection, ConfigFile, StoreSection};
use super::secret::{NoValue, SecretText, Setting};
use super::{App, Config, Kind, MISSING, Outlined, mask, outline, syntax};
use crate::diagnostic::{Diagnostic, Part, Report, Severity, Source};
use crate::domain::duration::parse_duration;
use crate::domain::ids::{AppName, CorpId};
use crate::wecom::crypto::{EncodingAesKey, KeyError};

/// Looks up environment variables.
pub type Env<'a> = dyn Fn(&str) -> Option<String> + 'a;

pub(super) const DEFAULT_LISTEN: &str = "0.0.0.0:8080";
pub(super) const DEFAULT_API_BASE: &str = "https://qyapi.weixin.qq.com";
pub(super) const DEFAULT_TIMEZONE: &str = "Asia/Shanghai";
pub(super) const DEFAULT_API_TIMEOUT: Duration = Duration::from_secs(10);
pub(super) const DEFAULT_POLL: Duration = Duration::from_secs(60);
pub(super) const DEFAULT_IGNORE: Duration = Duration::from_secs(3600);
/// The admin console takes at most so many letters and digits as a callback's token.
const MAX_TOKEN_CHARS: usize = 32;

pub(super) fn build(text: &str, path: &Path, env: &Env<'_>) -> Result<(Config, Report), Report> {
    let (_, config, report) = read(text, path, env);
    match config {
        Some(config) if !report.has_errors() => Ok((config, report)),
        _ => Err(report),
    }
}

/// Like `build`, but good enough for rules when values are missing or wrong.
pub(super) fn outlined(text: &str, path: &Path, env: &Env<'_>) -> Outlined {
    let (file, config, report) = read(text, path, env);
    let config = config.filter(|_| !report.has_errors());
    let base = path.parent().unwrap_or(Path::new("."));
    Outlined {
        config: config.or_else(|| outline::outline(file.as_ref()?, base)),
        report,
    }
}

fn read(text: &str, path: &Path, env: &Env<'_>) -> (Option<ConfigFile>, Option<Config>, Report) {
    let mut builder = Builder {
        source: Source::new(path.display().to_string(), text),
        path,
        env,
        report: Report::default(),
    };
    match toml::from_str::<ConfigFile>(text) {
        Ok(file) => {
            let config = builder.config(&file);
            (Some(file), config, builder.report)
        }
        Err(error) => {
            builder.syntax(&error);
            (None, None, builder.report)
        }
    }
}

/// A finding at its place in the config, with the line as far as it may be shown.
pub(super) fn placed(
    source: &Source,
    problem: Diagnostic,
    range: Option<&Range<usize>>,
) -> Diagnostic {
    let Some(range) = range else {
        return problem.in_file(source.name());
    };
    let (line, span) = mask::line(source, source.span(range.clone()));
    let problem = problem.at(source.name(), span);
    match line {
        Some(line) => problem.line(line),
        None => problem,
    }
}

struct Builder<'a> {
    source: Source,
    path: &'a Path,
    env: &'a Env<'a>,
    report: Report,
}

impl Builder<'_> {
    fn base(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    fn error(
        &mut self,
        code: &'static str,
        key: &'static str,
        range: Option<&Range<usize>>,
        values: &[(&'static str, String)],
    ) {
        let mut problem = Diagnostic::new(code, Severity::Error, key);
        for (name, value) in values {
            problem = problem.value(name, value.clone());
        }
        self.problem(problem, range);
    }

    fn problem(&mut self, mut problem: Diagnostic, range: Option<&Range<usize>>) {
        if MISSING.contains(&problem.code) {
            problem.part = Part::Values;
        }
        let problem = placed(&self.source, problem, range);
        self.report.push(problem);
    }

    fn syntax(&mut self, error: &toml::de::Error) {
        let span = error.span();
        let place = span.as_ref().map(|range| self.source.span(range.clone()));
        let key = place.and_then(|place| mask::key(self.source.line(place.line)));
        let (code, text, values) = syntax::tell(error.message(), key);
        if text == syntax::BROKEN {
            let found = Diagnostic::new(code, Severity::Error, text);
            let detail = syntax::detail(error.message());
            self.problem(found.entry("detail", detail), span.as_ref());
        } else {
            self.error(code, text, span.as_ref(), &values);
        }
    }

    fn config(&mut self, file: &ConfigFile) -> Option<Config> {
        let corp = self.setting(&file.corp.id, "corp.id");
        let timezone = self.timezone(file.corp.timezone.as_ref());
        let listen = self.listen(file.server.listen.as_ref());
        let admin = self.admin(file.server.admin.as_ref());
        let tls = self.tls(file.server.tls.as_ref());
        let api_base = self.api_base(file.wecom.api_base.as_ref());
        let api_timeout = self.duration(
            file.wecom.timeout.as_ref(),
            "wecom.timeout",
            DEFAULT_API_TIMEOUT,
        );
        let retention = self.retention(&file.retention);
        let apps = self.apps(&file.apps, corp.as_deref().unwrap_or_default());
        let alerts = self.alerts(file);
        let reminders = self.reminders(file);
        let guard = self.guard(&file.guard);
        let sync = self.sync(&file.sync);
        let ingest_token = self.ingest_token(file.ingest.as_ref());
        let broadcasts = self.broadcasts(&file.broadcasts);
        let robots = self.robots(&file.robots);
        let webhooks = self.webhooks(&file.webhooks);
        let url = self.store_url(&file.store);
        let base = self.base();
        Some(Config {
            corp: CorpId(corp?),
            timezone: timezone?,
            listen: listen?,
            admin: admin?,
            tls: tls?,
            api_base: api_base?,
            api_timeout: api_timeout?,
            apps: apps?,
            store: outline::store(&file.store, base, url?),
            paths: outline::paths(&file.paths, base),
            create_tags: file.contacts.create_tags,
            sync: sync?,
            ingest_token: ingest_token?,
            servicers: outline::servicers(&file.servicers),
            robots: robots?,
            appchats: outline::appchats(&file.appchats),
            webhooks: webhooks?,
            retention: retention?,
            alerts: alerts?,
            reminders: reminders?,
            guard: guard?,
            broadcasts: broadcasts?,
        })
    }

    fn setting(&mut self, setting: &Spanned<Setting>, key: &str) -> Option<String> {
        self.value(setting.get_ref(), key, Some(&setting.span()))
    }

    fn value(
        &mut self,
        setting: &Setting,
        key: &str,
        range: Option<&Range<usize>>,
    ) -> Option<String> {
        match setting.resolve(self.base(), self.env) {
            Ok(text) if text.trim().is_empty() => {
                self.error(
                    MISSING[0],
                    "config.empty",
                    range,
                    &[("key", key.to_owned())],
                );
                None
            }
            Ok(text) => Some(text),
            Err(NoValue::Env(name)) => {
                self.error(
                    MISSING[1],
                    "config.env_missing",
                    range,
                    &[("key", key.to_owned()), ("name", name)],
                );
                None
            }
            Err(NoValue::File { path, error }) => {
                let found = Diagnostic::new(MISSING[2], Severity::Error, "config.file_missing");
                let found = found.value("key", key).value("path", path);
                self.problem(found.system(&error.into()), range);
                None
            }
        }
    }

    /// Of a database; nothing for the embedded stores.
    fn store_url(&mut self, section: &StoreSection) -> Option<SecretText> {
        let StoreSection::Postgres { url } = section else {
            return Some(SecretText::new(String::new()));
        };
        let url = self.value(url, "store.url", None)?;
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            self.error("A050", "config.store_url", None, &[]);
            return None;
        }
        Some(SecretText::new(url))
    }

    fn timezone(&mut self, zone: Option<&Spanned<String>>) -> Option<jiff::tz::TimeZone> {
        let name = zone.map_or(DEFAULT_TIMEZONE, |zone| zone.get_ref().as_str());
        match jiff::tz::TimeZone::get(name) {
            Ok(zone) => Some(zone),
            Err(_) => {
                let range = zone.map(Spanned::span);
                self.error(
                    "A008",
                    "config.timezone",
                    range.as_ref(),
                    &[("name", name.to_owned())],
                );
                None
            }
        }
    }

    fn api_base(&mut self, base: Option<&Spanned<String>>) -> Option<String> {
        let text = base.map_or(DEFAULT_API_BASE, |base| base.get_ref().as_str());
        let url = reqwest::Url::parse(text).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none()
        });
        if url.is_none() {
            let range = base.map(Spanned::span);
            self.error(
                "A010",
                "config.api_base",
                range.as_ref(),
                &[("value", text.to_owned())],
            );
            return None;
        }
        Some(text.trim_end_matches('/').to_owned())
    }

    fn duration(
        &mut self,
        value: Option<&Spanned<String>>,
        key: &str,
        default: Duration,
    ) -> Option<Duration> {
        let Some(value) = value else {
            return Some(default);
        };
        let parsed = parse_duration(value.get_ref()).filter(|duration| !duration.is_zero());
        if parsed.is_none() {
            self.error(
                "A011",
                "config.duration",
                Some(&value.span()),
                &[("key", key.to_owned()), ("value", value.get_ref().clone())],
            );
        }
        parsed
    }

    fn apps(&mut self, sections: &[Spanned<AppSection>], corp: &str) -> Option<Vec<App>> {
        if sections.is_empty() {
            self.error("A012", "config.no_app", None, &[]);
            return None;
        }
        let mut seen: BTreeMap<&str, ()> = BTreeMap::new();
        let mut apps = Vec::with_capacity(sections.len());
        for section in sections {
            let name = &section.get_ref().name;
            if seen.insert(name.get_ref(), ()).is_some() {
                self.error(
                    "A013",
                    "config.app_twice",
                    Some(&name.span()),
                    &[("name", name.get_ref().clone())],
                );
            }
            apps.extend(self.app(section.get_ref(), &section.span(), corp));
        }
        (apps.len() == sections.len()).then_some(apps)
    }

    fn app(&mut self, section: &AppSection, range: &Range<usize>, corp: &str) -> Option<App> {
        let name = section.name.get_ref();
        let ok = !name.is_empty()
            && name.len() <= 64
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if !ok {
            self.error(
                "A014",
                "config.app_name",
                Some(&section.name.span()),
                &[("name", name.clone())],
            );
        }
        let kind = self.kind(section, range);
        let token = self.setting(&section.token, "token");
        if let Some(token) = &token
            && !(token.len() <= MAX_TOKEN_CHARS && token.bytes().all(|b| b.is_ascii_alphanumeric()))
        {
            self.error("A015", "config.token", Some(&section.token.span()), &[]);
        }
        let key = self.aes_key(&section.encoding_aes_key);
        let secret = match &section.secret {
            Some(secret) if section.kind == AppKind::Aibot => {
                let values = [("name", name.clone())];
                self.error(
                    "A025",
                    "config.secret_of_bot",
                    Some(&secret.span()),
                    &values,
                );
                None
            }
            Some(secret) => Some(self.setting(secret, "secret")?),
            None if section.kind == AppKind::Aibot => None,
            None => {
                let values = [("name", name.clone())];
                self.error("A016", "config.no_secret", Some(range), &values);
                return None;
            }
        };
        let receive_id = match &section.receive_id {
            Some(id) => id
                .get_ref()
                .resolve(self.base(), self.env)
                .unwrap_or_default(),
            None if section.kind == AppKind::Aibot => String::new(),
            None => corp.to_owned(),
        };
        Some(App {
            name: AppName(name.clone()),
            kind: kind?,
            secret: secret.map(SecretText::new),
            token: SecretText::new(token?),
            encoding_aes_key: SecretText::new(key?),
            receive_id,
        })
    }

    fn kind(&mut self, section: &AppSection, range: &Range<usize>) -> Option<Kind> {
        let name = section.name.get_ref();
        let kf_only = section
            .poll_every
            .as_ref()
            .or(section.ignore_older_than.as_ref());
        if let (Some(value), false) = (kf_only, section.kind == AppKind::Kf) {
            self.error(
                "A017",
                "config.kf_only",
                Some(&value.span()),
                &[("name", name.clone())],
            );
        }
        for (written, key) in [
            (section.passive_reply, "passive_reply"),
            (section.agent_id.is_some(), "agent_id"),
        ] {
            if written && section.kind != AppKind::App {
                let values = [("name", name.clone()), ("key", key.to_owned())];
                self.error("A018", "config.app_only", Some(range), &values);
            }
        }
        Some(match section.kind {
            AppKind::Kf => Kind::Kf {
                poll_every: self.duration(
                    section.poll_every.as_ref(),
                    "poll_every",
                    DEFAULT_POLL,
                )?,
                ignore_older_than: self.duration(
                    section.ignore_older_than.as_ref(),
                    "ignore_older_than",
                    DEFAULT_IGNORE,
                )?,
            },
            AppKind::App => {
                let Some(agent_id) = section.agent_id else {
                    self.error(
                        "A019",
                        "config.no_agent_id",
                        Some(range),
                        &[("name", name.clone())],
                    );
                    return None;
                };
                Kind::App {
                    agent_id,
                    passive_reply: section.passive_reply,
                }
            }
            AppKind::Contact => Kind::Contact,
            AppKind::Aibot => Kind::Aibot,
        })
    }

    fn aes_key(&mut self, setting: &Spanned<Setting>) -> Option<String> {
        let text = self.setting(setting, "encoding_aes_key")?;
        if let Err(error) = EncodingAesKey::parse(&text) {
            let found = Diagnostic::new("A020", Severity::Error, "config.aes_key");
            let found = match error {
                KeyError::Length { found: count } => found
                    .value("count", count.to_string())
                    .entry("detail", "config.aes_key_length"),
                KeyError::Character { position } => found
                    .value("position", position.to_string())
                    .entry("detail", "config.aes_key_character"),
            };
            self.problem(found, Some(&setting.span()));
            return None;
        }
        Some(text)
    }

    fn robots(
        &mut self,
        robots: &BTreeMap<String, Spanned<Setting>>,
    ) -> Option<BTreeMap<String, SecretText>> {
        let mut out = BTreeMap::new();
        for (name, setting) in robots {
            let Some(key) = self.setting(setting, &format!("robots.{name}")) else {
                continue;
            };
            // People paste the whole webhook address; the key is what counts.
            let key = key
                .rsplit_once("key=")
                .map_or(key.as_str(), |(_, key)| key)
                .to_owned();
            out.insert(name.clone(), SecretText::new(key));
        }
        (out.len() == robots.len()).then_some(out)
    }
}
