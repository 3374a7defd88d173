//! Seeded stories: the promises hold in each of them.

use std::sync::Arc;

use crate::check::broken;
use crate::number;
use crate::story::{Rest, Story};
use wecom_agent::domain::ids::CorpId;
use wecom_agent::store::Store;
use wecom_agent::store::embedded::{Disk, EmbeddedStore};

/// So many seeds unless `WECOM_SIM_SEEDS` says otherwise.
const SEEDS: u64 = 1000;

fn story(seed: u64) -> (Story, Rest) {
    let disk = Disk::default();
    let open = move || {
        let store = EmbeddedStore::open_on(&disk, &CorpId::from("ww1")).expect("a store");
        Arc::new(store) as Arc<dyn Store>
    };
    let mut story = Story::over(Box::new(open), seed);
    story.plan_by_chance();
    let rest = story.tell();
    (story, rest)
}

/// What a seed breaks.
fn judge(seed: u64) -> Vec<String> {
    let told = std::panic::catch_unwind(|| {
        let (story, rest) = story(seed);
        broken(&story, &rest)
    });
    told.unwrap_or_else(|_| vec!["it panicked".to_owned()])
}

/// One seed, with everything that was called.
fn retell(seed: u64) {
    let (story, rest) = story(seed);
    for line in story.machine.link.journal() {
        eprintln!("{line}");
    }
    for record in &rest.records {
        eprintln!("{record:#?}");
    }
    assert_eq!(broken(&story, &rest), [""; 0]);
}

/// A part of all seeds: tests run beside each other.
fn part(of: u64, index: u64) {
    if let Some(seed) = number("WECOM_SIM_SEED") {
        if index == 0 {
            retell(seed);
        }
        return;
    }
    let first = number("WECOM_SIM_FIRST").unwrap_or(0);
    let count = number("WECOM_SIM_SEEDS").unwrap_or(SEEDS);
    let mut told = Vec::new();
    for seed in (first..first + count).filter(|seed| seed % of == index) {
        let broken = judge(seed);
        if !broken.is_empty() {
            told.push(format!("WECOM_SIM_SEED={seed}\n  {}", broken.join("\n  ")));
        }
    }
    let shown = told[..told.len().min(20)].join("\n");
    assert!(told.is_empty(), "{} of {count} seeds:\n{shown}", told.len());
}

#[test]
fn every_seed_keeps_the_promises_of_the_even() {
    part(2, 0);
}

#[test]
fn every_seed_keeps_the_promises_of_the_odd() {
    part(2, 1);
}

#[test]
fn a_seed_tells_the_same_story_every_time() {
    for seed in 0..6 {
        let (one, other) = (story(seed).0, story(seed).0);
        assert_eq!(
            one.machine.link.journal(),
            other.machine.link.journal(),
            "seed {seed}"
        );
    }
}
