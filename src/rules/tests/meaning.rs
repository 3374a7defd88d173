//! Files that are well formed and mean nothing: each mistake has its code and its place.

use super::support::{CALENDAR, act, found, one, when, with};

#[test]
fn near_misses_of_attributes() {
    one(
        &when("{any: 退款, contact: {has_tags: [a]}}"),
        "Y028",
        3,
        31,
    );
    one(
        &when("{any: 退款, contact: {added_day: '>= 1'}}"),
        "Y028",
        3,
        31,
    );
}

#[test]
fn words_and_groups() {
    one(&when("{any: [$退款词]}"), "R004", 3, 18);
    one(
        "words: {甲: [退款]}\nrules:\n  - id: a\n    when: {any: 退款}\n    do: [{reply: 甲}]\n",
        "R005",
        1,
        9,
    );
    one(&when("{any: [退款, \"\u{200B}\"]}"), "R006", 3, 22);
    one(&when("{any: [退款, 退 款]}"), "R021", 3, 22);
    one(&when("{any: [要退款, 想退款], none: 退款}"), "R020", 3, 35);
    one(&when("{all: [退款, 不退], none: 退款}"), "R020", 3, 33);
    one(&when("{match: exact, all: [退款, 退货]}"), "R020", 3, 31);
    one(&with("hours: 夜里"), "R008", 3, 12);
    one(
        "rules:\n  - id: a\n    when: {}\n    do: [{reply: 甲}]\n",
        "R003",
        2,
        9,
    );
}

#[test]
fn groups_hold_no_groups() {
    let text = "words: {甲: [退款], 乙: [退货, $甲]}\nrules:\n  - id: a\n    when: {any: [$甲, $乙]}\n    do: [{reply: 甲}]\n";
    one(text, "R028", 1, 26);
}

#[test]
fn patterns() {
    one(&when("{regex: '(\\d+'}"), "R007", 3, 20);
    one(&when("{regex: '(?<!不)退款'}"), "R007", 3, 20);
    one(&when("{regex: '(\\w{1000}){1000}'}"), "R007", 3, 19);
    one(
        "rules:\n  - id: a\n    when: {regex: '\\d{9}'}\n    do: [{reply: 查单}]\n",
        "R018",
        4,
        18,
    );
    one(
        "rules:\n  - id: a\n    when: {regex: '(?<order>\\d{9})'}\n    do: [{remark: '{{ m.orda }}'}]\n",
        "R018",
        4,
        19,
    );
}

#[test]
fn time_and_place() {
    one(
        "rules:\n  - id: a\n    from: 2026-11-02\n    until: 2026-11-01\n    when: {any: 退款}\n    do: [{reply: 甲}]\n",
        "R009",
        4,
        12,
    );
    one(&with("channel: contact"), "R010", 3, 14);
    one(
        "rules:\n  - id: a\n    on: added\n    channel: kf\n    do: [{tag: a/b}]\n",
        "R010",
        4,
        14,
    );
    one(
        "rules:\n  - id: a\n    on: joined\n    when: {any: 退款}\n    do: [{webhook: {to: erp查单}}]\n",
        "R011",
        4,
        12,
    );
    one(
        "rules:\n  - id: a\n    on: add\n    when: {any: 退款}\n    do: [{tag: a/b}]\n",
        "R019",
        3,
        9,
    );
    one(
        "rules:\n  - id: a\n    on: event:a b\n    when: {contact: {has_tag: x}}\n    do: [{tag: a/b}]\n",
        "R019",
        3,
        9,
    );
    one(
        "defaults: {channel: kf}\nrules:\n  - id: a\n    on: added\n    do: [{tag: a/b}]\n",
        "R010",
        3,
        9,
    );
}

