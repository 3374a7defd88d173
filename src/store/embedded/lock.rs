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
        std::fs::create_dir_all(folder).map_err(StoreError::engine)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("lock"))
            .map_err(StoreError::engine)?;
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

/// Makes the names of the files in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    let opened = File::open(folder).map_err(StoreError::engine)?;
    opened.sync_all().map_err(StoreError::engine)
}
