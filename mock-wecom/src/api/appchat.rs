//! `appchat/*`: internal groups made by an app.

use serde_json::json;

use super::content::app_content;
use super::contract::{Field, chars, joined, list, range, text};
use super::fields::{Fields, at_most};
use super::message::agent;
use super::shapes;
use super::{Call, Ctx, Endpoint, Reply, Scope};
use crate::chat::ChatLine;
use crate::errcode::{self, ApiError};
use crate::state::app::AppChat;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/appchat/create",
        Scope::Any,
        create,
        &[
            chars("name", 50).or(errcode::BAD_CHAT_NAME),
            text("owner"),
            list("userlist", 0).must(errcode::NO_CHAT_MEMBERS),
            text("chatid"),
        ],
    )
    .errors(&[
        errcode::API_FORBIDDEN,
        errcode::BAD_MEMBER_COUNT,
        errcode::BAD_CHAT_MEMBER,
        errcode::OWNER_NOT_MEMBER,
        errcode::LONG_CHATID,
        errcode::BAD_CHATID,
        errcode::CHAT_EXISTS,
        errcode::TOO_FREQUENT,
    ])
    .switches(&["appchats_per_day"]),
    Endpoint::post(
        "/cgi-bin/appchat/update",
        Scope::Any,
        update,
        &[
            text("chatid").must(errcode::NO_CHATID),
            chars("name", 50).or(errcode::BAD_CHAT_NAME),
            text("owner"),
            list("add_user_list", 0),
            list("del_user_list", 0),
        ],
    )
    .errors(&[
        errcode::API_FORBIDDEN,
        errcode::NO_SUCH_CHAT,
        errcode::NOT_OWN_CHAT,
        errcode::BAD_CHAT_MEMBER,
        errcode::BAD_MEMBER_COUNT,
        errcode::BAD_CHAT_OWNER,
        errcode::TOO_FREQUENT,
    ])
    .switches(&["appchat_changes_per_hour"]),
    Endpoint::get(
        "/cgi-bin/appchat/get",
        Scope::Any,
        get,
        &[text("chatid").must(errcode::NO_CHATID)],
    )
    .errors(&[
        errcode::API_FORBIDDEN,
        errcode::NO_SUCH_CHAT,
        errcode::NOT_OWN_CHAT,
    ]),
    Endpoint::post("/cgi-bin/appchat/send", Scope::Any, send, SEND)
        .errors(&[
            errcode::API_FORBIDDEN,
            errcode::NO_SUCH_CHAT,
            errcode::NOT_OWN_CHAT,
            errcode::BAD_MEDIA_ID,
            errcode::CONTENT_TOO_LARGE,
            errcode::NO_URL,
            errcode::TOO_FREQUENT,
        ])
        .switches(&[
            "oversize_text",
            "appchat_person_messages_per_hour",
            "appchat_person_messages_per_min",
        ])
        .unmetered(),
];

const SEND: &[Field] = &joined::<_, 12>(
    &[
        text("chatid").must(errcode::NO_CHATID),
        text("msgtype")
            .must(errcode::BAD_MSGTYPE)
            .or(errcode::BAD_MSGTYPE),
        range("safe", 0, 1),
    ],
    shapes::APP_BODIES,
);

const TYPES: [&str; 9] = [
    "text", "image", "voice", "video", "file", "textcard", "news", "mpnews", "markdown",
];

fn name_of(fields: Fields<'_>) -> Result<Option<String>, ApiError> {
    fields
        .text_chars("name", 50)
        .map_err(|_| errcode::BAD_CHAT_NAME.plain())
}

/// The app behind the token, which must see the whole corp to have internal groups.
fn chat_agent(ctx: &Ctx<'_>) -> Result<i64, ApiError> {
    if !ctx.sees_party(1) {
        return Err(errcode::API_FORBIDDEN.about("the app does not see the root department"));
    }
    agent(ctx, Fields::empty(), false)
}

fn create(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let agent_id = chat_agent(ctx)?;
    let userlist = fields.list("userlist")?;
    if userlist.is_empty() {
        return Err(errcode::NO_CHAT_MEMBERS.plain());
    }
    if !(2..=2_000).contains(&userlist.len()) {
        return Err(errcode::BAD_MEMBER_COUNT.plain());
    }
    if let Some(unknown) = userlist
        .iter()
        .find(|userid| ctx.world.book.member(userid).is_none())
    {
        return Err(errcode::BAD_CHAT_MEMBER.about(unknown));
    }
    let owner = fields.text("owner")?;
    if owner
        .as_ref()
        .is_some_and(|owner| !userlist.contains(owner))
    {
        return Err(errcode::OWNER_NOT_MEMBER.plain());
    }
    let chatid = match fields.text("chatid")? {
        None => ctx.world.ids.text("", 32),
        Some(id) if id.len() > 32 => return Err(errcode::LONG_CHATID.plain()),
        Some(id) if !id.chars().all(|c| c.is_ascii_alphanumeric()) => {
            return Err(errcode::BAD_CHATID.about(id));
        }
        Some(id) if ctx.world.app.chats.contains_key(&id) => {
            return Err(errcode::CHAT_EXISTS.plain());
        }
        Some(id) => id,
    };
    let (now, most) = (ctx.now, ctx.world.switches.appchats_per_day);
    if !ctx.world.traffic.appchats.admit(now, 86_400, most) {
        return Err(errcode::TOO_FREQUENT.about("internal groups a day"));
    }
    let chat = AppChat {
        chatid: chatid.clone(),
        name: name_of(fields)?.unwrap_or_else(|| "群聊".to_owned()),
        owner: owner
            .or_else(|| userlist.first().cloned())
            .unwrap_or_default(),
        userlist,
        agent_id,
    };
    ctx.world.app.chats.insert(chatid.clone(), chat);
    Ok(Reply::with(json!({"chatid": chatid})))
}

