//! One process per data folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::store::{Result, StoreError};

/// Holds the folder for as long as it lives.
#[derive(Debug)]
pub(crate) struct FolderLock {
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
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
                path: folder.display().to_string(),
            }),
            Err(TryLockError::Error(error)) => Err(StoreError::engine(error)),
        }
    }
}
