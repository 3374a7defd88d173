//! How often rules with a daily limit have fired today. The store has the last word: this
//! is what decisions go by until it refuses one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;

use crate::rules::Standing;
use crate::store::{RuleUse, Store, StoreError};

/// The uses of one day, read once and counted along.
#[derive(Debug, Default)]
pub(super) struct Today(Mutex<Option<Known>>);

type Known = (Date, Arc<Standing>);

impl Today {
    /// What is known of a day; the first time, and after [`Self::forget`], from the store.
    pub(super) async fn on(
        &self,
        store: &dyn Store,
        day: Date,
    ) -> Result<Arc<Standing>, StoreError> {
        if let Some((known, standing)) = &*self.lock()
            && *known == day
        {
            return Ok(Arc::clone(standing));
        }
        let used_today = store.rule_uses(day).await?;
        let standing = Arc::new(Standing {
            used_today,
            ..Standing::default()
        });
        *self.lock() = Some((day, Arc::clone(&standing)));
        Ok(standing)
    }

    /// Counts what was committed.
    pub(super) fn used(&self, day: Date, uses: &[RuleUse]) {
        if uses.is_empty() {
            return;
        }
        if let Some((known, standing)) = &mut *self.lock()
            && *known == day
        {
            let standing = Arc::make_mut(standing);
            for used in uses {
                *standing.used_today.entry(used.rule.clone()).or_default() += 1;
            }
        }
    }

    /// Somebody else counts too: the store is to be asked again.
    pub(super) fn forget(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
