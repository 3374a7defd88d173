//! Rule files to rules. Everything that is wrong is reported; what can be had is had, so
//! that one mistake does not hide the next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::calendar::{Calendar, HoursId};
use super::keys::RULES;
use super::load::References;
use super::matcher::Words;
use super::model::{Mode, On, Place, Rule, When};
use super::occasion::Occasion;
use super::parse_action::Reader;
use super::parse_date::anniversary;
use super::{parse_when, problems};
use crate::diagnostic::{Diagnostic, Findings, Span, nearest};
use crate::domain::action::Action;
use crate::domain::ids::RuleId;
use crate::domain::inbound::Channel;
use crate::yaml::values::{self, Moment};
use crate::yaml::{Data, Node, check, parse};

const DEFAULT_PRIORITY: i64 = 50;
/// An id is part of keys of the store and of every trace.
const MOST_ID_CHARS: usize = 64;

/// What all files share.
pub(super) struct Context<'a> {
    pub(super) references: &'a References<'a>,
    pub(super) calendar: &'a Calendar,
    pub(super) words: Words,
    /// Every id that was seen, with the file and line of its rule.
    pub(super) ids: BTreeMap<RuleId, Place>,
}

/// One file while it is read.
pub(super) struct File<'f, 'a> {
    pub(super) context: &'f mut Context<'a>,
    pub(super) findings: Findings<'f>,
    name: Arc<str>,
    groups: BTreeMap<String, Vec<(String, Span)>>,
    used: BTreeSet<String>,
    /// Superfluous words that were named already.
    pub(super) superfluous: BTreeSet<String>,
    defaults: Option<Node>,
}

/// Reads the rules of one file.
pub(super) fn rules_of(
    context: &mut Context<'_>,
    name: &str,
    mut findings: Findings<'_>,
) -> Vec<Rule> {
    let Some(root) = parse(&mut findings) else {
        return Vec::new();
    };
    check(&root, &RULES, &mut findings);
    version(&root, &mut findings);
    let mut file = File {
        context,
        findings,
        name: Arc::from(name),
        groups: groups(root.get("words")),
        used: BTreeSet::new(),
        superfluous: BTreeSet::new(),
        defaults: root.get("defaults").cloned(),
    };
    let nodes = root.get("rules").map(Node::items).unwrap_or_default();
    let rules = nodes.iter().filter_map(|node| file.rule(node)).collect();
    if let Some(words) = root.get("words") {
        file.unused_groups(words);
        file.nested_groups(words);
    }
    rules
}

/// Reports a file of a version that does not exist yet.
pub(super) fn version(root: &Node, findings: &mut Findings<'_>) {
    let Some(node) = root.get("version") else {
        return;
    };
    if let Some(number) = node.text().and_then(values::integer)
        && number != 1
    {
        let found = Diagnostic::of(problems::WRONG_VERSION).value("version", number.to_string());
        findings.add(node.span, found);
    }
}

fn groups(node: Option<&Node>) -> BTreeMap<String, Vec<(String, Span)>> {
    let entries = node.map(Node::entries).unwrap_or_default();
    entries
        .iter()
        .map(|entry| {
            let words = entry.value.words();
            let words = words.map(|(word, span)| (word.to_owned(), span)).collect();
            (entry.key.clone(), words)
        })
        .collect()
}

impl File<'_, '_> {
    pub(super) fn add(&mut self, span: Span, diagnostic: Diagnostic) {
        self.findings.add(span, diagnostic);
    }

    /// Not said when something is wrong: the rule that uses a group may be the broken one.
    fn unused_groups(&mut self, words: &Node) {
        if self.findings.report.has_errors() {
            return;
        }
        for entry in words.entries() {
            if !self.used.contains(&entry.key) {
                let found = Diagnostic::of(problems::UNUSED_GROUP).value("name", &*entry.key);
                self.add(entry.span, found);
            }
        }
    }

