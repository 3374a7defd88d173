//! `add_msg_template` and the calls that follow a task: nothing is sent until members confirm.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::content::{attachments, greeting_content};
use super::contract::{Field, flag, int, list, object, objects, one_of, range, text};
use super::endpoint::CONTACT;
use super::fields::{Fields, at_most, page};
use super::{Call, Ctx, Endpoint, Reply, shapes};
use crate::errcode::{self, ApiError, Errcode};
use crate::state::customers::{Customer, Follow};
use crate::state::mass::{MassTarget, MassTask};

const MONTH: i64 = 31 * 86_400;

const TASK: Field = text("msgid").must(errcode::NO_MASS_ID);
const TASK_CODES: &[Errcode] = &[
    errcode::BAD_MASS_ID,
    errcode::MASS_DISPATCHING,
    errcode::MASS_CANCELLED,
    errcode::REMIND_FREQUENCY,
    errcode::BAD_CURSOR,
];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/externalcontact/add_msg_template",
        CONTACT,
        add,
        ADD,
    )
    .errors(&[
        errcode::BAD_USERID,
        errcode::NOT_VISIBLE,
        errcode::EMPTY_PARAMETER,
        errcode::BAD_TAG,
        errcode::BAD_MEDIA_ID,
        errcode::NO_MEDIA_ID,
        errcode::BAD_ATTACHMENT_SCENE,
        errcode::URL_WITHOUT_SCHEME,
        errcode::NO_SENDABLE_CUSTOMER,
        errcode::TOO_FREQUENT,
    ])
    .switches(&["contact_calls_per_min"]),
    Endpoint::post(
        "/cgi-bin/externalcontact/get_groupmsg_list_v2",
        CONTACT,
        list_tasks,
        &[
            one_of("chat_type", &["single", "group"]).must(errcode::EMPTY_PARAMETER),
            int("start_time").must(errcode::EMPTY_PARAMETER),
            int("end_time").must(errcode::EMPTY_PARAMETER),
            text("creator"),
            range("filter_type", 0, 2),
            int("limit"),
            text("cursor"),
        ],
    )
    .errors(&[errcode::BAD_CURSOR]),
    Endpoint::post(
        "/cgi-bin/externalcontact/get_groupmsg_task",
        CONTACT,
        members,
        &[TASK, int("limit"), text("cursor")],
    )
    .errors(TASK_CODES)
    .switches(&["mass_dispatching_secs"]),
    Endpoint::post(
        "/cgi-bin/externalcontact/get_groupmsg_send_result",
        CONTACT,
        results,
        &[
            TASK,
            text("userid").must(errcode::NO_USERID),
            int("limit"),
            text("cursor"),
        ],
    )
    .errors(TASK_CODES)
    .switches(&["mass_dispatching_secs"]),
    Endpoint::post(
        "/cgi-bin/externalcontact/remind_groupmsg_send",
        CONTACT,
        remind,
        &[TASK],
    )
    .errors(TASK_CODES)
    .switches(&["mass_dispatching_secs", "mass_reminders_per_day"]),
    Endpoint::post(
        "/cgi-bin/externalcontact/cancel_groupmsg_send",
        CONTACT,
        cancel,
        &[TASK],
    )
    .errors(TASK_CODES)
    .switches(&["mass_dispatching_secs"]),
];

const ADD: &[Field] = &[
    one_of("chat_type", &["single", "group"]),
    list("external_userid", 10_000),
    list("chat_id_list", 2_000),
    object(
        "tag_filter",
        &[objects("group_list", 0, &[list("tag_list", 100)])],
    ),
    text("sender"),
    flag("allow_select"),
    object("text", shapes::GREETING_TEXT),
    objects("attachments", 9, shapes::ATTACHMENT).or(errcode::BAD_ATTACHMENT_COUNT),
    object("image", shapes::IMAGE_PART),
    object("link", shapes::LINK_PART),
    object("miniprogram", shapes::MINIPROGRAM_PART),
];

fn for_groups(fields: Fields<'_>) -> Result<bool, ApiError> {
    match fields.text("chat_type")?.as_deref() {
        None | Some("single") => Ok(false),
        Some("group") => Ok(true),
        Some(_) => Err(errcode::BAD_PARAMETER.about("chat_type")),
    }
}

