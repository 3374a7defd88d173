//! One test file: text to tests. Every mistake is reported.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::expect::{Names, expectations};
use super::keys::TESTS;
use super::model::{Step, Test, TestFile};
use super::problems;
use super::scene::{Act, Doing, Order, Trait, What, signed};
use crate::diagnostic::{Diagnostic, Findings, Report, Source, Span};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{SopId, Tag, UserId};
use crate::domain::inbound::{Channel, Message};
use crate::yaml::{Entry, Node, check, parse, values};

/// Who speaks when a file names nobody.
const SOMEBODY: &str = "客户";
const EVENTS: [&str; 7] = [
    "added",
    "deleted",
    "joined",
    "left",
    "entered",
    "made",
    "dissolved",
];

/// Reads the tests of one file.
pub(super) fn tests_of(
    source: &Source,
    names: Option<&Names<'_>>,
    zone: &TimeZone,
    report: &mut Report,
) -> Option<TestFile> {
    let mut findings = Findings::new(source, report);
    let root = parse(&mut findings)?;
    check(&root, &TESTS, &mut findings);
    version(&root, &mut findings);
    let moment = |node: &Node| Some(values::moment(node.text()?)?.start(zone));
    let start = root.get("start").and_then(moment);
    let mut reader = Reader {
        findings,
        names,
        people: people(&root),
        zone,
        channel: root.get("channel").and_then(channel),
        seen: BTreeSet::new(),
    };
    let nodes = root.get("tests").map(Node::items).unwrap_or_default();
    let tests = nodes
        .iter()
        .map(|node| reader.test(node, node.get("at").and_then(moment).or(start)))
        .collect();
    Some(TestFile {
        source: source.clone(),
        people: reader.people.into_iter().collect(),
        tests,
    })
}

fn version(root: &Node, findings: &mut Findings<'_>) {
    if let Some(node) = root.get("version")
        && let Some(number) = node.text().and_then(values::integer)
        && number != 1
    {
        let found = Diagnostic::of(problems::TEST_VERSION).value("version", number.to_string());
        findings.add(node.span, found);
    }
}

fn channel(node: &Node) -> Option<Channel> {
    [Channel::Kf, Channel::App, Channel::Aibot, Channel::Contact]
        .into_iter()
        .find(|channel| Some(channel.as_str()) == node.text())
}

/// The people and then the groups of a file, in its order.
fn people(root: &Node) -> Vec<(String, Trait)> {
    let of = |key: &str| root.get(key).map(Node::entries).unwrap_or_default().iter();
    let contacts = of("contacts").map(|entry| (entry.key.clone(), person(&entry.value)));
    let groups = of("groups").map(|entry| (entry.key.clone(), group(&entry.value)));
    contacts.chain(groups).collect()
}

fn group(node: &Node) -> Trait {
    let owner = node.get("owner").and_then(Node::text);
    Trait {
        group: true,
        added_days: days(node, "made_days"),
        staff: owner.into_iter().map(UserId::from).collect(),
        attributes: attributes(node, &["owner", "made_days"]),
        ..Trait::default()
    }
}

fn days(node: &Node, key: &str) -> Option<u32> {
    let days = values::integer(node.get(key)?.text()?)?;
    u32::try_from(days).ok()
}

/// What stands under other keys.
fn attributes(node: &Node, known: &[&str]) -> BTreeMap<String, String> {
    let others = node.entries().iter();
    let others = others.filter(|entry| !known.contains(&entry.key.as_str()));
    others
        .filter_map(|entry| Some((entry.key.clone(), entry.value.text()?.to_owned())))
        .collect()
}

fn person(node: &Node) -> Trait {
    let words = |key: &str| {
        let words = node.get(key).into_iter().flat_map(Node::words);
        words.map(|(word, _)| word.to_owned()).collect::<Vec<_>>()
    };
    let points = node.get("points").and_then(Node::text);
    Trait {
        group: false,
        tags: words("tags")
            .iter()
            .map(|tag| Tag::from(tag.as_str()))
            .collect(),
        added_days: days(node, "added_days"),
        source: node.get("source").and_then(Node::text).map(str::to_owned),
        points: points.and_then(values::integer).unwrap_or_default(),
        staff: words("staff").into_iter().map(UserId).collect(),
        attributes: attributes(node, &["tags", "added_days", "source", "points", "staff"]),
    }
}

