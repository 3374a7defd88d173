//! `oa/schedule/*` and `oa/calendar/*`.

use serde_json::{Map, Value, json};

use super::contract::{Field, any, bytes, chars, flag, int, list, object, objects, range, text};
use super::fields::{Fields, page};
use super::way::copy;
use super::{Call, Ctx, Endpoint, Reply, Scope};
use crate::errcode::{self, ApiError, Errcode};
use crate::state::shelf::Record;

const MINUTES: [i64; 8] = [0, -300, -900, -3_600, -86_400, 32_400, -172_800, -604_800];
const REMINDERS: Field = object(
    "reminders",
    &[
        flag("is_remind"),
        int("remind_before_event_secs"),
        list("remind_time_diffs", 10),
        flag("is_repeat"),
        range("repeat_type", 0, 7),
        int("repeat_until"),
        flag("is_custom_repeat"),
        range("repeat_interval", 1, i64::MAX),
        list("repeat_day_of_week", 7),
        list("repeat_day_of_month", 31),
        range("timezone", -12, 12),
        any("exclude_time_list"),
    ],
);
const SCHEDULE: &[Field] = &[
    text("schedule_id"),
    list("admins", 3),
    text("organizer"),
    int("start_time").must(errcode::EMPTY_PARAMETER),
    int("end_time").must(errcode::EMPTY_PARAMETER),
    flag("is_whole_day"),
    objects(
        "attendees",
        1_000,
        &[text("userid"), int("response_status")],
    )
    .or(errcode::MANY_ATTENDEES),
    chars("summary", 128),
    chars("description", 1_000),
    REMINDERS,
    chars("location", 128),
    text("cal_id"),
    flag("only_organizer_create_chat"),
    flag("allow_active_join"),
];
const CALENDAR: &[Field] = &[
    text("cal_id"),
    list("admins", 3),
    text("organizer"),
    chars("summary", 128).must(errcode::EMPTY_PARAMETER),
    bytes("color", 16).must(errcode::EMPTY_PARAMETER),
    chars("description", 512),
    flag("readonly"),
    flag("set_as_default"),
    objects(
        "shares",
        2_000,
        &[
            text("userid").must(errcode::NO_USERID),
            flag("readonly"),
            int("permission"),
        ],
    ),
    any("public_range"),
    flag("is_public"),
    flag("is_corp_calendar"),
];
const SCHEDULE_CODES: &[Errcode] = &[
    errcode::BAD_USERID,
    errcode::BAD_CALENDAR,
    errcode::OTHER_CALENDAR,
    errcode::NO_SCHEDULE,
    errcode::BAD_REMINDER,
];
const CALENDAR_CODES: &[Errcode] = &[
    errcode::BAD_USERID,
    errcode::NO_CALENDAR,
    errcode::OTHER_CALENDAR,
];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/oa/schedule/add",
        Scope::Any,
        add_schedule,
        &[
            object("schedule", SCHEDULE).must(errcode::EMPTY_PARAMETER),
            int("agentid"),
        ],
    )
    .errors(SCHEDULE_CODES),
    Endpoint::post(
        "/cgi-bin/oa/schedule/update",
        Scope::Any,
        update_schedule,
        &[
            object("schedule", SCHEDULE).must(errcode::EMPTY_PARAMETER),
            flag("skip_attendees"),
            range("op_mode", 0, 2),
            int("op_start_time"),
        ],
    )
    .errors(SCHEDULE_CODES),
    Endpoint::post(
        "/cgi-bin/oa/schedule/get",
        Scope::Any,
        get_schedules,
        &[list("schedule_id_list", 1_000).must(errcode::EMPTY_PARAMETER)],
    ),
    Endpoint::post(
        "/cgi-bin/oa/schedule/get_by_calendar",
        Scope::Any,
        by_calendar,
        &[
            text("cal_id").must(errcode::BAD_CALENDAR),
            range("offset", 0, i64::MAX),
            int("limit"),
        ],
    )
    .errors(CALENDAR_CODES),
    Endpoint::post(
        "/cgi-bin/oa/schedule/del",
        Scope::Any,
        delete_schedule,
        &[
            text("schedule_id").must(errcode::EMPTY_PARAMETER),
            range("op_mode", 0, 2),
            int("op_start_time"),
        ],
    )
    .errors(SCHEDULE_CODES),
];

