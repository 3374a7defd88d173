//! URL verification: WeCom sends an encrypted text and wants it back in clear.

use super::accept::Receiver;
use crate::wecom::callback::SignedQuery;
use crate::wecom::crypto::Refusal;

/// The plain text that WeCom wants to see.
pub(super) fn answer(receiver: &Receiver, query: &str) -> Result<Vec<u8>, Refusal> {
    let query = SignedQuery::parse(query)?;
    receiver.codec.verify_url(&query)
}
