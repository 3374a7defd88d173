//! A preview as a page for the browser: one file, no script, nothing from elsewhere.

use super::{Line, Sheet};
use crate::simulate::preview::Entry;
use crate::store::RowOutcome;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;\
padding:0 1rem;color:#1d2733}h1{font-size:1.3rem}h2{font-size:1rem;margin:1.6rem 0 .4rem}\
ul{list-style:none;margin:0;padding:0}li{display:grid;grid-template-columns:4rem 14rem 1fr;\
gap:.2rem 1rem;padding:.45rem .7rem;border-left:4px solid #2a9d5c;background:#f6f8fa;\
margin:.25rem 0;border-radius:0 6px 6px 0}li.moved{border-color:#f0a020}\
li.skipped{border-color:#c0c6cf;color:#66707d}small{grid-column:3;color:#66707d}\
@media(max-width:40rem){li{grid-template-columns:4rem 1fr}li span:nth-child(3),small{grid-column:2}}";

impl Sheet<'_> {
    /// The whole page.
    pub(super) fn html(&self, entries: &[Entry]) -> String {
        let title = escaped(&self.title);
        let lang = self.text("preview.html_lang", &[]);
        let mut out = format!(
            "<!doctype html>\n<html lang=\"{lang}\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n<h1>{}</h1>\n",
            escaped(&self.head())
        );
        if entries.is_empty() {
            let nothing = self.text("preview.nothing", &[]);
            out.push_str(&format!("<p>{}</p>\n", escaped(&nothing)));
        }
        for (date, lines) in self.by_day(entries) {
            out.push_str(&format!("<h2>{}</h2>\n<ul>\n", escaped(&self.day(date))));
            for line in &lines {
                out.push_str(&self.item(line));
            }
            out.push_str("</ul>\n");
        }
        for line in self.misfits(entries).into_iter().chain(self.approvals()) {
            out.push_str(&format!("<p>{}</p>\n", escaped(&line)));
        }
        out
    }

    fn item(&self, line: &Line<'_>) -> String {
        let entry = line.first;
        let class = match entry.outcome {
            RowOutcome::Done if entry.is_moved() => "moved",
            RowOutcome::Done => "done",
            _ => "skipped",
        };
        format!(
            "<li class=\"{class}\"><b>{}</b><span>{}</span><span>{}</span><small>{}</small></li>\n",
            self.time(entry.at),
            escaped(&self.step(entry)),
            escaped(&self.fate_of(line)),
            escaped(&self.who(line))
        )
    }
}

/// Names come from customers.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
