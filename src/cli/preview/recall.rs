//! The plans as they were before: who is in one finishes on the version they began with.

use std::collections::BTreeMap;

use anyhow::bail;

use crate::app::{Reply, Request, SopReply, SopRequest, SopState};
use crate::cli::access::Access;
use crate::domain::ids::SopId;
use crate::playbook::Playbook;

/// Who is in a plan is played on the version that they began with.
pub(super) async fn recall(
    access: &Access,
    playbook: &Playbook,
    states: &BTreeMap<SopId, SopState>,
) -> anyhow::Result<()> {
    let mut earlier = Vec::new();
    for (id, state) in states {
        if !state.running.is_empty() || !state.ended.is_empty() {
            let request = Request::Sop(Box::new(SopRequest::Versions(id.clone())));
            let Reply::Sop(reply) = access.ask(request).await? else {
                bail!("unexpected answer");
            };
            let SopReply::Versions(versions) = *reply else {
                bail!("unexpected answer");
            };
            earlier.extend(versions);
        }
    }
    playbook.sops.recall(earlier);
    Ok(())
}
