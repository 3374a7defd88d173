//! Rows into an empty store, from a backup or from another store. Each page is taken in with
//! the place behind it: whoever is killed goes on there.

use std::collections::BTreeMap;

use super::file::{Backup, BackupError};
use super::hold::Hold;
use crate::domain::clock::UnixMillis;
use crate::store::{ArchiveRow, Filling, Result, Section, Snapshot, Store, StoreError, Tally};

/// So many rows are taken in at once.
const PAGE: usize = 500;

/// Brings a backup into an empty store. `now` is the time of a restore after which what may
/// have been done since the backup is not done again; `None` if nobody has worked with the
/// data since.
///
/// # Errors
/// If the backup is not what it was when it was verified, or the store is not empty.
pub async fn restore(
    backup: &Backup,
    store: &dyn Store,
    now: Option<UnixMillis>,
) -> std::result::Result<u64, BackupError> {
    let kind = if now.is_some() { "held" } else { "as it was" };
    let source = format!("backup {} {kind}", backup.sha256);
    // A restore that was cut off goes on with the time at which it began.
    let begun = store.filling().await?.filter(|it| it.source == source);
    let begun = begun.and_then(|it| Progress::parse(&it.place));
    let start = begun.unwrap_or(Progress {
        rows: 0,
        at: now.unwrap_or_default(),
    });
    let timers = backup.rows.get(&Section::Timer).copied().unwrap_or(0);
    let mut hold = now.map(|_| Hold::at(start.at, timers));
    let mut filler = Filler {
        store,
        source,
        done: Progress { rows: 0, ..start },
        skip: start.rows,
        page: Vec::with_capacity(PAGE),
    };
    for row in backup.rows()? {
        let row = match &mut hold {
            Some(hold) => hold.row(row?)?,
            None => row?,
        };
        filler.take(row).await?;
    }
    for row in hold.into_iter().flat_map(Hold::end) {
        filler.take(row).await?;
    }
    filler.flush().await?;
    store.finish_filling().await?;
    Ok(filler.done.rows)
}

/// How many rows have been taken in, and when that began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Progress {
    rows: u64,
    at: UnixMillis,
}

impl Progress {
    fn parse(place: &str) -> Option<Self> {
        let (rows, at) = place.split_once('@')?;
        Some(Self {
            rows: rows.parse().ok()?,
            at: UnixMillis(at.parse().ok()?),
        })
    }
}

struct Filler<'a> {
    store: &'a dyn Store,
    source: String,
    done: Progress,
    /// So many were taken in before.
    skip: u64,
    page: Vec<ArchiveRow>,
}

impl Filler<'_> {
    async fn take(&mut self, row: ArchiveRow) -> Result<()> {
        self.done.rows += 1;
        if self.done.rows > self.skip {
            self.page.push(row);
        }
        if self.page.len() >= PAGE {
            self.flush().await?;
        }
        Ok(())
    }

    /// Also when there is nothing left: the store must say whether it is empty.
    async fn flush(&mut self) -> Result<()> {
        let filling = Filling {
            source: self.source.clone(),
            place: format!("{}@{}", self.done.rows, self.done.at.0),
        };
        self.store
            .fill(std::mem::take(&mut self.page), filling)
            .await
    }
}

/// One store on its way into another.
pub struct Move<'a> {
    from: Box<dyn Snapshot>,
    to: &'a dyn Store,
    source: String,
    /// The section and the place in it to go on from; `None` at the end.
    place: Option<(Section, Option<String>)>,
}

/// What two stores hold of a kind.
pub type Tallies = BTreeMap<Section, Tally>;

impl<'a> Move<'a> {
    /// Begins, or goes on where an earlier one from the same source was cut off. If nobody
    /// heard of the end of the earlier one, there is nothing left to move.
    ///
    /// # Errors
    /// If a store fails, or the second one holds something else.
    pub async fn begin(from: &dyn Store, to: &'a dyn Store, source: &str) -> Result<Self> {
        let source = format!("store {source}");
        let from = from.snapshot().await?;
        let place = match to.filling().await? {
            Some(filling) if filling.source == source => parse(&filling.place)?,
            Some(_) => return Err(StoreError::NotEmpty),
            None => {
                let filling = Filling {
                    source: source.clone(),
                    place: written(Some(&(Section::Numbers, None))),
                };
                match to.fill(Vec::new(), filling).await {
                    Ok(()) => Some((Section::Numbers, None)),
                    Err(StoreError::NotEmpty) if same(from.as_ref(), to).await? => None,
                    Err(error) => return Err(error),
                }
            }
        };
        Ok(Self {
            from,
            to,
            source,
            place,
        })
    }

    /// Moves one page. `false` when there is none left.
    ///
    /// # Errors
    /// If a store fails.
    pub async fn step(&mut self) -> Result<bool> {
        let Some((section, after)) = self.place.take() else {
            return Ok(false);
        };
        let page = self.from.page(section, after.as_deref(), PAGE).await?;
        let next = page.next.map(|next| (section, Some(next)));
        let next = next.or_else(|| following(section).map(|section| (section, None)));
        let filling = Filling {
            source: self.source.clone(),
            place: written(next.as_ref()),
        };
        self.to.fill(page.rows, filling).await?;
        self.place = next;
        Ok(true)
    }

    /// Compares both, and declares the new one whole if it holds the same. Gives what each
    /// holds.
    ///
    /// # Errors
    /// If a store fails.
    pub async fn finish(self) -> Result<(Tallies, Tallies)> {
        let old = tallies(self.from.as_ref()).await?;
        let new = tallies(self.to.snapshot().await?.as_ref()).await?;
        if old == new {
            self.to.finish_filling().await?;
        }
        Ok((old, new))
    }
}

/// Whether two stores hold the same, looked at only as far as it takes.
async fn same(from: &dyn Snapshot, to: &dyn Store) -> Result<bool> {
    let to = to.snapshot().await?;
    for section in Section::ALL {
        if tally(from, section).await? != tally(to.as_ref(), section).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn tallies(snapshot: &dyn Snapshot) -> Result<Tallies> {
    let mut tallies = Tallies::new();
    for section in Section::ALL {
        tallies.insert(section, tally(snapshot, section).await?);
    }
    Ok(tallies)
}

async fn tally(snapshot: &dyn Snapshot, section: Section) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut after = None;
    loop {
        let page = snapshot.page(section, after.as_deref(), PAGE).await?;
        page.rows.iter().try_for_each(|row| tally.add(row))?;
        after = page.next;
        if after.is_none() {
            return Ok(tally);
        }
    }
}

fn following(section: Section) -> Option<Section> {
    let all = Section::ALL.iter();
    all.copied().find(|other| *other > section)
}

const END: &str = "end";

fn written(place: Option<&(Section, Option<String>)>) -> String {
    match place {
        None => END.to_owned(),
        Some((section, after)) => {
            format!(
                "{} {}",
                section.word(),
                after.as_deref().unwrap_or_default()
            )
        }
    }
}

fn parse(place: &str) -> Result<Option<(Section, Option<String>)>> {
    if place == END {
        return Ok(None);
    }
    let (word, after) = place.split_once(' ').unwrap_or((place, ""));
    let section = Section::ALL.into_iter().find(|it| it.word() == word);
    let section = section.ok_or(StoreError::Corrupt { what: "place" })?;
    let after = (!after.is_empty()).then(|| after.to_owned());
    Ok(Some((section, after)))
}
