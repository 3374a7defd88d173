//! The figures as a table with ratios, and as a chart.

use serde_json::Value as Json;

/// A table for docs/performance.md.
pub(crate) fn table(all: &Json) -> String {
    let mut out = String::new();
    let none = Vec::new();
    let ingest = all["ingest"].as_array().unwrap_or(&none);
    if !ingest.is_empty() {
        out.push_str("| server | callbacks a second | of bare axum | p50 | p99 | memory |\n");
        out.push_str("|---|---|---|---|---|---|\n");
    }
    let bare = rate(ingest, "bare axum");
    for one in ingest {
        let name = one["name"].as_str().unwrap_or_default();
        if let Some(why) = one["why_not"].as_str() {
            out.push_str(&format!("| {name} | not measured: {why} | | | | |\n"));
            continue;
        }
        let number = |key: &str| one[key].as_f64().unwrap_or(f64::NAN);
        out.push_str(&format!(
            "| {name} | {:.0} | {:.2} | {:.2} ms | {:.2} ms | {:.0} MiB |\n",
            number("per_second"),
            number("per_second") / bare,
            number("p50_ms"),
            number("p99_ms"),
            number("memory_mib"),
        ));
    }
    for (name, ratio) in ratios(all) {
        out.push_str(&format!("\n{name}: {ratio:.2}\n"));
    }
    for key in ["opening", "whole_path", "reopen", "demo"] {
        if !all[key].is_null() {
            out.push_str(&format!("\n{key}: {}\n", all[key]));
        }
    }
    out
}

fn rate(ingest: &[Json], name: &str) -> f64 {
    let found = ingest.iter().find(|one| one["name"] == *name);
    found
        .and_then(|one| one["per_second"].as_f64())
        .filter(|rate| *rate > 0.0)
        .unwrap_or(f64::NAN)
}

/// What is wanted is said in ratios.
fn ratios(all: &Json) -> Vec<(&'static str, f64)> {
    let none = Vec::new();
    let ingest = all["ingest"].as_array().unwrap_or(&none);
    let durable = rate(ingest, "durable, redb");
    let p99 = |name: &str| {
        let found = ingest.iter().find(|one| one["name"] == *name);
        found.and_then(|one| one["p99_ms"].as_f64())
    };
    let tail = p99("durable, redb").zip(p99("bare axum"));
    let whole = all["whole_path"]["sent_per_second"].as_f64();
    let all = [
        (
            "durable ingest / bare axum",
            durable / rate(ingest, "bare axum"),
        ),
        (
            "durable ingest / a plain log",
            durable / rate(ingest, "appended to a plain log"),
        ),
        (
            "durable ingest / fastify, which keeps nothing",
            durable / rate(ingest, "fastify + @wecom/crypto"),
        ),
        (
            "durable ingest / Flask, which keeps nothing",
            durable / rate(ingest, "Flask + wechatpy"),
        ),
        (
            "p99 of durable ingest / of bare axum",
            tail.map_or(f64::NAN, |(ours, bare)| ours / bare),
        ),
        (
            "whole path to sent / durable ingest",
            whole.map_or(f64::NAN, |whole| whole / durable),
        ),
        (
            "opening a callback / the sum of its primitives",
            all["opening"]["ratio"].as_f64().unwrap_or(f64::NAN),
        ),
    ];
    all.into_iter()
        .filter(|(_, ratio)| ratio.is_finite())
        .collect()
}

/// Bars of callbacks a second, widest first as measured.
pub(crate) fn chart(all: &Json) -> String {
    const LEFT: f64 = 230.0;
    const WIDTH: f64 = 420.0;
    const ROW: f64 = 30.0;
    let none = Vec::new();
    let ingest = all["ingest"].as_array().unwrap_or(&none);
    let measured = ingest.iter().filter(|one| one["why_not"].is_null());
    let bars: Vec<(&str, f64)> = measured
        .filter_map(|one| Some((one["name"].as_str()?, one["per_second"].as_f64()?)))
        .collect();
    let most = bars.iter().map(|(_, rate)| *rate).fold(1.0, f64::max);
    let height = ROW * bars.len() as f64 + 50.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 {height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"14\">\n\
         <rect width=\"760\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"16\" y=\"26\" font-weight=\"600\">Callbacks answered a second, 64 connections, \
         server and load on two cores</text>\n"
    );
    for (at, (name, rate)) in bars.iter().enumerate() {
        let y = 42.0 + ROW * at as f64;
        let colour = if name.starts_with("durable") {
            "#0a7d4f"
        } else {
            "#9aa5b1"
        };
        let width = WIDTH * rate / most;
        svg.push_str(&format!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"20\" rx=\"2\" fill=\"{colour}\"/>\
             <text x=\"{:.1}\" y=\"{}\">{rate:.0}</text>\n",
            LEFT - 10.0,
            y + 15.0,
            name.replace('&', "&amp;"),
            LEFT + width + 8.0,
            y + 15.0,
        ));
    }
    svg.push_str("</svg>\n");
    svg
}

/// What a soak came to.
pub(crate) fn soak(all: &Json) -> String {
    let mut out = String::from(
        "| messages a second | accepted | oldest waiting | waiting | memory | store | a message |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for row in all["rows"].as_array().into_iter().flatten() {
        let number = |key: &str| row[key].as_f64().unwrap_or(f64::NAN);
        out.push_str(&format!(
            "| {:.0} | {:.0} | {:.1} s | {:.0} | {:.0} MiB | {:.0} MiB | {:.2} KiB |\n",
            number("accepted_per_second"),
            number("accepted"),
            number("age_secs"),
            number("depth"),
            number("memory_mib"),
            number("store_mib"),
            number("store_kib_a_message"),
        ));
    }
    for key in [
        "rate",
        "ends",
        "accepted",
        "tally",
        "tally_later",
        "rewritten_mib",
    ] {
        out.push_str(&format!("\n{key}: {}\n", all[key]));
    }
    out
}