struct Reader<'f, 'n> {
    findings: Findings<'f>,
    names: Option<&'n Names<'n>>,
    people: Vec<(String, Trait)>,
    zone: &'n TimeZone,
    channel: Option<Channel>,
    /// Names of tests.
    seen: BTreeSet<String>,
}

impl Reader<'_, '_> {
    fn test(&mut self, node: &Node, start: Option<UnixMillis>) -> Test {
        let name = node.get("name");
        let span = name.map_or(node.span, |name| name.span);
        let name = name.and_then(Node::text).unwrap_or_default().to_owned();
        if !name.is_empty() && !self.seen.insert(name.clone()) {
            let found = Diagnostic::of(problems::SAME_TEST).value("name", name.as_str());
            self.findings.add(span, found);
        }
        let mut at = Duration::ZERO;
        let mut who = self
            .people
            .first()
            .map_or(SOMEBODY, |(name, _)| name)
            .to_owned();
        let nodes = node.get("steps").map(Node::items).unwrap_or_default();
        let steps: Vec<Step> = nodes
            .iter()
            .map(|node| self.step(node, start, &mut at, &mut who))
            .collect();
        // Without names what is expected of plans is not read.
        let asks = self.names.is_none() || steps.iter().any(|step| !step.expect.is_empty());
        if !asks && !steps.is_empty() && !self.findings.report.has_errors() {
            let found = Diagnostic::of(problems::NOTHING_EXPECTED).value("name", name.as_str());
            self.findings.add(span, found);
        }
        Test {
            name,
            span,
            // Without a start the file is refused.
            start: start.unwrap_or_default(),
            steps,
        }
    }

    fn step(
        &mut self,
        node: &Node,
        start: Option<UnixMillis>,
        at: &mut Duration,
        who: &mut String,
    ) -> Step {
        *at = self.time(node, start, *at);
        if let Some(from) = node.get("from")
            && let Some(name) = from.text()
        {
            self.knows(name, from.span);
            name.clone_into(who);
        }
        let people: Vec<&str> = self.people.iter().map(|(name, _)| name.as_str()).collect();
        let expect = node
            .get("expect")
            .map(|expect| expectations(expect, self.names, &people, &mut self.findings));
        Step {
            span: node.span,
            at: *at,
            act: self.act(node, who),
            expect: expect.unwrap_or_default(),
        }
    }

    /// How long after the beginning a step is, if the one before it was at `before`.
    fn time(&mut self, node: &Node, start: Option<UnixMillis>, before: Duration) -> Duration {
        if let (Some(_), Some(after)) = (node.get("at"), node.entry("after")) {
            let found = Diagnostic::of(problems::TWO_TIMES);
            self.findings.add(after.span, found);
        }
        let after = node.get("after").and_then(Node::text);
        if let Some(wait) = after.and_then(values::duration) {
            return before.saturating_add(wait);
        }
        let Some(written) = node.get("at") else {
            return before;
        };
        let text = written.text().unwrap_or_default();
        let moment = || Some(values::moment(text)?.start(self.zone));
        let wanted = match (values::duration(text), start) {
            (Some(wanted), _) => Some(wanted),
            (None, Some(start)) => moment().map(|at| at.since(start)),
            (None, None) => None,
        };
        let early = start.zip(moment()).is_some_and(|(start, at)| at < start);
        let wanted = wanted.unwrap_or(before);
        if wanted < before || early {
            let found = Diagnostic::of(problems::CLOCK_BACK).value("at", text);
            self.findings.add(written.span, found);
        }
        wanted.max(before)
    }

