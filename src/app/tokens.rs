//! One access token for each secret, shared by all replicas through the store.
//!
//! It is kept sealed under a key that is made of the app's secret, so whoever reads the
//! database has no use for it. One replica asks at a time; an older token never takes the
//! place of a newer one.

use std::sync::Arc;
use std::time::Duration;

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;

use crate::domain::clock::{SharedClock, UnixMillis};
use crate::store::{FactSwap, Store, StoreError};
use crate::wecom::client::{Asking, Grant, Secret, Token, TokenShare};
use crate::wecom::error::Error;

/// Names of the kept tokens begin so.
const PREFIX: &str = "token/";
/// Asking takes no longer than this, or another replica asks.
const TURN: Duration = Duration::from_secs(15);
/// How often it is looked whether another replica has asked.
const LOOK: Duration = Duration::from_millis(100);
/// So many looks are enough: then we ask ourselves, which WeCom allows now and then.
const LOOKS: usize = 200;
/// A kept token is used until this long before its end, or a tenth of its validity before.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// The shared tokens of one corp.
pub(super) struct SharedTokens {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: SharedClock,
}

/// A token with the time it was asked for.
#[derive(Serialize, Deserialize)]
struct Kept {
    token: String,
    asked_at: UnixMillis,
    expires_in_ms: u64,
}

impl TokenShare for SharedTokens {
    fn token<'a>(
        &'a self,
        secret: &'a Secret,
        rejected: Option<Token>,
        ask: Asking<'a>,
    ) -> Asking<'a> {
        Box::pin(self.get(secret, rejected, ask))
    }
}

impl SharedTokens {
    async fn get(
        &self,
        secret: &Secret,
        rejected: Option<Token>,
        ask: Asking<'_>,
    ) -> Result<Grant, Error> {
        let seal = Seal::of(secret);
        for _ in 0..LOOKS {
            match self.turn(&seal, rejected.as_ref()).await {
                // Without the store every replica is on its own, as if it were the only one.
                Err(error) => {
                    tracing::warn!(%error, "no shared access token: the store failed");
                    return ask.await;
                }
                Ok(Turn::Kept(grant)) => return Ok(grant),
                Ok(Turn::Ours) => return self.ask(&seal, ask).await,
                Ok(Turn::Theirs) => tokio::time::sleep(LOOK).await,
            }
        }
        ask.await
    }

    async fn turn(&self, seal: &Seal, rejected: Option<&Token>) -> Result<Turn, StoreError> {
        if let Some(grant) = self.kept(seal, rejected).await? {
            return Ok(Turn::Kept(grant));
        }
        if !self.store.take_turn(&seal.name, TURN).await? {
            return Ok(Turn::Theirs);
        }
        // Whoever had the turn before us may just have kept one.
        Ok(match self.kept(seal, rejected).await? {
            Some(grant) => {
                self.store.leave_turn(&seal.name).await?;
                Turn::Kept(grant)
            }
            None => Turn::Ours,
        })
    }

    /// The kept token, if it is good for a while.
    async fn kept(
        &self,
        seal: &Seal,
        rejected: Option<&Token>,
    ) -> Result<Option<Grant>, StoreError> {
        let fact = self.store.fact(&seal.name).await?;
        let Some(kept) = fact.as_ref().and_then(|fact| seal.open(fact)) else {
            return Ok(None);
        };
        let validity = Duration::from_millis(kept.expires_in_ms);
        let left = kept.asked_at.after(validity).since(self.clock.now());
        let token = Token::new(kept.token);
        let good = left > MARGIN.min(validity / 10) && rejected != Some(&token);
        Ok(good.then_some(Grant {
            token,
            expires_in: left,
        }))
    }

    async fn ask(&self, seal: &Seal, ask: Asking<'_>) -> Result<Grant, Error> {
        let asked_at = self.clock.now();
        let granted = ask.await;
        if let Ok(grant) = &granted {
            let kept = Kept {
                token: grant.token.expose().to_owned(),
                asked_at,
                expires_in_ms: u64::try_from(grant.expires_in.as_millis()).unwrap_or(u64::MAX),
            };
            if let Err(error) = self.keep(seal, &kept).await {
                tracing::warn!(%error, "an access token could not be shared: the store failed");
            }
        }
        if let Err(error) = self.store.leave_turn(&seal.name).await {
            tracing::debug!(%error, "the turn at a token ends by itself");
        }
        granted
    }

