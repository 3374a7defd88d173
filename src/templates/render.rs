//! Templates to messages.

use std::io;

use minijinja::{Environment, Template, UndefinedBehavior};
use serde_json::Value as Json;

use super::catalog::Catalog;
use super::context::RenderContext;
use crate::domain::action::TemplateName;
use crate::domain::outgoing::{MenuItem, Outgoing};

/// Steps that a text may take: a runaway loop ends here.
const FUEL: u64 = 50_000;
/// Bytes that a text may become. WeCom's own limits are far below.
pub(super) const MOST_BYTES: usize = 64 * 1024;

/// A message could not be rendered. Neither values nor texts are part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// There is no such template.
    #[error("no template is named {0:?}")]
    Unknown(String),
    /// A variable is missing, or the text is not a template.
    #[error("{template}, line {line}: {problem}")]
    Failed {
        /// The template, or `text` for one written in a rule.
        template: String,
        /// The line of the text.
        line: usize,
        /// What kind of problem.
        problem: String,
    },
    /// The text became too long.
    #[error("{template}: the text became longer than {most} bytes")]
    TooLong {
        /// The template, or `text` for one written in a rule.
        template: String,
        /// The limit.
        most: usize,
    },
}

/// Strict, bounded, and without a way to reach any other file.
pub(super) fn environment<'s>() -> Environment<'s> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // They pad to any width in one step, which no fuel bounds.
    for filter in ["format", "indent", "batch", "slice"] {
        environment.remove_filter(filter);
    }
    environment.set_recursion_limit(50);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment
}

impl Catalog {
    /// The messages of a template.
    ///
    /// # Errors
    /// When there is no such template or one of its texts cannot be rendered.
    pub fn render(
        &self,
        name: &TemplateName,
        context: &RenderContext<'_>,
    ) -> Result<Vec<Outgoing>, RenderError> {
        let template = self
            .templates
            .get(name)
            .ok_or_else(|| RenderError::Unknown(name.0.clone()))?;
        let text = Renderer {
            catalog: self,
            name: &name.0,
            values: context.value(),
        };
        template
            .messages
            .iter()
            .map(|message| text.message(message))
            .collect()
    }

    /// A text that is written in a rule.
    ///
    /// # Errors
    /// When it cannot be rendered.
    pub fn render_text(
        &self,
        source: &str,
        context: &RenderContext<'_>,
    ) -> Result<String, RenderError> {
        self.inline(context).text(source)
    }

    /// The body of a webhook: every text in it is rendered.
    ///
    /// # Errors
    /// When one of its texts cannot be rendered.
    pub fn render_json(
        &self,
        body: &Json,
        context: &RenderContext<'_>,
    ) -> Result<Json, RenderError> {
        self.inline(context).json(body)
    }

    fn inline(&self, context: &RenderContext<'_>) -> Renderer<'_> {
        Renderer {
            catalog: self,
            name: "text",
            values: context.value(),
        }
    }
}

struct Renderer<'c> {
    catalog: &'c Catalog,
    name: &'c str,
    values: minijinja::Value,
}

impl Renderer<'_> {
    fn text(&self, source: &str) -> Result<String, RenderError> {
        if !source.contains('{') {
            return Ok(source.to_owned());
        }
        if let Ok(template) = self.catalog.environment.get_template(source) {
            return self.run(&template);
        }
        let environment = environment();
        let template = environment.template_from_str(source);
        let template = template.map_err(|error| self.failed(&error))?;
        self.run(&template)
    }

    fn run(&self, template: &Template<'_, '_>) -> Result<String, RenderError> {
        let mut out = Limited::default();
        let done = template.render_captured_to(self.values.clone(), &mut out);
        if out.is_full() {
            return Err(RenderError::TooLong {
                template: self.name.to_owned(),
                most: MOST_BYTES,
            });
        }
        done.map_err(|error| self.failed(&error))?;
        Ok(String::from_utf8_lossy(&out.0).into_owned())
    }

    fn failed(&self, error: &minijinja::Error) -> RenderError {
        RenderError::Failed {
            template: self.name.to_owned(),
            line: error.line().unwrap_or(1),
            problem: error.kind().to_string(),
        }
    }

    fn option(&self, source: Option<&String>) -> Result<Option<String>, RenderError> {
        source.map(|source| self.text(source)).transpose()
    }

    fn json(&self, value: &Json) -> Result<Json, RenderError> {
        Ok(match value {
            Json::String(text) => Json::String(self.text(text)?),
            Json::Array(items) => {
                let items = items.iter().map(|item| self.json(item));
                Json::Array(items.collect::<Result<_, _>>()?)
            }
            Json::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), self.json(value)?)));
                Json::Object(fields.collect::<Result<_, RenderError>>()?)
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => value.clone(),
        })
    }

    fn message(&self, message: &Outgoing) -> Result<Outgoing, RenderError> {
        Ok(match message {
            Outgoing::Text { text } => Outgoing::Text {
                text: self.text(text)?,
            },
            Outgoing::Markdown { text } => Outgoing::Markdown {
                text: self.text(text)?,
            },
            Outgoing::Image { .. } | Outgoing::Voice { .. } | Outgoing::File { .. } => {
                message.clone()
            }
            Outgoing::Video {
                file,
                title,
                description,
            } => Outgoing::Video {
                file: file.clone(),
                title: self.option(title.as_ref())?,
                description: self.option(description.as_ref())?,
            },
            Outgoing::Link {
                title,
                description,
                url,
                picture,
                picture_url,
            } => Outgoing::Link {
                title: self.text(title)?,
                description: self.option(description.as_ref())?,
                url: self.text(url)?,
                picture: picture.clone(),
                picture_url: self.option(picture_url.as_ref())?,
            },
            Outgoing::Miniprogram {
                appid,
                page,
                title,
                picture,
            } => Outgoing::Miniprogram {
                appid: appid.clone(),
                page: self.text(page)?,
                title: self.text(title)?,
                picture: picture.clone(),
            },
            Outgoing::Menu { head, items, tail } => Outgoing::Menu {
                head: self.option(head.as_ref())?,
                items: items
                    .iter()
                    .map(|item| self.menu_item(item))
                    .collect::<Result<_, _>>()?,
                tail: self.option(tail.as_ref())?,
            },
            Outgoing::Card { card } => Outgoing::Card {
                card: self.json(card)?,
            },
        })
    }

    fn menu_item(&self, item: &MenuItem) -> Result<MenuItem, RenderError> {
        Ok(match item {
            MenuItem::Click { id, content } => MenuItem::Click {
                id: id.clone(),
                content: self.text(content)?,
            },
            MenuItem::View { url, content } => MenuItem::View {
                url: self.text(url)?,
                content: self.text(content)?,
            },
            MenuItem::Miniprogram {
                appid,
                page,
                content,
            } => MenuItem::Miniprogram {
                appid: appid.clone(),
                page: self.text(page)?,
                content: self.text(content)?,
            },
            MenuItem::Text { content } => MenuItem::Text {
                content: self.text(content)?,
            },
        })
    }
}

/// Keeps what is written until it is too much.
#[derive(Default)]
pub(super) struct Limited(Vec<u8>);

impl Limited {
    /// Whether more was written than a message may hold.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() > MOST_BYTES
    }
}

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = (MOST_BYTES + 1).saturating_sub(self.0.len());
        self.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if self.is_full() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
