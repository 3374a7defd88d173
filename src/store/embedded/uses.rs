//! How often rules with a daily limit have fired.

use std::collections::BTreeMap;

use super::engine::{Rows, collect, try_scan};
use super::keys::{Keys, read_u64};
use super::txn::Txn;
use crate::domain::ids::RuleId;
use crate::store::{Result, RuleUse, StoreError};

/// Counts one use of each rule, or refuses the first that has none left.
pub(crate) fn take(txn: &mut Txn<'_>, uses: &[RuleUse]) -> Result<()> {
    for RuleUse { rule, day, max } in uses {
        let key = txn.keys.rule_use(*day, rule.as_str());
        let used = number(txn.get(&key)?.as_deref())?;
        if used >= u64::from(*max) {
            return Err(StoreError::LimitReached { rule: rule.clone() });
        }
        txn.put(key, (used + 1).to_be_bytes().to_vec());
    }
    Ok(())
}

/// How often each rule has fired on a day.
pub(crate) fn on(
    rows: &dyn Rows,
    keys: &Keys,
    day: jiff::civil::Date,
) -> Result<BTreeMap<RuleId, u32>> {
    let mut uses = BTreeMap::new();
    try_scan(rows, &keys.rule_uses(day), |key, value| {
        let corrupt = StoreError::Corrupt { what: "rule use" };
        let rule = keys.rule_of(key).ok_or(corrupt)?;
        let used = u32::try_from(number(Some(value))?).unwrap_or(u32::MAX);
        uses.insert(RuleId::from(rule), used);
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(uses)
}

/// Forgets the days before this one, at most so many rows.
pub(crate) fn forget_before(
    txn: &mut Txn<'_>,
    day: jiff::civil::Date,
    limit: usize,
) -> Result<usize> {
    let rows = collect(txn, &txn.keys.rule_uses_before(day), limit)?;
    for (key, _) in &rows {
        txn.delete(key.clone());
    }
    Ok(rows.len())
}

/// The number in a row.
pub(crate) fn number(value: Option<&[u8]>) -> Result<u64> {
    match value {
        None => Ok(0),
        Some(value) => read_u64(value).ok_or(StoreError::Corrupt { what: "rule use" }),
    }
}
