//! Word between replicas: who is there, and that there may be new work.
//!
//! One connection of its own listens, says every now and then that this process lives, and
//! passes rings on. A ring is a hint: it is sent after the commit, many at a time, and
//! whoever misses it looks a second later anyway. (A `NOTIFY` inside a transaction would let
//! no two of them commit at the same time.)

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client};

use super::connect::Target;
use super::failure::told;
use crate::store::Signals;

/// How often a process says that it lives.
const BEAT: Duration = Duration::from_millis(1500);
/// Rings of so long go out together.
const GATHER: Duration = Duration::from_millis(15);
/// Pauses before a lost connection is made again.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

const CHANNEL: &str = "wecom_agent";

/// Which bells to ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Wake(u8);

impl Wake {
    const NOTHING: Self = Self(0);
    pub(super) const INBOX: Self = Self(1);
    pub(super) const OUTBOX: Self = Self(2);
    pub(super) const KF: Self = Self(4);
    pub(super) const TIMERS: Self = Self(8);
    pub(super) const SOPS: Self = Self(16);
    pub(super) const BROADCASTS: Self = Self(32);
    pub(super) const EVERYTHING: Self = Self(63);

    fn rings(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn ring(self, signals: &Signals) {
        let bells = [
            (Self::INBOX, &signals.inbox),
            (Self::OUTBOX, &signals.outbox),
            (Self::KF, &signals.kf),
            (Self::TIMERS, &signals.timers),
            (Self::SOPS, &signals.sops),
            (Self::BROADCASTS, &signals.broadcasts),
        ];
        for (_, bell) in bells.iter().filter(|(bell, _)| self.rings(*bell)) {
            bell.notify_one();
        }
    }
}

/// Bells that gather while something is written.
#[derive(Debug, Default)]
pub(super) struct Wakes(AtomicU8);

impl Wakes {
    pub(super) fn add(&self, wake: Wake) {
        self.0.fetch_or(wake.0, Ordering::Relaxed);
    }

