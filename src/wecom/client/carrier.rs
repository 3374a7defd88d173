//! Another way for requests than the network.

use async_trait::async_trait;

/// Takes a finished request to WeCom and brings the answer back.
///
/// For programs that have a way of their own, and for tests without a network: the request
/// is whole, with its token and its body, and the answer is read as if it had come by HTTP.
#[async_trait]
pub trait Carrier: Send + Sync + 'static {
    /// Carries one request.
    async fn carry(&self, request: reqwest::Request) -> reqwest::Result<reqwest::Response>;
}
