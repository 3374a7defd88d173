//! A story by seed: people write, WeCom pushes, stages take turns, processes die, until
//! everything has come to rest.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::life::{Life, Machine, Stage, settle};
use crate::link::{Link, Weather};
use crate::mortal::{Fate, Side};
use crate::shop::{self, Push};
use crate::time::SimTime;
use crate::wecom::{Habits, Wecom};
use wecom_agent::domain::clock::UnixMillis;
use wecom_agent::domain::ids::RecordId;
use wecom_agent::service::Pass;
use wecom_agent::store::{
    Broadcast, BroadcastQuery, ItemState, PastRecord, QueueFilter, QueueItem, RecordQuery, Store,
};

/// Rounds after which a story that does not come to rest never will.
const MOST_ROUNDS: usize = 500;
/// A local evening, twenty minutes before the quiet hours of the shop.
const EVENING: i64 = 1_795_437_600_000;

/// Something that somebody does.
#[derive(Debug, Clone)]
pub(crate) enum Doing {
    Customer { who: String, text: String },
    Member { who: String, text: String },
    Added { who: String },
}

/// What becomes of the machine's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clockwork {
    Right,
    Jumps,
}

/// Everything that goes on.
pub(crate) struct Story {
    pub(crate) machine: Machine,
    pub(crate) clock: Clockwork,
    dice: StdRng,
    plan: VecDeque<Doing>,
    /// Pushes that WeCom has not seen acknowledged.
    open: Vec<Push>,
    /// Pushes that were acknowledged and may come again.
    old: Vec<Push>,
    /// The texts of members that were acknowledged.
    pub(crate) acknowledged: Vec<String>,
    number: usize,
}

/// What is left when everything rests.
pub(crate) struct Rest {
    pub(crate) records: Vec<PastRecord>,
    pub(crate) items: Vec<QueueItem>,
    pub(crate) broadcasts: Vec<Broadcast>,
    /// Errors of the store that nothing explains.
    pub(crate) refused: usize,
}

impl Story {
    /// A story over data that `open` opens.
    pub(crate) fn over(open: Box<dyn Fn() -> Arc<dyn Store>>, seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let start = EVENING + dice.random_range(0..1_500_000);
        let time = Arc::new(SimTime::at(UnixMillis(start)));
        let habits = Habits {
            names_msgid: dice.random_bool(0.5),
            page: dice.random_range(1..4),
        };
        let link = Link::new(Wecom::new(habits), Arc::clone(&time), dice.random());
        let config = Arc::new(shop::config());
        let playbook = shop::current();
        Self {
            machine: Machine {
                config,
                playbook,
                time,
                link,
                open,
                elsewhere: None,
            },
            clock: match dice.random_bool(0.2) {
                true => Clockwork::Jumps,
                false => Clockwork::Right,
            },
            dice,
            plan: VecDeque::new(),
            open: Vec::new(),
            old: Vec::new(),
            acknowledged: Vec::new(),
            number: 0,
        }
    }

    /// Plans something for later.
    pub(crate) fn plan(&mut self, doing: impl IntoIterator<Item = Doing>) {
        self.plan.extend(doing);
    }

    /// Plans a handful of things by chance.
    pub(crate) fn plan_by_chance(&mut self) {
        const CUSTOMER: [&str; 7] = ["回", "升", "降", "报警", "优惠", "领券", "跟进"];
        const STAFF: [&str; 3] = ["回", "稍后", "报警"];
        for number in 0..self.dice.random_range(5..14) {
            let customer = format!("wm{}", self.dice.random_range(0..2));
            let staff = format!("crew{}", self.dice.random_range(0..2));
            let doing = match self.dice.random_range(0..10) {
                0 => Doing::Added { who: customer },
                1..7 => {
                    let word = CUSTOMER[self.dice.random_range(0..CUSTOMER.len())];
                    let text = format!("{word} #{number}");
                    Doing::Customer {
                        who: customer,
                        text,
                    }
                }
                _ => {
                    let word = STAFF[self.dice.random_range(0..STAFF.len())];
                    let text = format!("{word} #{number}");
                    Doing::Member { who: staff, text }
                }
            };
            self.plan.push_back(doing);
        }
        if self.dice.random_bool(0.05) {
            // Somebody who writes without end: more than WeCom lets one member hear a minute.
            let words = (100..135).map(|number| Doing::Member {
                who: "crew0".to_owned(),
                text: format!("回 #{number}"),
            });
            self.plan.extend(words);
        }
    }

    /// Lives through it: rough lives that end by death, then a calm one.
    pub(crate) fn tell(&mut self) -> Rest {
        for _ in 0..self.dice.random_range(2..6) {
            let side = match self.dice.random_bool(0.5) {
                true => Side::Before,
                false => Side::After,
            };
            let fate = Fate::dying_at(self.dice.random_range(0..40), side);
            let steps = self.dice.random_range(5..60);
            self.live(&fate, async |story, life| story.rough(life, steps).await);
        }
        self.rest()
    }

