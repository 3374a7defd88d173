//! The file of channels to [`ChannelSet`]. Everything that is wrong is reported.

use std::collections::BTreeMap;

use super::keys::CHANNELS;
use super::model::{Channel, ChannelSet, GroupWay};
use super::problems;
use crate::diagnostic::{Diagnostic, Findings, Span};
use crate::domain::action::TemplateName;
use crate::domain::ids::{Tag, UserId};
use crate::rules::{PlanReader, tags};
use crate::yaml::{Node, check, parse, values};

/// Characters of a state or a remark.
const STATE_CHARS: usize = 30;
/// Characters that names of new groups may begin with.
const BASE_CHARS: usize = 40;
/// Members of one code.
const MOST_MEMBERS: usize = 100;
/// Groups of one code.
const MOST_GROUPS: usize = 5;

struct File<'f, 'a> {
    reader: PlanReader<'a>,
    findings: Findings<'f>,
    /// Lines of ids and of states, by kind.
    ids: BTreeMap<String, usize>,
    states: BTreeMap<(&'static str, String), usize>,
}

/// Reads the file.
pub(super) fn channels_of(reader: PlanReader<'_>, mut findings: Findings<'_>) -> ChannelSet {
    let Some(root) = parse(&mut findings) else {
        return ChannelSet::default();
    };
    check(&root, &CHANNELS, &mut findings);
    let mut file = File {
        reader,
        findings,
        ids: BTreeMap::new(),
        states: BTreeMap::new(),
    };
    if let Some(node) = root.get("version")
        && let Some(number) = node.text().and_then(values::integer)
        && number != 1
    {
        let found = Diagnostic::of(problems::WRONG_VERSION).value("version", number.to_string());
        file.findings.add(node.span, found);
    }
    let items = |key| root.get(key).map(Node::items).unwrap_or_default().iter();
    ChannelSet {
        channels: items("channels").map(|node| file.channel(node)).collect(),
        groups: items("groups").map(|node| file.group(node)).collect(),
    }
}

impl File<'_, '_> {
    fn channel(&mut self, node: &Node) -> Channel {
        let (id, state) = self.identity(node, "channels");
        let members: Vec<UserId> = texts(node, "members").map(UserId).collect();
        let departments = self.departments(node.get("departments"));
        if node.get("members").is_none() && node.get("departments").is_none() {
            let found = Diagnostic::of(problems::NOBODY).value("id", id.as_str());
            self.findings.add(node.span, found);
        }
        self.count(node.get("members"), MOST_MEMBERS);
        let by_hours = node.get("welcome_by_hours").map(Node::entries);
        let by_hours = by_hours.unwrap_or_default().iter().map(|entry| {
            self.reader
                .hours(&entry.key, entry.span, &mut self.findings);
            let template = self.reader.welcome(&entry.value, &mut self.findings);
            (entry.key.clone(), template)
        });
        let by_hours: Vec<(String, TemplateName)> = by_hours.collect();
        let welcome = node.get("welcome");
        let verify = node.get("skip_verify").and_then(Node::text);
        Channel {
            id,
            name: node.get("name").and_then(Node::text).map(str::to_owned),
            state,
            members,
            departments,
            skip_verify: verify.and_then(values::flag).unwrap_or(true),
            remark: self.short(node.get("remark"), STATE_CHARS),
            tags: self.tags(node),
            welcome: welcome.map(|node| self.reader.welcome(node, &mut self.findings)),
            by_hours,
        }
    }

    fn group(&mut self, node: &Node) -> GroupWay {
        let (id, state) = self.identity(node, "groups");
        self.count(node.get("groups"), MOST_GROUPS);
        let new_group = node.get("new_group").and_then(|new| {
            let name = self.short(new.get("name"), BASE_CHARS)?;
            let from = new.get("from").and_then(Node::text);
            let from = from.and_then(|text| text.parse().ok()).unwrap_or(1);
            Some((name, from))
        });
        GroupWay {
            id,
            name: node.get("name").and_then(Node::text).map(str::to_owned),
            state,
            groups: texts(node, "groups").collect(),
            remark: self.short(node.get("remark"), STATE_CHARS),
            new_group,
            tags: self.tags(node),
        }
    }

    fn tags(&mut self, node: &Node) -> Vec<Tag> {
        let node = node.get("tags");
        node.map(|node| tags(node, &mut self.findings))
            .unwrap_or_default()
    }

    /// Id and state, each the only one of its kind.
    fn identity(&mut self, node: &Node, kind: &'static str) -> (String, String) {
        let id = node.get("id");
        let span = id.map_or(node.span, |id| id.span);
        let id = id.and_then(Node::text).unwrap_or_default().to_owned();
        if !id.is_empty()
            && let Some(first) = self.ids.insert(id.clone(), span.line)
        {
            self.twice(problems::DUPLICATE_ID, &id, first, span);
        }
        let own = node.get("state");
        let state = own.and_then(Node::text).unwrap_or(&id).to_owned();
        let place = own.map_or(span, |own| own.span);
        self.is_short(&state, STATE_CHARS, place);
        let known = self.states.insert((kind, state.clone()), place.line);
        if let (Some(first), false) = (known, state.is_empty()) {
            self.twice(problems::DUPLICATE_STATE, &state, first, place);
        }
        (id, state)
    }

    fn twice(&mut self, kind: crate::diagnostic::Kind, name: &str, first: usize, span: Span) {
        let found = Diagnostic::of(kind)
            .value("name", name)
            .value("line", first.to_string());
        self.findings.add(span, found);
    }

    fn short(&mut self, node: Option<&Node>, most: usize) -> Option<String> {
        let node = node?;
        let text = node.text()?.to_owned();
        self.is_short(&text, most, node.span);
        Some(text)
    }

    fn is_short(&mut self, text: &str, most: usize, span: Span) {
        if text.chars().count() > most {
            let found = Diagnostic::of(problems::TOO_LONG).value("most", most.to_string());
            self.findings.add(span, found);
        }
    }

    fn count(&mut self, node: Option<&Node>, most: usize) {
        if let Some(node) = node
            && node.items().len() > most
        {
            let found = Diagnostic::of(problems::TOO_MANY).value("most", most.to_string());
            self.findings.add(node.span, found);
        }
    }

    fn departments(&mut self, node: Option<&Node>) -> Vec<i64> {
        let mut ids = Vec::new();
        for (text, span) in node.into_iter().flat_map(Node::words) {
            match values::integer(text).filter(|id| *id > 0) {
                Some(id) => ids.push(id),
                None => {
                    let found = Diagnostic::of(problems::BAD_DEPARTMENT).value("value", text);
                    self.findings.add(span, found);
                }
            }
        }
        ids
    }
}

fn texts<'n>(node: &'n Node, key: &str) -> impl Iterator<Item = String> + 'n {
    let words = node.get(key).into_iter().flat_map(Node::words);
    words.map(|(text, _)| text.to_owned())
}
