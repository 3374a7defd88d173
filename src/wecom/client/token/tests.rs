use super::{Grant, Token, TokenCache, TokenPolicy};
use crate::wecom::client::clock::fake::FakeClock;
use crate::wecom::error::{Error, Refused, Uncertainty};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

struct Bench {
    clock: Arc<FakeClock>,
    cache: TokenCache,
    fetches: Cell<u32>,
}

impl Bench {
    fn new() -> Self {
        let clock = Arc::new(FakeClock::at(1_760_000_000_000));
        Self {
            cache: TokenCache::new(clock.clone(), TokenPolicy::default()),
            clock,
            fetches: Cell::new(0),
        }
    }

    /// Asks for the token; a fetch would answer with `answer`.
    async fn get(&self, answer: Result<&str, i64>) -> Result<Token, Error> {
        self.cache
            .get(|| async {
                self.fetches.set(self.fetches.get() + 1);
                answer.map(grant).map_err(refusal)
            })
            .await
    }
}

fn grant(token: &str) -> Grant {
    Grant {
        token: Token::new(token),
        expires_in: Duration::from_secs(7200),
    }
}

fn refusal(code: i64) -> Error {
    if code == 0 {
        return Error::Ambiguous {
            path: "/cgi-bin/gettoken",
            cause: Uncertainty::Status(502),
        };
    }
    Error::Refused(Box::new(Refused::parse("/cgi-bin/gettoken", code, "", &[])))
}

fn retry_in(error: &Error) -> u64 {
    match error {
        Error::Token { retry_in, .. } => retry_in.as_secs(),
        other => panic!("{other}"),
    }
}

/// WeCom does not take a token.
fn rejected() -> Box<Refused> {
    let path = "/cgi-bin/message/send";
    Box::new(Refused::parse(path, 40014, "", &[]))
}

#[tokio::test]
async fn one_fetch_until_five_minutes_before_the_end() {
    let bench = Bench::new();
    for _ in 0..3 {
        assert_eq!(bench.get(Ok("A")).await.unwrap().expose(), "A");
        bench.clock.advance_secs(2_299);
    }
    assert_eq!(bench.fetches.get(), 1);
    bench.clock.advance_secs(3);
    assert_eq!(bench.get(Ok("B")).await.unwrap().expose(), "B");
    assert_eq!(bench.fetches.get(), 2);
}

#[tokio::test]
async fn a_failed_early_renewal_keeps_the_old_token_until_it_ends() {
    let bench = Bench::new();
    bench.get(Ok("A")).await.unwrap();
    bench.clock.advance_secs(7_000);
    assert_eq!(bench.get(Err(0)).await.unwrap().expose(), "A");
    bench.clock.advance_secs(200);
    assert_eq!(
        bench.get(Err(0)).await.unwrap_err().to_string(),
        "no access token"
    );
}

#[tokio::test]
async fn a_repeated_token_is_not_renewed_early_again() {
    let bench = Bench::new();
    bench.get(Ok("A")).await.unwrap();
    bench.clock.advance_secs(6_950);
    let repeated = Grant {
        token: Token::new("A"),
        expires_in: Duration::from_secs(250),
    };
    let token = bench.cache.get(|| async { Ok(repeated) }).await.unwrap();
    assert_eq!(token.expose(), "A");
    bench.clock.advance_secs(249);
    bench.get(Ok("B")).await.unwrap();
    assert_eq!(bench.fetches.get(), 1);
}

#[tokio::test]
async fn a_grant_without_validity_is_not_fetched_for_every_call() {
    let bench = Bench::new();
    let useless = Grant {
        token: Token::new("A"),
        expires_in: Duration::ZERO,
    };
    bench.cache.get(|| async { Ok(useless) }).await.unwrap();
    bench.clock.advance_secs(8);
    assert_eq!(bench.get(Ok("B")).await.unwrap().expose(), "A");
    bench.clock.advance_secs(2);
    assert_eq!(bench.get(Ok("B")).await.unwrap().expose(), "B");
}

