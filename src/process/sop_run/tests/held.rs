//! What becomes of steps that came due while operators held a plan.

use super::{World, at, customer, playbook, rows};
use crate::domain::inbound::{Inbound, SopMove, Task, Trigger};
use crate::domain::timer::Timer;
use crate::store::RowOutcome;

const DAYS: &str = "
version: 1
sops:
  - id: 三天
    kind: lifecycle
    steps:
      - {at: 1d 10:00, via: staff, do: [{send: 早报}]}
      - {at: 2d 10:00, via: staff, do: [{send: 早报}]}
      - {at: 3d 10:00, via: staff, do: [{send: 早报}]}
      - {at: 9d 10:00, via: staff, do: [{send: 早报}]}
";

/// Follows the one timer of the plan until it lies ahead. Gives what became of each step.
fn followed(world: &mut World, mut timer: Timer, now: &str) -> Vec<(u32, RowOutcome)> {
    let mut became = Vec::new();
    while timer.due <= at(now) {
        let commit = world.decide_about(timer.inbound.clone(), at(now));
        became.extend(
            rows(&commit)
                .iter()
                .map(|(step, outcome, _)| (*step, *outcome)),
        );
        let next = commit.timers.into_iter().find(|it| it.key == timer.key);
        timer = next.expect("the next step");
    }
    became
}

#[test]
fn what_came_due_while_a_plan_was_held_was_missed_as_in_downtime() {
    for paused in [true, false] {
        let mut world = World::new(customer());
        world.playbook = playbook(DAYS, &["早报"]);
        let sop = world.playbook.sops.get(&"三天".into()).expect("a plan");
        let begun =
            crate::sops::lifecycle::begin(sop, at("2026-11-23T09:00"), &world.config.timezone);
        let due = begun.due.expect("a first step");
        world.contact.sops.insert("三天".into(), begun.enrolment);
        let inbound = Inbound::about(
            &world.contact,
            "contact".into(),
            due,
            Trigger::Own(Task::SopStep {
                sop: "三天".into(),
                step: 0,
                run: None,
            }),
        );
        let mut timer = Timer {
            key: "sop/三天/ext:wm1".to_owned(),
            due,
            inbound,
        };
        world.paused = paused;
        if !paused {
            world.playbook = playbook(
                &DAYS.replace("lifecycle", "lifecycle\n    mode: off"),
                &["早报"],
            );
        }
        // It is looked at every hour, for days.
        let mut now = due;
        while now < at("2026-11-28T10:30") {
            let held = world.decide_about(timer.inbound.clone(), now);
            assert_eq!(rows(&held)[0].1, RowOutcome::Waiting);
            assert_eq!(held.effects.len(), 0);
            timer = held.timers.into_iter().next().expect("it comes again");
            now = timer.due;
        }
        world.paused = false;
        world.playbook = playbook(DAYS, &["早报"]);
        if paused {
            let on = Task::SopMove {
                sop: "三天".into(),
                to: SopMove::On,
            };
            let woken = world.decide(on, "2026-11-28T10:30");
            timer = woken.timers.into_iter().next().expect("it goes on");
            assert_eq!(timer.due, at("2026-11-28T10:30"));
        }
        let became = followed(&mut world, timer, "2026-11-28T11:30");
        assert_eq!(
            became,
            [
                (0, RowOutcome::Skipped),
                (1, RowOutcome::Skipped),
                (2, RowOutcome::Done)
            ],
            "paused: {paused}"
        );
    }
}

#[test]
fn what_waits_for_the_morning_is_not_missed_because_operators_paused_meanwhile() {
    let mut world = World::new(customer());
    let plans = DAYS.replace(
        "lifecycle",
        "lifecycle\n    missed: skip\n    quiet: {from: \"09:00\", to: \"18:00\"}",
    );
    world.playbook = playbook(&plans, &["早报"]);
    let sop = world.playbook.sops.get(&"三天".into()).expect("a plan");
    let begun = crate::sops::lifecycle::begin(sop, at("2026-11-23T09:00"), &world.config.timezone);
    world.contact.sops.insert("三天".into(), begun.enrolment);
    let held = world.timer("三天", 0, "2026-11-24T10:00");
    assert_eq!(rows(&held), [(0, RowOutcome::Waiting, "quiet hours")]);
    let on = Task::SopMove {
        sop: "三天".into(),
        to: SopMove::On,
    };
    let woken = world.decide(on, "2026-11-24T15:00");
    let timer = woken.timers.into_iter().next().expect("it waits on");
    assert_eq!(timer.due, at("2026-11-24T18:00"));
    let became = followed(&mut world, timer, "2026-11-24T18:00");
    assert_eq!(became, [(0, RowOutcome::Done)]);
}
