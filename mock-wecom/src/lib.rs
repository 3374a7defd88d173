//! A stateful stand-in for the WeCom (企业微信) server API.
//!
//! It serves the API as the platform does (tokens, permissions, limits, error
//! codes), keeps what was sent, sends encrypted callbacks, and can be driven and
//! inspected under `/mock/…` from any language. See `README.md` for the routes.
//!
//! In a test it runs on a free port, beside what is tested:
//!
//! ```
//! use mock_wecom::{Expect, Kind, MockWecom};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
//! let mock = MockWecom::builder()
//!     .seed(7)
//!     .start_at(1_760_000_000)
//!     .receiver("bot", Kind::Kf, "http://127.0.0.1:9/callback", "token", key)
//!     .visible("contact-secret", &["lin.mei"], &[])
//!     .switch("callback_repeats", 0)
//!     .start()
//!     .await?;
//!
//! // A customer writes; the bot under test would now ask for the message and answer it.
//! let said = mock.say("wmSAMPLE00000000000000000000001", "价格表").await?;
//! assert_eq!(said.http_status, None, "nobody listens there");
//! mock.expect(Expect::callback("bot").times(1)).await?;
//!
//! // What did not happen is told, with what came closest.
//! let unmet = mock.expect(Expect::call("kf/send_msg")).await.unwrap_err();
//! assert_eq!(unmet.count, 0);
//!
//! // Two days later the bot may no longer answer.
//! mock.advance_secs(48 * 3_600);
//! assert!(mock.now() >= 1_760_000_000 + 48 * 3_600);
//! # Ok(()) }
//! ```
//!
//! In reading order:
//!
//! - [`Config`]: what a mock starts with; [`MockWecom`]: a running one
//! - `api`: the WeCom endpoints, one file for each family
//! - `state`: the simulated corp behind one lock
//! - `push`: callbacks, their repeats and the replies to them
//! - `control`: the routes under `/mock`
//! - `expect`: expectations about the journal; `har`: its export
//! - `page`: the page at `/`
//! - [`record`]: recording a real WeCom, and serving the recording
//! - `server`: HTTP, connections that can be cut, the journal of calls
//! - [`crypto`]: framing, padding and signatures; `xml`: templates and a DOM
//! - `switches`: what the official pages leave open; `faults`: what goes wrong on purpose

mod api;
mod builder;
mod chaos;
mod chat;
mod client;
mod clock;
mod config;
mod control;
pub mod crypto;
mod errcode;
mod expect;
mod faults;
mod har;
mod ids;
mod journal;
mod mock;
mod page;
mod push;
pub mod record;
mod server;
mod state;
mod switches;
mod xml;

pub use builder::Builder;
pub use chaos::Chaos;
pub use chat::ChatLine;
pub use client::ControlClient;
pub use config::{Config, Kind, ReceiverSpec, SecretSpec};
pub use control::app::{AppEvent, AppSay};
pub use control::bot::{BotEvent, BotRefresh, BotSay};
pub use control::contact::{ContactAdd, ContactDelete, ContactEdit, TagEvent};
pub use control::event::PlatformEvent;
pub use control::group::{GroupChange, GroupCreate};
pub use control::kf::{KfEnter, KfFail, KfSay, KfSession};
pub use control::mass::MassConfirm;
pub use control::people::{
    MemberLeave, MomentPublish, MomentRemark, OauthLogin, TransferOutcome, TransferSettle,
};
pub use control::scan::{ContactScan, GroupScan};
pub use control::scenario::{After, Scenario, Step};
pub use control::watch::RawCallback;
pub use control::{ControlError, Pushed};
pub use expect::{Expect, Near, Unmet};
pub use faults::{Action, Fault};
pub use journal::{Entry, EntryKind, JournalQuery};
pub use mock::MockWecom;
pub use push::PushOutcome;
pub use state::app::Robot;
pub use state::book::{BookTag, Department, Member, VisibleRange};
pub use state::customers::{Customer, Follow};
pub use state::groups::{CustomerGroup, GroupMember};
pub use state::kf::{KfAccount, Servicer};
pub use state::links::BotSpec;

/// The tables of the README: endpoints, switches and events, written from the code.
#[must_use]
pub fn coverage_tables() -> [(&'static str, String); 3] {
    [
        ("coverage", api::coverage::markdown()),
        ("switches", switches::markdown()),
        ("events", control::event::markdown()),
    ]
}
