//! Numbers of past days, counted from what really happened in the mock.

use serde_json::{Value, json};

use super::contract::{Field, any, int, list, object, range, text};
use super::endpoint::{CONTACT, KF};
use super::fields::Fields;
use super::kf_account::known_account;
use super::{Call, Ctx, Endpoint, Reply};
use crate::errcode::{self, ApiError, Errcode};
use crate::state::World;

const DAY: i64 = 86_400;
const EIGHT_HOURS: i64 = 8 * 3_600;
const SPAN: [Field; 2] = [
    int("start_time").must(errcode::EMPTY_PARAMETER),
    int("end_time").must(errcode::EMPTY_PARAMETER),
];
const OWNERS: Field =
    object("owner_filter", &[list("userid_list", 100)]).must(errcode::EMPTY_PARAMETER);
const ACCOUNT: Field = text("open_kfid").must(errcode::NO_OPEN_KFID);
const KF_CODES: &[Errcode] = &[errcode::BAD_KFID, errcode::NO_SUCH_KF];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/externalcontact/get_user_behavior_data",
        CONTACT,
        behaviour,
        &[any("userid"), any("partyid"), SPAN[0], SPAN[1]],
    )
    .errors(&[errcode::EMPTY_PARAMETER, errcode::BAD_USERID]),
    Endpoint::post(
        "/cgi-bin/externalcontact/groupchat/statistic",
        CONTACT,
        groups,
        &[
            int("day_begin_time").must(errcode::EMPTY_PARAMETER),
            int("day_end_time"),
            OWNERS,
            range("order_by", 1, 4),
            range("order_asc", 0, 1),
            range("offset", 0, i64::MAX),
            int("limit"),
        ],
    ),
    Endpoint::post(
        "/cgi-bin/externalcontact/groupchat/statistic_group_by_day",
        CONTACT,
        groups_by_day,
        &[
            int("day_begin_time").must(errcode::EMPTY_PARAMETER),
            int("day_end_time"),
            OWNERS,
        ],
    ),
    Endpoint::post(
        "/cgi-bin/kf/get_corp_statistic",
        KF,
        kf_corp,
        &[text("open_kfid"), SPAN[0], SPAN[1]],
    )
    .errors(KF_CODES),
    Endpoint::post(
        "/cgi-bin/kf/get_servicer_statistic",
        KF,
        kf_servicer,
        &[ACCOUNT, text("servicer_userid"), SPAN[0], SPAN[1]],
    )
    .errors(KF_CODES),
];

/// The beginning of a day in China.
fn day_start(time: i64) -> i64 {
    time.saturating_add(EIGHT_HOURS)
        .div_euclid(DAY)
        .saturating_mul(DAY)
        - EIGHT_HOURS
}

/// Each day of a span that is at most `most` days long and within the last 180.
fn days(ctx: &Ctx<'_>, start: i64, end: i64, most: i64) -> Result<Vec<i64>, ApiError> {
    let far = 1_000_000 * DAY;
    if !(-far..=far).contains(&start) || !(-far..=far).contains(&end) || end < start {
        return Err(errcode::BAD_PARAMETER.about("the span"));
    }
    let (first, last) = (day_start(start), day_start(end));
    if (last - first) / DAY > most {
        return Err(errcode::BAD_PARAMETER.about(format!("the span is over {most} days")));
    }
    if first < day_start(ctx.now) - 180 * DAY {
        return Err(errcode::BAD_PARAMETER.about("older than 180 days"));
    }
    Ok((0..=(last - first) / DAY)
        .map(|n| first + n * DAY)
        .collect())
}

fn span(ctx: &Ctx<'_>, fields: Fields<'_>) -> Result<Vec<i64>, ApiError> {
    let start = fields.int("start_time")?.unwrap_or_default();
    let end = fields.int("end_time")?.unwrap_or_default();
    days(ctx, start, end, 30)
}

/// A list, or the single value that some clients send.
fn some(fields: Fields<'_>, name: &str) -> Result<Vec<String>, ApiError> {
    match fields.value(name) {
        Some(Value::Array(_)) | None => fields.list_up_to(name, 100),
        Some(_) => Ok(fields.text(name)?.into_iter().collect()),
    }
}

fn behaviour(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let mut users = some(fields, "userid")?;
    let parties = some(fields, "partyid")?;
    if users.is_empty() && parties.is_empty() {
        return Err(errcode::EMPTY_PARAMETER.about("userid and partyid"));
    }
    let world = &ctx.world;
    if let Some(userid) = users.iter().find(|id| world.book.member(id).is_none()) {
        return Err(errcode::BAD_USERID.about(userid));
    }
    for member in world.book.members.values() {
        let inside = |id: &i64| parties.contains(&id.to_string());
        if member.department.iter().any(inside) && !users.contains(&member.userid) {
            users.push(member.userid.clone());
        }
    }
    let rows: Vec<Value> = span(ctx, fields)?
        .into_iter()
        .map(|day| behaviour_of_day(world, &users, day))
        .collect();
    Ok(Reply::with(json!({"behavior_data": rows})))
}

