//! The little that the embedded store asks of a key-value engine.
//!
//! An engine keeps byte rows in key order. [`Engine::commit`] is the only write: it is
//! atomic, and when it returns the rows are on the disk. That last part is the promise
//! behind every acknowledgement, so each engine documents how it keeps it:
//!
//! - [`redb`]: one `fdatasync` a commit, done by redb itself.
//! - [`sled`]: `flush`, then an `fdatasync` of the log file, since sled alone stops at
//!   `sync_file_range`, which survives a crash of the process but not a power cut.
//! - [`memory`]: keeps nothing. It holds the rows that a restart works out afresh.
//!
//! [`layered`] puts the memory engine beside one that lasts.

pub(crate) mod layered;
pub(crate) mod memory;
pub(crate) mod redb;
pub(crate) mod sled;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::{Result, StoreError};

/// Keys from `from` up to, not including, `to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyRange {
    pub(crate) from: Vec<u8>,
    pub(crate) to: Vec<u8>,
}

impl KeyRange {
    /// Every key that begins with `prefix`.
    pub(crate) fn prefix(prefix: Vec<u8>) -> Self {
        let to = successor(&prefix);
        Self { from: prefix, to }
    }

    /// The bounds as `BTreeMap::range` and the engines take them.
    pub(crate) fn bounds(&self) -> (std::ops::Bound<&[u8]>, std::ops::Bound<&[u8]>) {
        (
            std::ops::Bound::Included(self.from.as_slice()),
            std::ops::Bound::Excluded(self.to.as_slice()),
        )
    }

    /// Whether no key can be in it. `BTreeMap::range` panics on a reversed range.
    pub(crate) fn is_empty(&self) -> bool {
        self.from >= self.to
    }
}

/// The first key after all those that begin with `prefix`.
pub(crate) fn successor(prefix: &[u8]) -> Vec<u8> {
    let mut next = prefix.to_vec();
    while let Some(last) = next.pop() {
        if last < u8::MAX {
            next.push(last + 1);
            break;
        }
    }
    next
}

/// What a scan calls for each row, in key order.
pub(crate) type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// Rows that can be read: an engine, or a transaction over one.
pub(crate) trait Rows {
    /// The value of one key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>>;

    /// Visits the rows of a range in key order, until told to stop. The visitor must not
    /// read on its own: an engine may hold a lock meanwhile.
    fn scan(&self, range: &KeyRange, visit: &mut Visit<'_>) -> Result<()>;
}

/// An ordered key-value engine.
pub(crate) trait Engine: Rows + Send + Sync + 'static {
    /// Applies all writes or none, and returns once they are durable.
    fn commit(&self, batch: Batch) -> Result<()>;

    /// The rows as they are now, whatever is written afterwards.
    fn snapshot(&self) -> Result<Arc<dyn View>>;

    /// Copies all rows into new files while others go on writing. [`Self::swap`] follows.
    fn copy(&self) -> Result<()>;

    /// Takes the new files in the place of the old ones, with what has changed since, and so
    /// is rid of what is left in the old ones of rows that were changed or removed. The caller
    /// lets nobody commit meanwhile.
    fn swap(&self) -> Result<()>;

    /// How much of its files it uses.
    fn room(&self) -> Result<Room>;

    /// Called when nothing has been committed for a moment: an engine that has to look through
    /// its files after its process was killed may write down now what spares it that.
    fn checkpoint(&self) -> Result<()> {
        Ok(())
    }
}

/// Rows that stay as they are.
pub(crate) trait View: Rows + Send + Sync {}

/// How much of its files an engine uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Room {
    /// The size of its files.
    pub(crate) bytes: u64,
    /// Of these, what a rewrite would free, as far as the engine can tell.
    pub(crate) free: u64,
}

/// Smaller files are left as they are.
const WORTH_BYTES: u64 = 32 << 20;

impl Room {
    /// Whether so much is free that writing the rest anew is worth it.
    pub(crate) fn is_worth_a_rewrite(self) -> bool {
        self.free >= WORTH_BYTES && self.free > self.bytes / 2
    }
}

/// What an engine says that can no longer tell what is on the disk.
pub(crate) fn broken() -> StoreError {
    StoreError::engine(std::io::Error::other(
        "an earlier write failed; the store has to be opened anew",
    ))
}

/// Rows written anew share a commit up to this size.
const REWRITTEN_AT_ONCE: usize = 8 << 20;
/// So many rows are read at once.
const COPIED_AT_ONCE: usize = 500;

/// A copy of all rows on its way into new files, and the keys that have changed since it was
/// begun.
pub(crate) struct Copying<E>(Mutex<Option<Begun<E>>>);

struct Begun<E> {
    changed: BTreeSet<Vec<u8>>,
    /// There when it is whole.
    copy: Option<Box<E>>,
}

impl<E> Default for Copying<E> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<E: Engine> Copying<E> {
    fn lock(&self) -> MutexGuard<'_, Option<Begun<E>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commits, and notes what changes. No copy can begin in between.
    pub(crate) fn noting(&self, batch: &Batch, commit: impl FnOnce() -> Result<()>) -> Result<()> {
        let mut begun = self.lock();
        if let Some(begun) = begun.as_mut() {
            begun.changed.extend(batch.keys().cloned());
        }
        commit()
    }

