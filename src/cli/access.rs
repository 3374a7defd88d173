//! The store itself, or the server that holds it.

use std::sync::Arc;

use anyhow::{Context as _, bail};

use bytes::Bytes;

use super::output::Terminal;
use super::{ConfigArg, environment, moved_clock, operator};
use crate::app::{self, ControlClient, Reply, Request};
use crate::backup::{Head, stream};
use crate::config::Config;
use crate::domain::clock::{SharedClock, SystemClock, UnixMillis};
use crate::store::{Store, StoreError};

/// A way to the data, whether a server runs or not.
pub(super) struct Access {
    way: Way,
    pub(super) config: Config,
}

enum Way {
    Store(Arc<dyn Store>, SharedClock),
    Server(ControlClient),
}

impl Access {
    pub(super) async fn open(config: &ConfigArg, terminal: &Terminal) -> anyhow::Result<Self> {
        let (config, _) = Config::load(&config.config, &environment).map_err(|report| {
            terminal.report(&report);
            anyhow::anyhow!(terminal.lang.text("cli.bad_config", &[]))
        })?;
        // These verbs look at data and make none: a folder that they made would belong to
        // whoever asked, not to the server's account.
        if let Some(folder) = config.data_folder().filter(|folder| !folder.exists()) {
            let folder = folder.display().to_string();
            bail!(terminal.lang.text("cli.no_data", &[("folder", &folder)]));
        }
        let way = match app::open_store(&config).await {
            Ok(store) => {
                let clock = moved_clock::choose(&config.api_base, &environment);
                Way::Store(store, clock.unwrap_or_else(|| Arc::new(SystemClock)))
            }
            Err(StoreError::InUse { .. }) => {
                let socket = app::socket_path(&config).context("the control socket")?;
                Way::Server(ControlClient::new(&socket).context("the control socket")?)
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Self { way, config })
    }

    /// What time it is for whoever holds the data: a server may run on a moved clock.
    pub(super) async fn now(&self) -> anyhow::Result<UnixMillis> {
        match self.ask(Request::Now).await? {
            Reply::Now(now) => Ok(now),
            _ => bail!("unexpected answer"),
        }
    }

    /// Asks. What changes something is kept with who wanted it.
    pub(super) async fn ask(&self, request: Request) -> anyhow::Result<Reply> {
        let request = if request.is_change() {
            Request::By(operator::operator(), Box::new(request))
        } else {
            request
        };
        Ok(match &self.way {
            Way::Store(store, clock) => app::carry_out(store.as_ref(), clock, request).await?,
            Way::Server(client) => client.ask(&request).await?,
        })
    }

    /// Everything as it is now, as the pieces of a backup.
    pub(super) async fn backup(&self) -> anyhow::Result<Pieces> {
        Ok(match &self.way {
            Way::Store(store, clock) => {
                let head = Head::new(self.config.corp.clone(), clock.now());
                Pieces::Own(stream(Arc::clone(store), head))
            }
            Way::Server(client) => Pieces::Sent(Box::new(client.backup().await?)),
        })
    }
}

/// The pieces of a backup on their way.
pub(super) enum Pieces {
    Own(tokio::sync::mpsc::Receiver<Result<Bytes, StoreError>>),
    Sent(Box<reqwest::Response>),
}

impl Pieces {
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Bytes>> {
        Ok(match self {
            Self::Own(pieces) => pieces.recv().await.transpose()?,
            Self::Sent(response) => response.chunk().await?,
        })
    }
}

/// A time in the company's zone.
pub(super) fn local(at: UnixMillis, zone: &jiff::tz::TimeZone) -> String {
    at.timestamp()
        .to_zoned(zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}
