//! From the operators' files to a playbook.

use std::collections::BTreeSet;

use super::files::Folders;
use super::going_back::{self, GoingBackError};
use super::reach::without_app;
use crate::channels;
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Report, Severity};
use crate::domain::clock::{Clock as _, SystemClock};
use crate::process::playbook::Playbook;
use crate::rules::{self, PlanReader, References, Setting};
use crate::simulate::{self, Wish};
use crate::sops;
use crate::templates::Catalog;

/// The code of files that are half of one version and half of another.
pub const HALF_DONE: &str = "Y044";

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

/// Reads, checks and builds everything the operators wrote, but runs no tests. A way back to
/// a version that was left half done is finished first.
#[must_use]
pub fn read_playbook(config: &Config) -> (Option<Playbook>, Report) {
    if let Err(error) = going_back::settle(&Folders::of(config)) {
        return (None, half_done(config, &error));
    }
    let (templates, mut report) = Catalog::load(&config.paths.templates);
    let named = sops::named_in(&config.paths.sops);
    let mut groups: BTreeSet<String> = config.servicers.keys().cloned().collect();
    let roster = rules::roster_in(&config.paths.rules);
    groups.extend(roster.names().map(str::to_owned));
    let references = References {
        templates: &templates,
        servicer_groups: &groups,
        webhooks: &config.webhooks.keys().cloned().collect(),
        robots: &config.robots.keys().cloned().collect(),
        sops: Some(&named.ids),
        plan_tags: Some(&named.tags),
        setting: Some(&Setting {
            now: SystemClock
                .now()
                .timestamp()
                .to_zoned(config.timezone.clone()),
            create_tags: config.create_tags,
        }),
    };
    let (set, rule_report) = rules::load(&config.paths.rules, &references);
    report.merge(rule_report);
    let reader = PlanReader {
        references: &references,
        calendar: &rules::calendar_in(&config.paths.rules),
        appchats: &config.appchats.keys().cloned().collect(),
    };
    let (plans, plan_report) = sops::load(&config.paths.sops, reader);
    report.merge(plan_report);
    if let (Some(rules), Some(plans)) = (&set, &plans) {
        without_app(config, rules, plans)
            .into_iter()
            .for_each(|found| report.push(found));
    }
    let (channels, channel_report) = channels::load(&config.paths.channels, reader);
    report.merge(channel_report);
    if let (Some(rules), Some(_), Some(channels)) = (&set, &plans, &channels) {
        let by_codes = channels.channels.iter().flat_map(|one| &one.tags);
        let by_codes = by_codes.chain(channels.groups.iter().flat_map(|one| &one.tags));
        let others = rules.tags().chain(by_codes).collect();
        sops::unheard_of(&named, &others, &mut report);
    }
    let (Some(mut rules), Some(sops), Some(channels), false) =
        (set, plans, channels, report.has_errors())
    else {
        return (None, report);
    };
    // Traces name the version that `rules history` lists: rules, templates and SOPs together.
    if let Ok(files) = Folders::of(config).read() {
        rules.set_version(files.hash());
    }
    let playbook = Playbook {
        rules,
        templates,
        sops,
        channels,
    };
    (Some(playbook), report)
}

/// Files half of one version and half of another are not used.
fn half_done(config: &Config, error: &GoingBackError) -> Report {
    let journal = Folders::of(config).journal().display().to_string();
    let found = Diagnostic::new(HALF_DONE, Severity::Error, "check.half_done");
    let found = found.value("journal", journal.as_str()).in_file(journal);
    let found = match error {
        GoingBackError::File { path, source } => found
            .value("path", path.display().to_string())
            .system(source),
        GoingBackError::Busy => found
            .text("check.half_done_busy")
            .help("check.half_done_busy_help"),
        GoingBackError::Damaged(_) | GoingBackError::Unknown(_) => {
            found.text("check.half_done_damaged")
        }
    };
    let mut report = Report::default();
    report.push(found);
    report
}