    /// Copies what is there now into a new engine.
    pub(crate) fn copy(
        &self,
        snapshot: impl FnOnce() -> Result<Arc<dyn View>>,
        new: impl FnOnce() -> Result<E>,
    ) -> Result<()> {
        let rows = {
            let mut begun = self.lock();
            *begun = Some(Begun {
                changed: BTreeSet::new(),
                copy: None,
            });
            snapshot()?
        };
        let copied = new().and_then(|new| copy_all(rows.as_ref(), &new).map(|()| new));
        let mut begun = self.lock();
        match (copied, begun.as_mut()) {
            (Ok(new), Some(begun)) => begun.copy = Some(Box::new(new)),
            (copied, _) => {
                *begun = None;
                copied?;
            }
        }
        Ok(())
    }

    /// The copy with what has changed since it was begun.
    pub(crate) fn finish(&self, now: &dyn Rows) -> Result<E> {
        let Some(Begun {
            changed,
            copy: Some(new),
        }) = self.lock().take()
        else {
            return Err(StoreError::engine("no copy has been made"));
        };
        let mut batch = Batch::new();
        for key in changed {
            let value = now.get(&key)?;
            batch.insert(key, value);
        }
        new.commit(batch)?;
        Ok(*new)
    }
}

/// Copies all rows of one engine into another, empty one. Some at a time: nobody waits for
/// all of it.
fn copy_all(from: &dyn Rows, to: &dyn Engine) -> Result<()> {
    let mut range = KeyRange {
        from: Vec::new(),
        to: vec![u8::MAX],
    };
    let (mut batch, mut bytes) = (Batch::new(), 0);
    loop {
        let rows = collect(from, &range, COPIED_AT_ONCE)?;
        let Some((last, _)) = rows.last() else { break };
        range.from = [last.as_slice(), &[0]].concat();
        for (key, value) in rows {
            bytes += key.len() + value.len();
            batch.insert(key, Some(value));
        }
        if bytes >= REWRITTEN_AT_ONCE {
            to.commit(std::mem::take(&mut batch))?;
            bytes = 0;
        }
    }
    to.commit(batch)
}

/// Scans `base` as it would be with these writes.
pub(crate) fn scan_with(
    base: &dyn Rows,
    writes: &Batch,
    range: &KeyRange,
    visit: &mut Visit<'_>,
) -> Result<()> {
    if range.is_empty() {
        return Ok(());
    }
    let mut pending = writes.range::<[u8], _>(range.bounds()).peekable();
    let mut stopped = false;
    base.scan(range, &mut |key, value| {
        let mut flow = ControlFlow::Continue(());
        while let Some((newer_key, newer)) =
            pending.next_if(|(newer_key, _)| newer_key.as_slice() < key)
        {
            flow = newer.as_ref().map_or(flow, |newer| visit(newer_key, newer));
            if flow.is_break() {
                break;
            }
        }
        if flow.is_continue() {
            flow = match pending.next_if(|(newer_key, _)| newer_key.as_slice() == key) {
                Some((_, Some(newer))) => visit(key, newer),
                Some((_, None)) => flow,
                None => visit(key, value),
            };
        }
        stopped = flow.is_break();
        flow
    })?;
    if stopped {
        return Ok(());
    }
    for (key, newer) in pending {
        if let Some(newer) = newer
            && visit(key, newer).is_break()
        {
            break;
        }
    }
    Ok(())
}

/// A new value, or `None` to remove the row.
pub(crate) type Write = Option<Vec<u8>>;

/// Writes that belong together. Sorted, so that a B-tree engine walks its leaves once.
pub(crate) type Batch = BTreeMap<Vec<u8>, Write>;

/// A row as a scan found it.
pub(crate) type Row = (Vec<u8>, Vec<u8>);

/// The first `limit` rows of a range.
pub(crate) fn collect(rows: &dyn Rows, range: &KeyRange, limit: usize) -> Result<Vec<Row>> {
    let mut found = Vec::new();
    if limit == 0 {
        return Ok(found);
    }
    rows.scan(range, &mut |key, value| {
        found.push((key.to_vec(), value.to_vec()));
        if found.len() < limit {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    Ok(found)
}

/// Visits the rows of a range with something that can fail.
pub(crate) fn try_scan(
    rows: &dyn Rows,
    range: &KeyRange,
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let mut failure = None;
    rows.scan(range, &mut |key, value| {
        visit(key, value).unwrap_or_else(|error| {
            failure = Some(error);
            ControlFlow::Break(())
        })
    })?;
    failure.map_or(Ok(()), Err)
}

/// The first row of a range.
pub(crate) fn first(rows: &dyn Rows, range: &KeyRange) -> Result<Option<Row>> {
    Ok(collect(rows, range, 1)?.pop())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn successor_carries_over_full_bytes() {
        assert_eq!(successor(&[1, 2]), [1, 3]);
        assert_eq!(successor(&[1, 0xFF, 0xFF]), [2]);
        assert!(KeyRange::prefix(vec![1, 0xFF]).bounds().1 == std::ops::Bound::Excluded(&[2][..]));
    }
}