/// Calendars.
pub(super) const CALENDARS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/oa/calendar/add",
        Scope::Any,
        add_calendar,
        &[
            object("calendar", CALENDAR).must(errcode::EMPTY_PARAMETER),
            int("agentid"),
        ],
    )
    .errors(CALENDAR_CODES),
    Endpoint::post(
        "/cgi-bin/oa/calendar/update",
        Scope::Any,
        update_calendar,
        &[
            object("calendar", CALENDAR).must(errcode::EMPTY_PARAMETER),
            flag("skip_public_range"),
        ],
    )
    .errors(CALENDAR_CODES),
    Endpoint::post(
        "/cgi-bin/oa/calendar/get",
        Scope::Any,
        get_calendars,
        &[list("cal_id_list", 1_000).must(errcode::EMPTY_PARAMETER)],
    ),
    Endpoint::post(
        "/cgi-bin/oa/calendar/del",
        Scope::Any,
        delete_calendar,
        &[text("cal_id").must(errcode::BAD_CALENDAR)],
    )
    .errors(CALENDAR_CODES),
];

/// What depends on the state: people, the calendar and the reminder values.
fn check_schedule(ctx: &Ctx<'_>, schedule: Fields<'_>) -> Result<(), ApiError> {
    let (start, end) = (schedule.int("start_time")?, schedule.int("end_time")?);
    if start.zip(end).is_some_and(|(start, end)| end < start) {
        return Err(errcode::BAD_PARAMETER.about("end_time is before start_time"));
    }
    let mut people = schedule.list("admins")?;
    for attendee in schedule.objects("attendees")? {
        people.extend(attendee.text("userid")?);
    }
    check_people(ctx, &people)?;
    let reminders = schedule.object("reminders")?;
    let mut diffs: Vec<Option<i64>> = Vec::new();
    for text in reminders.list("remind_time_diffs")? {
        diffs.push(text.parse().ok());
    }
    let before = reminders.int("remind_before_event_secs")?;
    diffs.extend(before.map(i64::checked_neg));
    if diffs
        .iter()
        .any(|diff| !diff.is_some_and(|diff| MINUTES.contains(&diff)))
    {
        return Err(errcode::BAD_REMINDER.plain());
    }
    match schedule.text("cal_id")? {
        Some(id) => own_calendar(ctx, &id, errcode::BAD_CALENDAR).map(drop),
        None => Ok(()),
    }
}

fn check_people(ctx: &Ctx<'_>, people: &[String]) -> Result<(), ApiError> {
    match people.iter().find(|id| ctx.world.book.member(id).is_none()) {
        Some(userid) => Err(errcode::BAD_USERID.about(userid)),
        None => Ok(()),
    }
}

fn own_calendar<'w>(ctx: &'w Ctx<'_>, id: &str, unknown: Errcode) -> Result<&'w Record, ApiError> {
    let calendar = ctx.world.shelves.calendars.0.get(id);
    let calendar = calendar.ok_or_else(|| unknown.about(id))?;
    if calendar.creator == ctx.secret() {
        Ok(calendar)
    } else {
        Err(errcode::OTHER_CALENDAR.plain())
    }
}

fn kept(fields: Fields<'_>, table: &[Field]) -> Map<String, Value> {
    let mut kept = Map::new();
    copy(fields, &table[1..], &mut kept);
    kept
}

fn add_schedule(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let schedule = call.fields().object("schedule")?;
    check_schedule(ctx, schedule)?;
    let kept = kept(schedule, SCHEDULE);
    let (id, secret, now) = (ctx.world.ids.text("", 40), ctx.secret(), ctx.now);
    let id = ctx.world.shelves.schedules.add(id, &secret, now, kept);
    Ok(Reply::with(json!({"schedule_id": id})))
}

