//! `add_moment_task` and the job behind it: nothing is shown until members publish.

use serde_json::{Value, json};

use super::contract::{Field, bytes, list, object, objects, one_of, text, url};
use super::endpoint::CONTACT;
use super::fields::Fields;
use super::{Call, Ctx, Endpoint, Reply, shapes};
use crate::errcode::{self, ApiError};
use crate::state::moments::{Moment, Publisher};

const PER_MINUTE: usize = 10;
const JOB_LIFE_SECS: i64 = 86_400;
const ATTACHMENT: &[Field] = &[
    one_of("msgtype", &["image", "video", "link"])
        .must(errcode::BAD_ATTACHMENT_TYPE)
        .or(errcode::BAD_ATTACHMENT_TYPE),
    super::contract::body("image", shapes::MEDIA).must(errcode::NO_MEDIA_ID),
    super::contract::body("video", shapes::MEDIA).must(errcode::NO_MEDIA_ID),
    super::contract::body(
        "link",
        &[
            super::contract::chars("title", 64),
            url("url", 2_048).must(errcode::NO_URL),
            text("media_id").must(errcode::NO_MEDIA_ID),
        ],
    )
    .must(errcode::NO_URL),
];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/externalcontact/add_moment_task",
        CONTACT,
        add,
        &[
            object("text", &[bytes("content", 4_000)]),
            objects("attachments", 9, ATTACHMENT).or(errcode::BAD_ATTACHMENT_COUNT),
            object(
                "visible_range",
                &[
                    object(
                        "sender_list",
                        &[list("user_list", 100_000), list("department_list", 0)],
                    ),
                    object("external_contact_list", &[list("tag_list", 0)]),
                ],
            ),
        ],
    )
    .errors(&[
        errcode::EMPTY_MOMENT,
        errcode::BAD_MEDIA_ID,
        errcode::BAD_ATTACHMENT_SCENE,
        errcode::BAD_ATTACHMENT_TYPE,
        errcode::NO_SENDABLE_CUSTOMER,
        errcode::TOO_FREQUENT,
    ]),
    Endpoint::get(
        "/cgi-bin/externalcontact/get_moment_task_result",
        CONTACT,
        result,
        &[text("jobid").must(errcode::NO_SUCH_JOB)],
    )
    .errors(&[errcode::NO_SUCH_JOB])
    .switches(&["moment_job_secs"]),
    Endpoint::post(
        "/cgi-bin/externalcontact/cancel_moment_task",
        CONTACT,
        cancel,
        &[text("moment_id").must(errcode::NO_MOMENT)],
    )
    .errors(&[errcode::BAD_MOMENT]),
];

/// Who is asked to publish, and who was named in vain.
struct Audience {
    publishers: Vec<Publisher>,
    bad_users: Vec<String>,
    bad_tags: Vec<String>,
    narrowed: bool,
}

fn add(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let text = fields.object("text")?.text("content")?;
    if text
        .as_ref()
        .is_some_and(|text| text.chars().count() > 2_000)
    {
        return Err(errcode::BAD_PARAMETER.about("text.content is over 2000 characters"));
    }
    let attachments = fields.objects("attachments")?;
    if text.is_none() && attachments.is_empty() {
        return Err(errcode::EMPTY_MOMENT.plain());
    }
    check_attachments(ctx, &attachments)?;
    let audience = audience(ctx, fields)?;
    if audience.publishers.is_empty() {
        return Err(errcode::NO_SENDABLE_CUSTOMER.about("no member may publish"));
    }
    if !ctx.world.traffic.moments.admit(ctx.now, 60, PER_MINUTE) {
        return Err(errcode::TOO_FREQUENT.plain());
    }
    let world = &mut *ctx.world;
    let (moment_id, jobid) = (world.ids.text("momt", 28), world.ids.text("", 32));
    let moment = Moment {
        moment_id: moment_id.clone(),
        jobid: jobid.clone(),
        creator: String::new(),
        created_at: ctx.now,
        text: fields.value("text").cloned().unwrap_or(Value::Null),
        attachments: fields.value("attachments").cloned().unwrap_or(Value::Null),
        narrowed: audience.narrowed,
        publishers: audience.publishers,
        remarks: Vec::new(),
        invalid_users: audience.bad_users,
        invalid_tags: audience.bad_tags,
        cancelled: false,
    };
    world.moments.0.insert(moment_id, moment);
    Ok(Reply::with(json!({"jobid": jobid})))
}

