//! The data folder: one process at a time, and names that last.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::store::{Result, StoreError};

/// Holds the folder for as long as it lives.
#[derive(Debug)]
pub(crate) struct FolderLock {
    folder: PathBuf,
    _file: File,
}

impl FolderLock {
    /// Creates the folder if needed and locks it.
    pub(crate) fn take(folder: &Path) -> Result<Self> {
        create(folder).map_err(|error| StoreError::opening(folder, error))?;
        let path = folder.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| StoreError::opening(&path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self {
                folder: folder.to_owned(),
                _file: file,
            }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
                path: folder.display().to_string(),
            }),
            Err(TryLockError::Error(error)) => Err(StoreError::engine(error)),
        }
    }

    /// Makes the names in the folder and its own name durable. Without it, a power cut
    /// soon after the first start could take a file away whose content had been synced.
    pub(crate) fn sync_names(&self) -> Result<()> {
        let folder = std::path::absolute(&self.folder).map_err(StoreError::engine)?;
        sync_folder(&folder)?;
        folder.parent().map_or(Ok(()), sync_folder)
    }
}

/// Creates the folder for nobody but us: it holds what customers wrote. One that is
/// there keeps the permissions that its owner chose.
fn create(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent)?;
    }
    match std::fs::DirBuilder::new().mode(0o700).create(folder) {
        // Another process was quicker; the lock tells which of us may go on.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        created => created,
    }
}

/// Makes the names of the files in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    let opened = File::open(folder).map_err(StoreError::engine)?;
    opened.sync_all().map_err(StoreError::engine)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::FolderLock;

    fn mode(folder: &Path) -> u32 {
        let meta = std::fs::metadata(folder).expect("a folder");
        meta.permissions().mode() & 0o777
    }

    #[test]
    fn a_new_folder_is_ours_alone_and_an_old_one_is_left_as_it_is() {
        let home = tempfile::tempdir().expect("a folder");
        let new = home.path().join("var/data");
        FolderLock::take(&new).expect("locked");
        assert_eq!(mode(&new), 0o700);
        let old = home.path().join("old");
        std::fs::create_dir(&old).expect("created");
        std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o750)).expect("set");
        FolderLock::take(&old).expect("locked");
        assert_eq!(mode(&old), 0o750);
    }
}
