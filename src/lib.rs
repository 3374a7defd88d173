//! wecom-agent

pub mod domain;
pub mod lang;
pub mod store;
