//! wecom-agent

pub mod diagnostic;
pub mod domain;
pub mod lang;
pub mod rules;
pub mod templates;
pub mod yaml;
