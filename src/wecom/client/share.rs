//! Tokens that several processes share.

use std::future::Future;
use std::pin::Pin;

use super::{Grant, Secret, Token};
use crate::wecom::error::Error;

/// Asking for a token, under way or not yet begun.
pub type Asking<'a> = Pin<Box<dyn Future<Output = Result<Grant, Error>> + Send + 'a>>;

/// A place where the processes of one installation keep their tokens, so that they ask WeCom
/// for one of each and not for one of each every time.
pub trait TokenShare: Send + Sync {
    /// The token of a secret: the kept one, or a new one by `ask`, which runs in one process
    /// at a time. WeCom no longer accepts `rejected`.
    fn token<'a>(
        &'a self,
        secret: &'a Secret,
        rejected: Option<Token>,
        ask: Asking<'a>,
    ) -> Asking<'a>;
}
