//! Messages in the shape of each endpoint, with their files uploaded.

use crate::deliver::worker::Deps;
use crate::domain::outgoing::{MediaFile, MenuItem, Outgoing};
use crate::store::StoreError;
use crate::wecom::api::appchat::send as appchat;
use crate::wecom::api::externalcontact::{self as attachment, Attachment};
use crate::wecom::api::kf::send_msg;
use crate::wecom::api::media::Kind;
use crate::wecom::api::message::send;
use crate::wecom::api::webhook::{self, upload_media};
use crate::wecom::api::{Article, Markdown, MediaId, News, TemplateCard, Video};
use crate::wecom::client::App;
use crate::wecom::error::Error;

/// Why an effect could not be carried out.
#[derive(Debug, thiserror::Error)]
pub(in crate::deliver) enum Failure {
    /// The call failed.
    #[error(transparent)]
    Call(#[from] Error),
    /// The call failed, and WeCom would not recognise a repeat.
    #[error(transparent)]
    Unguarded(Error),
    /// A call that had to come first failed (an upload, the tag library): the effect
    /// itself was not tried.
    #[error(transparent)]
    Preparing(Error),
    /// What is to be sent cannot be.
    #[error("{0}")]
    Content(String),
    /// The store failed on the way.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Failure {
    pub(in crate::deliver) fn content(why: &str) -> Self {
        Self::Content(why.to_owned())
    }
}

type Result<T> = std::result::Result<T, Failure>;

pub(super) fn card(card: &serde_json::Value) -> Result<TemplateCard> {
    TemplateCard::new(card.clone()).map_err(|error| Failure::Content(error.to_string()))
}

/// What a card with buttons says, for apps that cannot have one.
pub(super) fn without_buttons(message: &Outgoing) -> Option<Outgoing> {
    let Outgoing::Card { card } = message else {
        return None;
    };
    card.get("button_list")?;
    let title = card["main_title"]["title"].as_str().unwrap_or_default();
    let text = card["sub_title_text"].as_str().unwrap_or_default();
    let text = [title, text].join("\n").trim().to_owned();
    (!text.is_empty()).then_some(Outgoing::Text { text })
}

pub(super) fn menu(
    head: &Option<String>,
    items: &[MenuItem],
    tail: &Option<String>,
) -> send_msg::Menu {
    let list = items
        .iter()
        .map(|item| match item {
            MenuItem::Click { id, content } => send_msg::MenuItem::Click(send_msg::MenuClick {
                id: Some(id.clone()),
                content: content.clone(),
            }),
            MenuItem::View { url, content } => send_msg::MenuItem::View(send_msg::MenuView {
                url: url.clone(),
                content: content.clone(),
            }),
            MenuItem::Miniprogram {
                appid,
                page,
                content,
            } => send_msg::MenuItem::Miniprogram(send_msg::MenuMiniprogram {
                appid: appid.clone(),
                pagepath: page.clone(),
                content: content.clone(),
            }),
            MenuItem::Text { content } => send_msg::MenuItem::Text(send_msg::MenuText {
                content: content.clone(),
                no_newline: None,
            }),
        })
        .collect();
    send_msg::Menu {
        head_content: head.clone(),
        list,
        tail_content: tail.clone(),
    }
}

pub(super) async fn for_kf(
    deps: &Deps,
    app: &App,
    message: &Outgoing,
) -> Result<send_msg::Message> {
    let media = async |kind, file: &MediaFile| -> Result<MediaId> {
        Ok(MediaId::new(deps.media.id(app, kind, file).await?))
    };
    Ok(match message {
        Outgoing::Text { text } | Outgoing::Markdown { text } => {
            send_msg::Message::text(text.as_str())
        }
        Outgoing::Image { file } => send_msg::Message::Image(media(Kind::Image, file).await?),
        Outgoing::Voice { file } => send_msg::Message::Voice(media(Kind::Voice, file).await?),
        Outgoing::Video { file, .. } => send_msg::Message::Video(media(Kind::Video, file).await?),
        Outgoing::File { file } => send_msg::Message::File(media(Kind::File, file).await?),
        Outgoing::Link {
            title,
            description,
            url,
            picture,
            ..
        } => {
            let file = picture
                .as_ref()
                .ok_or_else(|| Failure::content("a kf link needs a picture"))?;
            send_msg::Message::Link(send_msg::Link {
                title: send_msg::LINK_TITLE_MAX.cut(title).to_owned(),
                desc: description
                    .as_ref()
                    .map(|text| send_msg::LINK_DESC_MAX.cut(text).to_owned()),
                url: url.clone(),
                thumb_media_id: media(Kind::Image, file).await?.media_id,
            })
        }
        Outgoing::Miniprogram {
            appid,
            page,
            title,
            picture,
        } => {
            let file = picture
                .as_ref()
                .ok_or_else(|| Failure::content("a mini-program message needs a picture"))?;
            send_msg::Message::Miniprogram(send_msg::Miniprogram {
                appid: appid.clone(),
                title: Some(title.clone()),
                thumb_media_id: media(Kind::Image, file).await?.media_id,
                pagepath: page.clone(),
            })
        }
        Outgoing::Menu { head, items, tail } => send_msg::Message::Menu(menu(head, items, tail)),
        Outgoing::Card { .. } => return Err(Failure::content("kf has no cards")),
    })
}

pub(super) async fn for_app(deps: &Deps, app: &App, message: &Outgoing) -> Result<send::Message> {
    let media = async |kind, file: &MediaFile| deps.media.id(app, kind, file).await;
    Ok(match message {
        Outgoing::Text { text } => send::Message::text(text.as_str()),
        Outgoing::Markdown { text } => send::Message::markdown(text.as_str()),
        Outgoing::Image { file } => {
            send::Message::Image(MediaId::new(media(Kind::Image, file).await?))
        }
        Outgoing::Voice { file } => {
            send::Message::Voice(MediaId::new(media(Kind::Voice, file).await?))
        }
        Outgoing::Video {
            file,
            title,
            description,
        } => send::Message::Video(Video {
            media_id: media(Kind::Video, file).await?,
            title: title.clone(),
            description: description.clone(),
        }),
        Outgoing::File { file } => {
            send::Message::File(MediaId::new(media(Kind::File, file).await?))
        }
        Outgoing::Link {
            title,
            description,
            url,
            picture_url,
            ..
        } => send::Message::News(news(
            title,
            description.as_deref(),
            url,
            picture_url.as_deref(),
        )),
        Outgoing::Miniprogram {
            appid, page, title, ..
        } => send::Message::MiniprogramNotice(send::MiniprogramNotice {
            appid: appid.clone(),
            page: Some(page.clone()),
            title: title.clone(),
            ..send::MiniprogramNotice::default()
        }),
        Outgoing::Card { card: value } => send::Message::TemplateCard(card(value)?),
        Outgoing::Menu { .. } => return Err(Failure::content("apps have no menu messages")),
    })
}

pub(super) async fn for_appchat(
    deps: &Deps,
    app: &App,
    message: &Outgoing,
) -> Result<appchat::Message> {
    use appchat::Message;
    let media = async |kind, file: &MediaFile| deps.media.id(app, kind, file).await;
    Ok(match message {
        Outgoing::Text { text } => Message::text(text.as_str()),
        Outgoing::Markdown { text } => Message::Markdown(Markdown::new(text.as_str())),
        Outgoing::Image { file } => Message::Image(MediaId::new(media(Kind::Image, file).await?)),
        Outgoing::Voice { file } => Message::Voice(MediaId::new(media(Kind::Voice, file).await?)),
        Outgoing::Video {
            file,
            title,
            description,
        } => Message::Video(Video {
            media_id: media(Kind::Video, file).await?,
            title: title.clone(),
            description: description.clone(),
        }),
        Outgoing::File { file } => Message::File(MediaId::new(media(Kind::File, file).await?)),
        Outgoing::Link {
            title,
            description,
            url,
            picture_url,
            ..
        } => Message::News(news(
            title,
            description.as_deref(),
            url,
            picture_url.as_deref(),
        )),
        Outgoing::Miniprogram { .. } | Outgoing::Menu { .. } | Outgoing::Card { .. } => {
            return Err(Failure::content("internal groups have no such message"));
        }
    })
}

pub(super) async fn for_robot(
    deps: &Deps,
    robot: &str,
    key: &str,
    message: &Outgoing,
) -> Result<webhook::send::Message> {
    use webhook::send::{Image, Message, Text};
    let upload = async |kind, file: &MediaFile| -> Result<MediaId> {
        let client = deps.gateway.client();
        Ok(MediaId::new(
            deps.media.robot_id(client, robot, key, kind, file).await?,
        ))
    };
    Ok(match message {
        Outgoing::Text { text } => Message::Text(Text {
            content: text.clone(),
            ..Text::default()
        }),
        Outgoing::Markdown { text } => Message::Markdown(Markdown::new(text.as_str())),
        Outgoing::Image { file } => {
            let bytes = deps.media.read(file).await?;
            if bytes.len() > webhook::send::IMAGE_MAX_BYTES {
                return Err(Failure::content("a robot's picture has 2 MiB at the most"));
            }
            Message::Image(Image::new(&bytes))
        }
        Outgoing::Voice { file } => Message::Voice(upload(upload_media::Kind::Voice, file).await?),
        Outgoing::File { file } | Outgoing::Video { file, .. } => {
            Message::File(upload(upload_media::Kind::File, file).await?)
        }
        Outgoing::Link {
            title,
            description,
            url,
            picture_url,
            ..
        } => Message::News(news(
            title,
            description.as_deref(),
            url,
            picture_url.as_deref(),
        )),
        Outgoing::Card { card: value } => Message::TemplateCard(card(value)?),
        Outgoing::Miniprogram { .. } | Outgoing::Menu { .. } => {
            return Err(Failure::content("robots have no such message"));
        }
    })
}

pub(super) async fn for_welcome(
    deps: &Deps,
    app: &App,
    messages: &[Outgoing],
) -> Result<(Option<attachment::Text>, Vec<Attachment>)> {
    let media = async |kind, file: &MediaFile| deps.media.id(app, kind, file).await;
    let mut text = None;
    let mut attachments = Vec::new();
    for message in messages {
        attachments.push(match message {
            Outgoing::Text { text: said } | Outgoing::Markdown { text: said } => {
                text = Some(attachment::Text::new(attachment::TEXT_MAX.cut(said)));
                continue;
            }
            Outgoing::Image { file } => Attachment::Image(attachment::Image {
                media_id: Some(media(Kind::Image, file).await?),
                pic_url: None,
            }),
            Outgoing::Video { file, .. } => Attachment::Video(attachment::Video {
                media_id: media(Kind::Video, file).await?,
            }),
            Outgoing::File { file } => Attachment::File(attachment::File {
                media_id: media(Kind::File, file).await?,
            }),
            Outgoing::Link {
                title,
                description,
                url,
                picture_url,
                ..
            } => Attachment::Link(attachment::Link {
                title: title.clone(),
                picurl: picture_url.clone(),
                desc: description.clone(),
                url: url.clone(),
            }),
            Outgoing::Miniprogram {
                appid,
                page,
                title,
                picture,
            } => {
                let file = picture
                    .as_ref()
                    .ok_or_else(|| Failure::content("a mini-program message needs a picture"))?;
                Attachment::Miniprogram(attachment::Miniprogram {
                    title: title.clone(),
                    pic_media_id: media(Kind::Image, file).await?,
                    appid: appid.clone(),
                    page: page.clone(),
                })
            }
            Outgoing::Voice { .. } | Outgoing::Menu { .. } | Outgoing::Card { .. } => {
                return Err(Failure::content(
                    "a welcome cannot carry this kind of message",
                ));
            }
        });
    }
    Ok((text, attachments))
}

fn news(title: &str, description: Option<&str>, url: &str, picture: Option<&str>) -> News {
    News {
        articles: vec![Article {
            title: title.to_owned(),
            description: description.map(str::to_owned),
            url: Some(url.to_owned()),
            picurl: picture.map(str::to_owned),
            ..Article::default()
        }],
    }
}
