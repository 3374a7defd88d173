//! What an operator can do when the data cannot be opened.

use super::output::Terminal;
use crate::store::StoreError;

/// Says the way out, if the error is one of the data.
pub(super) fn advise(error: &anyhow::Error, terminal: &Terminal) {
    let mut causes = error.chain();
    let failed = causes.find_map(|cause| cause.downcast_ref::<StoreError>());
    let (text, path) = match failed {
        Some(StoreError::Damaged { path, .. }) => ("store.damaged", path),
        Some(StoreError::NotOpened { path, .. }) => ("store.not_opened", path),
        _ => return,
    };
    terminal.warn(text, &[("path", path)]);
}
