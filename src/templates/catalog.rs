//! All templates of an installation.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use minijinja::Environment;

use super::render::environment;
use crate::domain::action::TemplateName;
use crate::domain::outgoing::{MediaFile, Outgoing};

/// All templates, by name.
#[derive(Debug, Clone)]
pub struct Catalog {
    pub(super) root: PathBuf,
    pub(super) templates: BTreeMap<TemplateName, Template>,
    /// Holds every text of every template, compiled, under the text itself.
    pub(super) environment: Environment<'static>,
}

/// One template.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Template {
    /// The messages; their texts are template sources.
    pub(super) messages: Vec<Outgoing>,
    /// The names of `m.…` that it cannot do without.
    pub(super) captures: BTreeSet<String>,
}

impl Default for Catalog {
    fn default() -> Self {
        Self::new(PathBuf::new())
    }
}

impl Catalog {
    pub(super) fn new(root: PathBuf) -> Self {
        Self {
            root,
            templates: BTreeMap::new(),
            environment: environment(),
        }
    }

    /// Whether there is a template of that name.
    #[must_use]
    pub fn contains(&self, name: &TemplateName) -> bool {
        self.templates.contains_key(name)
    }

    /// The names of all templates.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.templates.keys().map(|name| name.0.as_str())
    }

    /// The captures that a template cannot do without; `None` if there is no such template.
    #[must_use]
    pub fn captures(&self, name: &TemplateName) -> Option<&BTreeSet<String>> {
        self.templates.get(name).map(|template| &template.captures)
    }

    /// The kinds of its messages, by the keys that operators write; none if there is no such
    /// template.
    pub fn kinds(&self, name: &TemplateName) -> impl Iterator<Item = &'static str> {
        let messages = self.templates.get(name).map(|template| &template.messages);
        messages.into_iter().flatten().map(Outgoing::key)
    }

    /// The folder of the templates.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a template's file is on the disk.
    #[must_use]
    pub fn path_of(&self, file: &MediaFile) -> PathBuf {
        self.root.join(&file.0)
    }
}
