//! Removes what is past its retention, a bounded piece at a time.
//!
//! What waits is never removed, however old. Dead letters and unknown outcomes that nobody has
//! looked after go like the rest: they hold a customer's words, too.

use std::time::Duration;

use super::session::{Params, Session};
use super::uses::Day;
use super::values::{Time, most};
use crate::domain::clock::UnixMillis;
use crate::store::{Result, Retention};

const DEDUPE: &str = "\
    DELETE FROM dedupe d USING (
        SELECT key FROM dedupe WHERE corp_id = $1 AND received_at < $2
        ORDER BY received_at LIMIT $3) o
    WHERE d.corp_id = $1 AND d.key = o.key";
/// Their dedupe keys went before them.
const RECORDS: &str = "\
    WITH past AS MATERIALIZED (
        SELECT id FROM inbox
        WHERE corp_id = $1 AND received_at < $2 AND state NOT IN ('ready', 'working')
        ORDER BY received_at LIMIT $3
    ), traces_gone AS (
        DELETE FROM traces t USING past WHERE t.corp_id = $1 AND t.record_id = past.id
    )
    DELETE FROM inbox i USING past WHERE i.corp_id = $1 AND i.id = past.id";
const EFFECTS: &str = "\
    DELETE FROM outbox e USING (
        SELECT id FROM outbox
        WHERE corp_id = $1 AND decided_at < $2 AND state NOT IN ('ready', 'working')
        ORDER BY decided_at LIMIT $3) o
    WHERE e.corp_id = $1 AND e.id = o.id";
/// Those of what did not become what the rules say stay as long as the record.
const TRACES: &str = "\
    DELETE FROM traces t USING (
        SELECT t.record_id FROM traces t
        LEFT JOIN inbox i ON i.corp_id = t.corp_id AND i.id = t.record_id
        WHERE t.corp_id = $1 AND t.received_at < $2
          AND (i.id IS NULL OR NOT (
            jsonb_path_exists(t.trace, '$.steps[*].problem ? (@ != null)')
            OR EXISTS (SELECT FROM outbox e WHERE e.corp_id = t.corp_id
                AND e.id = ANY(i.effects)
                AND e.state IN ('failed', 'unknown', 'dropped'))))
        ORDER BY t.received_at LIMIT $3) o
    WHERE t.corp_id = $1 AND t.record_id = o.record_id";
const USES: &str = "\
    DELETE FROM rule_uses u USING (
        SELECT day, rule FROM rule_uses WHERE corp_id = $1 AND day < $2 LIMIT $3) o
    WHERE u.corp_id = $1 AND u.day = o.day AND u.rule = o.rule";
const QUOTAS: &str = "\
    DELETE FROM quotas q USING (
        SELECT window_ms, key FROM quotas WHERE corp_id = $1 AND over_at <= $2
        ORDER BY over_at LIMIT $3 FOR UPDATE SKIP LOCKED) o
    WHERE q.corp_id = $1 AND q.window_ms = o.window_ms AND q.key = o.key AND q.over_at <= $2";
const SOP_ROWS: &str = "\
    DELETE FROM sop_rows r USING (
        SELECT sop, run_at, contact, step FROM sop_rows
        WHERE corp_id = $1 AND GREATEST(decided_at, delivery_at) < $2
        ORDER BY GREATEST(decided_at, delivery_at) LIMIT $3) o
    WHERE r.corp_id = $1 AND r.sop = o.sop AND r.run_at = o.run_at AND r.contact = o.contact
      AND r.step = o.step";
const TARGETS: &str = "\
    DELETE FROM broadcast_targets t USING (
        SELECT t.broadcast_id, t.contact FROM broadcasts b
        JOIN broadcast_targets t ON t.corp_id = b.corp_id AND t.broadcast_id = b.id
        WHERE b.corp_id = $1 AND b.opened_at < $2 AND b.due_at IS NULL
        ORDER BY t.broadcast_id, t.contact LIMIT $3) o
    WHERE t.corp_id = $1 AND t.broadcast_id = o.broadcast_id AND t.contact = o.contact";
const BROADCASTS: &str = "\
    DELETE FROM broadcasts b USING (
        SELECT b.id FROM broadcasts b
        WHERE b.corp_id = $1 AND b.opened_at < $2 AND b.due_at IS NULL
          AND NOT EXISTS (SELECT FROM broadcast_targets t
                WHERE t.corp_id = b.corp_id AND t.broadcast_id = b.id)
        ORDER BY b.id LIMIT $3) o
    WHERE b.corp_id = $1 AND b.id = o.id";
const RECEIVED: &str = "\
    DELETE FROM mass_received r USING (
        SELECT contact FROM mass_received WHERE corp_id = $1 AND over_at <= $2
        ORDER BY over_at LIMIT $3 FOR UPDATE SKIP LOCKED) o
    WHERE r.corp_id = $1 AND r.contact = o.contact AND r.over_at <= $2";
const AUDIT: &str = "\
    DELETE FROM audit a USING (
        SELECT id FROM audit WHERE corp_id = $1 AND at < $2 ORDER BY id LIMIT $3) o
    WHERE a.corp_id = $1 AND a.id = o.id";
/// Processes that were killed say no goodbye.
const REPLICAS: &str = "DELETE FROM replicas WHERE seen_at < clock_timestamp() - interval '1 day'";

/// Removes at most `limit` things and says how many.
pub(super) async fn prune(
    session: &Session,
    retention: Retention,
    now: UnixMillis,
    limit: usize,
) -> Result<usize> {
    let corp = session.corp();
    // A record holds its own dedupe key, so it stays at least as long as that.
    let items = Time(now.before(retention.history.max(retention.dedupe)));
    let reports = Time(now.before(retention.reports));
    let audit = Time(now.before(retention.audit));
    let dedupe = Time(now.before(retention.dedupe));
    let traces = Time(now.before(retention.traces));
    let uses = Day(first_day(now));
    let now = Time(now);
    let mut left = limit;
    let steps: [(&str, &(dyn tokio_postgres::types::ToSql + Sync)); 11] = [
        (DEDUPE, &dedupe),
        (RECORDS, &items),
        (EFFECTS, &items),
        (TRACES, &traces),
        (USES, &uses),
        (QUOTAS, &now),
        (SOP_ROWS, &reports),
        (TARGETS, &reports),
        (BROADCASTS, &reports),
        (RECEIVED, &now),
        (AUDIT, &audit),
    ];
    for (sql, past) in steps {
        if left == 0 {
            return Ok(limit);
        }
        let most = most(left);
        let params: Params<'_> = &[&corp, past, &most];
        let removed = session.run(sql, params).await?;
        left = left.saturating_sub(usize::try_from(removed).unwrap_or(usize::MAX));
    }
    session.run(REPLICAS, &[]).await?;
    Ok(limit - left)
}

/// The first day whose uses of rules may still count in some zone.
fn first_day(now: UnixMillis) -> jiff::civil::Date {
    let two_days_ago = now.before(Duration::from_secs(2 * 86_400)).timestamp();
    two_days_ago.to_zoned(jiff::tz::TimeZone::UTC).date()
}
