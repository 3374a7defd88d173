//! Templates: files in, findings and messages out.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::{Catalog, Corp, RenderContext, RenderError, Staff, check_text, schema};
use crate::diagnostic::Report;
use crate::domain::action::TemplateName;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Value};
use crate::domain::ids::Person;
use crate::domain::inbound::Message;
use crate::domain::outgoing::{MediaFile, MenuItem, Outgoing};
use crate::lang::Lang;

/// A folder with one picture, and the findings about one file in it.
fn found(name: &str, text: &str) -> Vec<(&'static str, usize, usize)> {
    let dir = tempfile::tempdir().expect("folder");
    std::fs::create_dir(dir.path().join("图")).expect("folder");
    std::fs::write(dir.path().join("图/a.png"), b"not empty").expect("file");
    std::fs::write(dir.path().join("小.png"), b"1").expect("file");
    let files = BTreeMap::from([(name.to_owned(), text.as_bytes().to_vec())]);
    let mut report = Report::default();
    let _catalog = Catalog::from_files(dir.path(), &files, &mut report);
    for lang in [Lang::Zh, Lang::En] {
        assert!(
            !report.human(lang).contains("check."),
            "{}",
            report.human(lang)
        );
    }
    let items = report.items().into_iter();
    items
        .map(|item| {
            let place = item.span.map_or((0, 0), |span| (span.line, span.column));
            (item.code, place.0, place.1)
        })
        .collect()
}

struct Stage {
    contact: Contact,
    captures: BTreeMap<String, String>,
    message: Message,
}

impl Stage {
    fn new(text: &str) -> Self {
        let mut contact = Contact::unknown(Person::External("wm1".into()));
        contact.name = Some("张三".into());
        contact
            .attributes
            .insert("等级".into(), Value::Text("金卡".into()));
        Self {
            contact,
            captures: BTreeMap::from([("order".to_owned(), "123".to_owned())]),
            message: Message::text(text),
        }
    }

    fn render(&self, source: &str) -> Result<String, RenderError> {
        let zone = TimeZone::get("Asia/Shanghai").expect("zone");
        Catalog::default().render_text(source, &self.context(&zone))
    }

    fn context<'a>(&'a self, zone: &'a TimeZone) -> RenderContext<'a> {
        RenderContext {
            contact: &self.contact,
            staff: Some(Staff {
                id: "lin",
                name: None,
            }),
            captures: &self.captures,
            message: Some(&self.message),
            now: UnixMillis(1_795_399_200_000),
            zone,
            corp: Corp {
                id: "ww1",
                name: None,
            },
        }
    }
}

#[test]
fn variables_speak_of_contact_staff_message_and_time() {
    let stage = Stage::new("要退款");
    let show = |source: &str| stage.render(source).expect("renders");
    assert_eq!(show("{{ contact.name }}，{{ contact.等级 }}"), "张三，金卡");
    assert_eq!(
        show("{{ m.order }}/{{ message.text }}/{{ message.type }}"),
        "123/要退款/text"
    );
    assert_eq!(show("{{ staff.name | default(staff.id) }}"), "lin");
    assert_eq!(show("{{ corp.name | default('本店') }}"), "本店");
    assert_eq!(show("{{ now }}"), "2026-11-23 10:00");
    assert_eq!(
        show("{{ now.weekday }} {{ now.time }} {{ now.month }}"),
        "周一 10:00 11"
    );
}

#[test]
fn a_customers_text_is_never_a_template() {
    let stage = Stage::new("{{ corp.id }}{% for x in range(9) %}<b>");
    assert_eq!(
        stage.render("{{ message.text }}").expect("renders"),
        "{{ corp.id }}{% for x in range(9) %}<b>"
    );
}

#[test]
fn what_is_missing_is_an_error_without_the_customers_words() {
    let stage = Stage::new("秘密");
    let error = stage.render("一\n{{ contact.城市 }}").expect_err("missing");
    assert_eq!(
        error,
        RenderError::Failed {
            template: "text".into(),
            line: 2,
            problem: "undefined value".into()
        }
    );
    let error = stage.render("{{ message.text.x.y }}").expect_err("missing");
    assert!(!format!("{error:?} {error}").contains("秘密"));
}