fn add(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let groups = for_groups(fields)?;
    let sender = fields.text("sender")?;
    if let Some(userid) = &sender {
        ctx.employee(userid)?;
    }
    greeting_content(ctx.world, ctx.now, fields)?;
    let (targets, failed) = if groups {
        group_targets(ctx, fields, sender.as_deref())?
    } else {
        customer_targets(ctx, fields, sender.as_deref())?
    };
    if targets.is_empty() {
        return Err(errcode::NO_SENDABLE_CUSTOMER.plain());
    }
    let msgid = ctx.world.ids.text("msgG", 28);
    let targets = targets
        .into_iter()
        .map(|(target, userid)| MassTarget {
            userid,
            target,
            status: 0,
            send_time: 0,
        })
        .collect();
    let task = MassTask {
        msgid: msgid.clone(),
        creator: sender.unwrap_or_default(),
        for_groups: groups,
        created_at: ctx.now,
        text: fields.value("text").cloned().unwrap_or(Value::Null),
        attachments: attachments(fields)?
            .into_iter()
            .map(|(kind, _, body)| json!({"msgtype": kind, kind.clone(): body}))
            .collect(),
        targets,
        reminders: Vec::new(),
        cancelled: false,
    };
    ctx.world.mass.tasks.insert(msgid.clone(), task);
    Ok(Reply::with(json!({"fail_list": failed, "msgid": msgid})))
}

type Targets = (BTreeMap<String, String>, Vec<String>);

/// Customers with the member who gets the task for each; the latest relation wins.
fn customer_targets(
    ctx: &Ctx<'_>,
    fields: Fields<'_>,
    sender: Option<&str>,
) -> Result<Targets, ApiError> {
    let named = fields.list_up_to("external_userid", 10_000)?;
    let filter = fields.object("tag_filter")?.objects("group_list")?;
    if named.is_empty() && filter.is_empty() && sender.is_none() {
        return Err(errcode::EMPTY_PARAMETER.about("sender, external_userid and tag_filter"));
    }
    let mut wanted_tags = Vec::new();
    for group in &filter {
        let tags = group.list_up_to("tag_list", 100)?;
        if let Some(unknown) = tags.iter().find(|id| ctx.world.tags.find(id).is_none()) {
            return Err(errcode::BAD_TAG.about(unknown));
        }
        wanted_tags.push(tags);
    }
    let world = &ctx.world;
    let wanted = |follow: &&Follow| {
        sender.is_none_or(|sender| follow.userid.eq_ignore_ascii_case(sender))
            && (!named.is_empty()
                || wanted_tags
                    .iter()
                    .all(|tags| tags.iter().any(|id| follow.tags.contains(id))))
    };
    let customers: Vec<&Customer> = if named.is_empty() {
        world.customers.0.values().collect()
    } else {
        named
            .iter()
            .filter_map(|id| world.customers.0.get(id))
            .collect()
    };
    let mut targets = BTreeMap::new();
    for customer in customers {
        let follows = customer.followers.iter().filter(wanted);
        if let Some(follow) = follows.max_by_key(|follow| follow.createtime) {
            targets.insert(customer.external_userid.clone(), follow.userid.clone());
        }
    }
    let failed = named
        .into_iter()
        .filter(|id| !targets.contains_key(id))
        .collect();
    Ok((targets, failed))
}

fn group_targets(
    ctx: &Ctx<'_>,
    fields: Fields<'_>,
    sender: Option<&str>,
) -> Result<Targets, ApiError> {
    let sender = sender.ok_or_else(|| errcode::EMPTY_PARAMETER.about("sender"))?;
    let named = fields.list("chat_id_list")?;
    at_most("chat_id_list", named.len(), 2_000)?;
    let own = ctx
        .world
        .groups
        .0
        .values()
        .filter(|group| group.owner.eq_ignore_ascii_case(sender));
    let targets: BTreeMap<String, String> = own
        .filter(|group| named.is_empty() || named.contains(&group.chat_id))
        .map(|group| (group.chat_id.clone(), group.owner.clone()))
        .collect();
    let failed = named
        .into_iter()
        .filter(|id| !targets.contains_key(id))
        .collect();
    Ok((targets, failed))
}

