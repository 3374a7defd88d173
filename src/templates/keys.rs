//! The keys of a template's YAML file.

use crate::yaml::{Key, Shape, schema_of};

/// JSON Schema of `.yaml` templates.
#[must_use]
pub fn schema() -> serde_json::Value {
    schema_of("模板文件 / wecom-agent template", &TEMPLATE)
}

pub(super) const TEMPLATE: Shape = Shape::OneKey(&[
    TEXT,
    MARKDOWN,
    IMAGE,
    VOICE,
    VIDEO,
    FILE,
    LINK,
    MINIPROGRAM,
    MENU,
    CARD,
    Key::may(
        "messages",
        Shape::SomeOf(&Shape::OneKey(MESSAGE)),
        "连续几条消息",
        "Several messages in a row",
    ),
]);

const MESSAGE: &[Key] = &[
    TEXT,
    MARKDOWN,
    IMAGE,
    VOICE,
    VIDEO,
    FILE,
    LINK,
    MINIPROGRAM,
    MENU,
    CARD,
];

const TEXT: Key = Key::may(
    "text",
    Shape::Text,
    "文字，可用变量",
    "Text; variables may be used",
);
const MARKDOWN: Key = Key::may("markdown", Shape::Text, "Markdown 文字", "Markdown text");
const IMAGE: Key = Key::may(
    "image",
    Shape::Text,
    "图片文件（JPG、PNG）",
    "A picture (JPG, PNG)",
);
const VOICE: Key = Key::may(
    "voice",
    Shape::Text,
    "语音文件（AMR）",
    "A voice file (AMR)",
);
const VIDEO: Key = Key::may(
    "video",
    Shape::Any,
    "视频文件（MP4），或 {file, title, desc}",
    "A film (MP4), or {file, title, desc}",
);
const FILE: Key = Key::may("file", Shape::Text, "其他文件", "Any other file");
const LINK: Key = Key::may(
    "link",
    Shape::Map(&[
        TITLE,
        DESC,
        URL,
        Key::may(
            "picture",
            Shape::Text,
            "封面图片文件；微信客服必填",
            "A cover picture; kf needs one",
        ),
        Key::may(
            "picture_url",
            Shape::Text,
            "封面图片网址",
            "A cover picture by address",
        ),
    ]),
    "图文链接",
    "A link with a title",
);
const MINIPROGRAM: Key = Key::may(
    "miniprogram",
    Shape::Map(&[
        APPID,
        PAGE,
        TITLE,
        Key::may("picture", Shape::Text, "封面图片文件", "A cover picture"),
    ]),
    "小程序页面",
    "A mini-program page",
);
const MENU: Key = Key::may(
    "menu",
    Shape::Map(&[
        Key::may("head", Shape::Text, "菜单上方的文字", "Text above"),
        Key::must(
            "items",
            Shape::SomeOf(&Shape::OneKey(ITEM)),
            "菜单项",
            "The items",
        ),
        Key::may("tail", Shape::Text, "菜单下方的文字", "Text below"),
    ]),
    "菜单消息（微信客服）；其他渠道发成带编号的文字",
    "A menu (kf); a numbered text elsewhere",
);
const CARD: Key = Key::may(
    "card",
    Shape::Any,
    "模板卡片，即企业微信的 template_card",
    "WeCom's template_card object",
);

const TITLE: Key = Key::must("title", Shape::Text, "标题", "Title");
const DESC: Key = Key::may("desc", Shape::Text, "描述", "Description");
const URL: Key = Key::must("url", Shape::Text, "网址", "Address");
const APPID: Key = Key::must(
    "appid",
    Shape::Text,
    "小程序 appid",
    "The mini-program's appid",
);
const PAGE: Key = Key::must("page", Shape::Text, "小程序页面", "The page");
const CONTENT: Key = Key::must("content", Shape::Text, "显示的文字", "What is shown");

pub(super) const FILM: Shape = Shape::Map(&[
    Key::must("file", Shape::Text, "视频文件（MP4）", "The film (MP4)"),
    Key::may("title", Shape::Text, "标题", "Title"),
    DESC,
]);

const ITEM: &[Key] = &[
    Key::may(
        "click",
        Shape::Any,
        "点击后作为客户的话发回；写文字，或 {id, content}",
        "Sent back as the customer's words: text, or {id, content}",
    ),
    Key::may(
        "view",
        Shape::Map(&[URL, CONTENT]),
        "打开网页",
        "Opens a page",
    ),
    Key::may(
        "miniprogram",
        Shape::Map(&[APPID, PAGE, CONTENT]),
        "打开小程序",
        "Opens a mini-program page",
    ),
    Key::may("text", Shape::Text, "一行文字", "A line of text"),
];

pub(super) const CLICK: Shape = Shape::Map(&[
    Key::must(
        "id",
        Shape::Text,
        "点击后带回的编号",
        "Comes back as menu_id",
    ),
    CONTENT,
]);

pub(super) const CARD_TYPES: &[&str] = &[
    "text_notice",
    "news_notice",
    "button_interaction",
    "vote_interaction",
    "multiple_interaction",
];
