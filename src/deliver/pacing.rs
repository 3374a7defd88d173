//! WeCom's limits, kept before WeCom enforces them.
//!
//! Uses are counted in the store, so a restart forgets none. What WeCom itself asks for
//! (45009) pauses the endpoint of that app in memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::clock::UnixMillis;
use crate::domain::effect::Effect;
use crate::domain::ids::{AppName, RecordId};
use crate::store::QuotaUse;
use crate::wecom::errcode;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// The span in which kf messages count.
pub const KF_WINDOW: Duration = Duration::from_secs(48 * 3600);
const KF_MESSAGES: u32 = 5;
const MEMBER_PER_MINUTE: u32 = 30;
const MEMBER_PER_HOUR: u32 = 1000;
const ROBOT_PER_MINUTE: u32 = 20;

/// Uses that one attempt makes of the limits. A kf customer was last heard at `heard_at`.
#[must_use]
pub fn uses(effect: &Effect, record: RecordId, heard_at: Option<UnixMillis>) -> Vec<QuotaUse> {
    match effect {
        Effect::KfSend {
            open_kfid,
            external_userid,
            ..
        } => vec![QuotaUse {
            // WeCom grants five for each message of the customer.
            key: format!("kf/{open_kfid}/{external_userid}/{record}"),
            max: KF_MESSAGES,
            window: KF_WINDOW,
            since: heard_at,
            holder: None,
        }],
        Effect::AppSend { app, to, .. } => to
            .iter()
            .flat_map(|member| {
                // Member ids are case-insensitive to WeCom.
                let member = member.as_str().to_lowercase();
                [
                    (MEMBER_PER_MINUTE, MINUTE, "m"),
                    (MEMBER_PER_HOUR, HOUR, "h"),
                ]
                .map(|(max, window, unit)| QuotaUse {
                    key: format!("app/{app}/{unit}/{member}"),
                    max,
                    window,
                    since: None,
                    holder: None,
                })
            })
            .collect(),
        Effect::Robot { robot, .. } => vec![QuotaUse {
            key: format!("robot/{robot}"),
            max: ROBOT_PER_MINUTE,
            window: MINUTE,
            since: None,
            holder: None,
        }],
        _ => Vec::new(),
    }
}

/// Endpoints that WeCom told us to leave alone for a while.
#[derive(Debug, Default)]
pub struct Pauses(Mutex<HashMap<String, Pause>>);

#[derive(Debug, Clone, Copy)]
struct Pause {
    from: UnixMillis,
    until: UnixMillis,
    in_a_row: u32,
}

impl Pauses {
    /// Until when this effect's endpoint is to be left alone.
    #[must_use]
    pub fn until(
        &self,
        app: Option<&AppName>,
        effect: &Effect,
        now: UnixMillis,
    ) -> Option<UnixMillis> {
        let pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pauses
            .get(&key(app, effect))
            // Before its beginning it is no pause: the clock has been set back since.
            .filter(|pause| pause.from <= now && now < pause.until)
            .map(|pause| pause.until)
    }

    /// WeCom said 45009. Returns until when the endpoint rests.
    pub fn refused(&self, app: Option<&AppName>, effect: &Effect, now: UnixMillis) -> UnixMillis {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = pauses.entry(key(app, effect)).or_insert(Pause {
            from: now,
            until: now,
            in_a_row: 0,
        });
        if pause.until <= now || now < pause.from {
            pause.in_a_row += 1;
            pause.from = now;
            pause.until = now.after(errcode::frequency_pause(pause.in_a_row));
        }
        pause.until
    }

    /// A call went through.
    pub fn went_through(&self, app: Option<&AppName>, effect: &Effect) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&key(app, effect));
    }
}

fn key(app: Option<&AppName>, effect: &Effect) -> String {
    let target = match effect {
        Effect::Robot { robot, .. } => robot.as_str(),
        _ => app.map_or("", AppName::as_str),
    };
    format!("{}/{target}", effect.word())
}

#[cfg(test)]
mod tests {
    use super::{Pauses, uses};
    use crate::domain::clock::UnixMillis;
    use crate::domain::effect::Effect;
    use crate::domain::ids::RecordId;
    use crate::domain::outgoing::Outgoing;

    fn robot() -> Effect {
        Effect::Robot {
            robot: "值班".into(),
            message: Outgoing::Text { text: "好".into() },
        }
    }

    #[test]
    fn a_member_has_a_minute_and_an_hour() {
        let effect = Effect::AppSend {
            app: "kefu".into(),
            to: vec!["LiSi".into()],
            message: Outgoing::Text { text: "好".into() },
        };
        let keys: Vec<String> = uses(&effect, RecordId(1), None)
            .into_iter()
            .map(|u| u.key)
            .collect();
        assert_eq!(keys, ["app/kefu/m/lisi", "app/kefu/h/lisi"]);
    }

    #[test]
    fn refusals_in_a_row_lengthen_the_pause() {
        let pauses = Pauses::default();
        let start = UnixMillis(0);
        let first = pauses.refused(None, &robot(), start);
        assert_eq!(first, UnixMillis(60_000));
        assert_eq!(pauses.until(None, &robot(), start), Some(first));
        // A second call that was under way does not count twice.
        assert_eq!(pauses.refused(None, &robot(), UnixMillis(10)), first);
        assert_eq!(pauses.until(None, &robot(), first), None);
        pauses.refused(None, &robot(), UnixMillis(60_001));
        let third = pauses.refused(None, &robot(), UnixMillis(200_000));
        assert_eq!(third, UnixMillis(200_000 + 3_600_000));
        assert!(
            pauses.until(None, &robot(), UnixMillis(0)).is_none(),
            "the clock was set back"
        );
        pauses.went_through(None, &robot());
        assert_eq!(pauses.until(None, &robot(), UnixMillis(200_001)), None);
    }
}
