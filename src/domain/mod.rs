//! The nouns that every stage shares: values only, no I/O.
//!
//! Reading order: who and where ([`ids`]), what came in ([`inbound`]), whom it
//! is about ([`contact`], [`group`]), what was decided ([`action`]), what goes out
//! ([`outgoing`], [`effect`], [`broadcast`]), and time ([`clock`]).

pub mod action;
pub mod anniversary;
pub mod broadcast;
pub mod change;
pub mod clock;
pub mod contact;
pub mod criteria;
pub mod duration;
pub mod effect;
pub mod group;
pub mod ids;
pub mod inbound;
pub mod lunar;
pub mod outgoing;
pub mod reminder;
pub mod rhythm;
pub mod timer;