fn list_tasks(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    if fields.text("chat_type")?.is_none() {
        return Err(errcode::EMPTY_PARAMETER.about("chat_type"));
    }
    let groups = for_groups(fields)?;
    let time = |name: &str| {
        fields
            .int(name)?
            .ok_or_else(|| errcode::EMPTY_PARAMETER.about(name))
    };
    let (start, end) = (time("start_time")?, time("end_time")?);
    if end < start || end.saturating_sub(start) > MONTH {
        return Err(errcode::BAD_PARAMETER.about("the span is over a month"));
    }
    let creator = fields.text("creator")?;
    let personal_only = fields.int("filter_type")? == Some(1);
    let rows: Vec<Value> = ctx
        .world
        .mass
        .tasks
        .values()
        .filter(|task| task.for_groups == groups && !personal_only)
        .filter(|task| (start..=end).contains(&task.created_at))
        .filter(|task| {
            creator
                .as_ref()
                .is_none_or(|creator| *creator == task.creator)
        })
        .map(row)
        .collect();
    let (rows, next) = page(rows, fields.offset()?, fields.limit(50, 100, 50)?);
    Ok(Reply::with(
        json!({"group_msg_list": rows, "next_cursor": next}),
    ))
}

fn row(task: &MassTask) -> Value {
    let mut row = json!({
        "msgid": task.msgid, "create_time": task.created_at.to_string(), "create_type": 0,
        "text": task.text, "attachments": task.attachments,
    });
    if !task.creator.is_empty() {
        row["creator"] = json!(task.creator);
    }
    row
}

/// The task a request names, once its dispatch is over.
fn task<'w>(ctx: &'w mut Ctx<'_>, fields: Fields<'_>) -> Result<&'w mut MassTask, ApiError> {
    let msgid = fields.need("msgid", errcode::NO_MASS_ID)?;
    let busy = ctx.world.switches.mass_dispatching_secs;
    let task = ctx
        .world
        .mass
        .tasks
        .get_mut(&msgid)
        .ok_or(errcode::BAD_MASS_ID.plain())?;
    if ctx.now < task.created_at + busy {
        return Err(errcode::MASS_DISPATCHING.plain());
    }
    Ok(task)
}

fn members(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let rows: Vec<Value> = task(ctx, fields)?
        .members()
        .into_iter()
        .map(|(userid, sent)| match sent {
            0 => json!({"userid": userid, "status": 0}),
            sent => json!({"userid": userid, "status": 2, "send_time": sent}),
        })
        .collect();
    let (rows, next) = page(rows, fields.offset()?, fields.limit(500, 1_000, 500)?);
    Ok(Reply::with(json!({"task_list": rows, "next_cursor": next})))
}

fn results(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let userid = fields.need("userid", errcode::NO_USERID)?;
    let task = task(ctx, fields)?;
    let groups = task.for_groups;
    let targets = task
        .targets
        .iter()
        .filter(|target| target.userid.eq_ignore_ascii_case(&userid))
        .filter(|target| !groups || target.status == 1);
    let (targets, next) = page(targets, fields.offset()?, fields.limit(500, 1_000, 500)?);
    let rows: Vec<Value> = targets
        .into_iter()
        .map(|target| {
            let name = if groups { "chat_id" } else { "external_userid" };
            let mut row =
                json!({name: target.target, "userid": target.userid, "status": target.status});
            if target.send_time > 0 {
                row["send_time"] = json!(target.send_time);
            }
            row
        })
        .collect();
    Ok(Reply::with(json!({"send_list": rows, "next_cursor": next})))
}

fn remind(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let now = ctx.now;
    let most = ctx.world.switches.mass_reminders_per_day;
    let task = task(ctx, call.fields())?;
    if task.cancelled {
        return Err(errcode::MASS_CANCELLED.plain());
    }
    task.reminders.retain(|&at| at > now - 86_400);
    if task.reminders.len() >= most {
        return Err(errcode::REMIND_FREQUENCY.plain());
    }
    task.reminders.push(now);
    Ok(Reply::ok())
}

fn cancel(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let task = task(ctx, call.fields())?;
    if task.cancelled {
        return Err(errcode::MASS_CANCELLED.plain());
    }
    task.cancelled = true;
    Ok(Reply::ok())
}