fn own_schedule<'w>(ctx: &'w mut Ctx<'_>, id: &str) -> Result<&'w mut Record, ApiError> {
    let secret = ctx.secret();
    let schedule = ctx.world.shelves.schedules.0.get_mut(id);
    schedule
        .filter(|schedule| schedule.creator == secret)
        .ok_or_else(|| errcode::NO_SCHEDULE.about(id))
}

fn update_schedule(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let schedule = call.fields().object("schedule")?;
    let id = schedule.need("schedule_id", errcode::NO_SCHEDULE)?;
    check_schedule(ctx, schedule)?;
    own_schedule(ctx, &id)?.fields = kept(schedule, SCHEDULE);
    Ok(Reply::with(json!({"schedule_id": id})))
}

/// Unknown ids are left out, as the platform does.
fn get_schedules(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let ids = call.fields().list("schedule_id_list")?;
    let shelf = &ctx.world.shelves.schedules;
    let found = ids.iter().filter_map(|id| shelf.0.get(id));
    let rows: Vec<Value> = found.map(|one| one.with_id("schedule_id")).collect();
    Ok(Reply::with(json!({"schedule_list": rows})))
}

fn by_calendar(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let id = fields.need("cal_id", errcode::BAD_CALENDAR)?;
    own_calendar(ctx, &id, errcode::NO_CALENDAR)?;
    let all = ctx.world.shelves.schedules.in_order();
    let rows = all
        .into_iter()
        .filter(|one| one.field("cal_id").as_str() == Some(&id))
        .map(|one| one.with_id("schedule_id"));
    let offset = usize::try_from(fields.int("offset")?.unwrap_or(0)).unwrap_or(usize::MAX);
    let (rows, _) = page(rows, offset, fields.limit(500, 1_000, 1_000)?);
    Ok(Reply::with(json!({"schedule_list": rows})))
}

fn delete_schedule(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = call
        .fields()
        .need("schedule_id", errcode::EMPTY_PARAMETER)?;
    own_schedule(ctx, &id)?;
    ctx.world.shelves.schedules.0.remove(&id);
    Ok(Reply::ok())
}

fn add_calendar(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let calendar = call.fields().object("calendar")?;
    check_people(ctx, &calendar.list("admins")?)?;
    let kept = kept(calendar, CALENDAR);
    let (id, secret, now) = (ctx.world.ids.text("wcal", 36), ctx.secret(), ctx.now);
    let id = ctx.world.shelves.calendars.add(id, &secret, now, kept);
    Ok(Reply::with(
        json!({"cal_id": id, "fail_result": {"shares": []}}),
    ))
}

fn update_calendar(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let calendar = call.fields().object("calendar")?;
    let id = calendar.need("cal_id", errcode::NO_CALENDAR)?;
    own_calendar(ctx, &id, errcode::NO_CALENDAR)?;
    check_people(ctx, &calendar.list("admins")?)?;
    if let Some(known) = ctx.world.shelves.calendars.0.get_mut(&id) {
        known.fields = kept(calendar, CALENDAR);
    }
    Ok(Reply::with(
        json!({"cal_id": id, "fail_result": {"shares": []}}),
    ))
}

fn get_calendars(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let ids = call.fields().list("cal_id_list")?;
    let shelf = &ctx.world.shelves.calendars;
    let found = ids.iter().filter_map(|id| shelf.0.get(id));
    let rows: Vec<Value> = found.map(|one| one.with_id("cal_id")).collect();
    Ok(Reply::with(json!({"calendar_list": rows})))
}

fn delete_calendar(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = call.fields().need("cal_id", errcode::BAD_CALENDAR)?;
    own_calendar(ctx, &id, errcode::NO_CALENDAR)?;
    ctx.world.shelves.calendars.0.remove(&id);
    let in_it = |one: &Record| one.field("cal_id").as_str() == Some(&id);
    ctx.world.shelves.schedules.0.retain(|_, one| !in_it(one));
    Ok(Reply::ok())
}