#[test]
fn runaway_texts_end() {
    let stage = Stage::new("x");
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    assert!(stage.render(endless).is_err());
    let long = format!(
        "{{% for a in range(2000) %}}{}{{% endfor %}}",
        "长".repeat(100)
    );
    assert!(matches!(
        stage.render(&long),
        Err(RenderError::TooLong { .. })
    ));
}

#[test]
fn what_can_never_be_rendered_is_found_without_a_customer() {
    for (text, place) in [
        ("一\n二 {{ 1 / 0 }}", ("T016", 2, 6)),
        (
            "{% for x in range(999999999) %}x{% endfor %}",
            ("T016", 1, 13),
        ),
        ("{{ 'x' * 1000000000 }}", ("T016", 1, 4)),
        ("{{ 'x' * 90000 }}", ("T016", 1, 1)),
        ("{{ contact.id | batch(999999999, 'x') }}", ("T006", 1, 17)),
        ("{{ contact.id.shout() }}", ("T006", 1, 14)),
        (
            "{% if contact.points > 9 %}{{ contact.id | uper }}{% endif %}",
            ("T006", 1, 44),
        ),
        ("{% if contact.id is wrong %}x{% endif %}", ("T006", 1, 21)),
    ] {
        assert_eq!(found("x.txt", text), [place], "{text}");
    }
    // What depends on the form of a value may be meant for another form.
    for text in [
        "{{ (m.number | int) + 1 }}",
        "{{ m.day[:4] }}",
        "{{ contact.points / 2 }}",
    ] {
        assert_eq!(found("x.txt", text), [], "{text}");
    }
}

#[test]
fn braces_of_other_tools_are_found() {
    assert_eq!(
        found("x.txt", "您好 ｛｛ contact.id ｝｝"),
        [("T020", 1, 4)]
    );
    assert_eq!(found("x.txt", "一\n您好{name}"), [("T021", 2, 3)]);
    assert_eq!(found("x.txt", "${contact.id}"), [("T021", 1, 2)]);
    assert_eq!(found("x.txt", "{{ contact.id｜upper }}"), [("T003", 1, 14)]);
    assert_eq!(found("x.txt", "{% raw %}{name}{% endraw %} {1} {a b}"), []);
}

#[test]
fn no_other_file_can_be_reached() {
    for text in [
        "{% include 'a' %}",
        "{% import 'a' as b %}",
        "{% extends 'a' %}",
    ] {
        assert_eq!(found("x.txt", text), [("T003", 1, 4)], "{text}");
    }
}

#[test]
fn plain_files() {
    assert_eq!(found("x.txt", " \n"), [("T012", 1, 1)]);
    assert_eq!(
        found("x.txt", "一\n二 {{ contact.name }\n"),
        [("T003", 2, 19)]
    );
    assert_eq!(found("x.txt", "一\n二 {{ contct.id }}\n"), [("T004", 2, 6)]);
    assert_eq!(
        found("x.txt", "一\r\n二\r\n三 {{ contct.id }}\r\n"),
        [("T004", 3, 6)]
    );
    assert_eq!(found("x.txt", "{{ now.hous }}"), [("T004", 1, 4)]);
    assert_eq!(found("x.md", "甲\n{{ contact.name }}"), [("T005", 2, 4)]);
    assert_eq!(
        found("x.txt", "{{ contact.id | shout }}"),
        [("T006", 1, 17)]
    );
    // These could fill the memory with one short line.
    assert_eq!(
        found("x.txt", "{{ contact.id | indent(999999999) }}"),
        [("T006", 1, 17)]
    );
    assert_eq!(
        found("x.txt", "{{ '%999999999d' | format(1) }}"),
        [("T006", 1, 20)]
    );
    assert_eq!(found("x.txt", &"字".repeat(683)), [("T007", 1, 1)]);
    let named = |count: usize| format!("{}{{{{ contact.id }}}}", "字".repeat(count));
    assert_eq!(found("x.txt", &named(683)), [("T007", 1, 1)]);
    assert_eq!(found("x.txt", &named(682)), []);
    assert_eq!(
        found(
            "x.txt",
            "{{ contact.name | default('您') }}，{% if staff.name is defined %}{{ staff.name }}{% endif %}"
        ),
        []
    );
}