fn behaviour_of_day(world: &World, users: &[String], day: i64) -> Value {
    let within = |time: i64| (day..day + DAY).contains(&time);
    let is_theirs = |userid: &str| users.iter().any(|user| user.eq_ignore_ascii_case(userid));
    let follows = world.customers.0.values().flat_map(|one| &one.followers);
    let new = follows
        .filter(|follow| is_theirs(&follow.userid) && within(follow.createtime))
        .count();
    let messages = world
        .chat_lines()
        .iter()
        .filter(|line| line.channel == "contact" && line.from == "member")
        .filter(|line| is_theirs(&line.via) && within(line.time));
    let chats: Vec<&str> = messages.map(|line| line.with.as_str()).collect();
    let people: std::collections::BTreeSet<&&str> = chats.iter().collect();
    json!({"stat_time": day, "chat_cnt": people.len(), "message_cnt": chats.len(),
           "negative_feedback_cnt": 0, "new_apply_cnt": new, "new_contact_cnt": new})
}

/// The numbers of the groups of one owner, or of all when there is none.
fn group_data(world: &World, owners: &[String], until: i64, from: i64) -> Value {
    let theirs = |owner: &str| owners.iter().any(|one| one.eq_ignore_ascii_case(owner));
    let groups: Vec<_> = world
        .groups
        .0
        .values()
        .filter(|group| theirs(&group.owner) && group.create_time < until)
        .collect();
    let members = groups.iter().flat_map(|group| &group.members);
    let joined: Vec<i64> = members.map(|member| member.join_time).collect();
    json!({
        "new_chat_cnt": groups.iter().filter(|group| group.create_time >= from).count(),
        "chat_total": groups.len(), "chat_has_msg": 0,
        "new_member_cnt": joined.iter().filter(|&&at| (from..until).contains(&at)).count(),
        "member_total": joined.iter().filter(|&&at| at < until).count(),
        "member_has_msg": 0, "msg_total": 0, "migrate_trainee_chat_cnt": 0,
    })
}

fn group_days(ctx: &Ctx<'_>, fields: Fields<'_>) -> Result<Vec<i64>, ApiError> {
    let start = fields.int("day_begin_time")?.unwrap_or_default();
    let end = fields.int("day_end_time")?.unwrap_or(start);
    days(ctx, start, end, 30)
}

fn groups(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let owners = fields.object("owner_filter")?.list("userid_list")?;
    let days = group_days(ctx, fields)?;
    let (first, last) = (days.first().copied(), days.last().copied());
    let (from, until) = (first.unwrap_or_default(), last.unwrap_or_default() + DAY);
    let offset = usize::try_from(fields.int("offset")?.unwrap_or(0)).unwrap_or(usize::MAX);
    let limit = fields.limit(500, 1_000, 1_000)?;
    let rows: Vec<Value> = owners
        .iter()
        .skip(offset)
        .take(limit)
        .map(|owner| {
            let data = group_data(ctx.world, std::slice::from_ref(owner), until, from);
            json!({"owner": owner, "data": data})
        })
        .collect();
    let next = offset.min(owners.len()) + rows.len();
    Ok(Reply::with(
        json!({"total": owners.len(), "next_offset": next, "items": rows}),
    ))
}

fn groups_by_day(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let owners = fields.object("owner_filter")?.list("userid_list")?;
    let rows: Vec<Value> = group_days(ctx, fields)?
        .into_iter()
        .map(
            |day| json!({"stat_time": day, "data": group_data(ctx.world, &owners, day + DAY, day)}),
        )
        .collect();
    Ok(Reply::with(json!({"items": rows})))
}

/// The talk of a day on an account, or on all.
fn kf_day(world: &World, account: Option<&str>, day: i64) -> Value {
    let lines = world.chat_lines().iter().filter(|line| {
        line.channel == "kf"
            && account.is_none_or(|account| line.via == account)
            && (day..day + DAY).contains(&line.time)
    });
    let (mut customers, mut asked, mut answered) = (std::collections::BTreeSet::new(), 0, 0);
    for line in lines {
        if line.from == "customer" {
            customers.insert(line.with.clone());
            asked += 1;
        } else {
            answered += 1;
        }
    }
    json!({"session_cnt": customers.len(), "customer_cnt": customers.len(),
           "customer_msg_cnt": asked, "reply_cnt": answered,
           "upgrade_service_customer_cnt": 0, "msg_rejected_customer_cnt": 0})
}

fn kf_rows(ctx: &Ctx<'_>, fields: Fields<'_>, account: Option<&str>) -> Result<Reply, ApiError> {
    let rows: Vec<Value> = span(ctx, fields)?
        .into_iter()
        .map(|day| json!({"stat_time": day, "statistic": kf_day(ctx.world, account, day)}))
        .collect();
    Ok(Reply::with(json!({"statistic_list": rows})))
}

fn kf_corp(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let account = match fields.text("open_kfid")? {
        Some(_) => Some(known_account(ctx, fields)?),
        None => None,
    };
    kf_rows(ctx, fields, account.as_deref())
}

fn kf_servicer(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let account = known_account(ctx, call.fields())?;
    kf_rows(ctx, call.fields(), Some(&account))
}
