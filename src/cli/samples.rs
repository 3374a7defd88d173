//! The sample files, built into the program: what `init` writes and `demo` runs on.

use std::io;
use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};

static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");
static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");
static SOPS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/sops");

/// The sample file of channel codes.
const CHANNELS: &str = include_str!("../../channels.yaml");

/// The commented config that `init` writes.
pub(super) const CONFIG: &str = include_str!("init/agent.toml");

/// Writes rules, templates, SOPs and channels below `folder`. Never overwrites: what was there
/// already is returned.
pub(super) fn write(folder: &Path) -> io::Result<Written> {
    let mut written = Written::default();
    for (name, files) in [
        ("rules", &RULES),
        ("templates", &TEMPLATES),
        ("sops", &SOPS),
    ] {
        copy(files, &folder.join(name), &mut written)?;
    }
    let channels = folder.join("channels.yaml");
    write_one(&channels, CHANNELS.as_bytes(), &mut written)?;
    Ok(written)
}

/// Writes one file unless it exists.
pub(super) fn write_one(path: &Path, content: &[u8], written: &mut Written) -> io::Result<()> {
    create(path, content, EVERYBODY, written)
}

/// The same for a file that will hold secrets.
pub(super) fn write_secret(path: &Path, content: &[u8], written: &mut Written) -> io::Result<()> {
    create(path, content, OWNER, written)
}

/// Modes before the umask.
const EVERYBODY: u32 = 0o666;
const OWNER: u32 = 0o600;

fn create(path: &Path, content: &[u8], mode: u32, written: &mut Written) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    match options.write(true).create_new(true).mode(mode).open(path) {
        Ok(mut file) => {
            file.write_all(content)?;
            written.new.push(path.to_path_buf());
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            written.kept.push(path.to_path_buf());
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// What was written and what was there already.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) new: Vec<PathBuf>,
    pub(super) kept: Vec<PathBuf>,
}

fn copy(files: &Dir<'_>, folder: &Path, written: &mut Written) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for entry in files.entries() {
        let name = entry.path().file_name().unwrap_or_default();
        match entry {
            DirEntry::Dir(below) => copy(below, &folder.join(name), written)?,
            DirEntry::File(file) => write_one(&folder.join(name), file.contents(), written)?,
        }
    }
    Ok(())
}
