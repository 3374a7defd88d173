//! Making the task of a broadcast: nothing reaches anybody before a member confirms it.
//!
//! `add_msg_template` has no idempotency key. That a call begins is on the disk before it
//! leaves; as long as its outcome is not known, WeCom's own list is looked through before a
//! second try.

use std::collections::HashSet;
use std::time::Duration;

use super::message::{Failure, for_welcome};
use super::{moment, note, tasks};
use crate::deliver::broadcasts::update;
use crate::deliver::retry::{SETTLE, again, describe};
use crate::deliver::still;
use crate::deliver::worker::Deps;
use crate::domain::broadcast::Reach;
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{BroadcastId, Person, UserId};
use crate::domain::outgoing::Outgoing;
use crate::store::{
    AttemptEnd, Broadcast, BroadcastChange, BroadcastQuery, BroadcastState, ClaimedEffect,
    Delivery, TargetNews,
};
use crate::wecom::api::externalcontact::add_msg_template::{Audience, Request};
use crate::wecom::api::externalcontact::get_groupmsg_list_v2::{self, ChatType, GroupMsg};
use crate::wecom::client::App;
use crate::wecom::error::{Disposition, Error};

/// WeCom's clock and ours may differ by so much.
pub(super) const CLOCKS: Duration = Duration::from_secs(600);
/// The first look at what became of a task.
const FIRST_LOOK: Duration = Duration::from_secs(30);
/// So many tasks of ours are compared with a task that was found.
pub(super) const RECENT: usize = 5_000;

/// Makes the task of a broadcast, once.
pub(super) async fn send(
    deps: &Deps,
    claimed: &ClaimedEffect,
    app: &App,
    id: BroadcastId,
    messages: &[Outgoing],
) -> Result<AttemptEnd, Failure> {
    let Some(broadcast) = deps.store.broadcast(id).await? else {
        return Ok(dropped("the broadcast is not kept any more"));
    };
    if let Some(task) = broadcast.task.as_ref().or(broadcast.job.as_ref()) {
        let note = note("task", task.clone());
        return Ok(AttemptEnd::Sent { note });
    }
    if broadcast.cancelled {
        return Ok(dropped("the broadcast was cancelled"));
    }
    let targets = waiting(deps, id).await?;
    if targets.is_empty() {
        return Ok(dropped("nobody is in the audience"));
    }
    if broadcast.head.reach == Reach::Moments {
        let content = (targets.as_slice(), messages);
        return moment::send(deps, claimed, app, &broadcast, content).await;
    }
    if let Some(asked_at) = broadcast.asked_at
        && let Some(end) = look_first(deps, app, &broadcast, &targets, asked_at).await?
    {
        return Ok(end);
    }
    let (text, attachments) = for_welcome(deps, app, messages).await?;
    let audience = audience(&broadcast, &targets);
    let mut request = Request::new(audience, "");
    request.text = text;
    request.attachments = attachments;
    ask(deps, id).await?;
    match app.call(&request).await {
        Ok(response) => {
            let refused = response.rejected().map(str::to_owned).collect();
            created(deps, id, Made::Task(response.msgid.clone()), refused).await?;
            Ok(AttemptEnd::Sent {
                note: note("task", response.msgid),
            })
        }
        Err(error) => not_made(deps, claimed, id, error).await,
    }
}

/// Notes that a call begins.
pub(super) async fn ask(deps: &Deps, id: BroadcastId) -> Result<(), Failure> {
    let now = deps.clock.now();
    update(deps, id, |mut broadcast| {
        broadcast.asked_at = Some(now);
        Some(BroadcastChange::of(broadcast, now))
    })
    .await?;
    Ok(())
}

/// What an error of the call itself means.
pub(super) async fn not_made(
    deps: &Deps,
    claimed: &ClaimedEffect,
    id: BroadcastId,
    error: Error,
) -> Result<AttemptEnd, Failure> {
    let now = deps.clock.now();
    if let Error::Decode { .. } | Error::TooLarge { .. } = error {
        // There is a task, but its id is lost: it is looked for.
        return Ok(again(claimed, describe(&error), Some(SETTLE), now));
    }
    if error.disposition() != Disposition::Ambiguous {
        update(deps, id, |mut broadcast| {
            broadcast.asked_at = None;
            Some(BroadcastChange::of(broadcast, now))
        })
        .await?;
    }
    Err(Failure::Call(error))
}

fn dropped(why: &str) -> AttemptEnd {
    AttemptEnd::Dropped {
        reason: why.to_owned(),
    }
}

