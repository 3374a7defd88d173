//! The set that was in force, for a start when the files on the disk have errors: a bot that
//! dies while somebody is halfway through a change comes back all the same.

use std::io;
use std::path::Path;

use tempfile::TempDir;

use super::files::Folders;
use super::playbook::read_playbook;
use super::{open_store, versions};
use crate::config::{Config, Paths};
use crate::playbook::Playbook;
use crate::store::StoreError;
use crate::versions::{FileSet, Version};

/// Reads the version that was last put in force out of the store. `None` if there is none, or
/// if it does not fit the config any more. Its tests were passed when it came into force.
///
/// # Errors
/// If the store fails.
pub async fn last_good(config: &Config) -> Result<Option<(Playbook, Version)>, StoreError> {
    // A look makes no data.
    if config.data_folder().is_some_and(|folder| !folder.exists()) {
        return Ok(None);
    }
    let store = open_store(config).await?;
    let Some(number) = versions::history(store.as_ref()).await?.in_force else {
        return Ok(None);
    };
    let Some(kept) = versions::version(store.as_ref(), number).await? else {
        return Ok(None);
    };
    let home = laid_out(&kept.set, config).map_err(StoreError::engine)?;
    let (playbook, _) = read_playbook(&inside(config, home.path()));
    Ok(playbook.map(|playbook| (playbook, kept.version)))
}

/// The same config over the files in another folder.
fn inside(config: &Config, home: &Path) -> Config {
    Config {
        paths: Paths {
            rules: home.join("rules"),
            templates: home.join("templates"),
            sops: home.join("sops"),
            channels: home.join("channels.yaml"),
        },
        ..config.clone()
    }
}

/// Writes a version into a folder of its own. Pictures and the like are not kept with it: they
/// are taken from where they are now.
fn laid_out(set: &FileSet, config: &Config) -> io::Result<TempDir> {
    let home = tempfile::tempdir()?;
    let (here, there) = (
        Folders::of(config),
        Folders::of(&inside(config, home.path())),
    );
    for folder in ["rules", "templates", "sops"] {
        std::fs::create_dir(home.path().join(folder))?;
    }
    for path in set.files.keys() {
        let Some(place) = there.place(path) else {
            continue;
        };
        if let Some(parent) = place.parent() {
            std::fs::create_dir_all(parent)?;
        }
        match (set.content(path), here.place(path)) {
            (Some(text), _) => std::fs::write(place, text)?,
            // If it is gone, the checks say so.
            (None, Some(now)) => drop(std::fs::copy(now, place)),
            (None, None) => {}
        }
    }
    Ok(home)
}
