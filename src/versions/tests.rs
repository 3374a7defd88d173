use super::{Change, FileSet, Part, difference, plan, words};
use crate::lang::Lang;

const RULES: &str = "\
version: 1
words:
  退款词: [退款, 退货]
defaults: {channel: kf}
rules:
  - id: 退款咨询
    when: {any: [$退款词, 不想要了], match: contains}
    cooldown: 1h
    do: [{tag: 意向/退款}, {reply: 退款说明}]
  - id: 查物流
    when: {any: 物流}
    do: [{reply: 物流}]
";

fn set(files: &[(&str, &str)]) -> FileSet {
    let mut set = FileSet::default();
    for (path, text) in files {
        set.add((*path).to_owned(), text.as_bytes().to_vec());
    }
    set
}

fn told(old: &FileSet, new: &FileSet, lang: Lang) -> Vec<String> {
    words::lines(&difference(old, new), lang)
}

#[test]
fn a_changed_rule_is_told_key_by_key() {
    let old = set(&[("rules/售后.yaml", RULES)]);
    let text = RULES
        .replace("cooldown: 1h", "cooldown: 10m")
        .replace("不想要了]", "不想要了, 退钱, 不买了]")
        .replace("match: contains", "match: exact")
        .replace("{tag: 意向/退款}, ", "");
    let new = set(&[("rules/售后.yaml", &text)]);
    assert_eq!(
        told(&old, &new, Lang::Zh),
        [
            "规则 退款咨询：任一关键词 +2（退钱、不买了）；匹配方式 contains → exact；冷却 1 小时 → 10 分钟；动作 −1（打标签 意向/退款）"
        ]
    );
    assert_eq!(
        told(&old, &new, Lang::En),
        [
            "rule 退款咨询: any of the words +2 (退钱, 不买了); match contains → exact; cooldown 1 h → 10 min; action −1 (tag 意向/退款)"
        ]
    );
}

#[test]
fn rules_come_go_and_move() {
    let old = set(&[("rules/a.yaml", RULES)]);
    let gone = RULES.split("  - id: 查物流").next().expect("a part");
    let moved = "rules:\n  - id: 查物流\n    when: {any: 物流}\n    do: [{reply: 物流}]\n  - id: 新\n    when: {any: 新}\n    do: [{reply: 物流}]\n";
    let new = set(&[("rules/a.yaml", gone), ("rules/b.yaml", moved)]);
    let changes = difference(&old, &new).list;
    assert!(changes.contains(&Change::RuleMoved {
        rule: "查物流".into(),
        from: "rules/a.yaml".into(),
        file: "rules/b.yaml".into()
    }));
    assert!(changes.contains(&Change::RuleAdded {
        file: "rules/b.yaml".into(),
        rule: "新".into()
    }));
    assert!(changes.contains(&Change::FileAdded {
        file: "rules/b.yaml".into()
    }));
    assert_eq!(changes.len(), 3, "{changes:?}");
    let back = difference(&new, &old).list;
    assert!(back.contains(&Change::RuleRemoved {
        file: "rules/b.yaml".into(),
        rule: "新".into()
    }));
}

#[test]
fn groups_defaults_calendars_and_templates_are_told() {
    let old = set(&[
        ("rules/a.yaml", RULES),
        (
            "rules/calendar.yaml",
            "hours:\n  工作时间: {days: 工作日, from: '09:00', to: '18:00'}\nextra_off: [2026-12-31]\n",
        ),
        ("templates/甲.txt", "一\n二\n三\n"),
        ("templates/茶单.png", "旧"),
    ]);
    let new = set(&[
        (
            "rules/a.yaml",
            &RULES
                .replace("[退款, 退货]", "[退款, 退钱]")
                .replace("{channel: kf}", "{channel: kf, cooldown: 1d}"),
        ),
        (
            "rules/calendar.yaml",
            "hours:\n  工作时间: {days: 工作日, from: '08:30', to: '18:00'}\nextra_off: [2026-12-31, 2027-01-01]\n",
        ),
        ("templates/甲.txt", "一\n二二\n三\n四\n"),
        ("templates/茶单.png", "新"),
    ]);
    assert_eq!(
        told(&old, &new, Lang::Zh),
        [
            "rules/a.yaml：词组 退款词 +1（退钱） −1（退货）；增加 本文件默认值的冷却 1 天",
            "rules/calendar.yaml：时段的工作时间的从 09:00 → 08:30；另外放假 +1（2027-01-01）",
            "templates/甲.txt：新增 2 行、删去 1 行",
            "templates/茶单.png：换了内容",
        ]
    );
}

