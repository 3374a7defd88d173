//! The operators' folders on the disk: what they look like from outside, what is in them.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::config::Config;
use crate::versions::FileSet;
use crate::versions::files::is_litter;

/// The folders of rules, templates and SOPs and the file of channels, by the names that
/// versions use for them.
#[derive(Debug, Clone)]
pub struct Folders([(&'static str, PathBuf); 4]);

/// The file of channels, in a version.
const CHANNELS: &str = "channels.yaml";

/// The hidden file that says what is still to be done to go back to a version.
const JOURNAL: &str = ".wecom-agent-going-back";

/// What the folders look like from outside: names, sizes, times and inode numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fingerprint(Vec<(PathBuf, u64, Option<SystemTime>, u64)>);

impl Folders {
    /// The folders of a config.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let paths = &config.paths;
        Self([
            ("rules", paths.rules.clone()),
            ("templates", paths.templates.clone()),
            ("sops", paths.sops.clone()),
            (CHANNELS, paths.channels.clone()),
        ])
    }

    /// Where a file of a version is on this disk.
    #[must_use]
    pub fn place(&self, path: &str) -> Option<PathBuf> {
        if path == CHANNELS {
            let (_, file) = self.0.iter().find(|(known, _)| *known == CHANNELS)?;
            return Some(file.clone());
        }
        let (name, rest) = path.split_once('/')?;
        let (_, folder) = self.0.iter().find(|(known, _)| *known == name)?;
        let plain = Path::new(rest)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        plain.then(|| folder.join(rest))
    }

    /// Where it is written down how to go back to a version, while that is under way.
    pub(super) fn journal(&self) -> PathBuf {
        let [(_, rules), ..] = &self.0;
        rules.join(JOURNAL)
    }

    /// What they look like now. A way back that is not finished is a change too.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut files = Vec::new();
        let mut found = |path: &Path, meta: &Metadata| {
            let path = path.to_path_buf();
            files.push((path, meta.len(), meta.modified().ok(), inode(meta)));
        };
        for (_, folder) in &self.0 {
            walk(folder, &mut found);
        }
        let journal = self.journal();
        if let Ok(meta) = std::fs::metadata(&journal) {
            found(&journal, &meta);
        }
        files.sort();
        Fingerprint(files)
    }

    /// Every file: its path in a version, and where it is.
    #[must_use]
    pub fn list(&self) -> Vec<(String, PathBuf)> {
        let mut list = Vec::new();
        for (name, folder) in &self.0 {
            walk(folder, &mut |path, _| {
                // The loaders skip names that are not UTF-8 too.
                if path == folder {
                    list.push(((*name).to_owned(), path.to_path_buf()));
                } else if let Some(inside) = path.strip_prefix(folder).ok().and_then(Path::to_str) {
                    list.push((format!("{name}/{inside}"), path.to_path_buf()));
                }
            });
        }
        list.sort();
        list
    }

    /// Every file with what is in it.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn read(&self) -> io::Result<FileSet> {
        let mut set = FileSet::default();
        for (name, path) in self.list() {
            set.add(name, std::fs::read(path)?);
        }
        Ok(set)
    }
}

/// Every file below a folder, or the file itself, but hidden ones and editors' leftovers.
///
/// Links to files are followed: config maps are links to the real files. Links to folders
/// are not, as when the files are loaded.
fn walk(folder: &Path, found: &mut dyn FnMut(&Path, &Metadata)) {
    if let Ok(meta) = std::fs::metadata(folder)
        && meta.is_file()
    {
        return found(folder, &meta);
    }
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_name().to_str().is_some_and(is_litter) {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if let Ok(meta) = std::fs::metadata(&path)
                && meta.is_file()
            {
                found(&path, &meta);
            }
        }
    }
}

fn inode(meta: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    meta.ino()
}

/// Writes a file so that a reader sees the old content or the new one, never a part; it is on
/// the disk when this returns. A link keeps pointing where it points.
///
/// # Errors
/// If the file cannot be written.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let folder = real.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    // Hidden while it is written, so that nobody loads it.
    let mut file = tempfile::Builder::new()
        .prefix(".wecom-agent-")
        .tempfile_in(folder)?;
    file.write_all(content)?;
    let mode = std::fs::metadata(&real).map(|meta| meta.permissions());
    match mode {
        Ok(permissions) => file.as_file().set_permissions(permissions)?,
        Err(_) => file.as_file().set_permissions(usual())?,
    }
    file.as_file().sync_all()?;
    file.persist(&real)?;
    sync_folder(folder)
}

/// A name in a folder outlives a power cut only behind this.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

/// What a new file may usually be: temporary files are for their owner alone.
pub(super) fn usual() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::Permissions::from_mode(0o644)
}

#[cfg(test)]
mod tests {
    use super::{Folders, write_whole};

    impl Folders {
        /// The usual ones, made below a folder.
        pub(in crate::app) fn under(home: &std::path::Path) -> Self {
            for name in ["rules", "templates", "sops"] {
                std::fs::create_dir_all(home.join(name)).expect("a folder");
            }
            let names = ["rules", "templates", "sops", "channels.yaml"];
            Self(names.map(|name| (name, home.join(name))))
        }
    }

    #[test]
    fn hidden_files_and_leftovers_are_not_looked_at() {
        let home = tempfile::tempdir().expect("a folder");
        let folders = Folders::under(home.path());
        std::fs::write(home.path().join("rules/a.yaml"), "a").expect("written");
        let before = folders.fingerprint();
        for litter in [".a.yaml.swp", "a.yaml~", "#a.yaml#", ".hidden"] {
            std::fs::write(home.path().join("rules").join(litter), "b").expect("written");
        }
        assert_eq!(folders.fingerprint(), before);
        let set = folders.read().expect("read");
        assert_eq!(set.files.keys().collect::<Vec<_>>(), ["rules/a.yaml"]);
        std::fs::write(home.path().join("channels.yaml"), "c").expect("written");
        let set = folders.read().expect("read");
        assert_eq!(
            set.files.keys().collect::<Vec<_>>(),
            ["channels.yaml", "rules/a.yaml"]
        );
        std::fs::write(home.path().join("rules/a.yaml"), "ab").expect("written");
        assert_ne!(folders.fingerprint(), before);
    }

    #[test]
    fn a_linked_file_is_written_where_it_really_is() {
        let home = tempfile::tempdir().expect("a folder");
        let (real, link) = (home.path().join("real"), home.path().join("link"));
        std::fs::write(&real, "old").expect("written");
        std::os::unix::fs::symlink(&real, &link).expect("linked");
        write_whole(&link, b"new").expect("written");
        assert_eq!(std::fs::read(&real).expect("read"), b"new");
        assert!(link.is_symlink());
    }

    #[test]
    fn no_version_leads_out_of_the_folders() {
        let home = tempfile::tempdir().expect("a folder");
        let folders = Folders::under(home.path());
        let file = folders.place("channels.yaml");
        assert_eq!(file, Some(home.path().join("channels.yaml")));
        let inside = folders.place("templates/售后/甲.txt");
        assert_eq!(inside, Some(home.path().join("templates/售后/甲.txt")));
        for path in [
            "rules/../agent.toml",
            "other/a",
            "rules",
            "rules//etc/passwd",
        ] {
            assert_eq!(folders.place(path), None, "{path}");
        }
    }
}
