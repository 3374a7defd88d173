//! Rules, contacts and messages for tests.

use crate::rules::Standing;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use jiff::tz::TimeZone;

use crate::diagnostic::Report;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, TagMark};
use crate::domain::ids::{ConversationKey, ExternalUserId, OpenKfId, Person, Tag};
use crate::domain::inbound::{Author, Channel, Inbound, Message, ReplyPath, Trigger};
use crate::lang::Lang;
use crate::rules::load::{References, from_files};
use crate::rules::{Decision, RuleSet, decide, explain};
use crate::templates::Catalog;

/// A calendar that all test rules may use.
pub(super) const CALENDAR: &str = "hours:\n  工作时间: {days: 工作日, from: '09:00', to: '18:00'}\n  非工作时间: {not: 工作时间}\nholidays: cn\n";

pub(super) fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A catalogue with a plain template and one that needs `m.order`.
pub(super) fn catalog() -> Catalog {
    let files = BTreeMap::from([
        ("甲.txt".to_owned(), "好的".into()),
        ("售后/退款说明.txt".to_owned(), "退款说明".into()),
        (
            "菜单.yaml".to_owned(),
            "menu: {items: [{click: 好}]}".into(),
        ),
        (
            "两条.yaml".to_owned(),
            "messages: [{text: 一}, {text: 二}]".into(),
        ),
        (
            "无图.yaml".to_owned(),
            "link: {title: 新茶, url: 'https://tea.example'}".into(),
        ),
        ("称呼.txt".to_owned(), "{{ contact.id }}，您好".into()),
        ("查单.txt".to_owned(), "订单 {{ m.order }}".into()),
    ]);
    let mut report = Report::default();
    let catalog = Catalog::from_files(Path::new("templates"), &files, &mut report);
    assert!(report.is_empty(), "{report:?}");
    catalog
}

/// Reads a calendar and one rule file.
pub(super) fn read(calendar: &str, rules: &[u8]) -> (Option<RuleSet>, Report) {
    let files = BTreeMap::from([
        ("calendar.yaml".to_owned(), calendar.as_bytes().to_vec()),
        ("r.yaml".to_owned(), rules.to_vec()),
    ]);
    let references = References {
        templates: &catalog(),
        servicer_groups: &names(&["售后组"]),
        webhooks: &names(&["erp查单"]),
        robots: &names(&["内部群"]),
        sops: None,
        plan_tags: None,
        setting: None,
    };
    let mut report = Report::default();
    let set = from_files(Path::new(""), &files, &references, &mut report);
    (set, report)
}

/// Rules that must be right.
pub(super) fn rules(text: &str) -> RuleSet {
    let (set, report) = read(CALENDAR, text.as_bytes());
    set.unwrap_or_else(|| panic!("{}", report.human(Lang::En)))
}

pub(super) fn at(text: &str) -> UnixMillis {
    let at: jiff::Timestamp = text.parse().expect("time");
    UnixMillis(at.as_millisecond())
}

/// Monday, ten o'clock in Shanghai.
pub(super) fn monday() -> UnixMillis {
    at("2026-11-23T10:00:00+08:00")
}

pub(super) fn zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").expect("zone")
}

pub(super) fn customer(tags: &[&str]) -> Contact {
    let id = ExternalUserId::from("wm1");
    let mut contact = Contact::unknown(Person::External(id));
    let mark = TagMark::told(monday());
    contact.tags = tags
        .iter()
        .map(|tag| (Tag::from(*tag), mark.clone()))
        .collect();
    contact
}

pub(super) fn event(channel: Channel, trigger: Trigger) -> Inbound {
    Inbound {
        channel,
        app: "kf".into(),
        at: monday(),
        person: Some(Person::External("wm1".into())),
        author: Author::Person,
        conversation: ConversationKey::from("c"),
        trigger,
        reply_path: ReplyPath::Kf {
            open_kfid: OpenKfId::from("wk1"),
            external_userid: "wm1".into(),
        },
    }
}

pub(super) fn says(text: &str) -> Inbound {
    event(Channel::Kf, Trigger::Message(Message::text(text)))
}

/// The ids of the rules that fire for a message on Monday at ten.
pub(super) fn fired(set: &RuleSet, text: &str, contact: &Contact) -> Vec<String> {
    let decision = decide(
        set,
        &says(text),
        contact,
        &Standing::default(),
        monday(),
        &zone(),
    );
    let explained = explain(
        set,
        &says(text),
        contact,
        &Standing::default(),
        monday(),
        &zone(),
    );
    assert_eq!(decision.fired, explained.fired, "both ways decide alike");
    ids(&decision)
}

pub(super) fn ids(decision: &Decision) -> Vec<String> {
    let fired = decision.fired.iter();
    fired.map(|fired| fired.rule.to_string()).collect()
}

/// What was found, as (code, line, column), in the order of the file.
pub(super) fn found(calendar: &str, text: &[u8]) -> Vec<(&'static str, usize, usize)> {
    let (_, report) = read(calendar, text);
    for lang in [Lang::Zh, Lang::En] {
        let shown = report.human(lang);
        assert!(!shown.contains("check."), "a text is missing: {shown}");
        let named = ["{key}", "{name}", "{known}", "{value}", "{found}", "{near}"];
        assert!(named.iter().all(|name| !shown.contains(name)), "{shown}");
    }
    report
        .items()
        .iter()
        .map(|item| {
            let place = item.span.map_or((0, 0), |span| (span.line, span.column));
            (item.code, place.0, place.1)
        })
        .collect()
}

/// English words of a Chinese report that are neither in the operator's file nor in any
/// Chinese text of the catalogue: somebody else's message got through.
pub(super) fn foreign_words(report: &Report, file: &str) -> Vec<String> {
    let told: String = report
        .items()
        .iter()
        .map(|item| {
            let mend = item.mend(Lang::Zh).unwrap_or_default();
            format!("{}\n{mend}\n", item.message(Lang::Zh))
        })
        .collect();
    let own: BTreeSet<&str> = words_in(file).collect();
    let foreign = words_in(&told).filter(|word| !KNOWN.contains(*word) && !own.contains(word));
    foreign.map(str::to_owned).collect()
}

/// The words of the catalogue's Chinese texts, and all keys.
static KNOWN: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lang");
    let entries = std::fs::read_dir(folder).expect("the catalogue");
    let texts = entries.filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok());
    let mut known = crate::rules::schema().to_string() + &crate::templates::schema().to_string();
    for text in texts {
        let chinese = text.lines().filter(|line| line.starts_with("zh = "));
        known.extend(chinese);
    }
    words_in(&known).map(str::to_owned).collect()
});

fn words_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphabetic())
        .filter(|word| word.len() > 1)
}

/// One mistake in a rule file, nothing else.
#[track_caller]
pub(super) fn one(text: &str, code: &str, line: usize, column: usize) {
    assert_eq!(
        found(CALENDAR, text.as_bytes()),
        [(code, line, column)],
        "{text}"
    );
}

/// A rule with this condition.
pub(super) fn when(condition: &str) -> String {
    format!("rules:\n  - id: a\n    when: {condition}\n    do: [{{reply: 甲}}]\n")
}

/// A rule with this action.
pub(super) fn act(action: &str) -> String {
    format!("rules:\n  - id: a\n    when: {{any: 退款}}\n    do: [{action}]\n")
}

/// A rule with this line.
pub(super) fn with(line: &str) -> String {
    format!("rules:\n  - id: a\n    {line}\n    when: {{any: 退款}}\n    do: [{{reply: 甲}}]\n")
}
