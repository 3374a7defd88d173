//! Where facts about contacts come from: asked by `process`, answered by `receive`.

use async_trait::async_trait;

use super::ContactFacts;
use crate::domain::ids::{AppName, Person};

/// Somebody who can ask WeCom about a person.
#[async_trait]
pub trait ContactSource: Send + Sync + 'static {
    /// What WeCom says now; `None` if it cannot be asked or does not know.
    async fn facts(&self, app: &AppName, person: &Person) -> Option<ContactFacts>;
}