    /// Groups hold words and no other groups: what a rule matches stays visible.
    fn nested_groups(&mut self, words: &Node) {
        for (word, span) in words.entries().iter().flat_map(|entry| entry.value.words()) {
            if word.starts_with('$') {
                let found = Diagnostic::of(problems::NESTED_GROUP).value("word", word);
                self.findings.add(span, found);
            }
        }
    }

    /// The words of a list, with `$name` replaced by its group; `$$` is a dollar sign.
    pub(super) fn words(&mut self, node: Option<&Node>) -> Vec<(String, Span)> {
        let mut words = Vec::new();
        for (word, span) in node.iter().flat_map(|node| node.words()) {
            match word.strip_prefix('$') {
                None => words.push((word.to_owned(), span)),
                Some(rest) if rest.starts_with('$') => words.push((rest.to_owned(), span)),
                Some(name) => match self.groups.get(name) {
                    Some(group) => {
                        self.used.insert(name.to_owned());
                        let own = group.iter().map(|(word, _)| (word.clone(), span));
                        words.extend(own);
                    }
                    None => {
                        let found = unknown_group(name, &self.groups);
                        self.findings.add(span, found);
                    }
                },
            }
        }
        words
    }

    fn rule(&mut self, node: &Node) -> Option<Rule> {
        if !matches!(node.data, Data::Map(_)) {
            return None;
        }
        let id_node = node.get("id");
        let id = RuleId::from(id_node.and_then(Node::text).unwrap_or_default());
        let span = id_node.map_or(node.span, |id| id.span);
        let place = Place {
            file: Arc::clone(&self.name),
            line: span.line,
        };
        self.remember(&id, span, &place);
        let on = self.trigger(node.get("on"), node.get("date"));
        let channels = self.channels(node, &on, span);
        let when = self.when(node.get("when"), &on);
        let rule = Rule {
            name: node.get("name").and_then(Node::text).map(Arc::from),
            mode: self.mode(node),
            priority: self.number(node, "priority").unwrap_or(DEFAULT_PRIORITY),
            hours: self.hours(node),
            from: self.moment(node, "from"),
            until: self.moment(node, "until"),
            cooldown: self.inherited(node, "cooldown").and_then(values::duration),
            limit: limit(node.get("limit")),
            stop: self.inherited(node, "stop").and_then(values::flag) == Some(true),
            actions: self
                .actions(node.get("do"), Occasion::new(&on, &channels, &when))
                .into(),
            id,
            on,
            channels: channels.into(),
            when,
            place,
        };
        self.as_a_whole(&rule, node, span);
        Some(rule)
    }

    fn actions(&mut self, node: Option<&Node>, occasion: Occasion<'_>) -> Vec<Action> {
        let mut reader = Reader {
            findings: &mut self.findings,
            references: self.context.references,
            calendar: self.context.calendar,
            occasion,
        };
        reader.actions(node)
    }

    fn remember(&mut self, id: &RuleId, span: Span, place: &Place) {
        if id.as_str().is_empty() {
            return;
        }
        let count = id.as_str().chars().count();
        if count > MOST_ID_CHARS {
            let found = Diagnostic::of(problems::LONG_ID)
                .value("count", count.to_string())
                .value("most", MOST_ID_CHARS.to_string());
            self.findings.add(span, found);
        }
        if let Some(first) = self.context.ids.get(id) {
            let folder = self.findings.source.name().strip_suffix(&*self.name);
            let folder = folder.unwrap_or_default();
            let found = Diagnostic::of(problems::DUPLICATE_ID)
                .value("id", id.as_str())
                .value("first", format!("{folder}{}:{}", first.file, first.line));
            self.findings.add(span, found);
        } else {
            self.context.ids.insert(id.clone(), place.clone());
        }
    }

