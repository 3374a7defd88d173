//! One test file: text to tests. Every mistake is reported.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::expect::{Names, expectations};
use super::keys::TESTS;
use super::model::{Step, Test, TestFile};
use super::problems;
use super::scene::{Doing, Trait, What};
use crate::diagnostic::{Diagnostic, Findings, Report, Source, Span};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{Tag, UserId};
use crate::domain::inbound::{Channel, Message};
use crate::yaml::{Node, check, parse, values};

/// Who speaks when a file names nobody.
const SOMEBODY: &str = "客户";
const EVENTS: [&str; 5] = ["added", "deleted", "joined", "left", "entered"];

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
        people: people(root.get("contacts")),
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

/// The people of a file, in its order.
fn people(node: Option<&Node>) -> Vec<(String, Trait)> {
    let entries = node.map(Node::entries).unwrap_or_default();
    entries
        .iter()
        .map(|entry| (entry.key.clone(), person(&entry.value)))
        .collect()
}

fn person(node: &Node) -> Trait {
    let words = |key: &str| {
        let words = node.get(key).into_iter().flat_map(Node::words);
        words.map(|(word, _)| word.to_owned()).collect::<Vec<_>>()
    };
    let number = |key: &str| values::integer(node.get(key)?.text()?);
    let known = ["tags", "added_days", "source", "points", "staff"];
    let others = node.entries().iter();
    let others = others.filter(|entry| !known.contains(&entry.key.as_str()));
    Trait {
        tags: words("tags")
            .iter()
            .map(|tag| Tag::from(tag.as_str()))
            .collect(),
        added_days: number("added_days").and_then(|days| u32::try_from(days).ok()),
        source: node.get("source").and_then(Node::text).map(str::to_owned),
        points: number("points").unwrap_or_default(),
        staff: words("staff").into_iter().map(UserId).collect(),
        attributes: others
            .filter_map(|entry| Some((entry.key.clone(), entry.value.text()?.to_owned())))
            .collect::<BTreeMap<_, _>>(),
    }
}

struct Reader<'f, 'n> {
    findings: Findings<'f>,
    names: Option<&'n Names<'n>>,
    people: Vec<(String, Trait)>,
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
            .map(|node| self.step(node, &mut at, &mut who))
            .collect();
        let asks = steps.iter().any(|step| !step.expect.is_empty());
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

    fn step(&mut self, node: &Node, at: &mut Duration, who: &mut String) -> Step {
        if let Some(written) = node.get("at")
            && let Some(wanted) = written.text().and_then(values::duration)
        {
            if wanted < *at {
                let found = Diagnostic::of(problems::CLOCK_BACK)
                    .value("at", written.text().unwrap_or_default());
                self.findings.add(written.span, found);
            }
            *at = wanted.max(*at);
        }
        if let Some(from) = node.get("from")
            && let Some(name) = from.text()
        {
            self.knows(name, from.span);
            name.clone_into(who);
        }
        let expect = node
            .get("expect")
            .map(|expect| expectations(expect, self.names, &mut self.findings));
        Step {
            span: node.span,
            at: *at,
            doing: self.doing(node, who),
            expect: expect.unwrap_or_default(),
        }
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

    fn doing(&mut self, node: &Node, who: &str) -> Option<Doing> {
        let what = self.what(node)?;
        let own = node.get("channel").and_then(channel);
        // A file's channel is that of its conversations; arrivals have only one.
        let usual = match what {
            What::Say(_) | What::Press(_) | What::Entered { .. } => self.channel,
            _ => None,
        };
        Some(Doing {
            who: who.to_owned(),
            channel: own.or(usual).unwrap_or_else(|| what.usual_channel()),
            what,
        })
    }

    fn what(&mut self, node: &Node) -> Option<What> {
        let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
        let message = node.entry("say").or(node.entry("type"));
        let deeds = [message, node.entry("event"), node.entry("press")];
        let mut deeds = deeds.into_iter().flatten();
        let first = deeds.next()?;
        if let Some(second) = deeds.next() {
            let found = Diagnostic::of(problems::TWO_DEEDS)
                .value("first", first.key.as_str())
                .value("second", second.key.as_str());
            self.findings.add(second.span, found);
        }
        match first.key.as_str() {
            "event" => {
                let word = first.value.text()?;
                let what = What::event(word, text("source"));
                if what.is_none() {
                    let found = Diagnostic::of(problems::UNKNOWN_EVENT)
                        .value("value", word)
                        .value("known", EVENTS.join(", "))
                        .suggest(word, EVENTS);
                    self.findings.add(first.value.span, found);
                }
                what
            }
            "press" => Some(What::Press(first.value.text()?.to_owned())),
            _ => Some(What::Say(Message {
                kind: text("type").unwrap_or_else(|| "text".to_owned()),
                ..Message::text(text("say").unwrap_or_default())
            })),
        }
    }
}
