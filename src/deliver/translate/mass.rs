//! Mass-send tasks: nothing reaches a customer before a member confirms the task.

use super::message::{Failure, for_welcome};
use super::note;
use crate::deliver::retry::describe;
use crate::deliver::worker::Deps;
use crate::domain::criteria::ContactTest;
use crate::domain::effect::Receivers;
use crate::domain::ids::Person;
use crate::domain::outgoing::Outgoing;
use crate::rules::fits;
use crate::store::AttemptEnd;
use crate::wecom::api::externalcontact::add_msg_template::{Audience, CUSTOMERS_MAX, Request};
use crate::wecom::client::App;

/// Contacts looked at at once.
const PAGE: usize = 500;

/// Makes the tasks: one, or one for every ten thousand customers.
pub(super) async fn send(
    deps: &Deps,
    app: &App,
    to: &Receivers,
    messages: &[Outgoing],
) -> Result<AttemptEnd, Failure> {
    let (sender, customers) = match to {
        Receivers::Of { sender, customers } => {
            let customers = customers.iter().map(|id| id.0.clone()).collect();
            (Some(sender.0.clone()), customers)
        }
        Receivers::Matching(tests) => (None, matching(deps, tests).await?),
    };
    if customers.is_empty() {
        let reason = "nobody is in the audience".to_owned();
        return Ok(AttemptEnd::Dropped { reason });
    }
    let (text, attachments) = for_welcome(deps, app, messages).await?;
    let mut made: Vec<String> = Vec::new();
    let mut left_out = 0;
    for part in customers.chunks(CUSTOMERS_MAX) {
        let audience = Audience::Customers {
            external_userids: part.to_vec(),
            sender: sender.clone(),
        };
        let mut request = Request::new(audience, "");
        request.text.clone_from(&text);
        request.attachments.clone_from(&attachments);
        match app.call(&request).await {
            Ok(response) => {
                left_out += response.rejected().count();
                made.push(response.msgid);
            }
            Err(error) if made.is_empty() => return Err(error.into()),
            // What was made stays made: nobody may begin from the start.
            Err(error) => {
                let (tasks, problem) = (made.join(", "), describe(&error));
                let reason = format!("only some of the tasks were made ({tasks}): {problem}");
                return Ok(AttemptEnd::Unknown { reason });
            }
        }
    }
    if left_out >= customers.len() {
        let reason = "WeCom takes none of the customers into the task".to_owned();
        return Ok(AttemptEnd::Failed { reason });
    }
    let tasks = made.join(", ");
    Ok(AttemptEnd::Sent {
        note: match left_out {
            0 => note("task", tasks),
            _ => Some(format!(
                "task {tasks}, {left_out} customers left out by WeCom"
            )),
        },
    })
}

/// All customers with a member for whom every test holds now.
async fn matching(deps: &Deps, tests: &[ContactTest]) -> Result<Vec<String>, Failure> {
    let now = deps.clock.now();
    let mut customers = Vec::new();
    let mut after: Option<Person> = None;
    loop {
        let page = deps.store.contacts_after(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(customers);
        };
        after = Some(last.person.clone());
        for contact in &page {
            if let Person::External(id) = &contact.person
                && !contact.followers.is_empty()
                && fits(tests, contact, contact.source.as_deref(), now).is_ok()
            {
                customers.push(id.0.clone());
            }
        }
    }
}
