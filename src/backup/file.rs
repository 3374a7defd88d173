//! The file: head, rows, end.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use crate::domain::clock::UnixMillis;
use crate::domain::ids::CorpId;
use crate::store::{ArchiveRow, Section, Store, StoreError};

/// The format that this program writes, and the newest that it reads.
pub const FORMAT: u32 = 1;
/// So many rows are read and written at once.
const PAGE: usize = 500;
/// What the last line begins with. No row does.
const END: &str = "{\"end\":";

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The format, and the word that tells a backup from any other file.
    pub wecom_agent_backup: u32,
    /// Whose data it is.
    pub corp: CorpId,
    /// The version of the program that wrote it.
    pub program: String,
    /// When it was begun: what came later is not in it.
    pub at: UnixMillis,
}

impl Head {
    /// Of a backup that begins now.
    #[must_use]
    pub fn new(corp: CorpId, at: UnixMillis) -> Self {
        Self {
            wecom_agent_backup: FORMAT,
            corp,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            at,
        }
    }
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct End {
    end: Sum,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Sum {
    rows: BTreeMap<Section, u64>,
    sha256: String,
}

/// What is wrong with a backup, or with reading it.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The first line is not that of a backup.
    #[error("this is not a backup of wecom-agent")]
    NotOne,
    /// A newer program has written it.
    #[error("the backup has format {found}, this program knows up to {FORMAT}")]
    Newer {
        /// In the file.
        found: u32,
    },
    /// It is another company's.
    #[error("the backup belongs to {found}")]
    Foreign {
        /// Whose.
        found: CorpId,
    },
    /// It has no end.
    #[error("the backup is cut off after line {line}")]
    CutOff {
        /// The last line.
        line: u64,
    },
    /// It is not what was written.
    #[error("the backup is damaged at line {line}")]
    Damaged {
        /// Where it shows.
        line: u64,
    },
    /// It cannot be read.
    #[error("the backup cannot be read")]
    Io(#[from] std::io::Error),
    /// The store failed, or refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes lines and adds them up.
#[derive(Default)]
struct Writer {
    hash: Sha256,
    rows: BTreeMap<Section, u64>,
}

impl Writer {
    fn line(&mut self, value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
        let corrupt = |_| StoreError::Corrupt { what: "row" };
        let mut line = serde_json::to_vec(value).map_err(corrupt)?;
        line.push(b'\n');
        self.hash.update(&line);
        Ok(line)
    }

    fn row(&mut self, row: &ArchiveRow) -> Result<Vec<u8>, StoreError> {
        *self.rows.entry(row.section()).or_default() += 1;
        self.line(row)
    }

    fn end(mut self) -> Result<Vec<u8>, StoreError> {
        let sum = Sum {
            rows: std::mem::take(&mut self.rows),
            sha256: hex(&std::mem::take(&mut self.hash)),
        };
        self.line(&End { end: sum })
    }
}

fn hex(hash: &Sha256) -> String {
    let digest = hash.clone().finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Everything in the store as the pieces of a file. Whoever stops listening ends it.
#[must_use]
pub fn stream(store: Arc<dyn Store>, head: Head) -> mpsc::Receiver<Result<Bytes, StoreError>> {
    let (pieces, listener) = mpsc::channel(2);
    tokio::spawn(async move {
        if let Err(error) = write(store.as_ref(), &head, &pieces).await {
            // Nobody listens any more: nobody needs to know.
            pieces.send(Err(error)).await.ok();
        }
    });
    listener
}

async fn write(
    store: &dyn Store,
    head: &Head,
    pieces: &mpsc::Sender<Result<Bytes, StoreError>>,
) -> Result<(), StoreError> {
    let snapshot = store.snapshot().await?;
    let mut writer = Writer::default();
    let mut piece = writer.line(head)?;
    for section in Section::ALL {
        let mut after = None;
        loop {
            let page = snapshot.page(section, after.as_deref(), PAGE).await?;
            for row in &page.rows {
                piece.extend(writer.row(row)?);
            }
            if pieces
                .send(Ok(std::mem::take(&mut piece).into()))
                .await
                .is_err()
            {
                return Ok(());
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    pieces.send(Ok(writer.end()?.into())).await.ok();
    Ok(())
}

/// A backup that has been read to its end and found whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Where it is.
    pub path: PathBuf,
    /// Whose and of when it is.
    pub head: Head,
    /// So many rows of each kind.
    pub rows: BTreeMap<Section, u64>,
    /// The SHA-256 over all lines but the last.
    pub sha256: String,
}

impl Backup {
    /// Reads all of it.
    ///
    /// # Errors
    /// If it is not whole, not a company's own, or of a newer format.
    pub fn verify(path: &Path, corp: Option<&CorpId>) -> Result<Self, BackupError> {
        let mut lines = Lines::open(path)?;
        let head = lines.head()?;
        if let Some(corp) = corp
            && head.corp != *corp
        {
            return Err(BackupError::Foreign { found: head.corp });
        }
        while lines.next()?.is_some() {}
        Ok(Self {
            path: path.to_owned(),
            head,
            rows: lines.rows,
            sha256: hex(&lines.hash),
        })
    }

    /// The rows once more.
    ///
    /// # Errors
    /// If it cannot be read any more.
    pub fn rows(
        &self,
    ) -> Result<impl Iterator<Item = Result<ArchiveRow, BackupError>>, BackupError> {
        let mut lines = Lines::open(&self.path)?;
        lines.head()?;
        Ok(std::iter::from_fn(move || lines.next().transpose()))
    }

    /// How many rows there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.rows.values().sum()
    }
}

struct Lines {
    reader: BufReader<File>,
    hash: Sha256,
    rows: BTreeMap<Section, u64>,
    line: u64,
    text: Vec<u8>,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, BackupError> {
        Ok(Self {
            reader: BufReader::with_capacity(1 << 16, File::open(path)?),
            hash: Sha256::new(),
            rows: BTreeMap::new(),
            line: 0,
            text: Vec::new(),
        })
    }

    /// Reads a line into `text`; `false` at the end of the file.
    fn read(&mut self) -> Result<bool, BackupError> {
        self.text.clear();
        if self.reader.read_until(b'\n', &mut self.text)? == 0 {
            return Ok(false);
        }
        self.line += 1;
        Ok(self.text.last() == Some(&b'\n'))
    }

    fn head(&mut self) -> Result<Head, BackupError> {
        /// What every format will have.
        #[derive(Deserialize)]
        struct Format {
            wecom_agent_backup: u32,
        }
        if !self.read()? {
            return Err(BackupError::NotOne);
        }
        self.hash.update(&self.text);
        let format: Format = serde_json::from_slice(&self.text).map_err(|_| BackupError::NotOne)?;
        if format.wecom_agent_backup > FORMAT {
            return Err(BackupError::Newer {
                found: format.wecom_agent_backup,
            });
        }
        let damaged = BackupError::Damaged { line: self.line };
        serde_json::from_slice(&self.text).map_err(|_| damaged)
    }

    /// The next row; `None` when the end has been reached and all is as it says.
    fn next(&mut self) -> Result<Option<ArchiveRow>, BackupError> {
        if !self.read()? {
            return Err(BackupError::CutOff { line: self.line });
        }
        let line = self.line;
        let damaged = || BackupError::Damaged { line };
        if self.text.starts_with(END.as_bytes()) {
            let End { end } = serde_json::from_slice(&self.text).map_err(|_| damaged())?;
            let whole = end.rows == self.rows && end.sha256 == hex(&self.hash);
            // Nothing may follow.
            let mut rest = [0];
            let over = std::io::Read::read(&mut self.reader, &mut rest)? == 0;
            return if whole && over {
                Ok(None)
            } else {
                Err(damaged())
            };
        }
        self.hash.update(&self.text);
        let row: ArchiveRow = serde_json::from_slice(&self.text).map_err(|_| damaged())?;
        *self.rows.entry(row.section()).or_default() += 1;
        Ok(Some(row))
    }
}
