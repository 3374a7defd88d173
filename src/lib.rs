//! wecom-agent

pub mod domain;
pub mod lang;
