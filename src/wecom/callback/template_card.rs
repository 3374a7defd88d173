//! Template cards: one typed model for both spellings, `snake_case` JSON and `PascalCase` XML.
//!
//! Which members a card type requires is WeCom's to check; its errors name what is missing.

use serde::Serialize;

/// A template card. Members that are `None` or empty are left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TemplateCard {
    /// Shape of the card.
    pub card_type: CardType,
    /// Where it comes from: icon and name at the top.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Menu in the corner; requires `task_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_menu: Option<ActionMenu>,
    /// Title and what belongs to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main_title: Option<TitleDesc>,
    /// A quoted text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote_area: Option<QuoteArea>,
    /// One thing in large letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emphasis_content: Option<TitleDesc>,
    /// Text below the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_title_text: Option<String>,
    /// Picture of a `news_notice`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_image: Option<CardImage>,
    /// Picture to the left of a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_text_area: Option<ImageTextArea>,
    /// Up to 4 lines under each other.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vertical_content_list: Vec<TitleDesc>,
    /// Up to 6 lines of key and value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub horizontal_content_list: Vec<HorizontalContent>,
    /// Up to 3 links.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jump_list: Vec<Jump>,
    /// What a click on the whole card does; required for the two notices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_action: Option<Link>,
    /// Drop-down of a `button_interaction`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub button_selection: Option<Selection>,
    /// Up to 6 buttons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub button_list: Vec<Button>,
    /// Choices of a `vote_interaction`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkbox: Option<Checkbox>,
    /// Up to 3 drop-downs of a `multiple_interaction`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub select_list: Vec<Selection>,
    /// The button that sends the choices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submit_button: Option<TextKey>,
    /// Greys the button out and shows this instead; only in updates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace_text: Option<String>,
    /// Unique per app, at most 128 bytes of letters, digits, `_`, `-` and `@`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// Asks the user to judge the answer; intelligent bots only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Feedback>,
}

/// The five shapes of a card.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CardType {
    /// Text to read.
    #[default]
    TextNotice,
    /// Picture and text to read.
    NewsNotice,
    /// Buttons.
    ButtonInteraction,
    /// One question.
    VoteInteraction,
    /// Several questions.
    MultipleInteraction,
}

/// Icon and name at the top of a card.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Address of the icon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc: Option<String>,
    /// 0 grey, 1 black, 2 red, 3 green.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc_color: Option<u8>,
}

/// A title and a line below it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TitleDesc {
    /// Title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Line below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc: Option<String>,
}

/// The menu in a card's corner.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ActionMenu {
    /// Heading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc: Option<String>,
    /// Entries.
    pub action_list: Vec<TextKey>,
}

/// A text to click on and the key that comes back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TextKey {
    /// What is shown.
    pub text: String,
    /// What comes back as `EventKey`.
    pub key: String,
}

/// Where a click leads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Link {
    /// 0 nowhere, 1 a page, 2 a mini program.
    #[serde(rename = "type")]
    pub kind: u8,
    /// The page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The mini program.
    #[serde(rename = "appid", skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// Page in the mini program.
    #[serde(rename = "pagepath", skip_serializing_if = "Option::is_none")]
    pub page_path: Option<String>,
}

/// A quoted text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct QuoteArea {
    /// What a click does.
    #[serde(flatten)]
    pub link: Link,
    /// Title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote_text: Option<String>,
}

/// A picture across the card.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CardImage {
    /// Address.
    pub url: String,
    /// Width by height, 1.3 to 2.25.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aspect_ratio: Option<f64>,
}

/// A picture to the left of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImageTextArea {
    /// What a click does.
    #[serde(flatten)]
    pub link: Link,
    /// Title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc: Option<String>,
    /// Address of the picture.
    pub image_url: String,
}

/// A line of key and value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct HorizontalContent {
    /// Key.
    pub keyname: String,
    /// Value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// 1 a page, 2 an attachment, 3 a member.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<u8>,
    /// The page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The attachment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_id: Option<String>,
    /// The member.
    #[serde(rename = "userid", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
}

/// A link at the foot of a card.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Jump {
    /// What a click does. An intelligent bot also has type 3, which asks `question`.
    #[serde(flatten)]
    pub link: Link,
    /// What is shown.
    pub title: String,
    /// Asked of an intelligent bot, at most 200 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
}

/// A drop-down.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Selection {
    /// Comes back with the choice.
    pub question_key: String,
    /// What is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// No longer to be changed; only in updates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable: Option<bool>,
    /// Option chosen at first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected_id: Option<String>,
    /// Up to 10 options.
    pub option_list: Vec<Choice>,
}

/// Choices of a vote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checkbox {
    /// Comes back with the choice.
    pub question_key: String,
    /// No longer to be changed; only in updates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable: Option<bool>,
    /// 0 one choice, 1 several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<u8>,
    /// Up to 20 options.
    pub option_list: Vec<Choice>,
}

/// An option.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// Comes back when chosen.
    pub id: String,
    /// What is shown.
    pub text: String,
    /// Chosen at first; only in a vote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_checked: Option<bool>,
}

/// A button.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Button {
    /// What is shown.
    pub text: String,
    /// 1 to 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<u8>,
    /// Comes back as `EventKey`, at most 1,024 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// 0 a callback, 1 a page.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<u8>,
    /// The page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Asks the user to judge an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Feedback {
    /// Comes back in the feedback event; at most 256 bytes.
    pub id: String,
}
