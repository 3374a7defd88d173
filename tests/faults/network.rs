//! What cannot be reached was certainly not told: no name, no trust, nobody there.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use wecom_agent::config::Config;
use wecom_agent::domain::clock::SystemClock;
use wecom_agent::gateway::Gateway;
use wecom_agent::lang::Lang;
use wecom_agent::wecom::api::kf::account_list;
use wecom_agent::wecom::error::{Disposition, Error};

/// A certificate that nobody trusts, and its key: made for this test, used for nothing else.
const CERTIFICATE: &[u8] = include_bytes!("data/cert.der");
const KEY: &[u8] = include_bytes!("data/key.der");

/// What a call at this base ends in.
async fn call(api_base: &str) -> Error {
    let text = format!(
        "[corp]\nid = \"ww1\"\n[wecom]\napi_base = \"{api_base}\"\ntimeout = \"2s\"\n\
         [[app]]\nname = \"kf\"\nkind = \"kf\"\nsecret = \"CANARY-SECRET\"\ntoken = \"T\"\n\
         encoding_aes_key = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"\n"
    );
    let parsed = Config::parse(&text, Path::new("agent.toml"), &|_| None);
    let (config, _) = parsed.unwrap_or_else(|report| panic!("{}", report.human(Lang::En)));
    let gateway = Gateway::new(&config, Arc::new(SystemClock), None).expect("a gateway");
    let app = gateway.app(&"kf".into()).expect("the app");
    let called = app.call(&account_list::Request::from_offset(0)).await;
    called.expect_err("nobody answers there")
}

/// Certainly not done, tried again later, and no secret in the words.
fn certainly_not_done(error: &Error) {
    assert!(error.certainly_not_done(), "{error:?}");
    let later = matches!(error.disposition(), Disposition::Backoff { .. });
    assert!(later, "{:?}", error.disposition());
    assert!(!format!("{error} {error:?}").contains("CANARY"));
}

/// Serves one connection after the other and tells what each sent in the clear.
fn serve(talk: impl Fn(TcpStream) -> Vec<u8> + Send + 'static) -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (told, heard) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let heard = stream.map(&talk).unwrap_or_default();
            if told.send(heard).is_err() {
                return;
            }
        }
    });
    (format!("https://{address}"), heard)
}

#[tokio::test]
async fn a_name_that_is_gone_is_certainly_not_done() {
    certainly_not_done(&call("https://qyapi.invalid").await);
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_certainly_not_done() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    certainly_not_done(&call(&format!("https://{address}")).await);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_hears_no_secret() {
    let (base, heard) = serve(|mut stream| {
        let mut bytes = vec![0; 4096];
        let length = stream.read(&mut bytes).unwrap_or(0);
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
        bytes.truncate(length);
        bytes
    });
    certainly_not_done(&call(&base).await);
    let heard = heard.recv().expect("a connection");
    assert!(!String::from_utf8_lossy(&heard).contains("CANARY"));
}

#[tokio::test]
async fn a_server_with_a_certificate_that_nobody_trusts_hears_nothing() {
    wecom_agent::gateway::install_crypto();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(KEY);
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![CERTIFICATE.into()], key.into());
    let config = Arc::new(config.expect("a certificate"));
    let (base, heard) = serve(move |mut stream| {
        let mut server = rustls::ServerConnection::new(Arc::clone(&config)).expect("a server");
        let mut heard = Vec::new();
        // Ends with the alert of the client, or with the connection.
        drop(rustls::Stream::new(&mut server, &mut stream).read_to_end(&mut heard));
        heard
    });
    certainly_not_done(&call(&base).await);
    assert_eq!(
        heard.recv().expect("a connection"),
        b"",
        "not a byte in confidence"
    );
}
