//! wecom-agent: a self-hosted WeCom bot and automation agent.
//!
//! The path of a message is the reading order: [`receive`] puts it into the inbox,
//! [`process`] decides with [`rules`] and [`templates`], [`deliver`] carries the effects
//! out. They meet only in the [`store`].

pub mod diagnostic;
pub mod domain;
pub mod lang;
pub mod rules;
pub mod templates;
pub mod yaml;