#[test]
fn message_files() {
    assert_eq!(found("x.yaml", "image: 图/b.png"), [("T009", 1, 8)]);
    assert_eq!(found("x.yaml", "image: 图"), [("T009", 1, 8)]);
    for path in [
        "../a.png",
        "图/../../a.png",
        "./图/a.png",
        "/etc/passwd",
        "图/../图/a.png",
        "'a\\b.png'",
        "\"a\\0.png\"",
    ] {
        assert_eq!(
            found("x.yaml", &format!("image: {path}")),
            [("T008", 1, 8)],
            "{path}"
        );
    }
    // Names are names: nobody unescapes them.
    for path in ["'%2e%2e/a.png'", "'图/%2e%2e%2fa.png'"] {
        let found = found("x.yaml", &format!("image: {path}"));
        assert_eq!(found, [("T009", 1, 8)], "{path}");
    }
    assert_eq!(found("x.yaml", "image: 小.png"), [("T010", 1, 8)]);
    assert_eq!(found("x.yaml", "video: 图/a.png"), [("T011", 1, 8)]);
    assert_eq!(found("x.yaml", "txt: 好"), [("Y020", 1, 1)]);
    assert_eq!(
        found("x.yaml", "text: 好\nimage: 图/a.png"),
        [("Y027", 1, 1)]
    );
    assert_eq!(found("x.yaml", "link: {title: 好}"), [("Y022", 1, 7)]);
    assert_eq!(
        found("x.yaml", "card: {card_type: text}"),
        [("T014", 1, 19)]
    );
    assert_eq!(
        found("x.yaml", "messages: [{text: '{{ x }}'}]"),
        [("T004", 1, 23)]
    );
    assert_eq!(
        found("x.yaml", "text: |\n  甲\n  {{ x }}\n"),
        [("T004", 3, 6)]
    );
    let six = "messages: [{text: a}, {text: b}, {text: c}, {text: d}, {text: e}, {text: f}]";
    assert_eq!(found("x.yaml", six), [("T015", 1, 1)]);
    let items: Vec<_> = (0..11).map(|n| format!("{{click: a{n}}}")).collect();
    let menu = format!("menu: {{items: [{}]}}", items.join(", "));
    assert_eq!(found("x.yaml", &menu), [("T013", 1, 7)]);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_is_refused() {
    let dir = tempfile::tempdir().expect("folder");
    let templates = dir.path().join("templates");
    std::fs::create_dir(&templates).expect("folder");
    std::fs::write(dir.path().join("secret.png"), b"secret bytes").expect("file");
    std::os::unix::fs::symlink("../secret.png", templates.join("x.png")).expect("link");
    std::fs::write(templates.join("a.yaml"), "image: x.png").expect("file");
    let (_, report) = Catalog::load(&templates);
    assert_eq!(report.items()[0].code, "T008");
}

#[test]
fn files_of_a_folder() {
    let dir = tempfile::tempdir().expect("folder");
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("file");
    write("甲.txt", "好");
    write("甲.md", "好");
    write("旧.bak", "好");
    write("新.TXT", "好");
    write(".隐", "好");
    let (catalog, report) = Catalog::load(dir.path());
    let codes: Vec<_> = report.items().iter().map(|item| item.code).collect();
    assert_eq!(codes, ["T002", "T002", "T001"]);
    assert!(catalog.contains(&TemplateName("甲".into())));
    let (_, report) = Catalog::load(&dir.path().join("没有"));
    assert_eq!(report.items()[0].code, "T017");
}

#[test]
fn a_file_becomes_messages() {
    let dir = tempfile::tempdir().expect("folder");
    std::fs::write(dir.path().join("a.png"), b"a picture").expect("file");
    let text = "messages:\n  - image: a.png\n  - menu:\n      head: 您好 {{ contact.name | default('您') }}\n      items: [{click: 转人工}, {click: {id: k, content: 价格}}, {view: {url: 'https://x', content: 看}}]\n  - card: {card_type: text_notice, main_title: {title: '{{ m.order }}'}, card_action: {type: 1, url: 'https://x'}}\n";
    let files = BTreeMap::from([("x.yaml".to_owned(), text.as_bytes().to_vec())]);
    let mut report = Report::default();
    let catalog = Catalog::from_files(dir.path(), &files, &mut report);
    assert!(report.is_empty(), "{}", report.human(Lang::En));
    let name = TemplateName("x".into());
    let wanted = catalog.captures(&name).expect("template");
    assert_eq!(wanted.iter().collect::<Vec<_>>(), ["order"]);
    let stage = Stage::new("");
    let messages = catalog
        .render(&name, &stage.context(&TimeZone::UTC))
        .expect("renders");
    let click = |id: &str, content: &str| MenuItem::Click {
        id: id.into(),
        content: content.into(),
    };
    assert_eq!(
        messages,
        [
            Outgoing::Image {
                file: MediaFile("a.png".into())
            },
            Outgoing::Menu {
                head: Some("您好 张三".into()),
                items: vec![
                    click("转人工", "转人工"),
                    click("k", "价格"),
                    MenuItem::View {
                        url: "https://x".into(),
                        content: "看".into()
                    },
                ],
                tail: None,
            },
            Outgoing::Card {
                card: serde_json::json!({
                    "card_type": "text_notice",
                    "main_title": {"title": "123"},
                    "card_action": {"type": 1, "url": "https://x"},
                }),
            },
        ]
    );
    let unknown = catalog.render(&TemplateName("y".into()), &stage.context(&TimeZone::UTC));
    assert_eq!(unknown, Err(RenderError::Unknown("y".into())));
}

#[test]
fn the_body_of_a_webhook_is_rendered_in_depth() {
    let stage = Stage::new("你好");
    let body = serde_json::json!({"a": ["{{ m.order }}", 1], "b": {"c": "{{ message.text }}"}});
    let rendered = Catalog::default().render_json(&body, &stage.context(&TimeZone::UTC));
    assert_eq!(
        rendered,
        Ok(serde_json::json!({"a": ["123", 1], "b": {"c": "你好"}}))
    );
}

#[test]
fn optional_captures_are_not_demanded() {
    let needs = |source: &str| check_text(source).captures.into_iter().collect::<Vec<_>>();
    assert_eq!(
        needs("{{ m.a }} {{ m.b | default('') }} {% if m.c is defined %}{{ m.c }}{% endif %}"),
        ["a"]
    );
}

#[test]
fn the_schema_names_all_kinds_of_messages() {
    let schema = schema();
    let keys = schema
        .pointer("/properties")
        .and_then(|keys| keys.as_object());
    let keys: Vec<_> = keys.expect("object").keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "text",
            "markdown",
            "image",
            "voice",
            "video",
            "file",
            "link",
            "miniprogram",
            "menu",
            "card",
            "messages"
        ]
    );
}

#[test]
fn each_finding_stands_at_its_own_place_and_offers_the_whole_name() {
    let source = "{{ now.weekdy }} {{ contact.城市 }} {{ contact.nmae | default('您') }}";
    let check = check_text(source);
    let told: Vec<_> = check
        .problems
        .iter()
        .map(|problem| {
            let range = problem.range.clone().expect("a place");
            let mend = problem.diagnostic.mend(Lang::Zh).unwrap_or_default();
            (problem.diagnostic.code, &source[range], mend)
        })
        .collect();
    let near = |name: &str| format!("是不是想写 `{name}`？");
    assert_eq!(told[0], ("T004", "now.weekdy", near("now.weekday")));
    assert!(told.contains(&("T022", "contact.nmae", near("contact.name"))));
    let missing = told.iter().find(|(code, ..)| *code == "T005");
    assert!(
        missing.is_some_and(|(_, place, _)| place.contains("城市")),
        "{told:?}"
    );
    assert_eq!(told.len(), 3, "{told:?}");
    let own = check_text("{{ contact.城市 | default('') }}{{ contact.note | default('') }}");
    assert!(own.problems.is_empty(), "{:?}", own.problems);
}