    /// Keeps a token, unless a newer one is there.
    async fn keep(&self, seal: &Seal, kept: &Kept) -> Result<(), StoreError> {
        let Some(sealed) = seal.close(kept) else {
            return Ok(());
        };
        loop {
            let known = self.store.fact(&seal.name).await?;
            let newer = known.as_ref().and_then(|known| seal.open(known));
            if newer.is_some_and(|newer| newer.asked_at > kept.asked_at) {
                return Ok(());
            }
            let swap = FactSwap {
                expected: vec![(seal.name.clone(), known.unwrap_or_default())],
                facts: vec![(seal.name.clone(), sealed.clone())],
                records: Vec::new(),
            };
            match self.store.swap_facts(swap).await {
                Err(StoreError::FactMoved { .. }) => {}
                kept => return kept.map(drop),
            }
        }
    }
}

/// What a look at the kept token says.
enum Turn {
    Kept(Grant),
    /// Ask, and keep what comes.
    Ours,
    /// Another replica asks.
    Theirs,
}

/// Keys made of one secret: encrypt, then authenticate with the name.
struct Seal {
    /// Where the token is kept. It tells nothing of the secret.
    name: String,
    encryption: [u8; 32],
    authentication: [u8; 32],
}

impl Seal {
    fn of(secret: &Secret) -> Self {
        let derive =
            |purpose: &str| -> [u8; 32] { mac(secret.expose().as_bytes(), &[purpose.as_bytes()]) };
        let name = derive("wecom-agent token name");
        let name: String = name[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            name: format!("{PREFIX}{name}"),
            encryption: derive("wecom-agent token encryption"),
            authentication: derive("wecom-agent token authentication"),
        }
    }

    fn close(&self, kept: &Kept) -> Option<Value> {
        let plain = serde_json::to_vec(kept).ok()?;
        let iv: [u8; 16] = rand::rng().random();
        Some(self.close_with(&plain, iv))
    }

    fn close_with(&self, plain: &[u8], iv: [u8; 16]) -> Value {
        let encryptor = cbc::Encryptor::<aes::Aes256>::new(&self.encryption.into(), &iv.into());
        let hidden = encryptor.encrypt_padded_vec::<Pkcs7>(plain);
        let tag = mac(&self.authentication, &[self.name.as_bytes(), &iv, &hidden]);
        Value::String(hex(&[&iv[..], &hidden, &tag].concat()))
    }

