//! Logs and metrics. Neither ever holds a secret or a customer's text.

use std::io::IsTerminal as _;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines.
    Json,
}

/// Whose details may be logged. Below `info` others quote what passes through them: a store
/// its rows, an HTTP client its URLs.
const OURS: [&str; 2] = ["wecom_agent", "mock_wecom"];

/// Whether a line may be logged at all, whatever `RUST_LOG` says.
fn may_be_told(line: &tracing::Metadata<'_>) -> bool {
    let ours = OURS.iter().any(|ours| line.target().starts_with(ours));
    ours || *line.level() <= tracing::Level::INFO
}

/// Starts logging to standard error. `RUST_LOG` overrides `level`.
pub fn start_logs(format: LogFormat, level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let registry = tracing_subscriber::registry()
        .with(filter)
        .with(filter_fn(may_be_told));
    // A second start (two servers in one test process) keeps the first.
    let started = match format {
        LogFormat::Text => {
            let ansi = std::io::stderr().is_terminal();
            let layer = tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(ansi);
            registry.with(layer).try_init()
        }
        LogFormat::Json => {
            let layer = tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_writer(std::io::stderr);
            registry.with(layer).try_init()
        }
    };
    drop(started);
}

/// Where metrics are read.
#[derive(Debug, Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Starts collecting for the whole process.
    #[must_use]
    pub fn start() -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        drop(metrics::set_global_recorder(recorder));
        describe();
        Self(handle)
    }

    /// The text that Prometheus reads.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!("wecom_agent_callbacks_total", "Callbacks by app and result");
    describe_counter!(
        "wecom_agent_kf_messages_total",
        "kf messages pulled, by result"
    );
    describe_counter!("wecom_agent_decisions_total", "Records decided");
    describe_counter!("wecom_agent_rules_fired_total", "Rules that fired, by rule");
    describe_counter!(
        "wecom_agent_effects_decided_total",
        "Effects put into the outbox"
    );
    describe_counter!(
        "wecom_agent_effects_total",
        "Attempts by endpoint and outcome"
    );
    describe_counter!(
        "wecom_agent_paced_total",
        "Attempts put off to keep a limit of WeCom"
    );
    describe_counter!(
        "wecom_agent_token_refreshes_total",
        "gettoken calls by result"
    );
    describe_counter!(
        "wecom_agent_api_calls_total",
        "Calls to WeCom by path and outcome"
    );
    describe_histogram!("wecom_agent_api_seconds", "Duration of calls to WeCom");
    describe_gauge!("wecom_agent_queue_depth", "Rows by queue");
    describe_gauge!(
        "wecom_agent_queue_age_seconds",
        "Age of the oldest waiting row by queue"
    );
    describe_gauge!(
        "wecom_agent_reload_ok",
        "1 if the files on disk are the ones in force"
    );
    describe_counter!("wecom_agent_reloads_total", "Reloads by result");
    describe_counter!(
        "wecom_agent_answers_held_total",
        "Answers that the loop guard held back"
    );
    describe_counter!(
        "wecom_agent_timers_fired_total",
        "Timers that came due: reminders and steps of SOPs"
    );
}
