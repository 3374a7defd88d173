//! Message bodies that several endpoints take.

use super::contract::{
    Field, any, bytes, chars, decimal, flag, int, list, object, objects, one_of, range, text, url,
};
use crate::errcode;

/// `text`, where too long a text is cut or refused by the handler.
pub(super) const TEXT: &[Field] = &[
    text("content").must(errcode::EMPTY_TEXT),
    list("mentioned_list", 0),
    list("mentioned_mobile_list", 0),
];
pub(super) const MEDIA: &[Field] = &[text("media_id").must(errcode::NO_MEDIA_ID)];
pub(super) const VIDEO: &[Field] = &[
    text("media_id").must(errcode::NO_MEDIA_ID),
    text("title"),
    text("description"),
];
pub(super) const TEXTCARD: &[Field] = &[
    chars("title", 128).must(errcode::NO_TITLE),
    chars("description", 512).must(errcode::NO_DESCRIPTION),
    url("url", 2_048).must(errcode::NO_URL).or(errcode::BAD_URL),
    chars("btntxt", 4),
];
pub(super) const NEWS: &[Field] = &[objects(
    "articles",
    8,
    &[
        bytes("title", 128).must(errcode::NO_TITLE),
        bytes("description", 512),
        url("url", 2_048),
        bytes("picurl", 2_048),
        text("appid"),
        text("pagepath"),
        text("btntxt"),
    ],
)
.must(errcode::TOO_MANY_ARTICLES)
.or(errcode::TOO_MANY_ARTICLES)];
pub(super) const MPNEWS: &[Field] = &[objects(
    "articles",
    8,
    &[
        bytes("title", 128).must(errcode::NO_TITLE),
        text("thumb_media_id").must(errcode::NO_MEDIA_ID),
        bytes("author", 64).or(errcode::LONG_AUTHOR),
        text("content_source_url"),
        bytes("content", 666 * 1_024)
            .must(errcode::EMPTY_PARAMETER)
            .or(errcode::CONTENT_TOO_LARGE),
        bytes("digest", 512),
        flag("show_cover_pic"),
    ],
)
.must(errcode::TOO_MANY_ARTICLES)
.or(errcode::TOO_MANY_ARTICLES)];
pub(super) const MARKDOWN: &[Field] = &[bytes("content", 2_048)
    .must(errcode::EMPTY_TEXT)
    .or(errcode::CONTENT_TOO_LARGE)];
pub(super) const MINIPROGRAM_NOTICE: &[Field] = &[
    text("appid").must(errcode::BAD_APPID),
    text("page"),
    text("title").must(errcode::NO_TITLE),
    text("description"),
    flag("emphasis_first_item"),
    objects(
        "content_item",
        10,
        &[
            chars("key", 10).must(errcode::EMPTY_PARAMETER),
            chars("value", 30).must(errcode::EMPTY_PARAMETER),
        ],
    ),
];

/// A jump: an address or a mini program.
const QUOTE: &[Field] = &[
    range("type", 0, 2),
    text("url"),
    text("appid"),
    text("pagepath"),
    text("title"),
    text("quote_text"),
];
const OPTION: &[Field] = &[
    bytes("id", 128)
        .must(errcode::CARD_OPTION_ID)
        .or(errcode::CARD_OPTION_ID),
    text("text").must(errcode::CARD_OPTION_TEXT),
    flag("is_checked"),
];
const QUESTION: &[Field] = &[
    bytes("question_key", 1_024)
        .must(errcode::CARD_QUESTION)
        .or(errcode::CARD_QUESTION),
    text("title"),
    flag("disable"),
    text("selected_id"),
    objects("option_list", 10, OPTION)
        .must(errcode::CARD_OPTIONS)
        .or(errcode::CARD_OPTIONS),
];
const TITLES: &[Field] = &[text("title"), text("desc")];

