//! `/healthz`, `/readyz`, `/metrics`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::sync::Notify;

use crate::domain::clock::{SharedClock, UnixMillis};
use crate::playbook::{CurrentPlaybook, Playbook};
use crate::receive::sync_contacts;
use crate::sops::SopSet;
use crate::store::Store;
use crate::telemetry::Metrics;

/// What became of the last look at the operators' files.
#[derive(Debug, Clone)]
pub struct ReloadState {
    inner: Arc<Mutex<Inner>>,
    /// Wakes the reloader.
    pub wanted: Arc<Notify>,
    wish: Arc<AtomicBool>,
}

#[derive(Debug, Clone)]
struct Inner {
    version: String,
    sops: Sops,
    /// Its number in `rules history`.
    number: Option<u64>,
    since: Option<UnixMillis>,
    problem: Option<Problem>,
    /// So many sets were taken over.
    taken: u64,
}

/// The plans in force.
#[derive(Debug, Clone, serde::Serialize)]
struct Sops {
    plans: usize,
    version: String,
}

impl Sops {
    fn of(sops: &SopSet) -> Self {
        Self {
            plans: sops.iter().count(),
            version: sops.version(),
        }
    }
}

/// Why the files on the disk are not in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How many errors they have.
    pub errors: usize,
    /// The first one, in the language of the config.
    pub problem: String,
    /// The same in English.
    pub english: String,
}

/// What somebody who watches the files wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// So many sets were taken over since the start.
    pub taken: u64,
    /// The number of the one in force, once it is kept.
    pub number: Option<u64>,
    /// Why the files are not in force.
    pub problem: Option<Problem>,
}

impl ReloadState {
    /// The state right after a start with a good set.
    #[must_use]
    pub fn new(current: &CurrentPlaybook) -> Self {
        let playbook = current.get();
        let version = playbook.rules.version().to_owned();
        metrics::gauge!("wecom_agent_reload_ok").set(1.0);
        Self {
            inner: Arc::new(Mutex::new(Inner {
                version,
                sops: Sops::of(&playbook.sops),
                number: None,
                since: None,
                problem: None,
                taken: 0,
            })),
            wanted: Arc::new(Notify::new()),
            wish: Arc::default(),
        }
    }

    /// Asks for a reload even if no file seems to have changed (SIGHUP).
    pub fn wish(&self) {
        self.wish.store(true, Ordering::Release);
        self.wanted.notify_one();
    }

    /// Whether a reload was asked for since the last look.
    #[must_use]
    pub(super) fn take_wish(&self) -> bool {
        self.wish.swap(false, Ordering::AcqRel)
    }

    /// A new set is in force. Whether the files were not usable before.
    pub fn loaded(&self, playbook: &Playbook, now: UnixMillis) -> bool {
        metrics::gauge!("wecom_agent_reload_ok").set(1.0);
        metrics::counter!("wecom_agent_reloads_total", "result" => "ok").increment(1);
        let mut inner = self.lock();
        playbook.rules.version().clone_into(&mut inner.version);
        inner.sops = Sops::of(&playbook.sops);
        inner.since = Some(now);
        inner.number = None;
        inner.taken += 1;
        inner.problem.take().is_some()
    }

    /// The set in force is kept under this number.
    pub fn numbered(&self, number: u64) {
        self.lock().number = Some(number);
    }

    /// The files are not usable; the last good set stays. Whether that was not known yet.
    pub fn kept(&self, problem: Problem) -> bool {
        metrics::gauge!("wecom_agent_reload_ok").set(0.0);
        metrics::counter!("wecom_agent_reloads_total", "result" => "kept").increment(1);
        self.lock().problem.replace(problem.clone()) != Some(problem)
    }

    /// How it stands now.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let inner = self.lock().clone();
        Standing {
            taken: inner.taken,
            number: inner.number,
            problem: inner.problem,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Status {
    metrics: Metrics,
    store: Arc<dyn Store>,
    clock: SharedClock,
    reload: ReloadState,
}

pub(super) fn router(
    metrics: Metrics,
    store: Arc<dyn Store>,
    clock: SharedClock,
    reload: ReloadState,
) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(ready))
        .route("/metrics", get(prometheus))
        .with_state(Arc::new(Status {
            metrics,
            store,
            clock,
            reload,
        }))
}

async fn ready(State(status): State<Arc<Status>>) -> impl IntoResponse {
    let reload = status.reload.lock().clone();
    let rules = json!({
        "version": reload.version,
        "number": reload.number,
        "sops": reload.sops,
        "reloaded_at_ms": reload.since,
        "errors": reload.problem.as_ref().map_or(0, |problem| problem.errors),
        "problem": reload.problem.map(|problem| problem.problem),
    });
    // A store that fails is told below.
    let contacts = sync_contacts::status(status.store.as_ref()).await.ok();
    match status.store.depths(status.clock.now()).await {
        Ok(depths) => (
            StatusCode::OK,
            Json(json!({
                "ready": true, "store": "ok", "rules": rules, "queues": depths,
                "contacts": contacts,
            })),
        ),
        Err(error) => (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(json!({ "ready": false, "store": error.to_string(), "rules": rules })),
        ),
    }
}

async fn prometheus(State(status): State<Arc<Status>>) -> impl IntoResponse {
    if let Ok(depths) = status.store.depths(status.clock.now()).await {
        let rows = [
            ("inbox", depths.inbox),
            ("dead", depths.dead),
            ("outbox", depths.outbox),
            ("failed", depths.failed),
            ("unknown", depths.unknown),
            ("timers", depths.timers),
        ];
        for (queue, count) in rows {
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
            metrics::gauge!("wecom_agent_queue_depth", "queue" => queue).set(count as f64);
        }
        for (queue, age) in [
            ("inbox", depths.inbox_age_ms),
            ("outbox", depths.outbox_age_ms),
        ] {
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
            metrics::gauge!("wecom_agent_queue_age_seconds", "queue" => queue)
                .set(age as f64 / 1000.0);
        }
    }
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        status.metrics.render(),
    )
}
