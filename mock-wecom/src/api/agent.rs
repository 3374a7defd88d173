//! `agent/*` and `menu/*`: an app about itself.

use serde_json::{Map, Value, json};

use super::contract::{Field, bytes, chars, flag, int, objects, range, text, url};
use super::fields::Fields;
use super::message::agent;
use super::{Call, Ctx, Endpoint, Reply, Scope};
use crate::errcode::{self, ApiError, Errcode};

const IN_QUERY: &[Field] = &[text("agentid").must(errcode::NO_AGENTID)];
const CODES: &[Errcode] = &[
    errcode::API_FORBIDDEN,
    errcode::OTHER_AGENTID,
    errcode::BAD_AGENTID,
];
const LEAF: &[Field] = &[
    text("type"),
    bytes("name", 60).must(errcode::EMPTY_PARAMETER),
    bytes("key", 128),
    url("url", 1_024).or(errcode::BAD_MENU_URL),
    text("appid"),
    text("pagepath"),
];
const BUTTON: &[Field] = &[
    LEAF[0],
    bytes("name", 24).must(errcode::EMPTY_PARAMETER),
    LEAF[2],
    LEAF[3],
    LEAF[4],
    LEAF[5],
    objects("sub_button", 5, LEAF).or(errcode::BAD_SUB_BUTTONS),
];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/cgi-bin/agent/get", Scope::Any, get, IN_QUERY).errors(CODES),
    Endpoint::get("/cgi-bin/agent/list", Scope::Any, list_agents, &[]).errors(CODES),
    Endpoint::post(
        "/cgi-bin/agent/set",
        Scope::Any,
        set,
        &[
            int("agentid")
                .must(errcode::NO_AGENTID)
                .or(errcode::BAD_AGENTID),
            range("report_location_flag", 0, 2),
            text("logo_mediaid"),
            chars("name", 32),
            chars("description", 120),
            text("redirect_domain"),
            flag("isreportenter"),
            flag("isreportuser"),
            url("home_url", 1_024),
        ],
    )
    .errors(CODES),
    Endpoint::post(
        "/cgi-bin/menu/create",
        Scope::Any,
        create_menu,
        &[objects("button", 3, BUTTON)
            .must(errcode::BAD_BUTTONS)
            .or(errcode::BAD_BUTTONS)],
    )
    .query(IN_QUERY)
    .errors(CODES),
    Endpoint::get("/cgi-bin/menu/get", Scope::Any, menu, IN_QUERY).errors(MENU_CODES),
    Endpoint::get("/cgi-bin/menu/delete", Scope::Any, delete_menu, IN_QUERY).errors(CODES),
];
const MENU_CODES: &[Errcode] = &[
    errcode::API_FORBIDDEN,
    errcode::OTHER_AGENTID,
    errcode::BAD_AGENTID,
    errcode::NO_MENU,
];

/// The app in the query, which must be the one behind the token.
fn in_query(ctx: &Ctx<'_>, call: &Call) -> Result<i64, ApiError> {
    let query: Map<String, Value> = call
        .param("agentid")
        .map(|id| ("agentid".to_owned(), json!(id)))
        .into_iter()
        .collect();
    agent(ctx, Fields::new(&query), true)
}

fn get(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let agentid = in_query(ctx, call)?;
    let secret = ctx.secret();
    let range = ctx.world.book.visible.get(&secret);
    let users: Vec<Value> = range
        .into_iter()
        .flat_map(|range| &range.users)
        .map(|userid| json!({"userid": userid}))
        .collect();
    let parties = range.map_or_else(|| vec![1], |range| range.parties.clone());
    let mut row = json!({
        "agentid": agentid, "name": "应用", "square_logo_url": "", "description": "",
        "allow_userinfos": {"user": users}, "allow_partys": {"partyid": parties},
        "allow_tags": {"tagid": []}, "close": 0, "redirect_domain": "",
        "report_location_flag": 0, "isreportenter": 0, "home_url": "",
    });
    if let (Some(row), Some(set)) = (row.as_object_mut(), ctx.world.app.agents.get(&agentid)) {
        row.extend(set.clone());
    }
    Ok(Reply::with(row))
}

fn list_agents(ctx: &mut Ctx<'_>, _call: &Call) -> Result<Reply, ApiError> {
    let agentid = agent(ctx, Fields::empty(), false)?;
    let set = ctx.world.app.agents.get(&agentid);
    let name = set.and_then(|set| set.get("name")).cloned();
    let row =
        json!({"agentid": agentid, "name": name.unwrap_or(json!("应用")), "square_logo_url": ""});
    Ok(Reply::with(json!({"agentlist": [row]})))
}

fn set(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let agentid = agent(ctx, fields, true)?;
    let kept = ctx.world.app.agents.entry(agentid).or_default();
    for name in fields.names().filter(|name| *name != "agentid") {
        if let Some(value) = fields.value(name) {
            kept.insert(name.to_owned(), value.clone());
        }
    }
    Ok(Reply::ok())
}

fn create_menu(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let agentid = in_query(ctx, call)?;
    let buttons = call.fields().value("button").cloned().unwrap_or_default();
    ctx.world.app.menus.insert(agentid, buttons);
    Ok(Reply::ok())
}

fn menu(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let agentid = in_query(ctx, call)?;
    let buttons = ctx.world.app.menus.get(&agentid);
    let buttons = buttons.ok_or_else(|| errcode::NO_MENU.plain())?;
    Ok(Reply::with(json!({"button": buttons})))
}

fn delete_menu(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let agentid = in_query(ctx, call)?;
    ctx.world.app.menus.remove(&agentid);
    Ok(Reply::ok())
}
