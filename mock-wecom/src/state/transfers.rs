//! Customers on their way from one member to another.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::customers::{Customers, Follow};

const DAY: i64 = 86_400;

/// One customer's move.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Transfer {
    pub(crate) handover: String,
    pub(crate) takeover: String,
    pub(crate) external_userid: String,
    pub(crate) started_at: i64,
    /// 1 done, 2 waiting, 3 refused, 4 the taker is full.
    pub(crate) status: u8,
    pub(crate) settled_at: i64,
    /// The one who hands over has left.
    pub(crate) resigned: bool,
}

/// All moves, and when members left.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Transfers {
    pub(crate) moves: Vec<Transfer>,
    pub(crate) left_at: BTreeMap<String, i64>,
}

impl Transfers {
    /// Whether a customer is on the way.
    pub(crate) fn is_waiting(&self, external_userid: &str) -> bool {
        self.moves
            .iter()
            .any(|one| one.external_userid == external_userid && one.status == 2)
    }

    /// Moves of a customer between employed members within the last 90 days.
    pub(crate) fn recent(&self, external_userid: &str, now: i64) -> usize {
        let counts = |one: &&Transfer| {
            one.external_userid == external_userid
                && !one.resigned
                && one.started_at > now - 90 * DAY
        };
        self.moves.iter().filter(counts).count()
    }

    /// Carries out what has waited for 24 hours.
    pub(crate) fn settle(&mut self, customers: &mut Customers, now: i64) {
        let due = |one: &&mut Transfer| one.status == 2 && now - one.started_at >= DAY;
        for one in self.moves.iter_mut().filter(due) {
            finish(one, customers, one.started_at + DAY);
        }
    }
}

/// Gives the customer to the new member, tags and remark included.
pub(crate) fn finish(one: &mut Transfer, customers: &mut Customers, now: i64) {
    one.status = 1;
    one.settled_at = now;
    let Some(customer) = customers.0.get_mut(&one.external_userid) else {
        return;
    };
    let old = customer.follow(&one.handover).cloned();
    customer
        .followers
        .retain(|follow| !follow.userid.eq_ignore_ascii_case(&one.handover));
    if customer.follow(&one.takeover).is_none() {
        let mut follow = old.unwrap_or_else(|| Follow::new(&one.takeover, now));
        follow.userid.clone_from(&one.takeover);
        follow.createtime = now;
        follow.add_way = 202;
        customer.followers.push(follow);
    }
}
