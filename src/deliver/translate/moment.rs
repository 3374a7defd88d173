//! Moments: a task to publish one, and what became of it. Nothing is shown before a member
//! publishes.

use std::collections::{BTreeSet, HashSet};

use super::mass::{self, Made};
use super::message::Failure;
use super::note;
use crate::deliver::retry::again;
use crate::deliver::worker::Deps;
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{ExternalUserId, Person, UserId};
use crate::domain::outgoing::{MediaFile, Outgoing};
use crate::store::{
    AttemptEnd, Broadcast, BroadcastQuery, ClaimedEffect, Delivery, MemberPart, TargetNews,
};
use crate::wecom::api::MediaId;
use crate::wecom::api::externalcontact::{
    Text, add_moment_task, cancel_moment_task, get_moment_list, get_moment_send_result,
    get_moment_task, get_moment_task_result,
};
use crate::wecom::api::media::Kind;
use crate::wecom::client::App;
use crate::wecom::error::Error;

/// Targets whose members are looked up at once.
const PAGE: usize = 500;

/// Asks WeCom for the task, once.
pub(super) async fn send(
    deps: &Deps,
    claimed: &ClaimedEffect,
    app: &App,
    broadcast: &Broadcast,
    (targets, messages): (&[Person], &[Outgoing]),
) -> Result<AttemptEnd, Failure> {
    if let Some(asked_at) = broadcast.asked_at {
        let known = known(deps).await?;
        if known
            .iter()
            .any(|one| one.job.is_some() && one.task.is_none())
        {
            let reason = "another moment is being made: the two cannot be told apart".to_owned();
            return Ok(AttemptEnd::Unknown { reason });
        }
        if let Some(moment) = look_for(deps, app, broadcast, known, asked_at).await? {
            let made = Made::Task(moment.clone());
            mass::created(deps, broadcast.id, made, HashSet::new()).await?;
            let reason = format!("an earlier try had got through: task {moment}");
            return Ok(AttemptEnd::Sent { note: Some(reason) });
        }
        if let Some(end) = mass::unsettled(asked_at, deps.clock.now()) {
            return Ok(end);
        }
    }
    let (members, missing) = members_of(deps, targets).await?;
    if members.is_empty() {
        let reason = "no member has this customer as a contact".to_owned();
        return Ok(again_or_drop(missing, claimed, reason, deps.clock.now()));
    }
    let wanted = &broadcast.head.tags;
    let tags = deps.tags.ids_to_remove(app, wanted).await?;
    if tags.is_empty() && !wanted.is_empty() {
        return Err(Failure::content("none of the tags is in WeCom's library"));
    }
    let mut request = add_moment_task::Request::new(members, tags);
    (request.text, request.attachments) = content(deps, app, messages).await?;
    mass::ask(deps, broadcast.id).await?;
    match app.call(&request).await {
        Ok(response) => {
            let made = Made::Job(response.jobid.clone());
            mass::created(deps, broadcast.id, made, HashSet::new()).await?;
            Ok(AttemptEnd::Sent {
                note: note("task", response.jobid),
            })
        }
        Err(error) => mass::not_made(deps, claimed, broadcast.id, error).await,
    }
}

/// Contacts that are not known yet may be a moment later.
fn again_or_drop(
    missing: bool,
    claimed: &ClaimedEffect,
    reason: String,
    now: UnixMillis,
) -> AttemptEnd {
    if missing {
        again(claimed, reason, None, now)
    } else {
        AttemptEnd::Dropped { reason }
    }
}

/// The members whose customers the targets are, and whether a target is not known.
async fn members_of(deps: &Deps, targets: &[Person]) -> Result<(Vec<String>, bool), Failure> {
    let mut members = BTreeSet::new();
    let mut missing = false;
    for page in targets.chunks(PAGE) {
        for contact in deps.store.contacts(page).await? {
            missing |= contact.is_none();
            let followers = contact.into_iter().flat_map(|contact| contact.followers);
            members.extend(followers.map(|follower| follower.userid.0));
        }
    }
    Ok((members.into_iter().collect(), missing))
}