#[test]
fn actions() {
    one(&act("{welcome: 甲}"), "R012", 4, 11);
    one(
        "rules:\n  - id: a\n    on: added\n    do: [{reply: 甲}]\n",
        "R012",
        4,
        11,
    );
    one(
        "rules:\n  - id: a\n    channel: aibot\n    when: {any: 人工}\n    do: [{transfer: 售后组}]\n",
        "R012",
        5,
        11,
    );
    one(
        "rules:\n  - id: a\n    channel: app\n    when: {any: 人工}\n    do: [{remark: x}]\n",
        "R012",
        5,
        11,
    );
    one(&act("{reply: 退款说名}"), "R013", 4, 18);
    one(&act("{transfer: 售前组}"), "R014", 4, 21);
    one(
        &act("{notify: {to: 售后, text: '{{ now }}'}}"),
        "R014",
        4,
        24,
    );
    one(&act("{webhook: {to: erp}}"), "R015", 4, 25);
    one(&act("{robot: {to: 群, text: x}}"), "R016", 4, 23);
    one(&act("{tag: a/}"), "R017", 4, 16);
    one(&when("{any: 退款, contact: {has_tag: /x}}"), "R017", 3, 40);
    one(&act("{notify: {to: 售后组}}"), "R023", 4, 19);
    one(
        &act("{robot: {to: 内部群, text: x, template: 甲}}"),
        "R023",
        4,
        18,
    );
    one(
        &act(&format!("{{remark: {}}}", "字".repeat(21))),
        "R024",
        4,
        19,
    );
    one(&act("{remark: '{{ contct.id }}'}"), "T004", 4, 23);
    one(
        &act("{notify: {to: lin.mei, text: '{{ contact.name }} 申请'}}"),
        "T005",
        4,
        43,
    );
    one(
        &act("{webhook: {to: erp查单, body: {a: ['{{ x']}}}"),
        "T003",
        4,
        47,
    );
}

#[test]
fn welcomes() {
    let welcome = |on: &str, channel: &str, name: &str| {
        format!(
            "rules:\n  - id: a\n    on: {on}\n    channel: {channel}\n    do: [{{welcome: {name}}}]\n"
        )
    };
    one(&welcome("added", "contact", "菜单"), "R027", 5, 20);
    one(&welcome("added", "contact", "两条"), "R027", 5, 20);
    one(&welcome("entered", "kf", "两条"), "R027", 5, 20);
    assert_eq!(
        found(CALENDAR, welcome("entered", "kf", "菜单").as_bytes()),
        []
    );
}

#[test]
fn comparisons() {
    one(
        &when("{any: 退款, contact: {added_days: 很久}}"),
        "R022",
        3,
        43,
    );
    one(&when("{any: 退款, contact: {等级: '> 高'}}"), "R022", 3, 35);
    one(&when("{any: 退款, contact: {等级: '>='}}"), "R022", 3, 35);
}

#[test]
fn the_same_id_in_two_files() {
    let rule = when("{any: 退款}");
    let twice = format!("{rule}{}", rule.replace("rules:\n", ""));
    one(&twice, "R002", 5, 9);
}

#[test]
fn calendars() {
    let rule = when("{any: 退款}");
    let calendar = |text: &str| found(text, rule.as_bytes());
    assert_eq!(calendar("hours: {甲: {not: 乙}}\n"), [("R008", 1, 18)]);
    assert_eq!(
        calendar("hours:\n  甲: {not: 乙}\n  乙: {not: 甲}\n"),
        [("C001", 2, 3), ("C001", 3, 3)]
    );
    assert_eq!(
        calendar("hours: {甲: {days: 周一, from: '09:00'}}\n"),
        [("C002", 1, 12)]
    );
    assert_eq!(
        calendar("hours: {甲: {always: true, not: 乙}, 乙: {always: true}}\n"),
        [("C002", 1, 12)]
    );
    assert_eq!(calendar("hours: {甲: {days: 星期一}}\n"), [("Y024", 1, 19)]);
    assert_eq!(
        calendar("hours: {甲: {from: '9点', to: '18:00'}}\n"),
        [("Y023", 1, 19)]
    );
    assert_eq!(
        calendar(
            "hours: {甲: {always: true}}\nextra_off: [2026-12-31]\nextra_work: [2026-12-31]\n"
        ),
        [("C003", 3, 14)]
    );
    assert_eq!(
        calendar("hours: {甲: {always: true}}\nextra_off: 12-31\n"),
        [("Y023", 2, 12)]
    );
    assert_eq!(
        calendar("hours: {甲: {always: true}}\nholidays: us\n"),
        [("Y024", 2, 11)]
    );
}
