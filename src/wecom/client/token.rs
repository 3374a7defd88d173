//! One access token per secret, fetched as rarely as possible.
//!
//! WeCom blocks an address that asks too often, and every caller of an app
//! shares its token. So the cache lets one caller fetch while the others wait,
//! renews early in the background of a single call, and pauses after a failure.

use super::Secret;
use super::clock::Clock;
use crate::wecom::error::{Disposition, Error, Refused};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A token is used for at least this long, whatever its grant says, so that a
/// wrong validity does not lead to a gettoken for every call. If it ends sooner,
/// WeCom rejects it and the client replaces it.
const SHORTEST_VALIDITY: Duration = Duration::from_secs(10);

/// An access token; cloning it is cheap and printing it shows nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token(Arc<Secret>);

impl Token {
    /// Takes the value over.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Arc::new(Secret::new(value)))
    }

    /// The value itself: for the query string only.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// What gettoken grants.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The token.
    pub token: Token,
    /// Its validity, counted from the moment it was asked for.
    pub expires_in: Duration,
}

/// When the cache asks WeCom, and when it refuses to.
#[derive(Debug, Clone)]
pub struct TokenPolicy {
    /// A token is renewed this long before its end, or a tenth of its validity
    /// before, whichever is shorter.
    pub margin: Duration,
    /// First pause after a gettoken that got no answer; doubles with each.
    pub unreachable_pause: Duration,
    /// First pause after a refusal by WeCom; doubles with each. Repeated wrong
    /// secrets block the caller's address for an hour.
    pub refused_pause: Duration,
    /// No pause grows beyond this.
    pub longest_pause: Duration,
    /// A token that replaced a failed one is trusted for this long, so that a
    /// refusal that a new token cannot cure does not become a flood.
    pub replace_spacing: Duration,
}

impl Default for TokenPolicy {
    fn default() -> Self {
        Self {
            margin: Duration::from_secs(5 * 60),
            unreachable_pause: Duration::from_secs(1),
            refused_pause: Duration::from_secs(30),
            longest_pause: Duration::from_secs(10 * 60),
            replace_spacing: Duration::from_secs(10),
        }
    }
}

/// The token of one (corp, secret) pair.
pub struct TokenCache {
    clock: Arc<dyn Clock>,
    policy: TokenPolicy,
    state: Mutex<State>,
    /// Held across the fetch, so that there is never more than one.
    flight: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// Counts the tokens stored, so that a slow fetch sees that it was overtaken.
    stored: u64,
    /// Asking time of the last token stored, kept beyond its invalidation.
    last_asked_at: Option<i64>,
    /// Set while the next token will replace one that WeCom rejected.
    replacing: bool,
    /// The last token that WeCom rejected, until there is another.
    rejected: Option<Token>,
    failure: Option<Failure>,
}

struct Held {
    token: Token,
    asked_at: i64,
    renew_at: i64,
    expires_at: i64,
    is_replacement: bool,
}

struct Failure {
    error: Arc<Error>,
    at: i64,
    until: i64,
    in_a_row: u32,
}

enum Look {
    Fresh(Token),
    Renewable(Token),
    Absent,
}

impl TokenCache {
    /// An empty cache.
    pub fn new(clock: Arc<dyn Clock>, policy: TokenPolicy) -> Self {
        Self {
            clock,
            policy,
            state: Mutex::default(),
            flight: tokio::sync::Mutex::default(),
        }
    }

    /// The current token; `fetch` runs when there is none or it is about to end.
    ///
    /// While one caller renews a token that is still good, the others go on
    /// using it; a failed renewal is no error before the token has ended.
    pub async fn get<F, Fut>(&self, fetch: F) -> Result<Token, Error>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Grant, Error>>,
    {
        match self.look() {
            Look::Fresh(token) => Ok(token),
            Look::Renewable(token) => {
                let Ok(_flight) = self.flight.try_lock() else {
                    return Ok(token);
                };
                match self.look() {
                    // Another caller finished between the look and the lock.
                    Look::Fresh(token) => Ok(token),
                    _ => Ok(self.fetch(fetch).await.unwrap_or(token)),
                }
            }
            Look::Absent => {
                let _flight = self.flight.lock().await;
                match self.look() {
                    Look::Fresh(token) | Look::Renewable(token) => Ok(token),
                    Look::Absent => self.fetch(fetch).await,
                }
            }
        }
    }

