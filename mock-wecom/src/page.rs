//! The page at `/`: static files, embedded, without a build step.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::server::Shared;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// One embedded file: its name under `/page/`, its type, its bytes.
type Asset = (&'static str, &'static str, &'static str);

const INDEX: &str = include_str!("page/index.html");
const ASSETS: &[Asset] = &[
    (
        "style.css",
        "text/css; charset=utf-8",
        include_str!("page/style.css"),
    ),
    ("icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("main.js", SCRIPT, include_str!("page/main.js")),
    ("words.js", SCRIPT, include_str!("page/words.js")),
    ("kit.js", SCRIPT, include_str!("page/kit.js")),
    ("people.js", SCRIPT, include_str!("page/people.js")),
    ("chat.js", SCRIPT, include_str!("page/chat.js")),
    ("cards.js", SCRIPT, include_str!("page/cards.js")),
    ("profile.js", SCRIPT, include_str!("page/profile.js")),
    ("tasks.js", SCRIPT, include_str!("page/tasks.js")),
    ("calls.js", SCRIPT, include_str!("page/calls.js")),
    ("faults.js", SCRIPT, include_str!("page/faults.js")),
    ("clock.js", SCRIPT, include_str!("page/clock.js")),
];

/// Messages on the page are written by whoever is tested, so nothing from elsewhere may run.
const POLICY: &str =
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

/// The page and its files.
pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(|| async { file(HTML, INDEX) }))
        .route("/page/{name}", get(asset))
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
}

async fn asset(Path(name): Path<String>) -> Response {
    let found = ASSETS.iter().find(|(known, ..)| *known == name);
    match found {
        Some((_, kind, text)) => file(kind, text),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
        (HeaderName::from_static("content-security-policy"), POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::{ASSETS, INDEX};

    /// The files that a text refers to.
    fn referred(text: &'static str) -> impl Iterator<Item = &'static str> {
        text.split(['"', '\'']).filter_map(|part| {
            part.strip_prefix("/page/")
                .or_else(|| part.strip_prefix("./").filter(|name| name.ends_with(".js")))
        })
    }

    #[test]
    fn every_file_that_is_named_is_embedded_and_the_other_way_round() {
        let texts = ASSETS.iter().map(|(_, _, text)| *text).chain([INDEX]);
        let mut named: Vec<&str> = texts.flat_map(referred).collect();
        named.sort_unstable();
        named.dedup();
        let mut embedded: Vec<&str> = ASSETS.iter().map(|(name, ..)| *name).collect();
        embedded.sort_unstable();
        assert_eq!(named, embedded);
    }

    #[test]
    fn every_text_of_the_page_has_a_translation() {
        let words = ASSETS
            .iter()
            .find(|(name, ..)| *name == "words.js")
            .expect("words.js")
            .2;
        let known: Vec<&str> = words
            .lines()
            .filter_map(|line| {
                line.strip_prefix("  ")?
                    .split_once(": [")
                    .map(|(key, _)| key)
            })
            .collect();
        assert!(known.len() > 100, "{}", known.len());
        let marks = [
            "data-t=\"",
            "data-t-label=\"",
            "data-t-hint=\"",
            " t(\"",
            "(t(\"",
            "[t(\"",
            "title(\"",
            "empty(\"",
        ];
        for text in ASSETS.iter().map(|(_, _, text)| *text).chain([INDEX]) {
            for mark in marks {
                for part in text.split(mark).skip(1) {
                    let (key, rest) = part.split_once('"').expect("a closed text");
                    // What is put together at run time (`"state" + code`) is not checked.
                    if !rest.starts_with(" +") {
                        assert!(known.contains(&key), "{mark}{key}");
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for text in ASSETS.iter().map(|(_, _, text)| *text).chain([INDEX]) {
            for mark in [
                "src=\"http",
                "href=\"http",
                "import(\"http",
                "from \"http",
                "url(http",
            ] {
                assert!(!text.contains(mark), "{mark}");
            }
        }
    }
}
