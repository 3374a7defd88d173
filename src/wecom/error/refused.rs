//! An errcode and what may be kept of the `errmsg` around it.

use super::Disposition;
use crate::wecom::errcode;
use std::fmt;
use std::net::IpAddr;

/// How much of WeCom's own wording is kept.
const MESSAGE_MAX_CHARS: usize = 160;

/// How much of the hint is kept; real ones have some 30 characters.
const HINT_MAX_CHARS: usize = 80;

/// A run of identifier characters this long may be a token, a key or an id.
const OPAQUE_RUN_CHARS: usize = 24;

/// WeCom's refusal of one call.
///
/// Only printable ASCII of the `errmsg` survives, without the tokens and keys
/// of the request and without anything that looks like one: what a customer
/// wrote cannot come back through a log line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// The endpoint.
    pub path: &'static str,
    /// The errcode, never 0.
    pub code: i64,
    /// WeCom's wording, cleaned and cut before its hint.
    pub message: String,
    /// The bracketed hint, which WeCom's support asks for.
    pub hint: Option<String>,
    /// The caller's address as WeCom saw it.
    pub from_ip: Option<IpAddr>,
}

impl Refused {
    /// Reads an `errmsg`; `secrets` are the values that must not be in the result.
    pub(crate) fn parse(path: &'static str, code: i64, errmsg: &str, secrets: &[&str]) -> Self {
        let (said, tail) = match errmsg.find("hint:") {
            Some(at) => errmsg.split_at(at),
            None => (errmsg, ""),
        };
        let said = said.split("from ip:").next().unwrap_or_default();
        let said = said.trim().trim_end_matches(',');
        Self {
            path,
            code,
            message: clean(said, secrets, MESSAGE_MAX_CHARS),
            hint: bracketed(tail).map(|hint| clean_hint(hint, secrets)),
            from_ip: address(errmsg),
        }
    }

    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        errcode::disposition(self.code)
    }

    /// The table's entry for the code, with its meaning in two languages.
    pub fn entry(&self) -> Option<&'static errcode::Entry> {
        errcode::lookup(self.code)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, code, .. } = self;
        write!(f, "{path}: refused with {code}")?;
        if let Some(entry) = self.entry() {
            write!(f, " ({})", entry.en)?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if self.code == errcode::IP_NOT_TRUSTED
            && let Some(ip) = self.from_ip
        {
            write!(f, "; add {ip} to the app's trusted IPs (企业可信IP)")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, " [hint {hint}]")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

/// The text between the first pair of square brackets.
fn bracketed(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('[')?;
    rest.split_once(']').map(|(inside, _)| inside)
}

/// The address after `from ip:`.
fn address(errmsg: &str) -> Option<IpAddr> {
    let (_, rest) = errmsg.split_once("from ip:")?;
    let word = rest.trim_start().split([',', ' ', ';']).next()?;
    word.parse().ok()
}

/// A hint is a long run itself (time, number, hash), so only secrets go.
fn clean_hint(hint: &str, secrets: &[&str]) -> String {
    hide(hint, secrets)
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "_-*".contains(*c))
        .take(HINT_MAX_CHARS)
        .collect()
}

fn clean(text: &str, secrets: &[&str], max_chars: usize) -> String {
    let hidden = hide(text, secrets);
    let mut out = String::new();
    let mut rest = hidden.as_str();
    while let Some(first) = rest.chars().next() {
        let run = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
            .unwrap_or(rest.len());
        if run >= OPAQUE_RUN_CHARS {
            out.push_str("***");
        } else if run > 0 {
            out.push_str(&rest[..run]);
        } else if first == ' ' || first.is_ascii_graphic() {
            out.push(first);
        }
        let step = if run == 0 { first.len_utf8() } else { run };
        rest = &rest[step..];
    }
    out.chars()
        .take(max_chars)
        .collect::<String>()
        .trim()
        .to_owned()
}

fn hide(text: &str, secrets: &[&str]) -> String {
    secrets
        .iter()
        .filter(|secret| !secret.is_empty())
        .fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
}

#[cfg(test)]
mod tests {
    use super::{Disposition, Refused};

    #[test]
    fn the_trusted_ip_to_enter_is_shown() {
        let refused = Refused::parse(
            "/cgi-bin/gettoken",
            60020,
            "not allow to access from your ip, hint: [1760000000_12_0a1b], from ip: 203.0.113.9, \
             more info at https://open.work.weixin.qq.com/devtool/query?e=60020",
            &[],
        );
        assert_eq!(refused.message, "not allow to access from your ip");
        assert_eq!(refused.hint.as_deref(), Some("1760000000_12_0a1b"));
        assert_eq!(refused.from_ip, Some([203, 0, 113, 9].into()));
        assert_eq!(refused.disposition(), Disposition::Fix);
        assert_eq!(
            refused.to_string(),
            "/cgi-bin/gettoken: refused with 60020 (caller IP is not in the trusted list): \
             not allow to access from your ip; add 203.0.113.9 to the app's trusted IPs (企业可信IP) \
             [hint 1760000000_12_0a1b]"
        );
    }

    #[test]
    fn secrets_long_runs_and_what_people_wrote_are_gone() {
        let refused = Refused::parse(
            "/p",
            40014,
            "invalid token s3cret and ABCDEFGHIJKLMNOPQRSTUVWXYZ0123 for 张三\u{7}, hint: [1_s3cret_2]",
            &["s3cret", ""],
        );
        assert_eq!(refused.message, "invalid token *** and *** for");
        assert_eq!(refused.hint.as_deref(), Some("1_***_2"));
    }

    #[test]
    fn an_errmsg_without_the_usual_tail_is_kept_short() {
        let refused = Refused::parse("/p", 40058, &"a b ".repeat(500), &[]);
        assert_eq!(refused.message.len(), 159);
        assert_eq!(refused.hint, None);
        assert_eq!(refused.from_ip, None);
    }
}
