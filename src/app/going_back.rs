//! Going back to a version: every file or none, whenever the process dies.
//!
//! What is to be done is written down first, whole, as a hidden file in the folder of rules.
//! From then on it gets done: by the process that wrote it down, else by whoever reads the
//! files next. Who works on it holds a lock, which ends with the process.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::{Folders, sync_folder, usual, write_whole};
use crate::versions::files::{Stored, sha};
use crate::versions::{FileSet, Plan};

/// Why the files did not become those of the version.
#[derive(Debug, thiserror::Error)]
pub enum GoingBackError {
    /// A file cannot be read or changed.
    #[error("{}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was written down is not what this program writes.
    #[error("{}: this is not what was written down", .0.display())]
    Damaged(PathBuf),
    /// A path that leads nowhere, or a content that was not kept.
    #[error("{0}: not in this version")]
    Unknown(String),
    /// A living process is at it.
    #[error("another process is going back to a version right now")]
    Busy,
}

/// What becomes of one file.
#[derive(Debug, Serialize, Deserialize)]
struct Step {
    path: String,
    /// The hash of what is there before; `None` if nothing is.
    before: Option<String>,
    /// What is there afterwards; `None` if nothing is.
    after: Option<Stored>,
}

/// What was written down, locked.
struct Journal {
    place: PathBuf,
    steps: Vec<Step>,
    _lock: File,
}

/// Makes the files those of a version. After an error they are as they were, as far as the
/// disk allows.
///
/// # Errors
/// If a file cannot be changed, or another process is at it.
pub fn go_back(
    way: &Plan,
    now: &FileSet,
    then: &FileSet,
    folders: &Folders,
) -> Result<(), GoingBackError> {
    let journal = Journal::begin(steps(way, now, then)?, folders)?;
    for (done, step) in journal.steps.iter().enumerate() {
        if let Err(error) = step.carry_out(folders) {
            journal.undo(done, now, folders)?;
            return Err(error);
        }
    }
    journal.forget()
}

/// Finishes what a process that died has left behind. A file that somebody has changed since
/// stays as they left it.
///
/// # Errors
/// If a file cannot be changed, or a living process is at it.
pub fn settle(folders: &Folders) -> Result<(), GoingBackError> {
    match Journal::left_behind(folders)? {
        Some(journal) => journal.finish(folders),
        None => Ok(()),
    }
}

/// Writes first and removes last, so that at no time a file is nowhere.
fn steps(way: &Plan, now: &FileSet, then: &FileSet) -> Result<Vec<Step>, GoingBackError> {
    let step = |path: &String, after: Option<Stored>| Step {
        path: path.clone(),
        before: now.files.get(path).map(|file| file.sha.clone()),
        after,
    };
    let mut steps = Vec::new();
    for path in &way.write {
        let content = then.content(path);
        let content = content.ok_or_else(|| GoingBackError::Unknown(path.clone()))?;
        steps.push(step(path, Some(Stored::from(content))));
    }
    steps.extend(way.remove.iter().map(|path| step(path, None)));
    Ok(steps)
}

impl Journal {
    /// Writes down what is to be done. Nothing else has changed until it is on the disk.
    fn begin(steps: Vec<Step>, folders: &Folders) -> Result<Self, GoingBackError> {
        let place = folders.journal();
        let lock = written_down(&place, &steps).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => GoingBackError::Busy,
            _ => failed(&place, source),
        })?;
        Ok(Self {
            place,
            steps,
            _lock: lock,
        })
    }

    /// What a process that is no more has written down.
    fn left_behind(folders: &Folders) -> Result<Option<Self>, GoingBackError> {
        let place = folders.journal();
        let lock = match File::open(&place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|source| failed(&place, source))?,
        };
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(GoingBackError::Busy),
            Err(TryLockError::Error(source)) => return Err(failed(&place, source)),
        }
        // It may have been finished between opening and locking.
        if !is_at(&lock, &place).map_err(|source| failed(&place, source))? {
            return Ok(None);
        }
        let bytes = std::fs::read(&place).map_err(|source| failed(&place, source))?;
        let Ok(steps) = serde_json::from_slice(&bytes) else {
            return Err(GoingBackError::Damaged(place));
        };
        Ok(Some(Self {
            place,
            steps,
            _lock: lock,
        }))
    }

    fn finish(&self, folders: &Folders) -> Result<(), GoingBackError> {
        for step in &self.steps {
            step.carry_out(folders)?;
        }
        self.forget()
    }

    /// Puts back what was there before the first so many steps. Should this process die
    /// meanwhile, the next one goes forward.
    fn undo(&self, done: usize, now: &FileSet, folders: &Folders) -> Result<(), GoingBackError> {
        for step in self.steps[..done].iter().rev() {
            let after = now.content(&step.path).map(Stored::from);
            // What was too large to be kept cannot be put back; it was no file that is read.
            if after.is_some() == step.before.is_some() {
                let path = step.path.clone();
                let before = step.bytes_after().map(|bytes| sha(&bytes));
                let back = Step {
                    path,
                    before,
                    after,
                };
                back.carry_out(folders)?;
            }
        }
        self.forget()
    }

    fn forget(&self) -> Result<(), GoingBackError> {
        removed(&self.place).map_err(|source| failed(&self.place, source))
    }
}

impl Step {
    /// Changes a file that is still as it was; others are done, or somebody's.
    fn carry_out(&self, folders: &Folders) -> Result<(), GoingBackError> {
        let unknown = || GoingBackError::Unknown(self.path.clone());
        let place = folders.place(&self.path).ok_or_else(unknown)?;
        let there = match std::fs::read(&place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            read => Some(sha(&read.map_err(|source| failed(&place, source))?)),
        };
        if there != self.before {
            return Ok(());
        }
        let changed = match &self.after {
            Some(_) => write_whole(&place, &self.bytes_after().ok_or_else(unknown)?),
            None => removed(&place),
        };
        changed.map_err(|source| failed(&place, source))
    }