/// The targets that the task is for.
async fn waiting(deps: &Deps, id: BroadcastId) -> Result<Vec<Person>, Failure> {
    let targets = deps
        .store
        .broadcast_targets(id, None, usize::MAX)
        .await?
        .into_iter();
    let wanted = |delivery| {
        matches!(
            delivery,
            Delivery::Planned | Delivery::Unknown | Delivery::Failed
        )
    };
    let targets = targets.filter(|target| wanted(target.delivery));
    Ok(targets.map(|target| target.person).collect())
}

fn audience(broadcast: &Broadcast, targets: &[Person]) -> Audience {
    let ids = targets.iter().map(|person| person.id().to_owned());
    let sender = broadcast
        .head
        .sender
        .as_ref()
        .map(|sender| sender.0.clone());
    match broadcast.head.reach {
        Reach::Groups => Audience::Groups {
            sender: sender.unwrap_or_default(),
            chat_ids: ids.collect(),
        },
        Reach::Customers | Reach::Moments => Audience::Customers {
            external_userids: ids.collect(),
            sender,
        },
    }
}

/// What WeCom gave us for a call.
pub(super) enum Made {
    /// A task.
    Task(String),
    /// A job that will become a moment.
    Job(String),
}

/// Writes down that WeCom has the task.
pub(super) async fn created(
    deps: &Deps,
    id: BroadcastId,
    made: Made,
    refused: HashSet<String>,
) -> Result<(), Failure> {
    let now = deps.clock.now();
    still::task_made(deps, id, now).await?;
    let left_out = if refused.is_empty() {
        Vec::new()
    } else {
        waiting(deps, id).await?
    };
    let left_out = left_out
        .into_iter()
        .filter(|person| refused.contains(person.id()));
    let news: Vec<TargetNews> = left_out
        .map(|person| TargetNews {
            person,
            delivery: Delivery::Refused,
            why: Some("WeCom does not take them into the task".to_owned()),
        })
        .collect();
    update(deps, id, |mut broadcast| {
        match &made {
            Made::Task(task) => broadcast.task = Some(task.clone()),
            Made::Job(job) => broadcast.job = Some(job.clone()),
        }
        broadcast.state = BroadcastState::Created;
        // Why it was held stays known.
        let held = broadcast.why.take();
        broadcast.asked_at = None;
        broadcast.created_at = Some(now);
        broadcast.due = Some(now.after(FIRST_LOOK));
        let mut change = BroadcastChange::of(broadcast, now);
        change.news.clone_from(&news);
        change.rest = Some((Delivery::Created, held));
        Some(change)
    })
    .await?;
    Ok(())
}

/// After a call without a clear answer: the task is looked for before a second try. `None`
/// when it is certain that there is none.
async fn look_first(
    deps: &Deps,
    app: &App,
    broadcast: &Broadcast,
    targets: &[Person],
    asked_at: UnixMillis,
) -> Result<Option<AttemptEnd>, Failure> {
    let found = look_for(deps, app, broadcast, targets, asked_at).await?;
    if let Some(task) = found {
        created(deps, broadcast.id, Made::Task(task.clone()), HashSet::new()).await?;
        let reason = format!("an earlier try had got through: task {task}");
        return Ok(Some(AttemptEnd::Sent { note: Some(reason) }));
    }
    Ok(unsettled(asked_at, deps.clock.now()))
}

/// A call that was made a moment ago may still take effect.
pub(super) fn unsettled(asked_at: UnixMillis, now: UnixMillis) -> Option<AttemptEnd> {
    (now < asked_at.after(SETTLE)).then(|| AttemptEnd::Snooze {
        at: asked_at.after(SETTLE),
        reason: "whether WeCom has made the task shows in a minute".to_owned(),
    })
}

/// Looks for our task in WeCom's list: by kind, time and text, and because all its receivers
/// are ours.
async fn look_for(
    deps: &Deps,
    app: &App,
    broadcast: &Broadcast,
    targets: &[Person],
    asked_at: UnixMillis,
) -> Result<Option<String>, Failure> {
    let query = BroadcastQuery {
        limit: RECENT,
        ..BroadcastQuery::default()
    };
    let known = deps.store.broadcasts(query).await?;
    let known: HashSet<String> = known.into_iter().filter_map(|one| one.task).collect();
    let ours: HashSet<&str> = targets.iter().map(Person::id).collect();
    let chat = match broadcast.head.reach {
        Reach::Groups => ChatType::Group,
        Reach::Customers | Reach::Moments => ChatType::Single,
    };
    let from = asked_at.before(CLOCKS).as_secs();
    let until = deps.clock.now().after(CLOCKS).as_secs();
    let mut request = get_groupmsg_list_v2::Request::new(chat, from, until);
    request.filter_type = Some(0);
    request.limit = Some(get_groupmsg_list_v2::LIMIT_MAX);
    loop {
        let page = app.call(&request).await.map_err(Failure::Preparing)?;
        for found in page.group_msg_list {
            if !known.contains(&found.msgid)
                && says_the_same(broadcast, &found)
                && is_ours(app, broadcast, &found.msgid, &ours).await?
            {
                return Ok(Some(found.msgid));
            }
        }
        if page.next_cursor.is_empty() {
            return Ok(None);
        }
        request.cursor = Some(page.next_cursor);
    }
}

