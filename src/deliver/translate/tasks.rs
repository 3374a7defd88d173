//! What became of a mass-send task: who confirmed it and whom it reached.

use crate::domain::clock::UnixMillis;
use crate::domain::ids::{ExternalUserId, Person, UserId};
use crate::sops::still::NOT_A_FRIEND;
use crate::store::{Delivery, MemberPart, OVER_CEILING, TargetNews};
use crate::wecom::api::externalcontact::{
    cancel_groupmsg_send, get_groupmsg_send_result, get_groupmsg_task, remind_groupmsg_send,
};
use crate::wecom::client::App;
use crate::wecom::error::Error;

/// The members of a task and when each confirmed.
pub(in crate::deliver) async fn members(app: &App, task: &str) -> Result<Vec<MemberPart>, Error> {
    let mut request = get_groupmsg_task::Request::new(task);
    request.limit = Some(get_groupmsg_task::LIMIT_MAX);
    let mut members = Vec::new();
    loop {
        let page = app.call(&request).await?;
        let rows = page.task_list.into_iter().map(|row| {
            let sent_at = row.is_sent().then(|| row.send_time.unwrap_or_default());
            MemberPart {
                userid: UserId(row.userid),
                sent_at: sent_at.map(UnixMillis::from_secs),
                read: false,
            }
        });
        members.extend(rows);
        if page.next_cursor.is_empty() {
            return Ok(members);
        }
        request.cursor = Some(page.next_cursor);
    }
}

/// What became of the targets of one member.
pub(in crate::deliver) async fn results(
    app: &App,
    task: &str,
    member: &UserId,
) -> Result<Vec<TargetNews>, Error> {
    let mut request = get_groupmsg_send_result::Request::new(task, member.as_str());
    request.limit = Some(get_groupmsg_send_result::LIMIT_MAX);
    let mut news = Vec::new();
    loop {
        let page = app.call(&request).await?;
        news.extend(page.send_list.into_iter().filter_map(one));
        if page.next_cursor.is_empty() {
            return Ok(news);
        }
        request.cursor = Some(page.next_cursor);
    }
}

fn one(row: get_groupmsg_send_result::Delivery) -> Option<TargetNews> {
    let person = match (row.external_userid, row.chat_id) {
        (Some(id), _) if !id.is_empty() => Person::External(ExternalUserId(id)),
        (_, Some(id)) if !id.is_empty() => Person::Group(id.into()),
        _ => return None,
    };
    let (delivery, why) = match row.status {
        1 => (Delivery::Delivered, None),
        2 => (Delivery::Refused, Some(NOT_A_FRIEND)),
        3 => (Delivery::Refused, Some(OVER_CEILING)),
        _ => (Delivery::Confirmed, None),
    };
    Some(TargetNews {
        person,
        delivery,
        why: why.map(str::to_owned),
    })
}

/// Asks the members who have not confirmed.
pub(in crate::deliver) async fn remind(app: &App, task: &str) -> Result<(), Error> {
    app.call(&remind_groupmsg_send::Request::new(task)).await?;
    Ok(())
}

/// Takes back what is not sent.
pub(in crate::deliver) async fn cancel(app: &App, task: &str) -> Result<(), Error> {
    app.call(&cancel_groupmsg_send::Request::new(task)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{NOT_A_FRIEND, one};
    use crate::domain::ids::Person;
    use crate::store::{Delivery, OVER_CEILING};

    #[test]
    fn each_status_has_its_meaning() {
        let read = |json: &str| {
            let news = one(serde_json::from_str(json).unwrap()).unwrap();
            (news.person, news.delivery, news.why)
        };
        let customer = Person::External("wm1".into());
        let told = |status: u8| {
            read(&format!(
                r#"{{"external_userid":"wm1","userid":"a","status":{status}}}"#
            ))
        };
        assert_eq!(told(0), (customer.clone(), Delivery::Confirmed, None));
        assert_eq!(told(1), (customer.clone(), Delivery::Delivered, None));
        let why = Some(NOT_A_FRIEND.to_owned());
        assert_eq!(told(2), (customer.clone(), Delivery::Refused, why));
        let why = Some(OVER_CEILING.to_owned());
        assert_eq!(told(3), (customer, Delivery::Refused, why));
        let group = read(r#"{"chat_id":"wr1","userid":"a","status":1,"send_time":1}"#);
        assert_eq!(group.0, Person::Group("wr1".into()));
    }
}