#[test]
fn actions_attributes_templates_and_tests_are_told_in_words() {
    let rules = "rules:\n  - id: 甲\n    do: [{tag: a/b}, {reply: 乙}, {set: {v: 1, text: 旧}}]\n";
    let test = "tests:\n  - name: 查物流\n    steps: [{say: 物流, expect: {rule: 甲}}]\n";
    let text = "很长的一段话".repeat(20);
    let menu = format!("menu: {{head: {text}头, items: [{{click: 退款}}]}}\n");
    let old = set(&[
        ("rules/a.yaml", rules),
        ("rules/a.test.yaml", test),
        ("templates/菜单.yaml", &menu),
    ]);
    let new = set(&[
        (
            "rules/a.yaml",
            &rules
                .replace("v: 1, text: 旧", "v: 2, text: 新")
                .replace("id: 甲", "id: 甲\n    when: {contact: {城市: 上海}}"),
        ),
        (
            "rules/a.test.yaml",
            &test
                .replace("rule: 甲", "none: true")
                .replace("say: 物流", "say: 快递"),
        ),
        (
            "templates/菜单.yaml",
            &menu.replace("头,", "尾,").replace("[{", "[{view: 官网}, {"),
        ),
    ]);
    assert_eq!(
        told(&old, &new, Lang::Zh),
        [
            "rules/a.test.yaml：测试 查物流 › 第 1 个步骤 › 说：物流 → 快递；\
             去掉 测试 查物流 › 第 1 个步骤 › 预期 › 规则（原来是 甲）；\
             增加 测试 查物流 › 第 1 个步骤 › 预期 › 什么都不触发 true",
            "规则 甲：第 3 个动作 › 设置属性 › v：1 → 2；第 3 个动作 › 设置属性 › text：旧 → 新；\
             增加 客户的城市 上海",
            "templates/菜单.yaml：菜单的开头 …段话很长的一段话头 → …段话很长的一段话尾；\
             菜单的选项 +1（打开网页的一项 官网）",
        ]
    );
    let english = told(&old, &new, Lang::En);
    assert!(
        english[1].contains("action 3 › set › v: 1 → 2"),
        "{english:?}"
    );
}

#[test]
fn comments_alone_are_told_as_such_and_nothing_is_nothing() {
    let old = set(&[("rules/a.yaml", RULES)]);
    let text = format!("# 说明\n{RULES}");
    let new = set(&[("rules/a.yaml", &text)]);
    assert_eq!(
        difference(&old, &new).list,
        [Change::Rewritten {
            file: "rules/a.yaml".into()
        }]
    );
    assert!(difference(&old, &old).is_empty());
    assert_eq!(old.hash(), set(&[("rules/a.yaml", RULES)]).hash());
    assert_ne!(old.hash(), new.hash());
}

#[test]
fn a_broken_file_is_compared_by_lines() {
    let old = set(&[("rules/a.yaml", RULES)]);
    let new = set(&[("rules/a.yaml", "rules: [\n")]);
    let changes = difference(&old, &new).list;
    let Some(Change::Lines { removed, .. }) = changes.last() else {
        panic!("{changes:?}");
    };
    assert!(*removed > 5);
}

#[test]
fn steps_of_the_same_number_are_compared_one_by_one() {
    let old = set(&[(
        "sops/a.yaml",
        "steps:\n  - {at: 1d, text: 甲}\n  - {at: 2d, text: 乙}\n",
    )]);
    let new = set(&[(
        "sops/a.yaml",
        "steps:\n  - {at: 1d, text: 甲}\n  - {at: 3d, text: 乙}\n",
    )]);
    let changes = difference(&old, &new).list;
    let [Change::FileChanged { parts, .. }] = changes.as_slice() else {
        panic!("{changes:?}");
    };
    assert_eq!(
        *parts,
        [Part::Value {
            key: "steps[2].at".into(),
            old: Some("2d".into()),
            new: Some("3d".into())
        }]
    );
}

#[test]
fn plans_are_compared_by_their_ids() {
    let plan = |id: &str, at: &str| format!("  - id: {id}\n    steps: [{{at: {at}, text: 甲}}]\n");
    let old = format!("sops:\n{}{}", plan("新客", "1d"), plan("老客", "1d"));
    let new = format!("sops:\n{}{}", plan("送礼", "1d"), plan("新客", "2d"));
    let (old, new) = (set(&[("sops/a.yaml", &old)]), set(&[("sops/a.yaml", &new)]));
    assert_eq!(
        told(&old, &new, Lang::Zh),
        ["sops/a.yaml：计划 新客 › 第 1 个步骤 › 时间：1 天 → 2 天；计划 +1（送礼） −1（老客）"]
    );
}

#[test]
fn long_lists_are_counted() {
    let many: Vec<String> = (0..100_000).map(|n| format!("词{n}")).collect();
    let text = RULES.replace("不想要了", &many.join(", "));
    let changes = difference(
        &set(&[("rules/a.yaml", RULES)]),
        &set(&[("rules/a.yaml", &text)]),
    );
    let text = words::summary(&changes, Lang::Zh);
    assert!(text.contains("+100000（词0") && text.len() < 300, "{text}");
}

#[test]
fn going_back_writes_removes_and_names_what_is_lost() {
    let then = set(&[
        ("rules/a.yaml", RULES),
        ("templates/甲.txt", "甲"),
        ("templates/茶单.png", "旧"),
        ("templates/店.png", "店"),
    ]);
    let now = set(&[
        ("rules/a.yaml", "rules: []\n"),
        ("rules/b.yaml", "rules: []\n"),
        ("templates/甲.txt", "甲"),
        ("templates/店.png", "店"),
        ("templates/新.png", "新"),
    ]);
    let way = plan(&now, &then);
    assert_eq!(way.write, ["rules/a.yaml"]);
    assert_eq!(way.remove, ["rules/b.yaml"]);
    assert_eq!(way.missing, ["templates/茶单.png"]);
    assert!(plan(&then, &then).is_empty());
}