/// `template_card`; what depends on `card_type` is checked by `card::check`.
pub(super) const CARD: &[Field] = &[
    one_of(
        "card_type",
        &[
            "text_notice",
            "news_notice",
            "button_interaction",
            "vote_interaction",
            "multiple_interaction",
        ],
    )
    .must(errcode::CARD_TYPE)
    .or(errcode::CARD_TYPE),
    object(
        "source",
        &[text("icon_url"), text("desc"), range("desc_color", 0, 3)],
    ),
    object("main_title", TITLES),
    object("emphasis_content", TITLES),
    text("sub_title_text"),
    object("quote_area", QUOTE),
    object(
        "action_menu",
        &[
            text("desc"),
            objects(
                "action_list",
                3,
                &[
                    text("text").must(errcode::CARD_BUTTON_TEXT),
                    bytes("key", 1_024)
                        .must(errcode::CARD_BUTTON_KEY)
                        .or(errcode::CARD_BUTTON_KEY),
                ],
            )
            .must(errcode::EMPTY_PARAMETER),
        ],
    ),
    object(
        "card_image",
        &[
            text("url").must(errcode::CARD_IMAGE),
            decimal("aspect_ratio"),
        ],
    ),
    object(
        "image_text_area",
        &[
            range("type", 0, 2),
            text("url"),
            text("appid"),
            text("pagepath"),
            text("title"),
            text("desc"),
            text("image_url").must(errcode::CARD_IMAGE),
        ],
    ),
    objects(
        "vertical_content_list",
        4,
        &[text("title").must(errcode::CARD_NO_TITLE), text("desc")],
    )
    .or(errcode::CARD_VERTICAL),
    objects(
        "horizontal_content_list",
        6,
        &[
            text("keyname").must(errcode::CARD_NO_KEYNAME),
            text("value"),
            range("type", 0, 3),
            text("url"),
            text("media_id"),
            text("userid"),
        ],
    )
    .or(errcode::CARD_HORIZONTAL),
    objects(
        "jump_list",
        3,
        &[
            range("type", 0, 3),
            text("title").must(errcode::CARD_NO_TITLE),
            text("url"),
            text("appid"),
            text("pagepath"),
            bytes("question", 200),
        ],
    )
    .or(errcode::CARD_JUMPS),
    object(
        "card_action",
        &[
            int("type")
                .must(errcode::CARD_ACTION)
                .or(errcode::CARD_ACTION),
            text("url"),
            text("appid"),
            text("pagepath"),
        ],
    )
    .or(errcode::CARD_ACTION),
    object("button_selection", QUESTION),
    objects(
        "button_list",
        6,
        &[
            text("text").must(errcode::CARD_BUTTON_TEXT),
            range("style", 1, 4),
            bytes("key", 1_024).or(errcode::CARD_BUTTON_KEY),
            range("type", 0, 1),
            text("url"),
        ],
    ),
    object(
        "checkbox",
        &[
            bytes("question_key", 1_024)
                .must(errcode::CARD_QUESTION)
                .or(errcode::CARD_QUESTION),
            flag("disable"),
            range("mode", 0, 1),
            objects("option_list", 20, OPTION)
                .must(errcode::CARD_OPTIONS)
                .or(errcode::CARD_OPTIONS),
        ],
    ),
    objects("select_list", 3, QUESTION).or(errcode::CARD_SELECTS),
    object(
        "submit_button",
        &[
            text("text").must(errcode::CARD_SUBMIT_TEXT),
            bytes("key", 1_024)
                .must(errcode::CARD_SUBMIT_KEY)
                .or(errcode::CARD_SUBMIT_KEY),
        ],
    ),
    super::contract::id("task_id", 128, "_-@").or(errcode::BAD_TASK_ID),
    text("replace_text"),
    object("feedback", &[bytes("id", 256)]),
];

/// The bodies that a message to a member and one to an internal group have in common.
pub(super) const APP_BODIES: &[Field] = &[
    super::contract::body("text", TEXT).must(errcode::EMPTY_TEXT),
    super::contract::body("image", MEDIA).must(errcode::NO_MEDIA_ID),
    super::contract::body("voice", MEDIA).must(errcode::NO_MEDIA_ID),
    super::contract::body("video", VIDEO).must(errcode::NO_MEDIA_ID),
    super::contract::body("file", MEDIA).must(errcode::NO_MEDIA_ID),
    super::contract::body("textcard", TEXTCARD).must(errcode::NO_TITLE),
    super::contract::body("news", NEWS).must(errcode::TOO_MANY_ARTICLES),
    super::contract::body("mpnews", MPNEWS).must(errcode::TOO_MANY_ARTICLES),
    super::contract::body("markdown", MARKDOWN).must(errcode::EMPTY_TEXT),
];