    fn open(&self, sealed: &Value) -> Option<Kept> {
        let bytes = unhex(sealed.as_str()?)?;
        let (iv, rest) = bytes.split_first_chunk::<16>()?;
        let (hidden, tag) = rest.split_last_chunk::<32>()?;
        let mut check = hasher(&self.authentication);
        for part in [self.name.as_bytes(), iv, hidden] {
            check.update(part);
        }
        check.verify_slice(tag).ok()?;
        let decryptor = cbc::Decryptor::<aes::Aes256>::new(&self.encryption.into(), &(*iv).into());
        let plain = decryptor.decrypt_padded_vec::<Pkcs7>(hidden).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

fn hasher(key: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    Hmac::<Sha256>::new_from_slice(key).expect("any length")
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = hasher(key);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let pairs = (0..text.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::domain::clock::ManualClock;
    use crate::domain::ids::CorpId;
    use crate::store::postgres::PostgresStore;
    use crate::store::postgres::cluster::Cluster;

    /// Made by OpenSSL and Python's `hmac`.
    const SEALED: &str = "000102030405060708090a0b0c0d0e0f78afc7a92933f8b6cae756358f013ad4336809529bce\
         17cfbb4f6f7d12f313cd65ba8e4157a349315237210e4ea0ace346738662c15ae3421605df73\
         ae8f4a984facff41fdb23a09115d63c2bbf9758f92867bce4dcb06fcfaa0c6bf3dcba5a1";

    fn secret() -> Secret {
        Secret::new("s3cret")
    }

    #[test]
    fn a_known_token_is_sealed_and_opened() {
        let seal = Seal::of(&secret());
        assert_eq!(seal.name, "token/97cd49be7e81a906");
        let plain = br#"{"token":"AT1","asked_at":1000,"expires_in_ms":7200000}"#;
        let iv = std::array::from_fn(|place| u8::try_from(place).unwrap());
        assert_eq!(seal.close_with(plain, iv), Value::from(SEALED));
        let opened = seal.open(&Value::from(SEALED)).unwrap();
        assert_eq!(
            (opened.token.as_str(), opened.expires_in_ms),
            ("AT1", 7_200_000)
        );
    }

    #[test]
    fn what_was_changed_or_sealed_by_another_is_not_opened() {
        let seal = Seal::of(&secret());
        for place in [0, 40, SEALED.len() - 1] {
            let mut changed = SEALED.to_owned();
            let other = if &SEALED[place..=place] == "0" {
                "1"
            } else {
                "0"
            };
            changed.replace_range(place..=place, other);
            assert!(seal.open(&Value::from(changed)).is_none(), "{place}");
        }
        for wrong in ["", "0", "äö", &SEALED[..64]] {
            assert!(seal.open(&Value::from(wrong)).is_none());
        }
        let other = Seal::of(&Secret::new("other"));
        assert!(other.open(&Value::from(SEALED)).is_none());
    }

    async fn replica(url: &str, clock: &Arc<ManualClock>) -> Arc<SharedTokens> {
        let store = PostgresStore::open(url, &CorpId::from("ww1")).await;
        Arc::new(SharedTokens {
            store: Arc::new(store.unwrap()),
            clock: Arc::clone(clock) as SharedClock,
        })
    }

    /// Asks for a token; WeCom's answer is `AT` and how often it was asked.
    async fn get(tokens: &SharedTokens, asked: &AtomicUsize, rejected: Option<&str>) -> Grant {
        let secret = secret();
        let ask = Box::pin(async {
            let number = asked.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::task::yield_now().await;
            Ok(Grant {
                token: Token::new(format!("AT{number}")),
                expires_in: Duration::from_secs(7200),
            })
        });
        let rejected = rejected.map(Token::new);
        tokens.token(&secret, rejected, ask).await.unwrap()
    }

    #[tokio::test]
    async fn replicas_share_one_token_and_ask_one_at_a_time() {
        let clock = Arc::new(ManualClock::at(UnixMillis(1_000)));
        let url = Cluster::shared().schema();
        let (one, other) = (replica(&url, &clock).await, replica(&url, &clock).await);
        let third = replica(&url, &clock).await;
        let asked = AtomicUsize::new(0);
        // Within a process the cache lets only one ask.
        let all = [&one, &other, &third].map(|tokens| get(tokens, &asked, None));
        for grant in futures_util::future::join_all(all).await {
            assert_eq!(grant.token.expose(), "AT1");
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);

        // Whoever is told that it is no good replaces it for all.
        assert_eq!(get(&one, &asked, Some("AT1")).await.token.expose(), "AT2");
        assert_eq!(get(&other, &asked, Some("AT1")).await.token.expose(), "AT2");
        assert_eq!(asked.load(Ordering::SeqCst), 2);

        // What is left of its life counts, and near its end there is a new one.
        clock.advance(Duration::from_secs(6_000));
        let left = get(&other, &asked, None).await.expires_in;
        assert_eq!(left, Duration::from_secs(1_200));
        clock.advance(Duration::from_secs(950));
        assert_eq!(get(&one, &asked, None).await.token.expose(), "AT3");
    }

    #[tokio::test]
    async fn an_older_token_does_not_take_the_place_of_a_newer_one() {
        let clock = Arc::new(ManualClock::at(UnixMillis(1_000)));
        let one = replica(&Cluster::shared().schema(), &clock).await;
        let seal = Seal::of(&secret());
        for (token, asked_at) in [("new", 900), ("old", 800)] {
            let kept = Kept {
                token: token.to_owned(),
                asked_at: UnixMillis(asked_at),
                expires_in_ms: 7_200_000,
            };
            one.keep(&seal, &kept).await.unwrap();
        }
        let kept = one.kept(&seal, None).await.unwrap().unwrap();
        assert_eq!(kept.token.expose(), "new");
    }
}