async fn content(
    deps: &Deps,
    app: &App,
    messages: &[Outgoing],
) -> Result<(Option<Text>, Vec<add_moment_task::Attachment>), Failure> {
    use add_moment_task::{Attachment, IMAGES_MAX, Link};
    let mut text = None;
    let mut attachments = Vec::new();
    for message in messages {
        let media = async |kind, file: &MediaFile| deps.media.moment_id(app, kind, file).await;
        attachments.push(match message {
            Outgoing::Text { text: said } | Outgoing::Markdown { text: said } => {
                text = Some(Text::new(said.as_str()));
                continue;
            }
            Outgoing::Image { file } => {
                Attachment::Image(MediaId::new(media(Kind::Image, file).await?))
            }
            Outgoing::Video { file, .. } => {
                Attachment::Video(MediaId::new(media(Kind::Video, file).await?))
            }
            Outgoing::Link {
                title,
                url,
                picture: Some(file),
                ..
            } => Attachment::Link(Link {
                title: title.chars().take(64).collect(),
                url: url.clone(),
                media_id: media(Kind::Image, file).await?,
            }),
            _ => {
                return Err(Failure::content(
                    "a moment is a text with pictures, one film, or one link with a picture",
                ));
            }
        });
    }
    let images = |one: &Attachment| matches!(one, Attachment::Image(_));
    if attachments.len() > 1 && !(attachments.iter().all(images) && attachments.len() <= IMAGES_MAX)
    {
        return Err(Failure::content(
            "a moment is a text with pictures, one film, or one link with a picture",
        ));
    }
    Ok((text, attachments))
}

/// Our own broadcasts, the newest first.
async fn known(deps: &Deps) -> Result<Vec<Broadcast>, Failure> {
    let query = BroadcastQuery {
        limit: mass::RECENT,
        ..BroadcastQuery::default()
    };
    Ok(deps.store.broadcasts(query).await?)
}

/// Looks for our moment in WeCom's list: by time and text, and because no other is it.
async fn look_for(
    deps: &Deps,
    app: &App,
    broadcast: &Broadcast,
    known: Vec<Broadcast>,
    asked_at: UnixMillis,
) -> Result<Option<String>, Failure> {
    let known: HashSet<String> = known.into_iter().filter_map(|one| one.task).collect();
    let said = broadcast.head.messages.iter().find_map(mass::text_of);
    let from = asked_at.before(mass::CLOCKS).as_secs();
    let until = deps.clock.now().after(mass::CLOCKS).as_secs();
    let mut request = get_moment_list::Request::new(from, until);
    request.filter_type = Some(0);
    request.limit = Some(get_moment_list::LIMIT_MAX);
    loop {
        let page = app.call(&request).await.map_err(Failure::Preparing)?;
        for found in page.moment_list {
            let text = found.text.as_ref().map(|text| text.content.as_str());
            if text.filter(|text| !text.is_empty()) == said && !known.contains(&found.moment_id) {
                return Ok(Some(found.moment_id));
            }
        }
        if page.next_cursor.is_empty() {
            return Ok(None);
        }
        request.cursor = Some(page.next_cursor);
    }
}

/// The moment that a job has made; an empty text if it has made none; `None` while it runs.
pub(in crate::deliver) async fn made(app: &App, job: &str) -> Result<Option<String>, Error> {
    let response = app.call(&get_moment_task_result::Request::new(job)).await?;
    Ok(response.is_done().then_some(response.result.moment_id))
}

/// The members of a moment, and who has published. WeCom does not tell when.
pub(in crate::deliver) async fn members(
    app: &App,
    moment: &str,
    now: UnixMillis,
) -> Result<Vec<MemberPart>, Error> {
    let mut request = get_moment_task::Request::new(moment);
    request.limit = Some(get_moment_task::LIMIT_MAX);
    let mut members = Vec::new();
    loop {
        let page = app.call(&request).await?;
        members.extend(page.task_list.into_iter().map(|row| MemberPart {
            sent_at: row.is_published().then_some(now),
            userid: UserId(row.userid),
            read: false,
        }));
        if page.next_cursor.is_empty() {
            return Ok(members);
        }
        request.cursor = Some(page.next_cursor);
    }
}

/// The customers who see a member's moment.
pub(in crate::deliver) async fn results(
    app: &App,
    moment: &str,
    member: &UserId,
) -> Result<Vec<TargetNews>, Error> {
    let mut request = get_moment_send_result::Request::new(moment, member.as_str());
    request.limit = Some(get_moment_send_result::LIMIT_MAX);
    let mut news = Vec::new();
    loop {
        let page = app.call(&request).await?;
        news.extend(page.customer_list.into_iter().map(|row| TargetNews {
            person: Person::External(ExternalUserId(row.external_userid)),
            delivery: Delivery::Delivered,
            why: None,
        }));
        if page.next_cursor.is_empty() {
            return Ok(news);
        }
        request.cursor = Some(page.next_cursor);
    }
}

/// Takes back what is not published.
pub(in crate::deliver) async fn cancel(app: &App, moment: &str) -> Result<(), Error> {
    app.call(&cancel_moment_task::Request::new(moment)).await?;
    Ok(())
}
