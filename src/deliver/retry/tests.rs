use std::sync::Arc;
use std::time::Duration;

use super::{after_error, after_preparation, before_attempt};
use crate::domain::clock::UnixMillis;
use crate::domain::effect::{Effect, Origin};
use crate::domain::ids::{EffectId, RecordId};
use crate::domain::outgoing::Outgoing;
use crate::store::{AttemptEnd, ClaimedEffect};
use crate::wecom::error::{Error, Refused, Uncertainty};

const NOW: UnixMillis = UnixMillis(10_000_000);

fn text() -> Outgoing {
    Outgoing::Text { text: "好".into() }
}

fn to_customer() -> Effect {
    Effect::KfSend {
        app: "kf".into(),
        open_kfid: "wk1".into(),
        external_userid: "wm1".into(),
        message: text(),
    }
}

fn to_member() -> Effect {
    Effect::AppSend {
        app: "staff".into(),
        to: vec!["lisi".into()],
        message: text(),
    }
}

fn by_robot() -> Effect {
    Effect::Robot {
        robot: "值班".into(),
        message: text(),
    }
}

/// The second try of an effect whose first was unclear or clearly refused.
fn second_try(effect: Effect, unclear: bool) -> ClaimedEffect {
    ClaimedEffect {
        id: EffectId(1),
        fence: 1,
        attempt: 2,
        interrupted: false,
        unclear,
        first_attempt_at: NOW.before(Duration::from_secs(2)),
        decided_at: NOW.before(Duration::from_secs(3)),
        deadline: None,
        effect,
        origin: Origin {
            record: RecordId(1),
            rule: "r".into(),
            action: 0,
            part: 0,
            row: None,
        },
    }
}

fn refused(code: i64, errmsg: &str) -> Error {
    Error::Refused(Box::new(Refused::parse("/p", code, errmsg, &[])))
}

fn busy() -> Error {
    Error::Ambiguous {
        path: "/p",
        cause: Uncertainty::Busy,
    }
}

fn is_sent(end: &AttemptEnd) -> bool {
    matches!(end, AttemptEnd::Sent { .. })
}

#[test]
fn a_repeated_msgid_counts_as_sent_only_after_an_unclear_try() {
    for (code, errmsg) in [(95033, "used"), (40058, "msgid has been used")] {
        let error = refused(code, errmsg);
        let end = after_error(&second_try(to_customer(), true), &error, NOW);
        assert!(is_sent(&end), "{end:?}");
        let end = after_error(&second_try(to_customer(), false), &error, NOW);
        assert!(matches!(end, AttemptEnd::Failed { .. }), "{end:?}");
    }
    let end = after_error(
        &second_try(to_customer(), true),
        &refused(40058, "bad url"),
        NOW,
    );
    assert!(matches!(end, AttemptEnd::Failed { .. }), "{end:?}");
}

#[test]
fn a_members_message_is_repeated_inside_the_duplicate_window_only() {
    let mut claimed = second_try(to_member(), true);
    assert_eq!(before_attempt(&claimed, NOW), None);
    let end = after_error(&claimed, &busy(), NOW);
    assert!(matches!(end, AttemptEnd::Retry { unclear: true, .. }));

    // The program was off for half an hour.
    claimed.first_attempt_at = NOW.before(Duration::from_secs(1_800));
    let end = before_attempt(&claimed, NOW);
    assert!(matches!(end, Some(AttemptEnd::Unknown { .. })), "{end:?}");
    let end = after_error(&claimed, &busy(), NOW);
    assert!(matches!(end, AttemptEnd::Unknown { .. }), "{end:?}");

    // A try that was refused for sure can be repeated at any time.
    claimed.unclear = false;
    assert_eq!(before_attempt(&claimed, NOW), None);
}

#[test]
fn a_robots_message_is_not_repeated_after_doubt() {
    let mut claimed = second_try(by_robot(), false);
    let end = after_error(&claimed, &busy(), NOW);
    assert!(matches!(end, AttemptEnd::Unknown { .. }), "{end:?}");
    let end = after_preparation(&claimed, &busy(), NOW);
    assert!(matches!(end, AttemptEnd::Retry { unclear: false, .. }));
    claimed.interrupted = true;
    let end = before_attempt(&claimed, NOW);
    assert!(matches!(end, Some(AttemptEnd::Unknown { .. })), "{end:?}");
}

#[test]
fn doubt_is_not_turned_into_failure_when_the_tries_are_used_up() {
    let mut claimed = second_try(to_customer(), true);
    claimed.attempt = 8;
    let end = after_error(&claimed, &busy(), NOW);
    assert!(matches!(end, AttemptEnd::Unknown { .. }), "{end:?}");
    let end = after_error(&claimed, &refused(45033, ""), NOW);
    assert!(matches!(end, AttemptEnd::Failed { .. }), "{end:?}");
}

#[test]
fn what_has_expired_is_renewed_and_tried_again() {
    for code in [40007, 40068] {
        let mut claimed = second_try(to_customer(), false);
        let end = after_error(&claimed, &refused(code, ""), NOW);
        assert!(matches!(end, AttemptEnd::Retry { .. }), "{end:?}");
        claimed.attempt = 3;
        let end = after_error(&claimed, &refused(code, ""), NOW);
        assert!(matches!(end, AttemptEnd::Dropped { .. }), "{end:?}");
    }
}

#[test]
fn a_wrong_secret_is_waited_for_a_missing_permission_is_not() {
    let wrong_secret = Error::Token {
        source: Arc::new(refused(40001, "")),
        retry_in: Duration::from_secs(30),
    };
    let end = after_error(&second_try(to_member(), false), &wrong_secret, NOW);
    assert!(matches!(end, AttemptEnd::Retry { .. }), "{end:?}");
    let end = after_error(&second_try(to_member(), false), &refused(48002, ""), NOW);
    assert!(matches!(end, AttemptEnd::Failed { .. }), "{end:?}");
}
