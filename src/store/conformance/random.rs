//! A random sequence of calls, checked against a recount.

use std::collections::BTreeMap;

use clap::ValueEnum as _;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::Subject;
use super::support::{CORP, accept, at, decision, effect, record, retry, sent, timer};
use crate::domain::ids::RecordId;
use crate::store::{
    AttemptEnd, Claim, ClaimedEffect, ClaimedRecord, DecisionCommit, ItemId, ItemState,
    QueueFilter, Store,
};

/// What the sequence holds on to between its calls.
struct Walk {
    random: SmallRng,
    now: i64,
    texts: u32,
    records: Vec<ClaimedRecord>,
    effects: Vec<ClaimedEffect>,
    /// The newest record that was decided, by conversation.
    decided: BTreeMap<String, RecordId>,
}

pub async fn depths_agree_with_a_recount(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let mut walk = Walk {
        random: SmallRng::seed_from_u64(20_260_822),
        now: 0,
        texts: 0,
        records: Vec::new(),
        effects: Vec::new(),
        decided: BTreeMap::new(),
    };
    for round in 0..300 {
        walk.step(&*store).await;
        if round % 50 == 49 {
            recount(&*store, walk.now).await;
        }
    }
    assert!(walk.decided.len() > 2, "the walk has come somewhere");
}

impl Walk {
    async fn step(&mut self, store: &dyn Store) {
        self.now += self.random.random_range(0..40);
        match self.random.random_range(0..9) {
            0 | 1 => self.accept(store).await,
            2 => {
                let more = store.claim_records(self.claim()).await.unwrap();
                self.records.extend(more);
            }
            3 => {
                let more = store.claim_effects(self.claim()).await.unwrap();
                self.effects.extend(more);
            }
            4 => self.end_record(store).await,
            5 | 6 => self.end_effect(store).await,
            7 => self.look_after(store).await,
            _ => {
                store.rescue(at(self.now)).await.unwrap();
            }
        }
    }

    fn claim(&mut self) -> Claim {
        Claim {
            limit: self.random.random_range(1..4),
            ..super::support::whatever(self.now)
        }
    }

    async fn accept(&mut self, store: &dyn Store) {
        let mut offered = Vec::new();
        for _ in 0..self.random.random_range(1..4) {
            self.texts += 1;
            let who = ["a", "b", "c", "d"][self.random.random_range(0..4)];
            // Now and then one that is known already.
            let text = self.texts - u32::from(self.random.random_bool(0.1));
            offered.push(record(who, &text.to_string(), self.now));
        }
        accept(store, offered).await;
    }

    async fn end_record(&mut self, store: &dyn Store) {
        let Some(claimed) = self.records.pop() else {
            return;
        };
        let outcome = match self.random.random_range(0..5) {
            0 => {
                store
                    .retry_record(claimed.id, claimed.fence, at(self.now + 30), "x")
                    .await
            }
            1 => {
                store
                    .bury_record(claimed.id, claimed.fence, "x", at(self.now))
                    .await
            }
            _ => self.decide(store, &claimed).await,
        };
        if let Err(error) = outcome {
            assert!(
                matches!(error, crate::store::StoreError::Fenced { .. }),
                "{error:?}"
            );
        }
    }

    async fn decide(
        &mut self,
        store: &dyn Store,
        claimed: &ClaimedRecord,
    ) -> crate::store::Result<()> {
        let lane = claimed.inbound.conversation.to_string();
        let decision = DecisionCommit {
            effects: vec![
                effect(&lane, "1", self.now),
                effect("shared", "2", self.now + 10),
            ],
            timers: vec![timer(&format!("t/{lane}"), self.now)],
            remove_timers: vec!["t/kf/a".to_owned()],
            ..decision(claimed, self.now)
        };
        store.commit_decision(decision).await?;
        self.decided.insert(lane, claimed.id);
        Ok(())
    }

    async fn end_effect(&mut self, store: &dyn Store) {
        let Some(claimed) = self.effects.pop() else {
            return;
        };
        let reason = || "x".to_owned();
        let end = match self.random.random_range(0..6) {
            0 => AttemptEnd::Failed { reason: reason() },
            1 => AttemptEnd::Unknown { reason: reason() },
            2 => AttemptEnd::Dropped { reason: reason() },
            3 => retry(self.now + 25),
            _ => sent(),
        };
        let outcome = store
            .finish_effect(claimed.id, claimed.fence, end, at(self.now))
            .await;
        if let Err(error) = outcome {
            assert!(
                matches!(error, crate::store::StoreError::Fenced { .. }),
                "{error:?}"
            );
        }
    }

    async fn look_after(&mut self, store: &dyn Store) {
        let open = store.list(listed(&[])).await.unwrap();
        let Some(item) = open.get(self.random.random_range(0..open.len().max(1))) else {
            return;
        };
        if self.random.random_bool(0.5) {
            store.redrive(item.id, at(self.now)).await.unwrap();
        } else {
            store.discard(item.id, "x", at(self.now)).await.unwrap();
        }
    }
}

fn listed(states: &[ItemState]) -> QueueFilter {
    QueueFilter {
        states: states.to_vec(),
        limit: 10_000,
    }
}

async fn recount(store: &dyn Store, now: i64) {
    let mut counted: BTreeMap<(bool, String), u64> = BTreeMap::new();
    for item in store
        .list(listed(ItemState::value_variants()))
        .await
        .unwrap()
    {
        let is_record = matches!(item.id, ItemId::Record(_));
        *counted
            .entry((is_record, format!("{:?}", item.state)))
            .or_default() += 1;
    }
    let count = |is_record: bool, state: ItemState| {
        counted
            .get(&(is_record, format!("{state:?}")))
            .copied()
            .unwrap_or(0)
    };
    let depths = store.depths(at(now)).await.unwrap();
    assert_eq!(
        depths.inbox,
        count(true, ItemState::Ready) + count(true, ItemState::Working)
    );
    assert_eq!(depths.dead, count(true, ItemState::Dead));
    assert_eq!(
        depths.outbox,
        count(false, ItemState::Ready) + count(false, ItemState::Working)
    );
    assert_eq!(depths.failed, count(false, ItemState::Failed));
    assert_eq!(depths.unknown, count(false, ItemState::Unknown));
    let timers = store.due_timers(at(i64::MAX - 1), 10_000).await.unwrap();
    assert_eq!(depths.timers, timers.len() as u64);
}