    fn bytes_after(&self) -> Option<Vec<u8>> {
        self.after.clone().and_then(Stored::into_bytes)
    }
}

fn failed(path: &Path, source: io::Error) -> GoingBackError {
    let path = path.to_path_buf();
    GoingBackError::File { path, source }
}

/// The lock is held before anybody can see the file; the server's account has to see it.
fn written_down(place: &Path, steps: &[Step]) -> io::Result<File> {
    use std::io::Write as _;
    let folder = place.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(".wecom-agent-")
        .tempfile_in(folder)?;
    file.as_file().lock()?;
    file.as_file().set_permissions(usual())?;
    file.write_all(&serde_json::to_vec(steps)?)?;
    file.as_file().sync_all()?;
    let file = file.persist_noclobber(place)?;
    sync_folder(folder)?;
    Ok(file)
}

fn is_at(file: &File, place: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let there = match std::fs::metadata(place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        there => there?,
    };
    Ok(there.ino() == file.metadata()?.ino())
}

fn removed(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path)?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Instant;

    use super::{GoingBackError, Journal, go_back, settle, steps};
    use crate::app::files::Folders;
    use crate::versions::{FileSet, Plan, plan};

    const RULE: &str = "rules/a.yaml";

    struct Office {
        home: tempfile::TempDir,
        folders: Folders,
        now: FileSet,
        then: FileSet,
        way: Plan,
    }

    fn write(home: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = home.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("written");
        }
    }

    /// Two files to change, one to make, two to remove.
    fn office() -> Office {
        let home = tempfile::tempdir().expect("a folder");
        let folders = Folders::under(home.path());
        let mut then = FileSet::default();
        for path in [RULE, "rules/made/b.yaml", "templates/a.txt"] {
            then.add(path.to_owned(), format!("then {path}").into_bytes());
        }
        write(
            home.path(),
            &[
                (RULE, "now"),
                ("rules/gone.yaml", "now"),
                ("sops/gone.yaml", "now"),
                ("templates/a.txt", "now"),
            ],
        );
        let now = folders.read().expect("read");
        let way = plan(&now, &then);
        assert_eq!((way.write.len(), way.remove.len()), (3, 2));
        Office {
            home,
            folders,
            now,
            then,
            way,
        }
    }

    impl Office {
        fn begin(&self) -> Journal {
            let steps = steps(&self.way, &self.now, &self.then).expect("steps");
            Journal::begin(steps, &self.folders).expect("written down")
        }

        fn read(&self) -> FileSet {
            self.folders.read().expect("read")
        }

        /// A program that another test begins in this process holds a dropped lock until it
        /// has closed what it was born with.
        fn settle(&self) {
            let begun = Instant::now();
            while let Err(error) = settle(&self.folders) {
                let is_busy = matches!(error, GoingBackError::Busy);
                assert!(is_busy && begun.elapsed().as_secs() < 10, "{error:?}");
                std::thread::yield_now();
            }
        }

        fn go_back(&self) -> Result<(), GoingBackError> {
            go_back(&self.way, &self.now, &self.then, &self.folders)
        }
    }

    #[test]
    fn whoever_reads_next_finishes_what_died_behind_any_file() {
        for done in 0..=5 {
            let office = office();
            let journal = office.begin();
            for step in &journal.steps[..done] {
                step.carry_out(&office.folders).expect("done");
            }
            drop(journal);
            if (1..5).contains(&done) {
                assert!(![&office.now, &office.then].contains(&&office.read()));
            }
            office.settle();
            assert_eq!(office.read(), office.then, "after {done} files");
            assert!(!office.folders.journal().exists());
        }
    }

    #[test]
    fn nobody_interferes_with_a_living_process() {
        let office = office();
        let journal = office.begin();
        let busy = settle(&office.folders);
        assert!(matches!(busy, Err(GoingBackError::Busy)), "{busy:?}");
        let second = office.go_back();
        assert!(matches!(second, Err(GoingBackError::Busy)), "{second:?}");
        assert_eq!(office.read(), office.now);
        journal.finish(&office.folders).expect("finished");
        assert_eq!(office.read(), office.then);
    }

    #[test]
    fn what_somebody_wrote_since_stays() {
        let office = office();
        drop(office.begin());
        write(office.home.path(), &[(RULE, "mended by hand")]);
        office.settle();
        let after = office.read();
        assert_eq!(after.content(RULE), Some(b"mended by hand".as_slice()));
        let other = "templates/a.txt";
        assert_eq!(after.content(other), office.then.content(other));
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_all_as_they_were() {
        let office = office();
        // A folder where a file should go.
        let blocked = office.home.path().join("templates/a.txt");
        std::fs::remove_file(&blocked).expect("removed");
        std::fs::create_dir(&blocked).expect("a folder");
        let before = office.read();
        let error = office.go_back().expect_err("refused");
        assert!(matches!(error, GoingBackError::File { .. }), "{error:?}");
        assert_eq!(office.read(), before);
    }

    #[test]
    fn what_is_no_journal_changes_nothing() {
        let office = office();
        std::fs::write(office.folders.journal(), "{").expect("written");
        let error = settle(&office.folders).expect_err("refused");
        assert!(matches!(error, GoingBackError::Damaged(_)), "{error:?}");
        assert_eq!(office.read(), office.now);
    }
}
