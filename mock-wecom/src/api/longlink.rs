//! Commands of an aibot's long connection. Frames and connections are `server::link`'s.

use serde_json::{Map, Value, json};

use super::contract::{
    self, Field, any, body, bytes, flag, list, object, objects, one_of, range, text,
};
use super::fields::Fields;
use super::{card, longlink_media, shapes};
use crate::chat::ChatLine;
use crate::errcode::{self, ApiError};
use crate::push::bot_content;
use crate::state::World;
use crate::state::links::{Asked, LinkCall};

const MINUTE: i64 = 60;
const PER_HOUR: usize = 1_000;
const REPLY_SECS: i64 = 86_400;
const PROMPT_SECS: i64 = 5;
const TYPES: &[&str] = &[
    "stream",
    "template_card",
    "stream_with_template_card",
    "markdown",
    "text",
    "image",
    "voice",
    "video",
    "file",
];

/// What a command works with.
pub(crate) struct Order<'a> {
    pub(crate) bot_id: &'a str,
    pub(crate) req_id: &'a str,
    pub(crate) body: &'a Map<String, Value>,
    pub(crate) now: i64,
}

impl Order<'_> {
    pub(super) fn fields(&self) -> Fields<'_> {
        Fields::new(self.body)
    }
}

type Handler = fn(&mut World, &Order<'_>) -> Result<Option<Value>, ApiError>;

/// One command.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [Field],
    run: Handler,
}

const STREAM: &[Field] = &[
    bytes("id", 256).must(errcode::EMPTY_PARAMETER),
    flag("finish"),
    bytes("content", 20_480).or(errcode::CONTENT_TOO_LARGE),
    objects("msg_item", 10, &[text("msgtype"), any("image")]),
    object("feedback", &[bytes("id", 256)]),
];
const MARKDOWN: &[Field] = &[
    bytes("content", 20_480)
        .must(errcode::EMPTY_TEXT)
        .or(errcode::CONTENT_TOO_LARGE),
    object("feedback", &[bytes("id", 256)]),
];
const REPLY: &[Field] = &[
    one_of("msgtype", TYPES)
        .must(errcode::BAD_MSGTYPE)
        .or(errcode::BAD_MSGTYPE),
    object("stream", STREAM),
    object("template_card", shapes::CARD),
    body("markdown", MARKDOWN).must(errcode::EMPTY_TEXT),
    body("text", shapes::TEXT).must(errcode::EMPTY_TEXT),
    body("image", shapes::MEDIA).must(errcode::NO_MEDIA_ID),
    body("voice", shapes::MEDIA).must(errcode::NO_MEDIA_ID),
    body("video", shapes::VIDEO).must(errcode::NO_MEDIA_ID),
    body("file", shapes::MEDIA).must(errcode::NO_MEDIA_ID),
];
const PUSH: &[Field] = &[
    text("chatid").must(errcode::NO_CHATID),
    range("chat_type", 0, 2),
    one_of("msgtype", TYPES)
        .must(errcode::BAD_MSGTYPE)
        .or(errcode::BAD_MSGTYPE),
    object("template_card", shapes::CARD),
    body("markdown", MARKDOWN).must(errcode::EMPTY_TEXT),
    any("text"),
    body("image", shapes::MEDIA).must(errcode::NO_MEDIA_ID),
    body("voice", shapes::MEDIA).must(errcode::NO_MEDIA_ID),
    body("video", shapes::VIDEO).must(errcode::NO_MEDIA_ID),
    body("file", shapes::MEDIA).must(errcode::NO_MEDIA_ID),
];

/// Every command but `aibot_subscribe` and `ping`, which belong to the connection.
pub(crate) const COMMANDS: &[Command] = &[
    Command {
        name: "aibot_respond_msg",
        fields: REPLY,
        run: respond,
    },
    Command {
        name: "aibot_respond_welcome_msg",
        fields: REPLY,
        run: welcome,
    },
    Command {
        name: "aibot_respond_update_msg",
        fields: &[
            one_of("response_type", &["update_template_card"]).must(errcode::EMPTY_PARAMETER),
            list("userids", 0),
            object("template_card", shapes::CARD).must(errcode::CARD_TYPE),
        ],
        run: update,
    },
    Command {
        name: "aibot_send_msg",
        fields: PUSH,
        run: send,
    },
    Command {
        name: "aibot_upload_media_init",
        fields: longlink_media::INIT,
        run: longlink_media::init,
    },
    Command {
        name: "aibot_upload_media_chunk",
        fields: longlink_media::CHUNK,
        run: longlink_media::chunk,
    },
    Command {
        name: "aibot_upload_media_finish",
        fields: longlink_media::FINISH,
        run: longlink_media::finish,
    },
];

/// Checks a command against its table and carries it out.
pub(crate) fn run(
    world: &mut World,
    name: &str,
    order: &Order<'_>,
    problems: &mut Vec<String>,
) -> Result<Option<Value>, ApiError> {
    let command = COMMANDS.iter().find(|command| command.name == name);
    let command = command.ok_or_else(|| errcode::BAD_PARAMETER.about(format!("cmd {name}")))?;
    contract::check(command.fields, order.fields(), "", problems)?;
    (command.run)(world, order)
}

fn wrong_request(world: &World) -> ApiError {
    ApiError::numbered(world.switches.aibot_ws_wrong_req_code, "invalid req_id")
}

