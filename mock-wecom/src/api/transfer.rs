//! Customers passed from member to member, at work or after leaving.

use serde_json::{Value, json};

use super::contract::{Field, chars, int, list, text};
use super::endpoint::CONTACT;
use super::fields::page;
use super::{Call, Ctx, Endpoint, Reply};
use crate::errcode::{self, ApiError, Errcode};
use crate::state::transfers::Transfer;

const CUSTOMERS_OF_ONE: usize = 20_000;
const FROM: Field = text("handover_userid").must(errcode::EMPTY_PARAMETER);
const TO: Field = text("takeover_userid").must(errcode::EMPTY_PARAMETER);
const MOVE: &[Field] = &[
    FROM,
    TO,
    list("external_userid", 100).must(errcode::NO_EXTERNAL_USERID),
    chars("transfer_success_msg", 200),
];
const RESULT: &[Field] = &[FROM, TO, text("cursor")];
const MOVE_CODES: &[Errcode] = &[
    errcode::BAD_USERID,
    errcode::SAME_FOLLOWER,
    errcode::STILL_EMPLOYED,
];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/externalcontact/transfer_customer",
        CONTACT,
        at_work,
        MOVE,
    )
    .errors(MOVE_CODES),
    Endpoint::post(
        "/cgi-bin/externalcontact/transfer_result",
        CONTACT,
        result_at_work,
        RESULT,
    )
    .errors(&[errcode::BAD_CURSOR]),
    Endpoint::post(
        "/cgi-bin/externalcontact/get_unassigned_list",
        CONTACT,
        unassigned,
        &[int("page_size"), text("cursor"), int("page_id")],
    )
    .errors(&[errcode::BAD_CURSOR]),
    Endpoint::post(
        "/cgi-bin/externalcontact/resigned/transfer_customer",
        CONTACT,
        after_leaving,
        MOVE,
    )
    .errors(MOVE_CODES),
    Endpoint::post(
        "/cgi-bin/externalcontact/resigned/transfer_result",
        CONTACT,
        result_after_leaving,
        RESULT,
    )
    .errors(&[errcode::BAD_CURSOR]),
];

fn at_work(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    start(ctx, call, false)
}

fn after_leaving(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    start(ctx, call, true)
}

fn start(ctx: &mut Ctx<'_>, call: &Call, resigned: bool) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let from = fields.need("handover_userid", errcode::EMPTY_PARAMETER)?;
    let to = fields.need("takeover_userid", errcode::EMPTY_PARAMETER)?;
    let book = &ctx.world.book;
    let here = |userid: &str| book.member(userid).is_some_and(|member| member.status != 5);
    if !here(&to) {
        return Err(errcode::BAD_USERID.about(to));
    }
    if resigned && here(&from) {
        return Err(errcode::STILL_EMPLOYED.plain());
    }
    if !resigned && !here(&from) {
        return Err(errcode::BAD_USERID.about(from));
    }
    if from.eq_ignore_ascii_case(&to) {
        return Err(errcode::SAME_FOLLOWER.plain());
    }
    let mut rows = Vec::new();
    for id in fields.list("external_userid")? {
        let code = match refusal(ctx, &from, &to, &id, resigned) {
            Some(refused) => refused.code,
            None => {
                ctx.world.transfers.moves.push(Transfer {
                    handover: from.clone(),
                    takeover: to.clone(),
                    external_userid: id.clone(),
                    started_at: ctx.now,
                    status: 2,
                    settled_at: 0,
                    resigned,
                });
                0
            }
        };
        rows.push(json!({"external_userid": id, "errcode": code}));
    }
    Ok(Reply::with(json!({"customer": rows})))
}

/// Why one customer cannot be moved.
fn refusal(ctx: &Ctx<'_>, from: &str, to: &str, customer: &str, resigned: bool) -> Option<Errcode> {
    let world = &ctx.world;
    let Some(known) = world.customers.0.get(customer) else {
        return Some(errcode::BAD_EXTERNAL_USERID);
    };
    if known.follow(from).is_none() {
        return Some(errcode::NO_RELATION);
    }
    if world.transfers.is_waiting(customer) {
        return Some(errcode::IN_TRANSFER);
    }
    if !resigned && world.transfers.recent(customer, ctx.now) >= 2 {
        return Some(errcode::TRANSFER_FREQUENCY);
    }
    let full = world.customers.of(to).count() >= CUSTOMERS_OF_ONE;
    full.then_some(errcode::TAKER_FULL)
}

fn result_at_work(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    result(ctx, call, false)
}

fn result_after_leaving(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    result(ctx, call, true)
}

fn result(ctx: &mut Ctx<'_>, call: &Call, resigned: bool) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let from = fields.need("handover_userid", errcode::EMPTY_PARAMETER)?;
    let to = fields.need("takeover_userid", errcode::EMPTY_PARAMETER)?;
    let rows = ctx
        .world
        .transfers
        .moves
        .iter()
        .filter(|one| one.resigned == resigned)
        .filter(|one| {
            one.handover.eq_ignore_ascii_case(&from) && one.takeover.eq_ignore_ascii_case(&to)
        })
        .map(|one| {
            json!({"external_userid": one.external_userid, "status": one.status,
                   "takeover_time": one.settled_at})
        });
    let (rows, next) = page(rows, fields.offset()?, 1_000);
    Ok(Reply::with(json!({"customer": rows, "next_cursor": next})))
}

fn unassigned(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let size = usize::try_from(fields.int("page_size")?.unwrap_or(1_000)).unwrap_or(0);
    if !(1..=1_000).contains(&size) {
        return Err(errcode::BAD_PARAMETER.about("page_size is 1 to 1000"));
    }
    let world = &ctx.world;
    let gone = world.book.members.values().filter(|m| m.status == 5);
    let rows = gone.flat_map(|member| {
        let left = world.transfers.left_at.get(&member.userid.to_lowercase());
        world
            .customers
            .of(&member.userid)
            .map(move |(customer, _)| -> Value {
                json!({"handover_userid": member.userid,
                   "external_userid": customer.external_userid,
                   "dimission_time": left.copied().unwrap_or_default()})
            })
    });
    let (rows, next) = page(rows, fields.offset()?, size);
    let is_last = next.is_empty();
    Ok(Reply::with(
        json!({"info": rows, "is_last": is_last, "next_cursor": next}),
    ))
}