/// Codes of a card that depend on its type.
pub(super) const CARD_CODES: [errcode::Errcode; 8] = [
    errcode::CARD_NO_TITLE,
    errcode::CARD_ACTION,
    errcode::CARD_NO_URL,
    errcode::CARD_NO_APPID,
    errcode::CARD_SELECTS,
    errcode::CARD_MENU_KEYS,
    errcode::CARD_USERID,
    errcode::CARD_NO_MEDIA,
];

/// An attachment of a greeting, a mass message or a group greeting.
pub(super) const IMAGE_PART: &[Field] = &[text("media_id"), text("pic_url")];
pub(super) const LINK_PART: &[Field] = &[
    bytes("title", 128).must(errcode::NO_TITLE),
    bytes("picurl", 2_048),
    text("media_id"),
    bytes("desc", 512),
    url("url", 2_048).must(errcode::NO_URL),
];
pub(super) const MINIPROGRAM_PART: &[Field] = &[
    bytes("title", 64).must(errcode::NO_TITLE),
    text("pic_media_id").must(errcode::NO_MEDIA_ID),
    text("appid").must(errcode::BAD_APPID),
    text("page").must(errcode::EMPTY_PARAMETER),
];
pub(super) const ATTACHMENT: &[Field] = &[
    one_of(
        "msgtype",
        &["image", "link", "miniprogram", "video", "file"],
    )
    .must(errcode::BAD_ATTACHMENT_TYPE)
    .or(errcode::BAD_ATTACHMENT_TYPE),
    super::contract::body("image", IMAGE_PART).must(errcode::NO_MEDIA_ID),
    super::contract::body("link", LINK_PART).must(errcode::NO_URL),
    super::contract::body("miniprogram", MINIPROGRAM_PART).must(errcode::BAD_APPID),
    super::contract::body("video", MEDIA).must(errcode::NO_MEDIA_ID),
    super::contract::body("file", MEDIA).must(errcode::NO_MEDIA_ID),
];
/// The text of a greeting or a mass message.
pub(super) const GREETING_TEXT: &[Field] =
    &[bytes("content", 4_000).or(errcode::CONTENT_TOO_LARGE)];

/// A body of an `ca_link` or another type that only has an address.
pub(super) const CA_LINK: &[Field] = &[url("link_url", 2_048).must(errcode::NO_URL)];
pub(super) const KF_TEXT: &[Field] = &[bytes("content", 2_048)
    .must(errcode::EMPTY_TEXT)
    .or(errcode::CONTENT_TOO_LARGE)];
pub(super) const KF_LINK: &[Field] = &[
    bytes("title", 128).must(errcode::EMPTY_PARAMETER),
    bytes("desc", 512),
    url("url", 2_048).must(errcode::EMPTY_PARAMETER),
    text("thumb_media_id").must(errcode::NO_MEDIA_ID),
];
pub(super) const KF_MINIPROGRAM: &[Field] = &[
    text("appid").must(errcode::BAD_APPID),
    bytes("title", 64),
    text("thumb_media_id").must(errcode::NO_MEDIA_ID),
    text("pagepath").must(errcode::EMPTY_PARAMETER),
];
pub(super) const KF_MENU: &[Field] = &[
    bytes("head_content", 1_024),
    objects(
        "list",
        50,
        &[
            one_of("type", &["click", "view", "miniprogram", "text"])
                .must(errcode::KF_MENU_TYPE)
                .or(errcode::KF_MENU_TYPE),
            any("click"),
            any("view"),
            any("miniprogram"),
            any("text"),
        ],
    )
    .or(errcode::KF_MENU_COUNT),
    bytes("tail_content", 1_024),
];
pub(super) const KF_LOCATION: &[Field] = &[
    text("name"),
    text("address"),
    decimal("latitude").must(errcode::EMPTY_PARAMETER),
    decimal("longitude").must(errcode::EMPTY_PARAMETER),
];