/// The callback that a reply names, if this command may answer it now.
fn asked<'w>(
    world: &'w mut World,
    order: &Order<'_>,
    wanted: Asked,
    patience: i64,
) -> Result<&'w mut LinkCall, ApiError> {
    let refusal = wrong_request(world);
    let call = world.links.calls.get_mut(order.req_id);
    call.filter(|call| {
        call.bot_id == order.bot_id
            && call.asked == wanted
            && !call.finished
            && order.now - call.at <= patience
    })
    .ok_or(refusal)
}

/// Counts a message into a conversation.
fn admit(world: &mut World, order: &Order<'_>, with: &str) -> Result<(), ApiError> {
    let per_minute = world.switches.aibot_ws_per_min;
    let key = format!("{}/{with}", order.bot_id);
    let window = world.links.sent.entry(key).or_default();
    if window.count(order.now, 3_600) >= PER_HOUR || !window.admit(order.now, MINUTE, per_minute) {
        return Err(errcode::TOO_FREQUENT.plain());
    }
    Ok(())
}

fn check_content(world: &World, order: &Order<'_>, msgtype: &str) -> Result<(), ApiError> {
    let fields = order.fields();
    match msgtype {
        "stream" | "stream_with_template_card" if !fields.has("stream") => {
            Err(errcode::EMPTY_PARAMETER.about("stream"))
        }
        "template_card" => card::check_for_bot(world, fields.object("template_card")?),
        "stream_with_template_card" if fields.has("template_card") => {
            card::check_for_bot(world, fields.object("template_card")?)
        }
        "image" | "voice" | "video" | "file" => {
            let media_id = fields
                .object(msgtype)?
                .need("media_id", errcode::NO_MEDIA_ID)?;
            world.media.check(&media_id, msgtype, None, order.now)
        }
        _ => Ok(()),
    }
}

fn show(world: &mut World, order: &Order<'_>, with: &str) {
    let (msgtype, content) = bot_content(&Value::Object(order.body.clone()));
    world.say(ChatLine {
        time: order.now,
        with: with.to_owned(),
        channel: "aibot".to_owned(),
        from: "bot".to_owned(),
        via: order.bot_id.to_owned(),
        msgtype,
        content,
        ..ChatLine::default()
    });
}

fn respond(world: &mut World, order: &Order<'_>) -> Result<Option<Value>, ApiError> {
    let fields = order.fields();
    let msgtype = fields.need("msgtype", errcode::BAD_MSGTYPE)?;
    if msgtype == "text" {
        return Err(errcode::BAD_MSGTYPE.about("a message is answered by a stream"));
    }
    check_content(world, order, &msgtype)?;
    let most = world.switches.aibot_ws_stream_secs;
    let refusal = wrong_request(world);
    let with = asked(world, order, Asked::Message, REPLY_SECS)?
        .with
        .clone();
    admit(world, order, &with)?;
    let call = asked(world, order, Asked::Message, REPLY_SECS)?;
    let stream = fields.object("stream")?;
    match (stream.text("id")?, call.stream.clone()) {
        (Some(id), Some((known, began))) if id != known || order.now - began > most => {
            return Err(refusal);
        }
        (Some(id), None) => call.stream = Some((id, order.now)),
        _ => {}
    }
    call.finished = stream.flag("finish")?.unwrap_or(false);
    call.reply = Some(Value::Object(order.body.clone()));
    show(world, order, &with);
    Ok(None)
}

/// Answers an event within five seconds, once.
fn answer_event(world: &mut World, order: &Order<'_>, wanted: Asked) -> Result<(), ApiError> {
    let call = asked(world, order, wanted, PROMPT_SECS)?;
    call.finished = true;
    call.reply = Some(Value::Object(order.body.clone()));
    let with = call.with.clone();
    admit(world, order, &with)?;
    show(world, order, &with);
    Ok(())
}

fn welcome(world: &mut World, order: &Order<'_>) -> Result<Option<Value>, ApiError> {
    let msgtype = order.fields().need("msgtype", errcode::BAD_MSGTYPE)?;
    if !["text", "template_card"].contains(&msgtype.as_str()) {
        return Err(errcode::BAD_MSGTYPE.about(msgtype));
    }
    check_content(world, order, &msgtype)?;
    answer_event(world, order, Asked::EnterChat)?;
    Ok(None)
}

fn update(world: &mut World, order: &Order<'_>) -> Result<Option<Value>, ApiError> {
    card::check_for_bot(world, order.fields().object("template_card")?)?;
    answer_event(world, order, Asked::CardEvent)?;
    Ok(None)
}

fn send(world: &mut World, order: &Order<'_>) -> Result<Option<Value>, ApiError> {
    let fields = order.fields();
    let msgtype = fields.need("msgtype", errcode::BAD_MSGTYPE)?;
    match msgtype.as_str() {
        "text" => {
            let code = world.switches.aibot_ws_text_push_code;
            return Err(ApiError::numbered(code, "invalid message type"));
        }
        "stream" | "stream_with_template_card" => return Err(errcode::BAD_MSGTYPE.about(msgtype)),
        _ => check_content(world, order, &msgtype)?,
    }
    let with = fields.need("chatid", errcode::NO_CHATID)?;
    if !world
        .links
        .talked
        .contains(&format!("{}/{with}", order.bot_id))
    {
        return Err(errcode::BAD_PARAMETER.about("nobody has written to the bot there"));
    }
    admit(world, order, &with)?;
    show(world, order, &with);
    Ok(Some(json!({})))
}
