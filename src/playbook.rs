//! What the operators wrote, as one set that is swapped whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::channels::ChannelSet;
use crate::diagnostic::Report;
use crate::rules::{self, PlanReader, References, RuleSet};
use crate::sops::{self, SopSet};
use crate::templates::Catalog;

/// Rules, templates and SOPs that were checked together.
#[derive(Debug)]
pub struct Playbook {
    /// The rules.
    pub rules: RuleSet,
    /// The templates that they name.
    pub templates: Catalog,
    /// The follow-up plans.
    pub sops: SopSet,
    /// Channel codes.
    pub channels: ChannelSet,
}

impl Playbook {
    /// One file of rules and one of plans, with these templates (their file names and texts)
    /// and no config around them.
    ///
    /// # Errors
    /// The findings, if there is an error among them.
    pub fn from_texts(
        templates: &[(&str, &str)],
        rules: &str,
        plans: &str,
    ) -> Result<Self, Report> {
        let files = |texts: &[(&str, &str)]| -> BTreeMap<String, Vec<u8>> {
            let texts = texts.iter();
            let bytes = texts.map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
            bytes.collect()
        };
        let mut report = Report::default();
        let templates = Catalog::from_files(Path::new("templates"), &files(templates), &mut report);
        let references = References::of(&templates);
        let rules = files(&[("rules.yaml", rules)]);
        let rules = rules::load::from_files(Path::new("rules"), &rules, &references, &mut report);
        let plans = files(&[("sops.yaml", plans)]);
        let calendar = rules.as_ref().map(RuleSet::calendar).cloned();
        let reader = PlanReader {
            references: &references,
            appchats: &BTreeSet::new(),
            calendar: &calendar.unwrap_or_default(),
        };
        let sops = sops::load::from_files(Path::new("sops"), &plans, reader, &mut report);
        match (rules, sops) {
            (Some(rules), Some(sops)) if !report.has_errors() => Ok(Self {
                rules,
                templates,
                sops,
                channels: ChannelSet::default(),
            }),
            _ => Err(report),
        }
    }

    /// What tests are run against: rules that only observe and plans that are switched off do
    /// what they would do if they were on, so that whoever tries them out can still see their
    /// tests pass. `None` if that is the playbook itself.
    #[must_use]
    pub fn rehearsal(&self) -> Option<Self> {
        let rules = self.rules.if_none_observed();
        let sops = self.sops.if_none_were_off();
        (rules.is_some() || sops.is_some()).then(|| Self {
            rules: rules.unwrap_or_else(|| self.rules.clone()),
            templates: self.templates.clone(),
            sops: sops.unwrap_or_else(|| self.sops.clone()),
            channels: self.channels.clone(),
        })
    }
}

/// The playbook in force. Readers keep the one they began with.
#[derive(Debug, Clone)]
pub struct CurrentPlaybook(Arc<ArcSwap<Playbook>>);

impl CurrentPlaybook {
    /// Starts with a playbook.
    #[must_use]
    pub fn new(playbook: Playbook) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(playbook)))
    }

    /// The one in force now.
    #[must_use]
    pub fn get(&self) -> Arc<Playbook> {
        self.0.load_full()
    }

    /// Puts another in force; gives the one before, so that whoever calls decides where a
    /// large set is taken apart.
    #[must_use]
    pub fn swap(&self, playbook: Playbook) -> Arc<Playbook> {
        self.0.swap(Arc::new(playbook))
    }
}
