//! What became of SOPs: who began and ended, what became of steps, which tasks and cards there
//! are, who has received something.

use super::{Differs, NONE, Said, Scene, joined_texts, listed, texts_of};
use crate::domain::effect::Effect;
use crate::domain::ids::Person;
use crate::domain::outgoing::Outgoing;
use crate::simulate::fates;
use crate::simulate::model::{Fate, StepOf};
use crate::simulate::preview::NOBODY;
use crate::sops::run::Work;
use crate::store::{Delivery, RowOutcome};

/// What became of a step for somebody.
struct Row<'s> {
    sop: &'s str,
    step: u32,
    name: Option<&'s str>,
    /// None where it is for nobody.
    target: Option<&'s Person>,
    outcome: RowOutcome,
    why: &'s str,
}

impl Scene<'_> {
    /// SOPs that began (and were not under way), or ended.
    pub(super) fn sop(&self, name: &str, who: Option<&str>, begins: bool) -> Result<(), Differs> {
        let key = if begins { "sop" } else { "stop_sop" };
        let mut got = Vec::new();
        let mut holds = false;
        for happened in self.happened {
            let changes = happened.commit.contact.iter();
            for change in changes.flat_map(|change| &change.sops) {
                let before = happened.seen.sops.get(&change.sop);
                let began = before.is_none_or(|b| b.started_at != change.to.started_at);
                if begins && !began || !begins && change.to.is_running() {
                    continue;
                }
                let target = happened.seen.person.id();
                let is_theirs = who.is_none_or(|who| who == target);
                holds |= is_theirs && change.sop.as_str() == name;
                got.push(match who {
                    Some(_) => format!("{}@{target}", change.sop),
                    None => change.sop.0.clone(),
                });
            }
        }
        if holds {
            return Ok(());
        }
        Err(Differs::new(
            format!("{key}: {name}{}", at(who)),
            format!("{key}: {}", listed(&got)),
        ))
    }

    /// What became of a step; the last word counts.
    pub(super) fn step(&self, step: &StepOf, fate: &Fate) -> Result<(), Differs> {
        let rows = self.rows();
        let is_it = |row: &&Row<'_>| {
            let target = row.target.map(Person::id);
            row.sop == step.sop.as_str()
                && row.step == step.step
                && step.who.as_deref().is_none_or(|who| target == Some(who))
        };
        let mut of_step = rows.iter().filter(is_it);
        let (holds, key) = match fate {
            Fate::Done => (of_step.any(|row| row.outcome == RowOutcome::Done), "step"),
            Fate::NotDone => (
                of_step.all(|row| row.outcome != RowOutcome::Done),
                "not_step",
            ),
            Fate::Held(why) => {
                let fits = |row: &Row<'_>| row.is(RowOutcome::Waiting, why);
                (of_step.any(fits), "held")
            }
            Fate::LeftOut(why) => {
                let fits = |row: &Row<'_>| row.is(RowOutcome::Skipped, why);
                (of_step.any(fits), "left_out")
            }
        };
        if holds {
            return Ok(());
        }
        let written = format!("{}{}", step.written, at(step.who.as_deref()));
        let expected = match fate {
            Fate::Done | Fate::NotDone => format!("{key}: {written}"),
            Fate::Held(why) | Fate::LeftOut(why) => format!("{key}: {{{written}: {why}}}"),
        };
        let got: Vec<String> = rows.iter().map(Row::told).collect();
        let got = if got.is_empty() {
            format!("{key}: {NONE}")
        } else {
            got.join("; ")
        };
        Err(Differs::new(expected, got))
    }

    /// What became of steps, and runs for everybody that are for nobody.
    fn rows(&self) -> Vec<Row<'_>> {
        let rows = self.happened.iter().flat_map(|one| &one.commit.rows);
        let rows = rows.map(|row| Row {
            sop: row.sop.as_str(),
            step: row.step,
            name: row.name.as_deref(),
            target: Some(&row.target),
            outcome: row.outcome,
            why: row.why.as_deref().unwrap_or_default(),
        });
        let for_nobody = self.past.begun.iter().filter(|run| run.taken == 0);
        let empty = for_nobody.filter_map(|run| match run.work {
            Work::Step { step, .. } => Some(Row {
                sop: run.sop.as_str(),
                step,
                name: None,
                target: None,
                outcome: RowOutcome::Skipped,
                why: run.why.as_deref().unwrap_or(NOBODY),
            }),
            _ => None,
        });
        rows.chain(empty).collect()
    }

    /// Mass-send tasks that wait for a member now.
    pub(super) fn tasks(&self) -> Vec<Said> {
        let tasks = self.past.tasks.iter();
        let tasks = tasks.filter(|task| !task.targets.is_empty());
        tasks
            .map(|task| Said {
                target: task
                    .sender
                    .as_ref()
                    .map_or(NONE, |userid| userid.as_str())
                    .to_owned(),
                text: words_of(&task.messages),
                problem: None,
            })
            .collect()
    }

    /// Cards with buttons that members got.
    pub(super) fn cards(&self) -> Vec<Said> {
        let mut cards = Vec::new();
        for effect in self.happened.iter().flat_map(|one| &one.commit.effects) {
            if let Effect::AppSend {
                to,
                message: message @ Outgoing::Card { .. },
                ..
            } = &effect.effect
            {
                cards.extend(to.iter().map(|member| Said {
                    target: member.to_string(),
                    text: words_of(std::slice::from_ref(message)),
                    problem: None,
                }));
            }
        }
        cards
    }

    /// Who has received something that a member had to send, or will not.
    pub(super) fn received(&self, who: &str, received: bool) -> Result<(), Differs> {
        let by_hand = |wanted: Delivery| {
            let notes = self.happened.iter().flat_map(|one| &one.commit.notes);
            let notes = notes.filter(move |note| note.delivery == wanted);
            notes.map(|note| note.key.target.id().to_owned())
        };
        let ids = |people: &[Person]| -> Vec<String> {
            people.iter().map(|person| person.id().to_owned()).collect()
        };
        let (key, got): (_, Vec<String>) = if received {
            let all = ids(&self.past.received).into_iter();
            ("received", all.chain(by_hand(Delivery::ByHand)).collect())
        } else {
            let tasks = self.past.tasks.iter();
            let refused = tasks.flat_map(|task| ids(&task.refused));
            let all = refused.chain(by_hand(Delivery::Declined));
            ("not_received", all.collect())
        };
        if got.iter().any(|one| one == who) {
            return Ok(());
        }
        Err(Differs::new(
            format!("{key}: {who}"),
            format!("{key}: {}", listed(&got)),
        ))
    }
}

impl Row<'_> {
    fn is(&self, outcome: RowOutcome, why: &str) -> bool {
        self.outcome == outcome && fates::word(self.why) == why
    }

    /// In the words of the test file.
    fn told(&self) -> String {
        let number = (self.step + 1).to_string();
        let step = format!(
            "{}/{}{}",
            self.sop,
            self.name.unwrap_or(&number),
            at(self.target.map(Person::id))
        );
        let why = fates::word(self.why);
        match self.outcome {
            RowOutcome::Done => format!("step: {step}"),
            RowOutcome::Waiting => format!("held: {{{step}: {why}}}"),
            RowOutcome::Skipped => format!("left_out: {{{step}: {why}}}"),
            RowOutcome::Exited => {
                format!("stop_sop: {}{}", self.sop, at(self.target.map(Person::id)))
            }
        }
    }
}

fn at(who: Option<&str>) -> String {
    who.map(|who| format!("@{who}")).unwrap_or_default()
}

fn words_of(messages: &[Outgoing]) -> String {
    let messages = messages.iter();
    let messages = messages.filter_map(|message| serde_json::to_value(message).ok());
    joined_texts(messages.map(|message| texts_of(&message)))
}