    /// One process that dies at a write, if it comes so far. The names of its writes.
    pub(crate) fn live_until(&mut self, write: usize, side: Side) -> Vec<&'static str> {
        let fate = Fate::dying_at(write, side);
        self.live(&fate, async |story, life| story.calm(life).await);
        fate.writes()
    }

    /// A process to the end of all work, in fine weather.
    pub(crate) fn rest(&mut self) -> Rest {
        self.machine.link.set(Weather::Fine);
        self.machine.time.set_ahead(0);
        let fate = Fate::open();
        let rest = self.live(&fate, async |story, life| {
            story.calm(life).await;
            look(life).await
        });
        let mut rest = rest.expect("nobody kills the last one");
        rest.refused = fate.refused();
        rest
    }

    /// One process from its start to its death or its end; nothing of it is left then but
    /// what it has stored.
    fn live<T>(
        &mut self,
        fate: &Arc<Fate>,
        play: impl AsyncFnOnce(&mut Self, &mut Life) -> T,
    ) -> Option<T> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let pause = Duration::from_millis(self.dice.random_range(0..90_000));
        let time = Arc::clone(&self.machine.time);
        runtime.block_on(async {
            time.begin();
            let played = async {
                let mut life = Life::begin(&self.machine, fate).await;
                play(self, &mut life).await
            };
            let end = tokio::select! {
                biased;
                () = fate.death() => None,
                played = played => Some(played),
            };
            fate.kill();
            time.end(pause);
            end
        })
    }

    /// Steps in the order that the dice say.
    async fn rough(&mut self, life: &mut Life, steps: usize) {
        self.machine.link.set(Weather::Rough);
        for _ in 0..steps {
            match self.dice.random_range(0..100) {
                0..20 => self.happen(),
                20..45 => self.push_one(life).await,
                45..82 => {
                    let stage = Stage::ALL[self.dice.random_range(0..Stage::ALL.len())];
                    life.pass(stage).await;
                }
                82..96 => {
                    let time = self.some_time();
                    self.wait(time).await;
                }
                96..98 => {
                    let down = self.dice.random_bool(0.5);
                    let weather = if down { Weather::Down } else { Weather::Rough };
                    self.machine.link.set(weather);
                }
                _ if self.clock == Clockwork::Jumps => {
                    let hours = self.dice.random_range(-1..=1);
                    self.machine.time.set_ahead(hours * 3_600_000);
                }
                _ => {}
            }
        }
    }

    fn some_time(&mut self) -> Duration {
        let most = [50, 1_000, 5_000, 60_000, 600_000];
        let most = most[self.dice.random_range(0..most.len())];
        Duration::from_millis(self.dice.random_range(1..=most))
    }

    async fn wait(&self, time: Duration) {
        tokio::time::sleep(time).await;
        settle().await;
    }

    /// The next thing happens at WeCom.
    fn happen(&mut self) {
        let Some(doing) = self.plan.pop_front() else {
            return;
        };
        self.number += 1;
        let (number, now) = (self.number, self.machine.time.true_now());
        let push = match doing {
            Doing::Customer { who, text } => {
                let link = &self.machine.link;
                link.wecom(|wecom| wecom.customer_writes(&who, &text, now.0));
                Push::kf_hint(number, now.as_secs())
            }
            Doing::Member { who, text } => Push::member_writes(&who, &text, number, now.as_secs()),
            Doing::Added { who } => Push::added(&who, &format!("code{number}"), now.as_secs()),
        };
        self.open.push(push);
    }

    /// WeCom pushes something: in any order, and now and then a second time.
    async fn push_one(&mut self, life: &Life) {
        if !self.old.is_empty() && self.dice.random_bool(0.2) {
            let again = self.dice.random_range(0..self.old.len());
            life.push(&self.old[again].clone()).await;
            return;
        }
        if self.open.is_empty() {
            return;
        }
        let chosen = self.dice.random_range(0..self.open.len());
        self.push_open(life, chosen).await;
    }

    async fn push_open(&mut self, life: &Life, chosen: usize) {
        let push = self.open[chosen].clone();
        if life.push(&push).await {
            self.open.remove(chosen);
            self.acknowledged.extend(push.says.clone());
            self.old.push(push);
        }
    }

    /// Everything in its turn until nothing is left to do.
    async fn calm(&mut self, life: &mut Life) {
        let (mut seen, mut quiet) = (None, 0);
        for _ in 0..MOST_ROUNDS {
            self.happen();
            while !self.open.is_empty() {
                self.push_open(life, 0).await;
            }
            for stage in Stage::ALL {
                while life.pass(stage).await == Pass::Busy {}
            }
            let pulled = life
                .store
                .pending_kf_pushes()
                .await
                .expect("pushes")
                .is_empty();
            if self.plan.is_empty() && pulled && life.depths().await == [0; 4] {
                return;
            }
            // What waits behind something that is not due yet seems to be due itself.
            let depths = life.depths().await;
            quiet = if seen == Some(depths) { quiet + 1 } else { 0 };
            seen = Some(depths);
            let patience = Duration::from_millis(250 << quiet.min(13));
            self.wait(patience.max(life.until_next().await)).await;
        }
        let calls = self.machine.link.journal();
        let calls = calls[calls.len().saturating_sub(20)..].join("\n");
        let items = life.waiting().await;
        panic!("it never comes to rest: {items:#?}\n{calls}");
    }
}

async fn look(life: &Life) -> Rest {
    let query = RecordQuery {
        since: UnixMillis(0),
        after: RecordId(0),
        limit: 10_000,
    };
    let states = <ItemState as clap::ValueEnum>::value_variants().to_vec();
    let filter = QueueFilter {
        states,
        limit: 10_000,
    };
    let broadcasts = BroadcastQuery {
        limit: 1000,
        ..BroadcastQuery::default()
    };
    Rest {
        records: life.store.records(query).await.expect("records"),
        items: life.store.list(filter).await.expect("items"),
        broadcasts: life.store.broadcasts(broadcasts).await.expect("broadcasts"),
        refused: 0,
    }
}
