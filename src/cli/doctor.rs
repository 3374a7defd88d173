//! `doctor`: does WeCom let us do what the config promises, and which console page mends it.

pub(super) mod days;

use std::sync::Arc;

use rand::RngExt as _;
use serde::Serialize;

use super::output::Terminal;
use super::{ConfigArg, Ended, Format, environment};
use crate::app::load_playbook;
use crate::config::{App, Config, Kind};
use crate::diagnostic::Report;
use crate::domain::clock::{Clock as _, SystemClock};
use crate::gateway::Gateway;
use crate::lang::Lang;
use crate::playbook::Playbook;
use crate::wecom::api::externalcontact::{get_corp_tag_list, get_follow_user_list, groupchat_list};
use crate::wecom::api::getcallbackip;
use crate::wecom::api::kf::account_list;
use crate::wecom::crypto::{Codec, EncodingAesKey};
use crate::wecom::error::Error;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    app: Option<String>,
    what: &'static str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

impl Finding {
    /// Missing holidays and days that nobody can read are worth a word, not a failure: the
    /// program does what it can.
    fn is_hint(&self) -> bool {
        matches!(self.what, "holidays" | "days")
    }
}

pub(super) async fn run(args: &Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    let (config, _) = match Config::load(&args.config.config, &environment) {
        Ok(read) => read,
        Err(report) => {
            terminal.report(&report);
            return Ok(Ended::CouldNotRun);
        }
    };
    let gateway = Gateway::new(&config, Arc::new(SystemClock), None)?;
    let doctor = Doctor {
        config: &config,
        gateway: &gateway,
        terminal,
    };
    let mut findings = vec![doctor.exposed(&Config::exposed(&args.config.config))];
    let (playbook, report) = load_playbook(&config);
    findings.extend(doctor.files(playbook.as_ref(), &report));
    if let Some(playbook) = &playbook {
        let days = playbook.rules.anniversaries();
        findings.extend(days::look(&args.config, days, terminal).await);
    }
    for app in &config.apps {
        findings.extend(doctor.app(app).await);
        if let Some(url) = &args.url {
            findings.push(doctor.callback(app, url).await);
        }
    }
    let ok = findings
        .iter()
        .all(|finding| finding.ok || finding.is_hint());
    match args.format {
        Format::Json => terminal.json(&serde_json::json!({ "ok": ok, "findings": findings }))?,
        Format::Text => {
            for finding in &findings {
                print(finding, terminal);
            }
            if args.url.is_none() {
                terminal.say("doctor.no_url", &[]);
            }
        }
    }
    Ok(if ok { Ended::Good } else { Ended::FoundWrong })
}

fn print(finding: &Finding, terminal: &Terminal) {
    let mark = match finding.ok {
        true => "✓",
        false if finding.is_hint() => "!",
        false => "✗",
    };
    let what = terminal.lang.text(&format!("doctor.{}", finding.what), &[]);
    let app = finding
        .app
        .as_deref()
        .map(|app| format!("[{app}] "))
        .unwrap_or_default();
    terminal.line(format!("{mark} {app}{what}"));
    for text in [&finding.problem, &finding.mend].into_iter().flatten() {
        terminal.line(format!("    {text}"));
    }
}

/// A list that is refused only for its length may be read owner by owner.
fn one_of_many(listed: Result<(), Error>) -> Result<(), Error> {
    const TOO_MANY: i64 = 81017;
    match listed {
        Err(error) if error.code() == Some(TOO_MANY) => Ok(()),
        other => other,
    }
}

fn good(what: &'static str) -> Finding {
    Finding {
        app: None,
        what,
        ok: true,
        problem: None,
        mend: None,
    }
}

/// The year whose holidays are wanted and not known, with the lines that make them known.
fn holidays(missing: Option<i16>, lang: Lang) -> Finding {
    let Some(year) = missing else {
        return good("holidays");
    };
    let year = year.to_string();
    let values = [("year", year.as_str())];
    Finding {
        ok: false,
        problem: Some(lang.text("doctor.no_holidays", &values)),
        mend: Some(lang.text("doctor.holidays_mend", &values)),
        ..good("holidays")
    }
}

struct Doctor<'a> {
    config: &'a Config,
    gateway: &'a Gateway,
    terminal: &'a Terminal,
}

