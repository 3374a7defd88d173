//! Broken files of more than forty kinds, as people break them: each must be found where it
//! is, in one finding, with a mend in both languages.

mod more;

use super::support::{CALENDAR, foreign_words, read};
use crate::lang::Lang;

/// What is wrong, the code, the line, the column, and a word of the mend.
struct Broken {
    what: &'static str,
    file: &'static str,
    code: &'static str,
    line: usize,
    column: usize,
    mend: &'static str,
}

const fn broken(
    what: &'static str,
    file: &'static str,
    place: (&'static str, usize, usize),
    mend: &'static str,
) -> Broken {
    Broken {
        what,
        file,
        code: place.0,
        line: place.1,
        column: place.2,
        mend,
    }
}

const FILES: &[Broken] = &[
    broken(
        "a tab in the indentation",
        "rules:\n  - id: a\n\twhen: {any: 退}\n    do: [{reply: 甲}]\n",
        ("Y010", 3, 1),
        "换成空格",
    ),
    broken(
        "a Chinese colon after a key",
        "rules:\n  - id: a\n    when：{any: 退}\n    do: [{reply: 甲}]\n",
        ("Y011", 3, 9),
        "英文冒号",
    ),
    broken(
        "a Chinese comma in a list",
        "rules:\n  - id: a\n    when: {any: [退款，退货]}\n    do: [{reply: 甲}]\n",
        ("Y012", 3, 20),
        "英文逗号",
    ),
    broken(
        "an enumeration comma in a list",
        "rules:\n  - id: a\n    when: {any: [退款、退货]}\n    do: [{reply: 甲}]\n",
        ("Y012", 3, 20),
        "英文逗号",
    ),
    broken(
        "words without brackets",
        "rules:\n  - id: a\n    when:\n      any: 退款、退货\n    do: [{reply: 甲}]\n",
        ("Y012", 4, 14),
        "英文逗号",
    ),
    broken(
        "Chinese quotation marks",
        "rules:\n  - id: a\n    when: {any: [“退款”]}\n    do: [{reply: 甲}]\n",
        ("Y013", 3, 18),
        "英文引号",
    ),
    broken(
        "corner brackets as quotation marks",
        "rules:\n  - id: 「a」\n    when: {any: 退}\n    do: [{reply: 甲}]\n",
        ("Y013", 2, 9),
        "英文引号",
    ),
    broken(
        "a full-width space",
        "rules:\n  - id:\u{3000}a\n    when: {any: 退}\n    do: [{reply: 甲}]\n",
        ("Y014", 2, 8),
        "普通空格",
    ),
    broken(
        "a number sign that swallows the bracket",
        "rules:\n  - id: a\n    when: {any: [退款 #1]}\n    do: [{reply: 甲}]\n",
        ("Y015", 3, 21),
        "英文引号",
    ),
    broken(
        "an anchor",
        "rules:\n  - id: a\n    when: {any: &词 [退款]}\n    do: [{reply: 甲}]\n",
        ("Y016", 3, 20),
        "words:",
    ),
    broken(
        "a merge key",
        "rules:\n  - id: a\n    <<: b\n    when: {any: 退}\n    do: [{reply: 甲}]\n",
        ("Y016", 3, 5),
        "words:",
    ),
    broken(
        "a second document",
        "rules:\n  - id: a\n    when: {any: 退}\n    do: [{reply: 甲}]\n---\n",
        ("Y017", 5, 1),
        "两个文件",
    ),
    broken(
        "a bracket that is not closed",
        "rules:\n  - id: a\n    when: {any: [退款}\n    do: [{reply: 甲}]\n",
        ("Y018", 3, 17),
        "成对",
    ),
    broken(
        "a quotation mark that is not closed",
        "rules:\n  - id: a\n    when: {any: \"退款}\n    do: [{reply: 甲}]\n",
        ("Y018", 3, 17),
        "成对",
    ),
    broken(
        "two colons in a line",
        "rules:\n  - id: a\n    name: 退款: 说明\n    when: {any: 退}\n    do: [{reply: 甲}]\n",
        ("Y018", 3, 13),
        "冒号",
    ),
    broken(
        "a line that is indented too far",
        "rules:\n  - id: a\n      when: {any: 退}\n    do: [{reply: 甲}]\n",
        ("Y018", 3, 11),
        "缩进",
    ),
    broken(
        "a type tag",
        "rules:\n  - id: a\n    when: {any: !!str 退款}\n    do: [{reply: 甲}]\n",
        ("Y019", 3, 17),
        "英文引号",
    ),
    broken(
        "a mistyped key",
        "rules:\n  - id: a\n    cooldwn: 30m\n    when: {any: 退}\n    do: [{reply: 甲}]\n",
        ("Y020", 3, 5),
        "cooldown",
    ),
    broken(
        "a key in Chinese",
        "rules:\n  - id: a\n    优先级: 80\n    when: {any: 退}\n    do: [{reply: 甲}]\n",
        ("Y020", 3, 5),
        "priority",
    ),
    broken(
        "a key that stands twice",
        "rules:\n  - id: a\n    when: {any: 退}\n    when: {any: 款}\n    do: [{reply: 甲}]\n",
        ("Y021", 4, 5),
        "合并",
    ),
    broken(
        "a key that is missing",
        "rules:\n  - id: a\n    when: {any: 退}\n",
        ("Y022", 2, 5),
        "do",
    ),
    broken(
        "a word where a number is wanted",
        "rules:\n  - id: a\n    priority: 最高\n    when: {any: 退}\n    do: [{reply: 甲}]\n",
        ("Y023", 3, 15),
        "整数",
    ),
    broken(
        "a duration without a unit",
        "rules:\n  - id: a\n    cooldown: 30\n    when: {any: 退}\n    do: [{reply: 甲}]\n",
        ("Y023", 3, 15),
        "30m",
    ),
    broken(
        "a date that does not exist",
        "rules:\n  - id: a\n    until: 2026-02-30\n    when: {any: 退}\n    do: [{reply: 甲}]\n",
        ("Y023", 3, 12),
        "2026-11-01",
    ),
    broken(
        "a choice that does not exist",
        "rules:\n  - id: a\n    when: {any: 退, match: contain}\n    do: [{reply: 甲}]\n",
        ("Y024", 3, 27),
        "contains",
    ),
    broken(
        "nothing behind a key",
        "rules:\n  - id: a\n    when: {any: 退}\n    cooldown:\n    do: [{reply: 甲}]\n",
        ("Y026", 4, 13),
        "补上",
    ),
    broken(
        "two actions in one element",
        "rules:\n  - id: a\n    when: {any: 退}\n    do:\n      - tag: a/b\n        reply: 甲\n",
        ("Y027", 5, 9),
        "短横",
    ),
    broken(
        "an attribute that is nearly a key",
        "rules:\n  - id: a\n    when: {any: 退, contact: {hastag: x}}\n    do: [{reply: 甲}]\n",
        ("Y028", 3, 30),
        "has_tag",
    ),
    broken(
        "a variable without quotation marks",
        "rules:\n  - id: a\n    when: {any: 退}\n    do: [{remark: {{ contact.id }}}]\n",
        ("Y029", 4, 20),
        "英文引号",
    ),
    broken(
        "a comparison without quotation marks",
        "rules:\n  - id: a\n    when: {any: 退, contact: {points: >= 1}}\n    do: [{reply: 甲}]\n",
        ("Y030", 3, 38),
        ">= 1",
    ),
    broken(
        "a control character",
        "rules:\n  - id: a\n    name: a\u{0}b\n    when: {any: 退}\n    do: [{reply: 甲}]\n",
        ("Y033", 3, 12),
        "删掉",
    ),
    broken(
        "an invisible character in an id",
        "rules:\n  - id: a\u{200B}\n    when: {any: 退}\n    do: [{reply: 甲}]\n",
        ("Y034", 2, 10),
        "删掉",
    ),
    broken(
        "no space behind a dash",
        "rules:\n  - id: a\n    when:\n      any:\n        -退款\n    do: [{reply: 甲}]\n",
        ("Y035", 5, 9),
        "`- `",
    ),
    broken(
        "no space behind a colon",
        "rules:\n  - id: a\n    when:{any: 退}\n    do: [{reply: 甲}]\n",
        ("Y036", 3, 5),
        "when: 值",
    ),
    broken(
        "no space behind the colon of an id",
        "rules:\n  - id:a\n    when: {any: 退}\n    do: [{reply: 甲}]\n",
        ("Y036", 2, 5),
        "id: 值",
    ),
    broken(
        "full-width square brackets",
        "rules:\n  - id: a\n    when: {any: ［退款］}\n    do: [{reply: 甲}]\n",
        ("Y037", 3, 17),
        "方括号",
    ),
    broken(
        "the same id twice",
        "rules:\n  - {id: a, when: {any: 退}, do: [{reply: 甲}]}\n  - {id: a, when: {any: 款}, do: [{reply: 甲}]}\n",
        ("R002", 3, 10),
        "唯一",
    ),
    broken(
        "no condition at all",
        "rules:\n  - id: a\n    do: [{reply: 甲}]\n",
        ("R003", 2, 9),
        "关键词",
    ),
    broken(
        "a group that does not exist",
        "words: {退款词: [退]}\nrules:\n  - {id: a, when: {any: [$退款词, $退款]}, do: [{reply: 甲}]}\n",
        ("R004", 3, 32),
        "退款词",
    ),
    broken(
        "a group that nobody uses",
        "words: {退款词: [退]}\nrules:\n  - {id: a, when: {any: 退}, do: [{reply: 甲}]}\n",
        ("R005", 1, 9),
        "删掉",
    ),
    broken(
        "a pattern that is not closed",
        "rules:\n  - id: a\n    when: {regex: '(\\d+'}\n    do: [{reply: 甲}]\n",
        ("R007", 3, 20),
        "成对",
    ),
    broken(
        "look-around in a pattern",
        "rules:\n  - id: a\n    when: {regex: '退款(?!吗)'}\n    do: [{reply: 甲}]\n",
        ("R007", 3, 22),
        "none",
    ),
    broken(
        "hours that do not exist",
        "rules:\n  - id: a\n    hours: 上班时间\n    when: {any: 退}\n    do: [{reply: 甲}]\n",
        ("R008", 3, 12),
        "工作时间",
    ),
    broken(
        "an end before the beginning",
        "rules:\n  - id: a\n    from: 2026-12-01\n    until: 2026-11-01\n    when: {any: 退}\n    do: [{reply: 甲}]\n",
        ("R009", 4, 12),
        "until",
    ),
    broken(
        "a channel on which it does not happen",
        "rules:\n  - id: a\n    on: added\n    channel: kf\n    do: [{tag: a/b}]\n",
        ("R010", 4, 14),
        "contact",
    ),
    broken(
        "words for an event without a text",
        "rules:\n  - id: a\n    on: added\n    when: {any: 退}\n    do: [{tag: a/b}]\n",
        ("R011", 4, 12),
        "message",
    ),
    broken(
        "an action at the wrong moment",
        "rules:\n  - id: a\n    on: added\n    do: [{reply: 甲}]\n",
        ("R012", 4, 11),
        "welcome",
    ),
    broken(
        "a template that does not exist",
        "rules:\n  - id: a\n    when: {any: 退}\n    do: [{reply: 售后/退款说名}]\n",
        ("R013", 4, 18),
        "售后/退款说明",
    ),
    broken(
        "a servicer group that does not exist",
        "rules:\n  - id: a\n    when: {any: 退}\n    do: [{transfer: 售后}]\n",
        ("R014", 4, 21),
        "售后组",
    ),
    broken(
        "a webhook that does not exist",
        "rules:\n  - id: a\n    when: {any: 退}\n    do: [{webhook: {to: 仓库}}]\n",
        ("R015", 4, 25),
        "agent.toml",
    ),
    broken(
        "a robot that does not exist",
        "rules:\n  - id: a\n    when: {any: 退}\n    do: [{robot: {to: 外部, text: 好}}]\n",
        ("R016", 4, 23),
        "agent.toml",
    ),
    broken(
        "half a tag",
        "rules:\n  - id: a\n    when: {any: 退}\n    do: [{tag: 意向/}]\n",
        ("R017", 4, 16),
        "组/标签",
    ),
    broken(
        "a capture that the pattern does not have",
        "rules:\n  - id: a\n    when: {regex: '\\d{9}'}\n    do: [{reply: 查单}]\n",
        ("R018", 4, 18),
        "(?<order>",
    ),
    broken(
        "an event that does not exist",
        "rules:\n  - id: a\n    on: add\n    do: [{tag: a/b}]\n",
        ("R019", 3, 9),
        "added",
    ),
    broken(
        "conditions that contradict each other",
        "rules:\n  - id: a\n    when: {any: 不退款, none: 退款}\n    do: [{reply: 甲}]\n",
        ("R020", 3, 28),
        "none",
    ),
    broken(
        "the same word in two spellings",
        "rules:\n  - id: a\n    when: {any: [退货, 退 貨]}\n    do: [{reply: 甲}]\n",
        ("R021", 3, 22),
        "留一个",
    ),
    broken(
        "a comparison with a word",
        "rules:\n  - id: a\n    when: {any: 退, contact: {points: '> 很多'}}\n    do: [{reply: 甲}]\n",
        ("R022", 3, 38),
        "数字",
    ),
    broken(
        "neither text nor template",
        "rules:\n  - id: a\n    when: {any: 退}\n    do: [{robot: {to: 内部群}}]\n",
        ("R023", 4, 18),
        "text",
    ),
    broken(
        "a version of the future",
        "version: 3\nrules:\n  - {id: a, when: {any: 退}, do: [{reply: 甲}]}\n",
        ("R026", 1, 10),
        "version: 1",
    ),
    broken(
        "a group in a group",
        "words: {甲: [退], 乙: [货, $甲]}\nrules:\n  - {id: a, when: {any: [$甲, $乙]}, do: [{reply: 甲}]}\n",
        ("R028", 1, 24),
        "并列",
    ),
    broken(
        "two times for a reminder",
        "rules:\n  - id: a\n    when: {any: 退}\n    do: [{remind: {who: 负责人, in: 1h, at: 9:00, text: '{{ now }}'}}]\n",
        ("R030", 4, 38),
        "明天",
    ),
    broken(
        "a time that nobody can know",
        "rules:\n  - id: a\n    when: {any: 退}\n    do: [{remind: {who: 负责人, at: 晚点, text: '{{ now }}'}}]\n",
        ("R031", 4, 34),
        "明天 09:00",
    ),
    broken(
        "a mass message to everybody",
        "rules:\n  - id: a\n    channel: app\n    when: {any: 退}\n    do: [{mass_message: {template: 甲, audience: {}}}]\n",
        ("R039", 5, 49),
        "has_tag",
    ),
    broken(
        "a variable that does not exist",
        "rules:\n  - id: a\n    when: {any: 退}\n    do: [{remark: '{{ customer.name }}'}]\n",
        ("T004", 4, 23),
        "contact",
    ),
    broken(
        "a variable that may be missing",
        "rules:\n  - id: a\n    when: {any: 退}\n    do: [{remark: '{{ contact.name }}'}]\n",
        ("T005", 4, 23),
        "default",
    ),
    broken(
        "a template that is not closed",
        "rules:\n  - id: a\n    when: {any: 退}\n    do: [{remark: '{{ contact.id }'}]\n",
        ("T003", 4, 34),
        "{{ contact.name }}",
    ),
];

#[test]
fn each_is_found_where_it_is_with_a_mend() {
    assert!(FILES.len() >= 40);
    let mut wrong = Vec::new();
    for broken in FILES.iter().chain(more::FILES) {
        let (_, report) = read(CALENDAR, broken.file.as_bytes());
        let places: Vec<_> = report
            .items()
            .iter()
            .map(|item| {
                let place = item.span.map_or((0, 0), |span| (span.line, span.column));
                (item.code, place.0, place.1)
            })
            .collect();
        if places != [(broken.code, broken.line, broken.column)] {
            wrong.push(format!("{}: {places:?}", broken.what));
            continue;
        }
        let foreign = foreign_words(&report, broken.file);
        if !foreign.is_empty() {
            wrong.push(format!("{}: English in Chinese: {foreign:?}", broken.what));
        }
        let items = report.items();
        let (zh, en) = (items[0].mend(Lang::Zh), items[0].mend(Lang::En));
        if !zh.as_deref().is_some_and(|mend| mend.contains(broken.mend)) || en.is_none() {
            wrong.push(format!("{}: mend {zh:?} {en:?}", broken.what));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