/// The chat a request names, which must be this app's.
fn own<'w>(ctx: &'w mut Ctx<'_>, chatid: Option<&str>) -> Result<&'w mut AppChat, ApiError> {
    let chatid = chatid.ok_or(errcode::NO_CHATID.plain())?;
    let agent_id = chat_agent(ctx)?;
    let chat = ctx
        .world
        .app
        .chats
        .get_mut(chatid)
        .ok_or(errcode::NO_SUCH_CHAT.plain())?;
    if chat.agent_id == agent_id {
        Ok(chat)
    } else {
        Err(errcode::NOT_OWN_CHAT.plain())
    }
}

fn update(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let added = fields.list("add_user_list")?;
    let removed = fields.list("del_user_list")?;
    let name = name_of(fields)?;
    let owner = fields.text("owner")?;
    if let Some(unknown) = added
        .iter()
        .find(|userid| ctx.world.book.member(userid).is_none())
    {
        return Err(errcode::BAD_CHAT_MEMBER.about(unknown));
    }
    let chatid = fields.text("chatid")?;
    own(ctx, chatid.as_deref())?;
    let (now, most) = (ctx.now, ctx.world.switches.appchat_changes_per_hour);
    if !ctx.world.traffic.appchat_changes.admit(now, 3_600, most) {
        return Err(errcode::TOO_FREQUENT.about("changes of internal groups an hour"));
    }
    let chat = own(ctx, chatid.as_deref())?;
    let mut users = chat.userlist.clone();
    if let Some(stranger) = removed.iter().find(|userid| !users.contains(userid)) {
        return Err(errcode::BAD_CHAT_MEMBER.about(stranger));
    }
    users.retain(|userid| !removed.contains(userid));
    users.extend(
        added
            .into_iter()
            .filter(|userid| !chat.userlist.contains(userid)),
    );
    if !(2..=2_000).contains(&users.len()) {
        return Err(errcode::BAD_MEMBER_COUNT.plain());
    }
    let owner = owner.unwrap_or_else(|| chat.owner.clone());
    if !users.contains(&owner) {
        return Err(errcode::BAD_CHAT_OWNER.about("the owner is not a member"));
    }
    chat.userlist = users;
    chat.owner = owner;
    chat.name = name.unwrap_or_else(|| chat.name.clone());
    Ok(Reply::ok())
}

fn get(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let chat = own(ctx, call.param("chatid"))?;
    Ok(Reply::with(json!({"chat_info": {
        "chatid": chat.chatid, "name": chat.name, "owner": chat.owner,
        "userlist": chat.userlist, "chat_type": 0,
    }})))
}

fn send(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let (chatid, agent_id, people) = {
        let chat = own(ctx, fields.text("chatid")?.as_deref())?;
        (chat.chatid.clone(), chat.agent_id, chat.userlist.clone())
    };
    let msgtype = fields.need("msgtype", errcode::BAD_MSGTYPE)?;
    if !TYPES.contains(&msgtype.as_str()) {
        return Err(errcode::BAD_MSGTYPE.about(msgtype));
    }
    at_most(
        "safe",
        usize::try_from(fields.int("safe")?.unwrap_or(0)).unwrap_or(usize::MAX),
        1,
    )?;
    let content = app_content(ctx, agent_id, &msgtype, fields)?;
    let switches = &ctx.world.switches;
    let per_minute = switches.appchat_person_messages_per_min;
    let per_hour = switches.appchat_person_messages_per_hour;
    let count = u64::try_from(people.len()).unwrap_or(u64::MAX);
    let traffic = &mut ctx.world.traffic;
    if !traffic.admit_appchat(ctx.now, count, per_minute, per_hour) {
        return Err(errcode::TOO_FREQUENT.plain());
    }
    for userid in &people {
        if !ctx.world.app.admit_in_chat(agent_id, userid, ctx.now) {
            ctx.problem(format!(
                "dropped silently for {userid}: over the limit per member"
            ));
        }
    }
    ctx.world.say(ChatLine {
        time: ctx.now,
        with: chatid,
        channel: "appchat".to_owned(),
        from: "bot".to_owned(),
        via: agent_id.to_string(),
        msgtype,
        content,
        ..ChatLine::default()
    });
    Ok(Reply::ok())
}
