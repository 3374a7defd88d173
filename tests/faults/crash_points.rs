//! One scenario through every path, killed right before and right behind each of its writes.
//!
//! In fine weather nothing is lost on the way, so what must come out is known exactly: the
//! same as without a death, but for calls that nobody can repeat, which are kept as unknown.

use std::sync::Arc;

use tempfile::TempDir;
use tokio::runtime::Handle;
use wecom_agent::domain::effect::Effect;
use wecom_agent::domain::ids::CorpId;
use wecom_agent::store::embedded::{Disk, EmbeddedStore};
use wecom_agent::store::{ItemState, Store};

use crate::check::broken;
use crate::mortal::Side;
use crate::story::{Doing, Rest, Story};
use crate::{database, number};

/// Data of one's own.
struct Data {
    open: Box<dyn Fn() -> Arc<dyn Store>>,
    /// The runtime in which their server is spoken to.
    elsewhere: Option<Handle>,
}

impl Data {
    fn here(open: impl Fn() -> EmbeddedStore + 'static) -> Self {
        Self {
            open: Box::new(move || Arc::new(open())),
            elsewhere: None,
        }
    }
}

/// Of the points of an engine on a disk, so many are left out for each that is tried, unless
/// `WECOM_CRASH_STRIDE` says otherwise.
const STRIDE: u64 = 9;

fn customer(who: &str, text: &str) -> Doing {
    let (who, text) = (who.to_owned(), text.to_owned());
    Doing::Customer { who, text }
}

fn member(text: &str) -> Doing {
    let (who, text) = ("crew0".to_owned(), text.to_owned());
    Doing::Member { who, text }
}

/// Customers by page, a member, a newcomer, a timer, a plan, a daily limit.
fn scenario(data: Data) -> Story {
    let mut story = Story::over(data.open, 4);
    story.machine.elsewhere = data.elsewhere;
    story.plan([
        customer("wm0", "升 #1"),
        customer("wm1", "回 #2"),
        member("稍后 #3"),
        customer("wm0", "跟进 #4"),
        Doing::Added {
            who: "wm2".to_owned(),
        },
        customer("wm0", "降 #5"),
        customer("wm1", "报警 #6"),
        customer("wm1", "领券 #7"),
        member("回 #8"),
    ]);
    story
}

/// What the death at one point has broken.
fn judge(story: &Story, rest: &Rest) -> Vec<String> {
    let mut broken = broken(story, rest);
    for effect in rest.records.iter().flat_map(|record| &record.effects) {
        let good = match (&effect.effect, effect.state) {
            (_, ItemState::Sent) => true,
            // Nobody knows whether it was said: a person looks.
            (Effect::Robot { .. } | Effect::Appchat { .. }, ItemState::Unknown) => true,
            // Its code was good for twenty seconds.
            (Effect::Welcome { .. }, ItemState::Dropped) => true,
            _ => false,
        };
        if !good {
            broken.push(format!(
                "{} {} is {:?}: {:?}",
                effect.id,
                effect.effect.word(),
                effect.state,
                effect.reason
            ));
        }
    }
    broken
}

/// Dies at every `stride`th point of both sides, each time over data of its own.
fn every_point(data: impl Fn() -> Data, stride: usize) {
    let mut whole = scenario(data());
    let writes = whole.live_until(usize::MAX, Side::Before);
    let rest = whole.rest();
    let without = judge(&whole, &rest);
    assert_eq!(without, [""; 0], "nobody died");
    assert!(writes.len() > 60, "{writes:?}");
    for name in [
        "accept",
        "accept_kf_page",
        "note_kf_push",
        "claim_records",
        "commit_decisions",
    ] {
        assert!(writes.contains(&name), "{name} is not among {writes:?}");
    }
    assert!(writes.contains(&"change_broadcast"), "{writes:?}");
    for name in [
        "claim_effects",
        "reserve",
        "finish_effect",
        "fire_timers",
        "merge_contact",
    ] {
        assert!(writes.contains(&name), "{name} is not among {writes:?}");
    }
    for (point, name) in writes.iter().enumerate().step_by(stride) {
        for side in [Side::Before, Side::After] {
            let mut story = scenario(data());
            story.live_until(point, side);
            let rest = story.rest();
            let broken = judge(&story, &rest);
            assert_eq!(broken, [""; 0], "died {side:?} write {point}, {name}");
        }
    }
}

#[test]
fn a_death_at_any_write_breaks_nothing() {
    every_point(
        || {
            let disk = Disk::default();
            Data::here(move || {
                let store = EmbeddedStore::open_on(&disk, &CorpId::from("ww1"));
                store.expect("a store")
            })
        },
        1,
    );
}

/// A folder that is fast to sync: a process dies here, not the machine.
fn folder() -> TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let folder = match memory.is_dir() {
        true => TempDir::new_in(memory),
        false => TempDir::new(),
    };
    folder.expect("a folder")
}

fn stride() -> usize {
    let stride = number("WECOM_CRASH_STRIDE").unwrap_or(STRIDE);
    usize::try_from(stride).expect("a small number")
}

#[test]
fn a_death_at_any_write_breaks_nothing_on_redb() {
    every_point(
        || {
            let folder = folder();
            Data::here(move || {
                let store = EmbeddedStore::open_redb(folder.path(), &CorpId::from("ww1"));
                store.expect("a store")
            })
        },
        stride(),
    );
}

#[test]
fn a_death_at_any_write_breaks_nothing_on_sled() {
    every_point(
        || {
            let folder = folder();
            Data::here(move || {
                let store = EmbeddedStore::open_sled(folder.path(), &CorpId::from("ww1"));
                store.expect("a store")
            })
        },
        stride(),
    );
}

#[test]
fn a_death_at_any_write_breaks_nothing_on_postgres() {
    every_point(
        || {
            let url = database::tables();
            Data {
                open: Box::new(move || database::open(&url)),
                elsewhere: Some(database::runtime().handle().clone()),
            }
        },
        stride(),
    );
}
