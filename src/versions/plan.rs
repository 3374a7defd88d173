//! What has to be done to the files on the disk to go back to a version.

use super::files::{FileSet, is_text};

/// The way from one state of the files to another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Files to write.
    pub write: Vec<String>,
    /// Files to remove: texts that the version does not have. Pictures stay, they harm nobody.
    pub remove: Vec<String>,
    /// Files that the version had, that are gone or different now, and whose content was not
    /// kept: without them the version cannot come back.
    pub missing: Vec<String>,
}

impl Plan {
    /// Whether the files are already as they should be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The way from `now` to `then`.
#[must_use]
pub fn plan(now: &FileSet, then: &FileSet) -> Plan {
    let mut plan = Plan::default();
    for (path, wanted) in &then.files {
        if now
            .files
            .get(path)
            .is_some_and(|file| file.sha == wanted.sha)
        {
            continue;
        }
        if then.content(path).is_some() {
            plan.write.push(path.clone());
        } else {
            plan.missing.push(path.clone());
        }
    }
    for (path, file) in &now.files {
        if !then.files.contains_key(path) && is_text(path) && file.kept {
            plan.remove.push(path.clone());
        }
    }
    plan
}
