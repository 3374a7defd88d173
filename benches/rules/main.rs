//! How fast a decision is, against the bare automaton and what others would use, how long a
//! reload takes and how much memory rules need. `docs/performance.md` says how to read it.
//!
//! `cargo bench --bench rules`, with `-- --json` for scripts and `-- --quick` for a first look.

mod corpus;
mod deciding;
mod loading;
mod measure;
mod peers;

use std::io::Write as _;
use std::path::Path;

use serde_json::{Value as Json, json};
use wecom_agent::rules::RuleSet;
use wecom_agent::rules::normalize::normalize;

use corpus::Spread;
use deciding::Desk;
use measure::{Contestant, race};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MESSAGES: usize = 2000;

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if let Some(at) = arguments.iter().position(|one| one == "--memory-of") {
        let dir = arguments.get(at + 1).ok_or("--memory-of wants a folder")?;
        let memory = loading::memory_here(Path::new(dir))?;
        return say(&json!(memory).to_string());
    }
    let rounds = if has("--quick") { 5 } else { 31 };
    let mut speed = Vec::new();
    let mut reloads = Vec::new();
    if !has("--reloads-only") {
        for rules in sizes(&arguments) {
            speed.push(decisions(rules, rounds, has("--no-peers"))?);
        }
    }
    if !has("--decisions-only") {
        for (rules, words) in [(1_000, 100), (100_000, 1)] {
            reloads.push(reload(Spread { rules, words })?);
        }
    }
    let growth = match has("--reloads-only") || has("--rules") {
        true => Json::Null,
        false => growth(rounds * 3)?,
    };
    let all = json!({ "decisions": speed, "growth": growth, "reloads": reloads });
    if has("--json") {
        return say(&all.to_string());
    }
    say(&table(&all))
}

/// A decision at so many rules of one keyword each, and its rivals over the same texts.
fn decisions(rules: usize, rounds: usize, alone: bool) -> Result<Json, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    loading::write(folder.path(), Spread { rules, words: 1 }).map_err(|error| error.to_string())?;
    let set = loading::load(folder.path())?;
    let words: Vec<String> = corpus::keywords(rules)
        .iter()
        .map(|word| normalize(word).into_owned())
        .collect();
    let texts = corpus::messages(MESSAGES, rules);
    // The rivals get texts that are normal already: they have less to do than the decision.
    let normal: Vec<String> = texts
        .iter()
        .map(|text| normalize(text).into_owned())
        .collect();
    let desk = Desk::new(&texts);
    let automaton = peers::automaton(&words)?;
    let set_of_patterns = (rules <= 10_000)
        .then(|| peers::regex_set(&words))
        .transpose()
        .map_err(|error| error.to_string())?;
    let few = &normal[..(2_000_000 / rules).clamp(20, MESSAGES)];

    let mut contestants = vec![
        Contestant::new("decision", MESSAGES, |part| desk.decide_some(&set, part)),
        Contestant::new("scan", MESSAGES, |part| {
            peers::scan(&automaton, &normal[part])
        }),
        Contestant::new("normalise", MESSAGES, |part| {
            texts[part].iter().map(|text| normalize(text).len()).sum()
        }),
    ];
    race(&mut contestants, rounds);
    let mut slow = Vec::new();
    if !alone {
        slow.push(Contestant::new("contains", few.len(), |part| {
            peers::contains(&words, &few[part])
        }));
    }
    if let Some(set) = set_of_patterns.as_ref().filter(|_| !alone) {
        let matches = |text: &String| set.matches(text).iter().count();
        slow.push(Contestant::new("regex_set", few.len(), move |part| {
            few[part].iter().map(matches).sum()
        }));
    }
    race(&mut slow, 3);
    let mut times: Vec<(&str, Json)> = contestants
        .iter()
        .chain(&slow)
        .map(|one| (one.name, json!(one.ns())))
        .collect();
    if !alone {
        times.push(match peers::pyahocorasick(&words, &normal, 7) {
            Ok(ns) => ("pyahocorasick", json!(ns)),
            Err(why) => ("pyahocorasick", json!(why)),
        });
    }
    let chars: usize = texts.iter().map(|text| text.chars().count()).sum();
    Ok(json!({
        "rules": rules,
        "fired_per_message": desk.decide_some(&set, 0..MESSAGES) as f64 / MESSAGES as f64,
        "chars_per_message": chars as f64 / MESSAGES as f64,
        "ns_per_message": times.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
    }))
}