/// Nine images, or one video, or one link; the files come from `upload_attachment`.
fn check_attachments(ctx: &Ctx<'_>, attachments: &[Fields<'_>]) -> Result<(), ApiError> {
    let mut kinds = Vec::new();
    for attachment in attachments {
        let kind = attachment.need("msgtype", errcode::BAD_ATTACHMENT_TYPE)?;
        let media_id = attachment
            .object(&kind)?
            .need("media_id", errcode::NO_MEDIA_ID)?;
        let wanted = if kind == "link" { "image" } else { &kind };
        ctx.world.media.check(&media_id, wanted, None, ctx.now)?;
        if !ctx.world.media.is_for_moments(&media_id) {
            return Err(errcode::BAD_ATTACHMENT_SCENE.about(media_id));
        }
        kinds.push(kind);
    }
    if kinds.len() > 1 && kinds.iter().any(|kind| kind != "image") {
        return Err(errcode::BAD_ATTACHMENT_TYPE.about("nine images, or one video, or one link"));
    }
    Ok(())
}

fn audience(ctx: &Ctx<'_>, fields: Fields<'_>) -> Result<Audience, ApiError> {
    let range = fields.object("visible_range")?;
    let senders = range.object("sender_list")?;
    let (users, parties) = (senders.list("user_list")?, senders.list("department_list")?);
    let tags = range.object("external_contact_list")?.list("tag_list")?;
    let world = &ctx.world;
    let in_party = |id: &i64| parties.contains(&id.to_string());
    let wanted = |userid: &String, departments: &[i64]| {
        (users.is_empty() && parties.is_empty())
            || users.iter().any(|user| user.eq_ignore_ascii_case(userid))
            || departments.iter().any(in_party)
    };
    let good_tags: Vec<&String> = tags
        .iter()
        .filter(|id| world.tags.find(id).is_some())
        .collect();
    let mut publishers = Vec::new();
    for member in world.book.members.values() {
        if !member.serves_customers || !wanted(&member.userid, &member.department) {
            continue;
        }
        let sees = world
            .customers
            .of(&member.userid)
            .filter(|(_, follow)| {
                tags.is_empty() || good_tags.iter().any(|id| follow.tags.contains(*id))
            })
            .map(|(customer, _)| customer.external_userid.clone());
        publishers.push(Publisher {
            userid: member.userid.clone(),
            published_at: 0,
            customers: sees.collect(),
        });
    }
    let unknown = |id: &&String| world.tags.find(id).is_none();
    Ok(Audience {
        publishers,
        bad_users: users
            .iter()
            .filter(|userid| world.book.member(userid).is_none())
            .cloned()
            .collect(),
        bad_tags: tags.iter().filter(unknown).cloned().collect(),
        narrowed: !tags.is_empty(),
    })
}

fn result(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let jobid = call.param("jobid").unwrap_or_default();
    let found = ctx.world.moments.0.values().find(|one| one.jobid == jobid);
    let moment = found
        .filter(|moment| ctx.now - moment.created_at < JOB_LIFE_SECS)
        .ok_or_else(|| errcode::NO_SUCH_JOB.plain())?;
    if ctx.now - moment.created_at < ctx.world.switches.moment_job_secs {
        return Ok(Reply::with(json!({"status": 2, "type": "add_moment_task"})));
    }
    Ok(Reply::with(json!({
        "status": 3, "type": "add_moment_task",
        "result": {
            "errcode": 0, "errmsg": "ok", "moment_id": moment.moment_id,
            "invalid_sender_list": {"user_list": moment.invalid_users, "department_list": []},
            "invalid_external_contact_list": {"tag_list": moment.invalid_tags},
        },
    })))
}

fn cancel(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = call.fields().need("moment_id", errcode::NO_MOMENT)?;
    let moment = ctx.world.moments.0.get_mut(&id);
    moment.ok_or_else(|| errcode::BAD_MOMENT.plain())?.cancelled = true;
    Ok(Reply::ok())
}