/// Text and attachments by their kind; media ids change with every upload.
fn says_the_same(broadcast: &Broadcast, found: &GroupMsg) -> bool {
    let said = broadcast.head.messages.iter().find_map(text_of);
    let found_text = found.text.as_ref().map(|text| text.content.as_str());
    let found_text = found_text.filter(|text| !text.is_empty());
    let attached = broadcast.head.messages.iter();
    let attached = attached.filter(|message| text_of(message).is_none());
    let kinds = attached.map(Outgoing::key);
    let found_kinds = found.attachments.iter();
    let found_kinds = found_kinds.map(|one| one["msgtype"].as_str().unwrap_or_default());
    said == found_text && kinds.eq(found_kinds)
}

pub(super) fn text_of(message: &Outgoing) -> Option<&str> {
    match message {
        Outgoing::Text { text } | Outgoing::Markdown { text } => Some(text),
        _ => None,
    }
}

/// Whether a task is for our members and, as far as WeCom tells, for our targets alone.
async fn is_ours(
    app: &App,
    broadcast: &Broadcast,
    task: &str,
    ours: &HashSet<&str>,
) -> Result<bool, Failure> {
    let members = tasks::members(app, task).await;
    let members = members.map_err(Failure::Preparing)?;
    let sender = broadcast.head.sender.as_ref();
    let is_sender = |member: &UserId| {
        sender.is_none_or(|sender| sender.0.eq_ignore_ascii_case(member.as_str()))
    };
    if members.is_empty() || !members.iter().all(|member| is_sender(&member.userid)) {
        return Ok(false);
    }
    for member in &members {
        let results = tasks::results(app, task, &member.userid).await;
        let results = results.map_err(Failure::Preparing)?;
        if results.iter().any(|row| !ours.contains(row.person.id())) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::{SETTLE, says_the_same, unsettled};
    use crate::domain::broadcast::Reach;
    use crate::domain::clock::UnixMillis;
    use crate::domain::ids::{BroadcastId, RecordId};
    use crate::domain::outgoing::{MediaFile, Outgoing};
    use crate::store::{Broadcast, BroadcastHead};
    use crate::wecom::api::externalcontact::get_groupmsg_list_v2::GroupMsg;

    fn broadcast(messages: Vec<Outgoing>) -> Broadcast {
        let head = BroadcastHead {
            app: "contact".into(),
            reach: Reach::Customers,
            sender: Some("lin.mei".into()),
            rule: "sop/新客".into(),
            action: 0,
            record: RecordId(1),
            step: Some(0),
            tags: Vec::new(),
            messages,
        };
        Broadcast::begin(BroadcastId(1), String::new(), head, UnixMillis(0))
    }

    fn listed(json: &str) -> GroupMsg {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_task_is_known_by_its_text_and_the_kinds_of_its_attachments() {
        let text = Outgoing::Text {
            text: "春茶".into(),
        };
        let image = Outgoing::Image {
            file: MediaFile("a.png".into()),
        };
        let ours = broadcast(vec![text, image.clone()]);
        let same = r#"{"create_time":1,"text":{"content":"春茶"},"attachments":[{"msgtype":"image","image":{"media_id":"M9"}}]}"#;
        assert!(says_the_same(&ours, &listed(same)));
        for other in [
            r#"{"create_time":1,"text":{"content":"夏茶"},"attachments":[{"msgtype":"image"}]}"#,
            r#"{"create_time":1,"text":{"content":"春茶"},"attachments":[]}"#,
            r#"{"create_time":1,"text":{"content":"春茶"},"attachments":[{"msgtype":"file"}]}"#,
        ] {
            assert!(!says_the_same(&ours, &listed(other)), "{other}");
        }
        let no_text =
            r#"{"create_time":1,"text":{"content":""},"attachments":[{"msgtype":"image"}]}"#;
        assert!(says_the_same(&broadcast(vec![image]), &listed(no_text)));
    }

    #[test]
    fn a_call_has_a_minute_to_show_its_effect() {
        let asked = UnixMillis(1_000);
        assert!(unsettled(asked, UnixMillis(1_000)).is_some());
        assert!(unsettled(asked, asked.after(SETTLE)).is_none());
    }
}
