//! Messages from an app to members.

pub mod recall;
pub mod send;
pub mod update_template_card;
