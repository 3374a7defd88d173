//! Internal group chats that the app itself created (no customers in them).

pub mod create;
pub mod get;
pub mod send;
pub mod update;
