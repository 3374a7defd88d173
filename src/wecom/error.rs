//! What can go wrong with a call, and what to do next.
//!
//! No variant prints a URL, a token, a secret or text that a person wrote: the
//! messages of `reqwest` lose their URL, those of `serde_json` are reduced to a
//! position, and WeCom's own `errmsg` is cut down by [`Refused`].

mod refused;

pub use refused::Refused;

use crate::wecom::client::Outcome;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What the caller should do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// The token is no longer good. The client has its own try at this first.
    RefreshToken,
    /// Certainly not done: try again later, not before `after` if it is known.
    Backoff {
        /// The shortest sensible pause.
        after: Option<Duration>,
    },
    /// This request will never work: give it up and record why.
    Drop,
    /// A setting is wrong: tell the operator and stop calling.
    Fix,
    /// Already done or no longer applicable: treat it as settled.
    Skip,
    /// The remote state is not what was assumed: read it again, then decide.
    Reload,
    /// Nobody knows whether it was done: repeat only what is safe to repeat.
    Ambiguous,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// WeCom answered with an errcode: certainly not done.
    #[error(transparent)]
    Refused(#[from] Box<Refused>),

    /// The request may have taken effect.
    #[error("{path}: outcome unknown: {cause}")]
    Ambiguous {
        /// The endpoint.
        path: &'static str,
        /// What hid the outcome.
        cause: Uncertainty,
    },

    /// The request never left: no connection, or it could not be built.
    #[error("{path}: not sent")]
    NotSent {
        /// The endpoint.
        path: &'static str,
        /// The transport's reason, without its URL.
        source: reqwest::Error,
    },

    /// There is no access token, so the call was not made.
    #[error("no access token")]
    Token {
        /// How gettoken failed; callers that waited together share it.
        source: Arc<Error>,
        /// No gettoken is tried before this much time has passed.
        retry_in: Duration,
    },

    /// WeCom said errcode 0, but the rest is not what the endpoint documents.
    #[error("{path}: done, but the answer could not be read")]
    Decode {
        /// The endpoint.
        path: &'static str,
        /// Where reading stopped.
        source: BadJson,
    },

    /// The answer is larger than the client accepts.
    #[error("{path}: the answer exceeds {limit_bytes} bytes")]
    TooLarge {
        /// The endpoint.
        path: &'static str,
        /// The limit that was passed.
        limit_bytes: usize,
    },

    /// The request has no JSON form.
    #[error("{path}: the request could not be written as JSON")]
    Encode {
        /// The endpoint.
        path: &'static str,
        /// Where writing stopped.
        source: BadJson,
    },

    /// The configured API base is not an `http(s)` URL with a host and no query.
    #[error("the API base must look like https://qyapi.weixin.qq.com")]
    BadApiBase,
}

/// What hid the outcome of a call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Uncertainty {
    /// Time-out, reset, or a body that broke off.
    #[error("the connection failed after the request had left")]
    Connection(#[source] reqwest::Error),
    /// An HTTP status that carries no errcode.
    #[error("HTTP status {0}")]
    Status(u16),
    /// HTTP 200 with a body that holds no errcode.
    #[error("unreadable answer")]
    Body(#[source] BadJson),
    /// errcode −1, "system busy".
    #[error("errcode -1, system busy")]
    Busy,
}

/// A JSON failure reduced to its place: `serde_json` would quote the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadJson {
    kind: &'static str,
    line: usize,
    column: usize,
}

impl From<&serde_json::Error> for BadJson {
    fn from(error: &serde_json::Error) -> Self {
        let kind = match error.classify() {
            serde_json::error::Category::Io => "unreadable JSON",
            serde_json::error::Category::Syntax => "malformed JSON",
            serde_json::error::Category::Data => "unexpected JSON",
            serde_json::error::Category::Eof => "truncated JSON",
        };
        Self {
            kind,
            line: error.line(),
            column: error.column(),
        }
    }
}

impl fmt::Display for BadJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, line, column } = self;
        write!(f, "{kind} at line {line}, column {column}")
    }
}

impl std::error::Error for BadJson {}