    fn knows(&mut self, name: &str, span: Span) {
        let known = self.people.iter().map(|(name, _)| name.as_str());
        if !self.people.is_empty() && !known.clone().any(|other| other == name) {
            let found = Diagnostic::of(problems::UNKNOWN_CONTACT)
                .value("name", name)
                .suggest(name, known);
            self.findings.add(span, found);
        }
    }

    fn act(&mut self, node: &Node, who: &str) -> Option<Act> {
        let message = node.entry("say").or_else(|| node.entry("type"));
        let orders = Order::ALL.map(|order| node.entry(order.word()));
        let deeds = [
            message,
            node.entry("event"),
            node.entry("press"),
            node.entry("tagged"),
            node.entry("confirm"),
        ];
        let mut deeds = deeds.into_iter().chain(orders).flatten();
        let first = deeds.next()?;
        if let Some(second) = deeds.next() {
            let found = Diagnostic::of(problems::TWO_DEEDS)
                .value("first", first.key.as_str())
                .value("second", second.key.as_str());
            self.findings.add(second.span, found);
        }
        let order = Order::ALL
            .into_iter()
            .find(|order| order.word() == first.key);
        if let Some(order) = order {
            let sop = first.value.text()?;
            self.knows_plan(sop, first.value.span);
            return Some(Act::Operator(SopId::from(sop), order));
        }
        if first.key == "confirm" {
            return Some(Act::Confirms(UserId::from(first.value.text()?)));
        }
        self.doing(node, first, who).map(Act::Somebody)
    }

    fn knows_plan(&mut self, name: &str, span: Span) {
        let known = self.names.map(|names| &names.sops);
        if let Some(known) = known.filter(|known| !known.contains(name)) {
            let found = Diagnostic::of(problems::NO_SUCH_SOP)
                .value("name", name)
                .suggest(name, known.iter().copied());
            self.findings.add(span, found);
        }
    }

    fn doing(&mut self, node: &Node, deed: &Entry, who: &str) -> Option<Doing> {
        let what = self.what(node, deed)?;
        let own = node.get("channel").and_then(channel);
        // A file's channel is that of its conversations; arrivals have only one.
        let usual = match what {
            What::Say(_) | What::Press(_) | What::Entered { .. } => self.channel,
            _ => None,
        };
        let known = self.people.iter().find(|(name, _)| name == who);
        let group = known.is_some_and(|(_, who)| who.group);
        let usable = match what {
            What::Made | What::Dissolved => group,
            What::Joined | What::Left | What::Event { .. } => true,
            _ => !group,
        };
        if !usable {
            let found = Diagnostic::of(problems::NO_GROUP).value("name", who);
            let found = if group {
                found.help("check.no_group_but_one_help")
            } else {
                found
            };
            self.findings.add(deed.value.span, found);
        }
        Some(Doing {
            who: who.to_owned(),
            group,
            channel: own.or(usual).unwrap_or_else(|| what.usual_channel()),
            what,
        })
    }

    fn what(&mut self, node: &Node, deed: &Entry) -> Option<What> {
        let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
        match deed.key.as_str() {
            "event" => {
                let word = deed.value.text()?;
                let what = What::event(word, text("source"));
                if what.is_none() {
                    let found = Diagnostic::of(problems::UNKNOWN_EVENT)
                        .value("value", word)
                        .value("known", EVENTS.join(", "))
                        .suggest(word, EVENTS);
                    self.findings.add(deed.value.span, found);
                }
                what
            }
            "press" => Some(What::Press(deed.value.text()?.to_owned())),
            "tagged" => {
                let tags = deed.value.words().map(|(text, _)| signed(text));
                let (add, remove): (Vec<_>, Vec<_>) = tags.partition(|(_, comes)| *comes);
                let tags = |signed: Vec<(Tag, bool)>| signed.into_iter().map(|(tag, _)| tag);
                Some(What::Tagged {
                    add: tags(add).collect(),
                    remove: tags(remove).collect(),
                })
            }
            _ => Some(What::Say(Message {
                kind: text("type").unwrap_or_else(|| "text".to_owned()),
                ..Message::text(text("say").unwrap_or_default())
            })),
        }
    }
}