#[tokio::test]
async fn an_older_token_never_overwrites_a_newer_one() {
    let bench = Bench::new();
    assert!(bench.cache.adopt(grant("new"), 1_760_000_000_000));
    assert!(!bench.cache.adopt(grant("old"), 1_759_999_999_999));
    assert_eq!(bench.get(Err(0)).await.unwrap().expose(), "new");

    // A slow fetch that began before a newer token was adopted.
    let bench = Bench::new();
    let slow = bench
        .cache
        .get(|| async {
            assert!(bench.cache.adopt(grant("new"), 1_760_000_000_500));
            Ok(grant("old"))
        })
        .await;
    assert_eq!(slow.unwrap().expose(), "new");
    assert_eq!(bench.get(Err(0)).await.unwrap().expose(), "new");
}

#[tokio::test]
async fn only_the_token_that_failed_is_forgotten() {
    let bench = Bench::new();
    let first = bench.get(Ok("A")).await.unwrap();
    for _ in 0..50 {
        bench.cache.invalidate(&first, rejected()).unwrap();
        assert_eq!(bench.get(Ok("B")).await.unwrap().expose(), "B");
    }
    assert_eq!(bench.fetches.get(), 2);
}

#[tokio::test]
async fn a_replacement_that_fails_at_once_is_not_replaced_at_once() {
    let bench = Bench::new();
    let first = bench.get(Ok("A")).await.unwrap();
    bench.cache.invalidate(&first, rejected()).unwrap();
    let second = bench.get(Ok("B")).await.unwrap();
    bench.clock.advance_secs(4);
    let error = bench.cache.invalidate(&second, rejected()).unwrap_err();
    assert_eq!((retry_in(&error), error.code()), (6, Some(40014)));
    // Nobody goes on with what WeCom does not take.
    bench.clock.advance_secs(2);
    bench.cache.invalidate(&second, rejected()).unwrap();
    let error = bench.get(Ok("C")).await.unwrap_err();
    assert_eq!((retry_in(&error), error.code()), (4, Some(40014)));
    assert_eq!(bench.fetches.get(), 2);
    bench.clock.advance_secs(4);
    assert_eq!(bench.get(Ok("C")).await.unwrap().expose(), "C");
}

#[tokio::test]
async fn a_refused_gettoken_is_not_repeated_during_its_pause() {
    let bench = Bench::new();
    assert_eq!(retry_in(&bench.get(Err(40001)).await.unwrap_err()), 30);
    bench.clock.advance_secs(10);
    let cached = bench.get(Ok("A")).await.unwrap_err();
    assert_eq!((retry_in(&cached), cached.code()), (20, Some(40001)));
    assert_eq!(bench.fetches.get(), 1);
    bench.clock.advance_secs(20);
    assert_eq!(retry_in(&bench.get(Err(40001)).await.unwrap_err()), 60);
    bench.clock.advance_secs(60);
    bench.get(Ok("A")).await.unwrap();
    assert_eq!(bench.fetches.get(), 3);
}

#[tokio::test]
async fn pauses_stop_growing_and_a_clock_set_back_ends_them() {
    let bench = Bench::new();
    let mut pauses = Vec::new();
    for _ in 0..40 {
        let pause = retry_in(&bench.get(Err(0)).await.unwrap_err());
        pauses.push(pause);
        bench.clock.advance_secs(i64::try_from(pause).unwrap());
    }
    assert_eq!(&pauses[..4], [1, 2, 4, 8]);
    assert_eq!(pauses[39], 600);
    bench.get(Err(0)).await.unwrap_err();
    bench.clock.advance_secs(-3600);
    bench.get(Ok("A")).await.unwrap();
}

#[tokio::test]
async fn a_clock_set_back_does_not_make_fetched_tokens_look_old() {
    let bench = Bench::new();
    let first = bench.get(Ok("A")).await.unwrap();
    bench.clock.advance_secs(-3600);
    bench.cache.invalidate(&first, rejected()).unwrap();
    bench.get(Ok("B")).await.unwrap();
    assert_eq!(bench.get(Ok("C")).await.unwrap().expose(), "B");
}

#[tokio::test]
async fn a_cancelled_fetch_does_not_block_the_next_caller() {
    let bench = Bench::new();
    let stuck = bench
        .cache
        .get(std::future::pending::<Result<Grant, Error>>);
    tokio::select! {
        biased;
        _ = stuck => unreachable!("it never answers"),
        () = std::future::ready(()) => {}
    }
    assert_eq!(bench.get(Ok("A")).await.unwrap().expose(), "A");
}

#[test]
fn a_token_prints_nothing() {
    assert_eq!(format!("{:?}", grant("canary").token), "Token(Secret(***))");
}