    pub(super) fn all(&self) -> Wake {
        Wake(self.0.load(Ordering::Relaxed))
    }
}

/// The bells of this process, and word of them for the others.
#[derive(Debug, Default)]
pub(super) struct Bells {
    pub(super) signals: Arc<Signals>,
    waiting: AtomicU8,
    more: Notify,
}

impl Bells {
    /// Rings here at once and elsewhere soon.
    pub(super) fn ring(&self, wake: Wake) {
        if wake == Wake::NOTHING {
            return;
        }
        wake.ring(&self.signals);
        self.waiting.fetch_or(wake.0, Ordering::AcqRel);
        self.more.notify_one();
    }
}

/// Keeps the connection as long as the store is open.
pub(super) struct Ringer {
    pub(super) target: Target,
    pub(super) bells: Arc<Bells>,
    pub(super) corp: String,
    /// The number of this process.
    pub(super) replica: i64,
}

/// What wakes the ringer.
enum Event {
    Beat,
    Ring,
    Lost,
    Leave,
}

impl Ringer {
    /// Runs until the store is closed, then says goodbye.
    pub(super) async fn run(self, mut open: watch::Receiver<bool>) {
        let mut pause = FIRST_PAUSE;
        while *open.borrow() {
            match self.connect().await {
                Ok((client, connection)) => {
                    pause = FIRST_PAUSE;
                    // What was rung while nobody listened was missed.
                    Wake::EVERYTHING.ring(&self.bells.signals);
                    let left = self.serve(&client, connection, &mut open).await;
                    if left {
                        return;
                    }
                    tracing::warn!("the connection that listens to the database was lost");
                }
                Err(error) => {
                    let error = told(&error);
                    tracing::warn!(%error, "no connection that listens to the database");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = open.wait_for(|open| !open) => return,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn connect(&self) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
        let Target { config, tls } = self.target.clone();
        let (client, mut connection) = config.connect(tls).await?;
        let (bells, corp, replica) = (Arc::clone(&self.bells), self.corp.clone(), self.replica);
        let listening = tokio::spawn(async move {
            loop {
                match std::future::poll_fn(|context| connection.poll_message(context)).await {
                    Some(Ok(AsyncMessage::Notification(word))) => {
                        if let Some(wake) = heard(word.payload(), &corp, replica) {
                            wake.ring(&bells.signals);
                        }
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return,
                }
            }
        });
        let begun = client
            .batch_execute(&format!("SET synchronous_commit = off; LISTEN {CHANNEL}"))
            .await;
        if begun.is_err() {
            listening.abort();
        }
        begun.map(|()| (client, listening))
    }

    /// Until the connection is lost, or `true` when the store is closed.
    async fn serve(
        &self,
        client: &Client,
        mut listening: JoinHandle<()>,
        open: &mut watch::Receiver<bool>,
    ) -> bool {
        let mut beats = tokio::time::interval(BEAT);
        beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let event = tokio::select! {
                _ = open.wait_for(|open| !open) => Event::Leave,
                _ = &mut listening => Event::Lost,
                _ = beats.tick() => Event::Beat,
                () = self.bells.more.notified() => Event::Ring,
            };
            let done = match event {
                Event::Beat => self.beat(client).await,
                Event::Ring => {
                    tokio::time::sleep(GATHER).await;
                    self.tell(client).await
                }
                Event::Lost => return false,
                Event::Leave => {
                    let left = self.leave(client).await;
                    if left.is_err() {
                        tracing::debug!("the others find out by themselves that we are gone");
                    }
                    return true;
                }
            };
            if done.is_err() {
                listening.abort();
                return false;
            }
        }
    }

    /// Says that this process lives. After a gap it counts as newly come, so that nobody who
    /// was cut off from the server takes all others for dead.
    async fn beat(&self, client: &Client) -> Result<(), tokio_postgres::Error> {
        let beaten = client
            .execute(
                "UPDATE replicas SET seen_at = clock_timestamp(), \
                 since = CASE WHEN seen_at < clock_timestamp() - interval '6 seconds' \
                 THEN clock_timestamp() ELSE since END WHERE id = $1",
                &[&self.replica],
            )
            .await?;
        if beaten == 0 {
            client
                .execute(
                    "INSERT INTO replicas (id, corp_id, host, process, version) \
                     OVERRIDING SYSTEM VALUE VALUES ($1, $2, '', 0, '') ON CONFLICT DO NOTHING",
                    &[&self.replica, &self.corp],
                )
                .await?;
        }
        Ok(())
    }

    async fn tell(&self, client: &Client) -> Result<(), tokio_postgres::Error> {
        let wake = self.bells.waiting.swap(0, Ordering::AcqRel);
        if wake == 0 {
            return Ok(());
        }
        let word = format!("{} {wake} {}", self.replica, self.corp);
        client
            .execute("SELECT pg_notify($1, $2)", &[&CHANNEL, &word])
            .await?;
        Ok(())
    }

    async fn leave(&self, client: &Client) -> Result<(), tokio_postgres::Error> {
        client
            .execute("DELETE FROM replicas WHERE id = $1", &[&self.replica])
            .await?;
        Ok(())
    }
}

/// What a word of another replica of the same corp rings.
fn heard(word: &str, corp: &str, replica: i64) -> Option<Wake> {
    let mut parts = word.splitn(3, ' ');
    let from: i64 = parts.next()?.parse().ok()?;
    let wake = parts.next()?.parse().ok()?;
    (parts.next()? == corp && from != replica).then_some(Wake(wake))
}

#[cfg(test)]
mod tests {
    use super::{Wake, heard};

    #[test]
    fn only_word_of_others_in_the_same_corp_counts() {
        assert_eq!(heard("1 3 ww1", "ww1", 2), Some(Wake(3)));
        assert_eq!(heard("2 3 ww1", "ww1", 2), None);
        assert_eq!(heard("1 3 ww10", "ww1", 2), None);
        assert_eq!(heard("nonsense", "ww1", 2), None);
    }
}
