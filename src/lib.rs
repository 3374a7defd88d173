//! wecom-agent: a self-hosted WeCom bot and automation agent.
//!
//! The path of a message is the reading order: [`receive`] puts it into the inbox,
//! [`process`] decides with [`rules`] and [`templates`], [`deliver`] carries the effects
//! out; [`schedule`] puts what we gave ourselves to do into the inbox when it is due, such
//! as the next step of one of the [`sops`]. They meet only in the [`store`].

pub mod cli;

pub mod app;

pub mod simulate;

pub mod deliver;
pub mod process;
pub mod receive;
pub mod schedule;
pub mod upkeep;

pub mod backup;
pub mod channels;
pub mod desk;
pub mod gateway;
pub mod http;
pub mod import;
pub mod phrases;
pub mod playbook;
pub mod rules;
pub mod service;
pub mod sops;
pub mod store;
pub mod templates;
pub mod versions;
pub mod yaml;

pub mod config;
pub mod diagnostic;
pub mod domain;
pub mod lang;
pub mod telemetry;
pub mod wecom;