    /// Mistakes that only the whole rule shows.
    fn as_a_whole(&mut self, rule: &Rule, node: &Node, span: Span) {
        if let (Some(from), Some(until)) = (rule.from, rule.until) {
            let zone = jiff::tz::TimeZone::UTC;
            if from.start(&zone) >= until.end(&zone) {
                let at = node.get("until").map_or(span, |until| until.span);
                self.add(at, Diagnostic::of(problems::NEVER_VALID));
            }
        }
        if let (Some(until), Some(setting)) = (rule.until, self.context.references.setting)
            && rule.mode != Mode::Off
            && until.end(setting.now.time_zone()).0 <= setting.now.timestamp().as_millisecond()
        {
            let own = node.get("until");
            let found = Diagnostic::of(problems::PAST)
                .value("value", own.and_then(Node::text).unwrap_or("until"));
            self.add(own.map_or(span, |own| own.span), found);
        }
        let conditions = node.get("when").map(Node::entries).unwrap_or_default();
        let blank = node.get("when").is_none_or(|when| when.text().is_none())
            && conditions.iter().all(|entry| entry.key == "match");
        // The condition may be there, behind a colon that touches it or an unknown trigger.
        let hidden = node.entries().iter().any(|entry| {
            let key = entry.key.as_str();
            key != "when" && key.starts_with("when")
        });
        // A rule without an id is told to have none; that is enough for once.
        let nameless = rule.id.as_str().is_empty();
        let trigger = node.get("on").map(|on| on.span);
        let unknown = trigger.is_some_and(|on| self.findings.has_at(problems::BAD_TRIGGER, on));
        let no_map = node
            .get("when")
            .is_some_and(|when| !matches!(when.data, Data::Map(_)));
        if hidden || unknown || nameless || no_map {
            return;
        }
        if rule.on == On::Message && blank && node.get("hours").is_none() && rule.hours.is_none() {
            let found = Diagnostic::of(problems::EMPTY_WHEN).value("id", rule.id.as_str());
            self.add(span, found);
        }
    }

    /// A value of the rule, else of the file's defaults.
    fn inherited<'n>(&'n self, node: &'n Node, key: &str) -> Option<&'n str> {
        let own = node.get(key);
        own.or_else(|| self.defaults.as_ref()?.get(key))?.text()
    }

    fn number(&self, node: &Node, key: &str) -> Option<i64> {
        self.inherited(node, key).and_then(values::integer)
    }

    fn moment(&self, node: &Node, key: &str) -> Option<Moment> {
        self.inherited(node, key).and_then(values::moment)
    }

    fn mode(&self, node: &Node) -> Mode {
        match self.inherited(node, "mode") {
            Some("observe") => Mode::Observe,
            Some("off") => Mode::Off,
            _ => Mode::On,
        }
    }

    fn hours(&mut self, node: &Node) -> Option<HoursId> {
        let own = node.get("hours");
        let value = own.or_else(|| self.defaults.as_ref()?.get("hours"))?;
        let (name, span) = (value.text()?.to_owned(), value.span);
        let id = self.context.calendar.find(&name);
        // A default is named wrongly once, however many rules inherit it.
        let reported = own.is_none() && self.findings.has_at(problems::UNKNOWN_HOURS, span);
        if id.is_none() && !reported {
            let known: Vec<_> = self.context.calendar.names().collect();
            let found = Diagnostic::of(problems::UNKNOWN_HOURS)
                .value("name", name.as_str())
                .value("known", known.join(", "))
                .suggest(&name, known);
            self.findings.add(span, found);
        }
        id
    }

