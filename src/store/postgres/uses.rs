//! How often rules with a daily limit have fired.

use std::collections::BTreeMap;

use jiff::civil::Date;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::session::Session;
use super::values::{text, untext};
use crate::domain::ids::RuleId;
use crate::store::{Result, RuleUse, StoreError};

/// Days since 2000-01-01, as PostgreSQL counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(pub(super) Date);

const FIRST: Date = jiff::civil::date(2000, 1, 1);

impl ToSql for Day {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut bytes::BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let days = FIRST.until(self.0)?.get_days();
        bytes::BufMut::put_i32(out, days);
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::DATE
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Day {
    fn from_sql(
        _: &Type,
        raw: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        let days = i32::from_be_bytes(raw.try_into()?);
        Ok(Self(FIRST.checked_add(jiff::Span::new().try_days(days)?)?))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::DATE
    }
}

const ON: &str = "SELECT rule, used FROM rule_uses WHERE corp_id = $1 AND day = $2 AND used > 0";

/// How often each rule has fired on a day.
pub(super) async fn on(session: &Session, day: Date) -> Result<BTreeMap<RuleId, u32>> {
    let rows = session.rows(ON, &[&session.corp(), &Day(day)]).await?;
    let each = rows.iter();
    Ok(each
        .map(|row| {
            let used: i32 = row.get(1);
            let rule = RuleId::from(untext(row.get(0)));
            (rule, u32::try_from(used).unwrap_or_default())
        })
        .collect())
}

const LOCK: &str = "\
    INSERT INTO rule_uses AS known (corp_id, day, rule, used)
    SELECT $1, day, rule, 0 FROM unnest($2::date[], $3::text[]) AS o (day, rule)
    ORDER BY day, rule
    ON CONFLICT (corp_id, day, rule) DO UPDATE SET used = known.used
    RETURNING day, rule, used";
const WRITE: &str = "\
    UPDATE rule_uses u SET used = o.used
    FROM unnest($2::date[], $3::text[], $4::integer[]) AS o (day, rule, used)
    WHERE u.corp_id = $1 AND u.day = o.day AND u.rule = o.rule";

/// The uses of some rules, which nobody else counts until the transaction ends.
pub(super) struct Counted(BTreeMap<(Day, String), i32>);

impl Counted {
    /// Those that these decisions may use.
    pub(super) async fn of<'u>(
        session: &Session,
        uses: impl Iterator<Item = &'u RuleUse>,
    ) -> Result<Self> {
        let mut counted = BTreeMap::new();
        for RuleUse { rule, day, .. } in uses {
            counted.insert((Day(*day), text(rule.as_str()).into_owned()), 0);
        }
        if counted.is_empty() {
            return Ok(Self(counted));
        }
        let days: Vec<Day> = counted.keys().map(|(day, _)| *day).collect();
        let rules: Vec<&String> = counted.keys().map(|(_, rule)| rule).collect();
        let rows = session
            .rows(LOCK, &[&session.corp(), &days, &rules])
            .await?;
        let each = rows.iter();
        Ok(Self(
            each.map(|row| ((row.get(0), row.get(1)), row.get(2)))
                .collect(),
        ))
    }

    /// Counts one use of each rule, or refuses the first that has none left and counts none.
    pub(super) fn take(&mut self, uses: &[RuleUse]) -> Result<()> {
        let mut after = self.0.clone();
        for RuleUse { rule, day, max } in uses {
            let key = (Day(*day), text(rule.as_str()).into_owned());
            let used = after.entry(key).or_default();
            if i64::from(*used) >= i64::from(*max) {
                return Err(StoreError::LimitReached { rule: rule.clone() });
            }
            *used += 1;
        }
        self.0 = after;
        Ok(())
    }

    /// Writes the counts.
    pub(super) async fn write(self, session: &Session) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let days: Vec<Day> = self.0.keys().map(|(day, _)| *day).collect();
        let rules: Vec<&String> = self.0.keys().map(|(_, rule)| rule).collect();
        let used: Vec<i32> = self.0.values().copied().collect();
        session
            .run(WRITE, &[&session.corp(), &days, &rules, &used])
            .await?;
        Ok(())
    }
}