impl Doctor<'_> {
    fn exposed(&self, report: &Report) -> Finding {
        let lang = self.terminal.lang;
        let joined = |texts: Vec<String>| (!texts.is_empty()).then(|| texts.join("\n    "));
        let found = report.items();
        Finding {
            app: None,
            what: "exposed",
            ok: report.is_empty(),
            problem: joined(found.iter().map(|found| found.message(lang)).collect()),
            mend: joined(found.iter().filter_map(|found| found.mend(lang)).collect()),
        }
    }

    fn files(&self, playbook: Option<&Playbook>, report: &Report) -> Vec<Finding> {
        let lang = self.terminal.lang;
        let Some(playbook) = playbook else {
            return vec![Finding {
                app: None,
                what: "files",
                ok: false,
                problem: Some(report.summary(lang)),
                mend: Some(lang.text("doctor.files_mend", &[])),
            }];
        };
        let zone = &self.config.timezone;
        let year = playbook
            .rules
            .calendar()
            .missing_year(SystemClock.now(), zone);
        vec![good("files"), holidays(year, lang)]
    }

    async fn app(&self, app: &App) -> Vec<Finding> {
        let Some(handle) = self.gateway.app(&app.name) else {
            return Vec::new();
        };
        let token = handle.token().await.map(|_| ());
        let mut findings = vec![self.finding(app, "token", token)];
        if !findings[0].ok {
            return findings;
        }
        let ips = handle
            .call(&getcallbackip::Request::default())
            .await
            .map(|_| ());
        findings.push(self.finding(app, "api", ips));
        match app.kind {
            Kind::Kf { .. } => {
                let listed = handle.call(&account_list::Request::from_offset(0)).await;
                let empty = listed
                    .as_ref()
                    .is_ok_and(|page| page.account_list.is_empty());
                let mut finding = self.finding(app, "kf_accounts", listed.map(|_| ()));
                if empty {
                    finding.ok = false;
                    finding.problem = Some(self.terminal.lang.text("doctor.no_kf_account", &[]));
                    finding.mend = Some(self.terminal.lang.text("doctor.kf_accounts_mend", &[]));
                }
                findings.push(finding);
            }
            Kind::Contact => {
                let members = handle.call(&get_follow_user_list::Request::default()).await;
                findings.push(self.finding(app, "contacts", members.map(|_| ())));
                let tags = handle.call(&get_corp_tag_list::Request::default()).await;
                findings.push(self.finding(app, "tags", tags.map(|_| ())));
                let groups = handle.call(&groupchat_list::Request::all(1)).await;
                findings.push(self.finding(app, "groups", one_of_many(groups.map(|_| ()))));
            }
            Kind::App { .. } | Kind::Aibot => {}
        }
        findings
    }

    fn finding(&self, app: &App, what: &'static str, result: Result<(), Error>) -> Finding {
        let (problem, mend) = match &result {
            Ok(()) => (None, None),
            Err(error) => (
                Some(
                    self.terminal
                        .reason(&crate::deliver::retry::describe(error)),
                ),
                Some(self.mend(what, error)),
            ),
        };
        Finding {
            app: Some(app.name.0.clone()),
            what,
            ok: result.is_ok(),
            problem,
            mend,
        }
    }

    /// Which page of the admin console mends it.
    fn mend(&self, what: &str, error: &Error) -> String {
        let lang = self.terminal.lang;
        let ip = error.refused().and_then(|refused| refused.from_ip);
        match (error.code(), ip) {
            (Some(60020), Some(ip)) => lang.text("doctor.trusted_ip", &[("ip", &ip.to_string())]),
            (Some(60020), None) => lang.text("doctor.trusted_ip_unknown", &[]),
            (Some(40001 | 41004), _) => lang.text("doctor.secret", &[]),
            (Some(40013 | 41002), _) => lang.text("doctor.corp_id", &[]),
            (Some(_), _) => lang.text(&format!("doctor.{what}_mend"), &[]),
            (None, _) => lang.text("doctor.network", &[("url", &self.config.api_base)]),
        }
    }

    /// Asks our own callback URL, from outside in, the way WeCom verifies it.
    async fn callback(&self, app: &App, url: &str) -> Finding {
        let lang = self.terminal.lang;
        let problem = self
            .verify(app, url)
            .await
            .err()
            .map(|error| format!("{error:#}"));
        let address = format!("{}/callback/{}", url.trim_end_matches('/'), app.name);
        Finding {
            app: Some(app.name.0.clone()),
            what: "callback",
            ok: problem.is_none(),
            mend: problem
                .is_some()
                .then(|| lang.text("doctor.callback_mend", &[("url", &address)])),
            problem,
        }
    }

    async fn verify(&self, app: &App, url: &str) -> anyhow::Result<()> {
        const ECHO: &str = "1616140317555161061";
        let key = EncodingAesKey::parse(app.encoding_aes_key.expose())?;
        let codec = Codec::new(app.token.expose(), key, &app.receive_id);
        let now = SystemClock.now().as_secs();
        let sealed = codec.seal(ECHO.as_bytes(), now, "doctor", rand::rng().random());
        let address = format!("{}/callback/{}", url.trim_end_matches('/'), app.name);
        let http = crate::wecom::client::http_builder().build()?;
        let response = http
            .get(address)
            .query(&[
                ("msg_signature", sealed.signature.as_str()),
                ("timestamp", &now.to_string()),
                ("nonce", "doctor"),
                ("echostr", &sealed.encrypt),
            ])
            .timeout(std::time::Duration::from_secs(5))
            .send()
            .await
            .map_err(reqwest::Error::without_url)?;
        let status = response.status();
        anyhow::ensure!(status.is_success(), "HTTP {}", status.as_u16());
        let body = response.text().await.map_err(reqwest::Error::without_url)?;
        anyhow::ensure!(
            body == ECHO,
            self.terminal.lang.text("doctor.wrong_echo", &[])
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::holidays;
    use crate::lang::Lang;

    #[test]
    fn a_year_without_holidays_is_named_with_the_lines_that_add_it() {
        assert!(holidays(None, Lang::Zh).ok);
        for lang in [Lang::Zh, Lang::En] {
            let found = holidays(Some(2027), lang);
            assert!(!found.ok);
            assert!(found.problem.expect("a problem").contains("2027"));
            let mend = found.mend.expect("a mend");
            for line in ["calendar.yaml", "extra_off: [2027-01-01", "extra_work: ["] {
                assert!(mend.contains(line), "{mend}");
            }
        }
    }
}
