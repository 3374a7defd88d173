use std::path::Path;

use super::Config;
use crate::diagnostic::Report;
use crate::lang::Lang;

const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

fn good() -> String {
    format!(
        "[corp]\nid = \"ww1\"\n[[app]]\nname = \"kf\"\nkind = \"kf\"\nsecret = \"s\"\n\
         token = \"Token1\"\nencoding_aes_key = \"{KEY}\"\n[store]\nkind = \"redb\"\n\
         path = \"data\"\n[robots]\n\"群\" = \"key1\"\n[webhooks.erp]\n\
         url = \"https://erp.example.com\"\nsecret = \"whsec\"\n"
    )
}

fn problems(text: &str) -> Report {
    match Config::parse(text, Path::new("agent.toml"), &|_| None) {
        Ok(_) => panic!("nothing was found wrong in\n{text}"),
        Err(report) => report,
    }
}

/// The codes and the Chinese text of what is wrong after one edit of a good file.
fn after(from: &str, to: &str) -> (Vec<&'static str>, String) {
    let text = good();
    assert!(text.contains(from), "{from}");
    let report = problems(&text.replacen(from, to, 1));
    let codes = report.items().iter().map(|item| item.code).collect();
    (codes, report.human(Lang::Zh))
}

#[test]
fn the_good_file_is_good() {
    let read = Config::parse(&good(), Path::new("agent.toml"), &|_| None);
    assert!(read.is_ok_and(|(_, report)| report.is_empty()));
}

#[test]
fn no_message_and_no_line_shows_a_secret() {
    let key = format!("\"{KEY}\"");
    for (from, to) in [
        (key.as_str(), "\"canary\""),
        (key.as_str(), "'canary' # canary"),
        (key.as_str(), "\"canary\nmore\""),
        (key.as_str(), "canary"),
        (key.as_str(), "[\"canary\"]"),
        (key.as_str(), "\"\"\"\ncanary\n"),
        ("\"Token1\"", "\"canary canary\""),
        ("\"Token1\"", "canary"),
        ("token = \"Token1\"", "token \"canary\""),
        ("token = \"Token1\"", "tokne = \"canary\""),
        (
            "token = \"Token1\"",
            "token = \"canary\"\ntoken = \"canary\"",
        ),
        ("kind = \"kf\"", "kind = \"kf\" secret = \"canary\""),
        ("secret = \"s\"", "secret = \"canary"),
        ("\"key1\"", "\"canary"),
        ("\"key1\"", "[\"canary\"]"),
        ("[robots]\n\"群\" = \"key1\"", "[robots]\npath = canary"),
        ("[webhooks.erp]\nurl", "[webhooks]\nerp = \"canary\"\nurl"),
        ("\"https://erp.example.com\"", "\"canary://erp\""),
        ("\"https://erp.example.com\"", "https://canary"),
        (
            "[webhooks.erp]\nurl",
            "[webhooks]\nerp = { url = \"canary:\" }\nurl",
        ),
        ("[corp]", "robots = \"canary\"\n[corp]"),
    ] {
        let report = problems(&good().replacen(from, to, 1));
        for lang in [Lang::Zh, Lang::En] {
            let people = report.human(lang);
            let scripts = serde_json::to_string(&report.rendered(lang)).expect("JSON");
            for text in [people, scripts] {
                assert!(!text.contains("canary"), "{to}: {text}");
            }
        }
    }
}

#[test]
fn the_caret_stands_under_the_hidden_value() {
    let (codes, text) = after("\"Token1\"", "\"not a token\"");
    assert_eq!(codes, ["A015"]);
    assert!(
        text.contains("7 | token = \"***\"\n  |         ^^^^^\n"),
        "{text}"
    );
}

#[test]
fn wrong_values_and_types_are_told_in_chinese() {
    for (from, to, code, parts) in [
        (
            "\"redb\"",
            "\"postgresql\"",
            "A024",
            ["redb, sled, postgres", "是不是 \"postgres\""],
        ),
        (
            "\"redb\"",
            "\"rebd\"",
            "A024",
            ["redb, sled", "是不是 \"redb\""],
        ),
        (
            "\"kf\"\nsecret",
            "\"kff\"\nsecret",
            "A024",
            ["kf, app, contact, aibot", "是不是 \"kf\""],
        ),
        (
            "kind = \"kf\"",
            "kind = \"kf\"\nagent_id = \"1\"",
            "A022",
            ["`agent_id`", "整数"],
        ),
        (
            "kind = \"kf\"",
            "kind = \"kf\"\npassive_reply = \"yes\"",
            "A022",
            ["`passive_reply`", "true"],
        ),
        ("name = \"kf\"", "name = 5", "A022", ["`name`", "双引号"]),
        ("\"Token1\"", "5", "A022", ["`token`", "env"]),
        (
            "[robots]",
            "[servicers]\na = \"x\"\n[robots]",
            "A022",
            ["`a`", "列表"],
        ),
        ("[corp]", "server = 5\n[corp]", "A022", ["`server`", "一段"]),
        (
            "kind = \"redb\"\npath = \"data\"",
            "kind = \"postgres\"\nurl = \"data\"",
            "A050",
            ["store.url", "sslmode"],
        ),
        (
            "path = \"data\"",
            "path = \"data\"\npath = \"data\"",
            "A023",
            ["两次", "agent.toml"],
        ),
    ] {
        let (codes, text) = after(from, to);
        assert_eq!(codes, [code], "{text}");
        for part in parts {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

#[test]
fn a_token_is_letters_and_digits() {
    for token in [
        "abc def",
        "令牌",
        "a-b",
        "abcdefghijklmnopqrstuvwxyz0123456",
    ] {
        let (codes, text) = after("Token1", token);
        assert_eq!(codes, ["A015"], "{text}");
    }
}

#[test]
fn keys_of_another_kind_are_errors() {
    let (codes, text) = after("kind = \"kf\"", "kind = \"kf\"\nagent_id = 5");
    assert_eq!(codes, ["A018"]);
    assert!(text.contains("agent_id"), "{text}");
    let (codes, text) = after("kind = \"kf\"", "kind = \"aibot\"");
    assert_eq!(codes, ["A025"]);
    assert!(text.contains("没有 secret"), "{text}");
}

#[test]
fn an_outline_has_the_names_and_all_missing_values() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("agent.toml");
    let text = good()
        .replace(
            "\"key1\"",
            "{ env = \"NO_ROBOT\" }\n\"群二\" = { file = \"none\" }",
        )
        .replace("\"s\"", "{ env = \"NO_SECRET\" }")
        .replace("\"whsec\"", "{ env = \"NO_WHSEC\" }");
    std::fs::write(&path, text).expect("written");
    let outlined = Config::outline(&path, &|_| None);
    assert_eq!(outlined.report.items().len(), 4, "{:?}", outlined.report);
    assert!(outlined.lacks_values_only() && !outlined.unreadable());
    let config = outlined.config.expect("an outline");
    assert_eq!(config.robots.keys().collect::<Vec<_>>(), ["群", "群二"]);
    assert!(config.webhooks.contains_key("erp"));
    assert_eq!(config.paths.rules, folder.path().join("rules"));

    let wrong = Config::outline(&folder.path().join("nothere.toml"), &|_| None);
    assert!(wrong.unreadable() && wrong.config.is_none());
}