    fn trigger(&mut self, node: Option<&Node>, date: Option<&Node>) -> On {
        let Some((text, span)) = node.and_then(|node| Some((node.text()?, node.span))) else {
            return On::Message;
        };
        const WORDS: [&str; 7] = [
            "message", "added", "deleted", "joined", "left", "entered", "clicked",
        ];
        match text {
            "message" => On::Message,
            "added" => On::Added,
            "deleted" => On::Deleted,
            "joined" => On::Joined,
            "left" => On::Left,
            "entered" => On::Entered,
            "clicked" => On::Clicked,
            _ => match named(text, date) {
                Some(on) => on,
                None => {
                    let found = Diagnostic::of(problems::BAD_TRIGGER)
                        .value("value", text)
                        .value("known", WORDS.join(", "))
                        .suggest(text, WORDS);
                    self.findings.add(span, found);
                    On::Message
                }
            },
        }
    }

    fn channels(&mut self, node: &Node, on: &On, rule: Span) -> Vec<Channel> {
        let own = node.get("channel");
        let inherited = self.defaults.as_ref().and_then(|node| node.get("channel"));
        let Some(value) = own.or(inherited) else {
            return Vec::new();
        };
        let names: Vec<&str> = value.words().map(|(name, _)| name).collect();
        let channels: Vec<Channel> = names.iter().copied().filter_map(channel).collect();
        if !channels.is_empty() && !channels.iter().any(|channel| carries(*channel, on)) {
            let found = Diagnostic::of(problems::DEAD_CHANNEL)
                .value("channel", names.join(", "))
                .value("on", on.word());
            self.findings.add(own.map_or(rule, |own| own.span), found);
        }
        channels
    }

    fn when(&mut self, node: Option<&Node>, on: &On) -> When {
        node.map_or_else(When::default, |node| parse_when::when(self, node, on))
    }
}

/// Groups are called as other tools call variables, too: `${name}`, `$words.name`.
fn unknown_group(name: &str, groups: &BTreeMap<String, Vec<(String, Span)>>) -> Diagnostic {
    let known: Vec<&str> = groups.keys().map(String::as_str).collect();
    let bare = name
        .trim_start_matches("words")
        .trim_matches(|c: char| c.is_whitespace() || "{}()<>.:：｛｝".contains(c));
    let found = Diagnostic::of(problems::UNKNOWN_GROUP)
        .value("name", name)
        .value("known", known.join(", "));
    match nearest(bare, known.iter().copied()) {
        Some(near) => found
            .value("near", format!("${near}"))
            .help("check.did_you_mean"),
        None if known.is_empty() => found,
        None => found.help("check.unknown_group_known"),
    }
}

/// `date:生日`, `event:change_external_contact`.
fn named(text: &str, date: Option<&Node>) -> Option<On> {
    if let Some(attribute) = text.strip_prefix("date:") {
        let of = anniversary(attribute.trim(), date);
        return (!of.attribute.is_empty()).then(|| On::Date(Box::new(of)));
    }
    text.strip_prefix("event:").and_then(event)
}

fn event(text: &str) -> Option<On> {
    let (event, change) = match text.split_once('/') {
        Some((event, change)) => (event, Some(change)),
        None => (text, None),
    };
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    (is_name(event) && change.is_none_or(is_name)).then(|| On::Event {
        event: event.into(),
        change: change.map(Box::from),
    })
}

fn channel(name: &str) -> Option<Channel> {
    [Channel::Kf, Channel::App, Channel::Aibot, Channel::Contact]
        .into_iter()
        .find(|channel| channel.as_str() == name)
}

/// Whether that can happen on this channel.
pub(super) fn carries(channel: Channel, on: &On) -> bool {
    match on {
        On::Message | On::Entered => channel != Channel::Contact,
        On::Added | On::Deleted | On::Joined | On::Left | On::Date(_) => {
            channel == Channel::Contact
        }
        On::Clicked => matches!(channel, Channel::App | Channel::Aibot),
        On::Event { .. } => true,
    }
}

/// What does not fit was reported when the shape was checked.
fn limit(node: Option<&Node>) -> Option<u32> {
    let per_day = values::integer(node?.get("per_day")?.text()?)?;
    u32::try_from(per_day).ok()
}