impl Error {
    /// Sorts a transport failure: only a failure to connect proves that
    /// nothing was done.
    pub(crate) fn from_transport(path: &'static str, error: reqwest::Error) -> Self {
        let source = error.without_url();
        if source.is_connect() || source.is_builder() {
            Self::NotSent { path, source }
        } else {
            Self::Ambiguous {
                path,
                cause: Uncertainty::Connection(source),
            }
        }
    }

    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Refused(refused) => refused.disposition(),
            Self::Ambiguous { .. } | Self::Decode { .. } | Self::TooLarge { .. } => {
                Disposition::Ambiguous
            }
            Self::NotSent { .. } => Disposition::Backoff { after: None },
            Self::Token { source, retry_in } => match source.disposition() {
                Disposition::Fix => Disposition::Fix,
                _ => Disposition::Backoff {
                    after: Some(*retry_in),
                },
            },
            Self::Encode { .. } => Disposition::Drop,
            Self::BadApiBase => Disposition::Fix,
        }
    }

    /// WeCom's errcode, when it gave one; for a missing token, gettoken's.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Refused(refused) => Some(refused.code),
            Self::Ambiguous {
                cause: Uncertainty::Busy,
                ..
            } => Some(-1),
            Self::Token { source, .. } => source.code(),
            _ => None,
        }
    }

    /// True when the call surely had no effect, so that repeating it is safe.
    pub fn certainly_not_done(&self) -> bool {
        match self {
            Self::Refused(_)
            | Self::NotSent { .. }
            | Self::Token { .. }
            | Self::Encode { .. }
            | Self::BadApiBase => true,
            Self::Ambiguous { .. } | Self::Decode { .. } | Self::TooLarge { .. } => false,
        }
    }

    /// The refusal itself, also when it was gettoken that was refused.
    pub fn refused(&self) -> Option<&Refused> {
        match self {
            Self::Refused(refused) => Some(refused),
            Self::Token { source, .. } => source.refused(),
            _ => None,
        }
    }

    /// How an observer hears of it.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Refused(refused) => Outcome::Refused(refused.code),
            Self::Ambiguous { .. } => Outcome::Ambiguous,
            Self::Decode { .. } | Self::TooLarge { .. } => Outcome::Unusable,
            Self::NotSent { .. } | Self::Token { .. } | Self::Encode { .. } | Self::BadApiBase => {
                Outcome::NotSent
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BadJson, Disposition, Error, Refused, Uncertainty};
    use std::sync::Arc;
    use std::time::Duration;

    fn refused(code: i64) -> Error {
        Error::Refused(Box::new(Refused::parse("/p", code, "", &[])))
    }

    #[test]
    fn json_errors_do_not_quote_the_content() {
        let error = serde_json::from_str::<i64>("\"canary text\"").unwrap_err();
        assert!(error.to_string().contains("canary"));
        let bad = BadJson::from(&error);
        assert_eq!(bad.to_string(), "unexpected JSON at line 1, column 13");
        assert!(!format!("{bad:?}").contains("canary"));
    }

    #[test]
    fn a_missing_token_is_the_operators_business_only_when_gettoken_was_refused() {
        let pause = Duration::from_secs(9);
        let token = |source| Error::Token {
            source: Arc::new(source),
            retry_in: pause,
        };
        let wrong_secret = token(refused(40001));
        assert_eq!(wrong_secret.disposition(), Disposition::Fix);
        assert_eq!(wrong_secret.code(), Some(40001));
        let unreachable = token(Error::Ambiguous {
            path: "/cgi-bin/gettoken",
            cause: Uncertainty::Status(502),
        });
        assert_eq!(
            unreachable.disposition(),
            Disposition::Backoff { after: Some(pause) }
        );
        assert!(unreachable.certainly_not_done());
    }

    #[test]
    fn system_busy_has_a_code_but_no_certainty() {
        let busy = Error::Ambiguous {
            path: "/p",
            cause: Uncertainty::Busy,
        };
        assert_eq!(busy.code(), Some(-1));
        assert_eq!(busy.disposition(), Disposition::Ambiguous);
        assert!(!busy.certainly_not_done());
    }
}
