//! All templates of an installation.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use minijinja::Environment;

use super::check::TEXT_BYTES;
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
    /// All variables that it uses, as far as they are known by name.
    pub(super) variables: BTreeSet<String>,
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

    /// How many messages it becomes on a channel that splits long texts.
    #[must_use]
    pub fn parts(&self, name: &TemplateName) -> usize {
        let messages = self.messages(name).iter();
        messages
            .map(|message| match message {
                Outgoing::Text { text } | Outgoing::Markdown { text } => {
                    text.len().div_ceil(TEXT_BYTES).max(1)
                }
                _ => 1,
            })
            .sum()
    }

    /// Whether it has a link or a mini-program without the picture file that kf needs.
    #[must_use]
    pub fn lacks_picture(&self, name: &TemplateName) -> bool {
        let link = |message: &Outgoing| matches!(message, Outgoing::Link { picture: None, .. });
        self.messages(name).iter().any(link) || self.lacks_program_picture(name)
    }

    /// Whether it has a mini-program without a picture, which no customer can be sent.
    #[must_use]
    pub fn lacks_program_picture(&self, name: &TemplateName) -> bool {
        let program =
            |message: &Outgoing| matches!(message, Outgoing::Miniprogram { picture: None, .. });
        self.messages(name).iter().any(program)
    }

    /// Whether it says the same to everybody at any time.
    #[must_use]
    pub fn is_constant(&self, name: &TemplateName) -> bool {
        let template = self.templates.get(name);
        template
            .is_some_and(|template| !template.messages.is_empty() && template.variables.is_empty())
    }

    /// A variable of it that differs from customer to customer, if it uses one.
    #[must_use]
    pub fn personal(&self, name: &TemplateName) -> Option<&str> {
        let mut variables = self.templates.get(name)?.variables.iter();
        let personal = ["contact", "staff", "m", "message"];
        let root = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
        let found = variables.find(|name| personal.contains(&root(name).as_str()));
        found.map(String::as_str)
    }

    /// A variable of it that only the customer decides, if it uses one.
    #[must_use]
    pub fn of_each_customer(&self, name: &TemplateName) -> Option<&str> {
        let mut variables = self.templates.get(name)?.variables.iter();
        let found = variables.find(|name| name.split('.').next() == Some("contact"));
        found.map(String::as_str)
    }

    fn messages(&self, name: &TemplateName) -> &[Outgoing] {
        let template = self.templates.get(name);
        template.map_or(&[], |template| &template.messages)
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