    /// Forgets `failed` if it is still the current token.
    ///
    /// Of many callers that saw the same token fail, only the first one changes
    /// anything. If the token has just replaced another, a new one would not help
    /// either: then there is none for a while, and the answer is what callers get
    /// until then, with `refusal` as its cause.
    pub fn invalidate(&self, failed: &Token, refusal: Box<Refused>) -> Result<(), Error> {
        let now = self.clock.now_millis();
        let mut state = self.lock();
        let Some(held) = state.held.as_ref().filter(|held| held.token == *failed) else {
            return Ok(());
        };
        let trusted_until = held.asked_at + millis(self.policy.replace_spacing);
        let is_fresh = held.is_replacement && (held.asked_at..trusted_until).contains(&now);
        state.held = None;
        state.replacing = true;
        state.rejected = Some(failed.clone());
        if !is_fresh {
            return Ok(());
        }
        let error = Arc::new(Error::Refused(refusal));
        state.failure = Some(Failure {
            error: Arc::clone(&error),
            at: now,
            until: trusted_until,
            in_a_row: 0,
        });
        Err(Error::Token {
            source: error,
            retry_in: from_millis(trusted_until - now),
        })
    }

    /// The token that WeCom rejected and that is to be replaced.
    pub fn rejected(&self) -> Option<Token> {
        self.lock().rejected.clone()
    }

    /// Takes a token that was asked for at `asked_at_millis`, here or by another
    /// replica. Answers false, and keeps what it has, if that one is newer.
    pub fn adopt(&self, grant: Grant, asked_at_millis: i64) -> bool {
        let mut state = self.lock();
        if state
            .last_asked_at
            .is_some_and(|last| asked_at_millis < last)
        {
            return false;
        }
        self.store(&mut state, grant, asked_at_millis);
        true
    }

    fn store(&self, state: &mut State, grant: Grant, asked_at: i64) {
        let validity = millis(grant.expires_in.max(SHORTEST_VALIDITY));
        let margin = millis(self.policy.margin).min(validity / 10);
        let expires_at = asked_at + validity;
        // WeCom repeats a token that is still valid. Renewing that early gained
        // nothing, so the next renewal waits for its end.
        let repeated = state
            .held
            .as_ref()
            .is_some_and(|held| held.token == grant.token);
        state.held = Some(Held {
            token: grant.token,
            asked_at,
            renew_at: if repeated {
                expires_at
            } else {
                expires_at - margin
            },
            expires_at,
            is_replacement: state.replacing,
        });
        state.stored += 1;
        state.last_asked_at = Some(asked_at);
        state.replacing = false;
        state.rejected = None;
        state.failure = None;
    }

    fn look(&self) -> Look {
        let now = self.clock.now_millis();
        let state = self.lock();
        match &state.held {
            Some(held) if now < held.renew_at => Look::Fresh(held.token.clone()),
            Some(held) if now < held.expires_at => Look::Renewable(held.token.clone()),
            _ => Look::Absent,
        }
    }

    /// Runs with the flight lock held.
    async fn fetch<F, Fut>(&self, fetch: F) -> Result<Token, Error>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Grant, Error>>,
    {
        let asked_at = self.clock.now_millis();
        if let Some(error) = self.paused(asked_at) {
            return Err(error);
        }
        let stored_before = self.lock().stored;
        let grant = fetch().await.map_err(|error| self.failed(error))?;
        let token = grant.token.clone();
        let mut state = self.lock();
        // Counted, not compared by time: a clock that was set back must not
        // make every fetched token look old.
        if state.stored == stored_before {
            self.store(&mut state, grant, asked_at);
            return Ok(token);
        }
        let newer = state.held.as_ref().map(|held| held.token.clone());
        Ok(newer.unwrap_or(token))
    }

    /// The last failure, while its pause lasts. A clock that jumped back before
    /// the failure ends the pause, lest it last for hours.
    fn paused(&self, now: i64) -> Option<Error> {
        let state = self.lock();
        let failure = state.failure.as_ref()?;
        (failure.at..failure.until)
            .contains(&now)
            .then(|| Error::Token {
                source: Arc::clone(&failure.error),
                retry_in: from_millis(failure.until - now),
            })
    }

    fn failed(&self, error: Error) -> Error {
        let first = match error.disposition() {
            Disposition::Fix | Disposition::Drop => self.policy.refused_pause,
            Disposition::Backoff { after } => after.unwrap_or(self.policy.unreachable_pause),
            _ => self.policy.unreachable_pause,
        };
        let at = self.clock.now_millis();
        let mut state = self.lock();
        let in_a_row = state.failure.as_ref().map_or(0, |failure| failure.in_a_row);
        let pause = first
            .saturating_mul(1 << in_a_row.min(16))
            .min(self.policy.longest_pause);
        let error = Arc::new(error);
        state.failure = Some(Failure {
            error: Arc::clone(&error),
            at,
            until: at + millis(pause),
            in_a_row: in_a_row.saturating_add(1),
        });
        Error::Token {
            source: error,
            retry_in: pause,
        }
    }

    /// The state stays consistent at every point, so a poisoned lock is usable.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

fn from_millis(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}

#[cfg(test)]
mod tests;