/// A decision among few rules and among many, in the same rounds: what another tenant of the
/// machine takes away in one moment is taken from both.
fn growth(rounds: usize) -> Result<Json, String> {
    let set_of = |rules: usize| -> Result<(RuleSet, Desk), String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        loading::write(folder.path(), Spread { rules, words: 1 })
            .map_err(|error| error.to_string())?;
        let desk = Desk::new(&corpus::messages(MESSAGES, rules));
        Ok((loading::load(folder.path())?, desk))
    };
    let (few, few_desk) = set_of(1_000)?;
    let (many, many_desk) = set_of(100_000)?;
    let mut contestants = vec![
        Contestant::new("few", MESSAGES, |part| few_desk.decide_some(&few, part)),
        Contestant::new("many", MESSAGES, |part| many_desk.decide_some(&many, part)),
    ];
    race(&mut contestants, rounds);
    let (few, many) = (contestants[0].ns(), contestants[1].ns());
    Ok(json!({ "ns_at_1k": few, "ns_at_100k": many, "ratio": many / few }))
}

fn reload(spread: Spread) -> Result<Json, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let dir = folder.path();
    loading::write(dir, spread).map_err(|error| error.to_string())?;
    let reload = loading::reload(dir, 5)?;
    let desk = Desk::new(&corpus::messages(MESSAGES, spread.keywords()));
    let (quiet, busy) = loading::beside_a_reload(&desk, dir)?;
    Ok(json!({
        "rules": spread.rules,
        "keywords": spread.keywords(),
        "reload": reload,
        "decision_us": { "quiet": quiet, "during_reload": busy },
        "memory_mib": loading::memory(dir)?,
    }))
}

fn table(all: &Json) -> String {
    let mut out = String::new();
    let number = |value: &Json| value.as_f64().map(|value| format!("{value:.0}"));
    let mut line = |cells: &[String]| {
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    };
    let head = ["rules", "what", "ns a message", "of the scan"];
    line(&head.map(str::to_owned));
    line(&head.map(|_| "---".to_owned()));
    let none = Vec::new();
    for run in all["decisions"].as_array().unwrap_or(&none) {
        let times = &run["ns_per_message"];
        let scan = times["scan"].as_f64().unwrap_or(f64::NAN);
        for (name, time) in times.as_object().into_iter().flatten() {
            let ratio = time.as_f64().map(|time| format!("{:.2}×", time / scan));
            let shown = number(time).unwrap_or_else(|| time.to_string());
            line(&[
                run["rules"].to_string(),
                name.clone(),
                shown,
                ratio.unwrap_or_default(),
            ]);
        }
    }
    if let Some(ratio) = all["growth"]["ratio"].as_f64() {
        out.push_str(&format!("\ndecision at 100k / at 1k rules: {ratio:.2}\n"));
    }
    for run in all["reloads"].as_array().unwrap_or(&none) {
        out.push_str(&format!(
            "\n{} rules, {} keywords\n  reload {}\n  memory (MiB) {}\n  decisions (µs) {}\n",
            run["rules"], run["keywords"], run["reload"], run["memory_mib"], run["decision_us"],
        ));
    }
    out
}

/// The result goes to standard output, whole or not at all.
fn say(text: &str) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", text.trim_end()).map_err(|error| error.to_string())
}

/// `--rules N` looks at one size only.
fn sizes(arguments: &[String]) -> Vec<usize> {
    let at = arguments.iter().position(|one| one == "--rules");
    let one = at.and_then(|at| arguments.get(at + 1)?.parse().ok());
    one.map_or_else(|| vec![1_000, 10_000, 100_000], |one| vec![one])
}
