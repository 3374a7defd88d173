//! Logging in: OAuth codes, user tickets and JS-SDK tickets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::errcode::{self, ApiError};
use crate::ids::Ids;

/// Who has logged in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Visitor {
    Member(String),
    /// Somebody on WeChat; perhaps a known customer.
    Outsider {
        openid: String,
        external_userid: Option<String>,
    },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Code {
    visitor: Visitor,
    /// `snsapi_privateinfo` earns a user ticket.
    private: bool,
    /// The app that the login page was opened for.
    agent_id: Option<i64>,
    expires_at: i64,
    used: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Ticket {
    owner: String,
    expires_at: i64,
}

/// Codes and tickets.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Logins {
    codes: BTreeMap<String, Code>,
    user_tickets: BTreeMap<String, Ticket>,
    js_tickets: BTreeMap<String, Ticket>,
}

impl Logins {
    /// A code that lives five minutes and works once.
    pub(crate) fn new_code(
        &mut self,
        visitor: Visitor,
        private: bool,
        agent_id: Option<i64>,
        now: i64,
        ids: &mut Ids,
    ) -> String {
        let text = ids.text("OC", 40);
        let code = Code {
            visitor,
            private,
            agent_id,
            expires_at: now + 300,
            used: false,
        };
        self.codes.insert(text.clone(), code);
        text
    }

    /// Uses a code up; answers who it is and whether a ticket comes with it.
    pub(crate) fn use_code(
        &mut self,
        text: &str,
        agent_id: Option<i64>,
        now: i64,
    ) -> Result<(Visitor, bool), ApiError> {
        let code = self
            .codes
            .get_mut(text)
            .filter(|code| !code.used && now < code.expires_at)
            .ok_or_else(|| errcode::BAD_OAUTH_CODE.plain())?;
        if code.agent_id.is_some() && code.agent_id != agent_id {
            return Err(errcode::UNTRUSTED_DOMAIN.about("the code is of another app"));
        }
        code.used = true;
        Ok((code.visitor.clone(), code.private))
    }

    /// A ticket for the member's details, good for half an hour.
    pub(crate) fn new_user_ticket(&mut self, userid: &str, now: i64, ids: &mut Ids) -> String {
        let text = ids.text("UT", 60);
        let ticket = Ticket {
            owner: userid.to_owned(),
            expires_at: now + 1_800,
        };
        self.user_tickets.insert(text.clone(), ticket);
        text
    }

    pub(crate) fn ticket_owner(&self, text: &str, now: i64) -> Result<String, ApiError> {
        let ticket = self
            .user_tickets
            .get(text)
            .ok_or_else(|| errcode::BAD_TICKET.plain())?;
        if now < ticket.expires_at {
            Ok(ticket.owner.clone())
        } else {
            Err(errcode::TICKET_EXPIRED.plain())
        }
    }

    /// The living JS-SDK ticket of the corp or of an app, or a new one.
    pub(crate) fn js_ticket(&mut self, owner: &str, now: i64, ids: &mut Ids) -> (String, i64) {
        let living = self
            .js_tickets
            .iter()
            .find(|(_, ticket)| ticket.owner == owner && now < ticket.expires_at);
        if let Some((text, ticket)) = living {
            return (text.clone(), ticket.expires_at - now);
        }
        let text = ids.text("JT", 60);
        let ticket = Ticket {
            owner: owner.to_owned(),
            expires_at: now + 7_200,
        };
        self.js_tickets.insert(text.clone(), ticket);
        (text, 7_200)
    }
}
