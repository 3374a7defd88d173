//! Every code is documented, and the example of its page gives exactly that code.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{AgentBuilder, operator};

const CALENDAR: &str = "hours:\n  工作时间: {days: 工作日, from: '09:00', to: '18:00'}\n";

#[derive(serde::Deserialize)]
struct Entry {
    file: Option<String>,
    replace: Option<String>,
    example: Option<String>,
    #[serde(default)]
    also: std::collections::BTreeMap<String, String>,
}

fn entries() -> std::collections::BTreeMap<String, Entry> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/explain/codes.toml");
    toml::from_str(&std::fs::read_to_string(path).expect("codes.toml")).expect("TOML")
}

/// A folder in which nothing is wrong but what the example brings.
fn files(entry: &Entry, example: &str) -> AgentBuilder {
    let file = entry.file.as_deref().unwrap_or("rules/例.yaml");
    let mut builder = AgentBuilder::new()
        .file(
            "rules/rules.yaml",
            "rules:\n  - id: 底\n    when: {any: [底]}\n    do: [{reply: 甲}]\n",
        )
        .file("rules/calendar.yaml", CALENDAR)
        .file("templates/甲.txt", "好的\n")
        .file("templates/售后/退款说明.txt", "退款说明\n");
    for (path, text) in &entry.also {
        builder = builder.file(path, text);
    }
    if file != "agent.toml" {
        let builder = builder.file(file, example);
        builder.write("http://127.0.0.1:1");
        return builder;
    }
    let path = builder.write("http://127.0.0.1:1");
    let text = std::fs::read_to_string(&path).expect("the config");
    let from = entry.replace.as_deref().unwrap_or_default();
    let from = from
        .replace("CALLBACK_TOKEN", crate::support::CALLBACK_TOKEN)
        .replace("ENCODING_AES_KEY", crate::support::ENCODING_AES_KEY);
    if from.is_empty() {
        // Nothing is left of the other lines.
        std::fs::write(&path, example).expect("written");
        return builder;
    }
    let (from, to) = (from.trim_end(), example.trim_end());
    assert!(text.contains(from), "agent.toml has no {from}");
    std::fs::write(&path, text.replacen(from, to, 1)).expect("written");
    builder
}

async fn found(code: &str, entry: &Entry, example: &str) -> (BTreeSet<String>, String) {
    let builder = files(entry, example);
    if entry.file.as_deref() == Some("表.csv") {
        let ran = operator::run(builder.folder(), &["rules", "import", "表.csv", "--check"]).await;
        let codes = ran.all();
        let codes = codes
            .split('[')
            .skip(1)
            .filter_map(|part| part.split(']').next());
        let codes = codes.map(str::to_owned).collect();
        return (codes, ran.all());
    }
    let ran = operator::run(builder.folder(), &["check", "--format", "json"]).await;
    let report = ran.json();
    let problems = report["problems"].as_array().cloned().unwrap_or_default();
    let codes = problems
        .iter()
        .filter_map(|problem| problem["code"].as_str())
        // The example of a test file does not test every rule of this folder, nor has it to;
        // nor does anything in it set the tags that the example of a plan asks for.
        .filter(|found| *found == code || !matches!(*found, "R046" | "R047" | "S018"));
    (codes.map(str::to_owned).collect(), ran.all())
}

#[tokio::test]
async fn the_example_of_each_code_gives_that_code_and_no_other() {
    let mut wrong = Vec::new();
    let mut shown = 0;
    for (code, entry) in entries() {
        let Some(example) = &entry.example else {
            continue;
        };
        shown += 1;
        let (codes, told) = found(&code, &entry, example).await;
        if codes != BTreeSet::from([code.clone()]) {
            wrong.push(format!("{code}: {codes:?}\n{told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(shown > 80, "{shown}");
}

/// Words that only stand in lists of what may be written.
const LISTED: &str = "abs author float interaction join length mp multiple news notice replace \
    reverse round sort split sum trim vote";

/// English words of what is said in Chinese that are neither the operator's own nor in any
/// Chinese text of the program: somebody else's message got through.
fn foreign_words(told: &str, files: &str) -> Vec<String> {
    let words = |text: &str| -> BTreeSet<String> {
        text.split(|c: char| !c.is_ascii_alphabetic())
            .filter(|word| word.len() > 1)
            .map(str::to_owned)
            .collect()
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lang");
    let mut known = words(files);
    known.extend(words(LISTED));
    for entry in std::fs::read_dir(folder).expect("the catalogue") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a text");
        let chinese = text.lines().filter(|line| line.starts_with("zh = "));
        known.extend(chinese.flat_map(words));
    }
    words(told).difference(&known).cloned().collect()
}

#[tokio::test]
async fn no_english_in_what_is_said_in_chinese() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut known = String::new();
    for kind in ["rules", "sops", "calendar", "template", "test", "config"] {
        known.push_str(&operator::run(folder.path(), &["schema", kind]).await.stdout);
    }
    let mut wrong = Vec::new();
    for (code, entry) in entries() {
        let Some(example) = entry.example.as_ref().filter(|_| !code.starts_with('I')) else {
            continue;
        };
        let builder = files(&entry, example);
        let args = ["--lang", "zh", "check", "--format", "json"];
        let report = operator::run(builder.folder(), &args).await.json();
        let problems = report["problems"].as_array().cloned().unwrap_or_default();
        let told: String = problems
            .iter()
            .flat_map(|problem| [&problem["message"], &problem["help"]])
            .map(|text| format!("{text}\n"))
            .collect();
        let config = std::fs::read_to_string(builder.folder().join("agent.toml"));
        let own = format!(
            "{known}{example}{:?}{}",
            entry.also,
            config.unwrap_or_default()
        );
        let foreign = foreign_words(&told, &own);
        if !foreign.is_empty() {
            wrong.push(format!("{code}: {foreign:?} in {told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn the_pages_say_what_the_program_says() {
    let folder = tempfile::tempdir().expect("a folder");
    for (lang, page) in [("zh", "docs/codes.zh-CN.md"), ("en", "docs/codes.md")] {
        let ran = operator::run(
            folder.path(),
            &["--lang", lang, "check", "--explain", "all"],
        )
        .await;
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        let written = std::fs::read_to_string(path).unwrap_or_default();
        let how = "write it anew: wecom-agent --lang LANG check --explain all > PAGE";
        assert!(
            written == ran.stdout,
            "{page} is not what the program says; {how}"
        );
    }
}

#[tokio::test]
async fn a_code_is_explained_at_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let ran = operator::run(folder.path(), &["check", "--explain", "r013"]).await;
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.stdout.contains("R013") && ran.stdout.contains("reply: 退款说名"),
        "{}",
        ran.stdout
    );
    let ran = operator::run(folder.path(), &["check", "--explain", "R999"]).await;
    assert_eq!(ran.code, Some(1));
}
