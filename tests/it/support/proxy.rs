//! The network between the agent and the mock, as bad as a test wants it.

use std::net::SocketAddr;
use std::time::Duration;

use mock_wecom::MockWecom;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the network behaves. A change breaks every connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Everything gets through.
    Good,
    /// Every answer takes so long.
    Slow(Duration),
    /// Connections are taken, and nothing ever comes back.
    Silent,
    /// Nobody takes connections.
    Gone,
}

/// A way to a mock.
pub struct Proxy {
    /// What the agent's `api_base` is.
    pub url: String,
    network: watch::Sender<Network>,
}

impl Proxy {
    /// A good network to a mock.
    pub async fn to(mock: &MockWecom) -> Self {
        let target = mock.base_url();
        let target = target.strip_prefix("http://").expect("plain HTTP");
        let target: SocketAddr = target.parse().expect("an address");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (network, seen) = watch::channel(Network::Good);
        tokio::spawn(serve(listener, target, seen));
        let url = format!("http://{address}");
        Self { url, network }
    }

    /// Changes the network.
    pub fn set(&self, network: Network) {
        self.network.send_replace(network);
    }
}

async fn serve(listener: TcpListener, target: SocketAddr, mut seen: watch::Receiver<Network>) {
    let address = listener.local_addr().expect("an address");
    let mut listener = Some(listener);
    loop {
        let network = *seen.borrow_and_update();
        if network == Network::Gone {
            listener = None;
            if seen.changed().await.is_err() {
                return;
            }
            continue;
        }
        if listener.is_none() {
            listener = Some(TcpListener::bind(address).await.expect("the port is free"));
        }
        let Some(open) = &listener else { continue };
        tokio::select! {
            changed = seen.changed() => if changed.is_err() { return },
            accepted = open.accept() => {
                if let Ok((stream, _)) = accepted {
                    tokio::spawn(connection(stream, target, network, seen.clone()));
                }
            }
        }
    }
}

/// One connection, until the network changes.
async fn connection(
    stream: TcpStream,
    target: SocketAddr,
    network: Network,
    mut seen: watch::Receiver<Network>,
) {
    let carried = async {
        match network {
            Network::Good => carry(stream, target, Duration::ZERO).await,
            Network::Slow(wait) => carry(stream, target, wait).await,
            Network::Silent | Network::Gone => {
                let _held = stream;
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        _ = seen.changed() => {}
        () = carried => {}
    }
}

async fn carry(mut client: TcpStream, target: SocketAddr, wait: Duration) {
    let Ok(mut server) = TcpStream::connect(target).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let there = async { copy(&mut from_client, &mut to_server).await.ok() };
    let back = async {
        let mut bytes = [0; 16 * 1024];
        while let Ok(length @ 1..) = from_server.read(&mut bytes).await {
            tokio::time::sleep(wait).await;
            if to_client.write_all(&bytes[..length]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        _ = there => {}
        () = back => {}
    }
}
