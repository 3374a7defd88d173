//! The way to the server: what the URL says, and TLS.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A server that is gone without a word is noticed after this.
const SILENCE: Duration = Duration::from_secs(15);

/// Why a URL cannot be used. The URL itself is not in it: a password may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It is no URL of PostgreSQL.
    #[error("not a URL like postgres://user:password@host:5432/database")]
    Malformed,
    /// `sslmode` has another value.
    #[error("sslmode must be disable, prefer, require, verify-ca or verify-full")]
    SslMode,
    /// The file of `sslrootcert` cannot be used.
    #[error("the certificates of sslrootcert cannot be read")]
    RootCert,
    /// The system's own certificates cannot be used.
    #[error("the system's root certificates cannot be used")]
    SystemRoots,
}

/// Where the server is and how to talk to it.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) config: tokio_postgres::Config,
    pub(super) tls: Tls,
}

impl Target {
    /// Reads a URL: what libpq understands, as far as it makes sense here.
    pub(super) fn of(url: &str) -> Result<Self, UrlError> {
        let url = Url::of(url)?;
        let mut config: tokio_postgres::Config =
            url.plain.parse().map_err(|_| UrlError::Malformed)?;
        if config.get_hosts().is_empty() || config.get_user().is_none() {
            return Err(UrlError::Malformed);
        }
        let (mode, verifies) = match url.mode.as_deref() {
            None | Some("prefer" | "allow") => (SslMode::Prefer, false),
            Some("disable") => (SslMode::Disable, false),
            Some("require") => (SslMode::Require, false),
            Some("verify-ca" | "verify-full") => (SslMode::Require, true),
            Some(_) => return Err(UrlError::SslMode),
        };
        config.ssl_mode(mode);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("wecom-agent");
        }
        config.keepalives_idle(SILENCE);
        config.tcp_user_timeout(SILENCE);
        let tls = Tls::new(verifies || url.roots.is_some(), url.roots)?;
        Ok(Self { config, tls })
    }
}

/// A URL without what tokio-postgres does not know.
struct Url {
    plain: String,
    mode: Option<String>,
    roots: Option<PathBuf>,
}

impl Url {
    fn of(url: &str) -> Result<Self, UrlError> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(UrlError::Malformed);
        }
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut roots, mut kept) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value.to_owned()),
                Some(("sslrootcert", "system")) => mode = Some("verify-full".to_owned()),
                Some(("sslrootcert", path)) => {
                    let path = reqwest::Url::parse(&format!("file:///?{path}"));
                    let path = path.map_err(|_| UrlError::Malformed)?;
                    let decoded = path.query_pairs().next().map(|(path, _)| path.into_owned());
                    roots = decoded.map(PathBuf::from);
                }
                _ => kept.push(pair),
            }
        }
        let plain = if kept.is_empty() {
            place.to_owned()
        } else {
            format!("{place}?{}", kept.join("&"))
        };
        Ok(Self { plain, mode, roots })
    }
}

/// TLS by rustls, as the URL wants it.
#[derive(Clone)]
pub(super) struct Tls(Arc<ClientConfig>);

impl Tls {
    fn new(verifies: bool, roots: Option<PathBuf>) -> Result<Self, UrlError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder
            .with_safe_default_protocol_versions()
            .map_err(|_| UrlError::SystemRoots)?;
        let config = match (verifies, roots) {
            (_, Some(path)) => {
                let mut store = rustls::RootCertStore::empty();
                let read = CertificateDer::pem_file_iter(path).map_err(|_| UrlError::RootCert)?;
                for certificate in read {
                    let certificate = certificate.map_err(|_| UrlError::RootCert)?;
                    store.add(certificate).map_err(|_| UrlError::RootCert)?;
                }
                builder.with_root_certificates(store).with_no_client_auth()
            }
            (true, None) => builder
                .with_platform_verifier()
                .map_err(|_| UrlError::SystemRoots)?
                .with_no_client_auth(),
            // As libpq does it: `require` hides the words, but does not ask who listens.
            (false, None) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyServer(provider)))
                .with_no_client_auth(),
        };
        Ok(Self(Arc::new(config)))
    }
}

/// Takes every certificate, but lets nobody forge the handshake.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

impl<S> MakeTlsConnect<S> for Tls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Secured<S>;
    type TlsConnect = Handshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Handshake, io::Error> {
        Ok(Handshake {
            connector: TlsConnector::from(Arc::clone(&self.0)),
            // A socket's path is no name; only `require` gets this far with one.
            name: ServerName::try_from(domain.to_owned()).ok(),
        })
    }
}

/// One handshake to make.
pub(super) struct Handshake {
    connector: TlsConnector,
    name: Option<ServerName<'static>>,
}

type Connecting<S> = Pin<Box<dyn Future<Output = io::Result<Secured<S>>> + Send>>;

impl<S> TlsConnect<S> for Handshake
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Secured<S>;
    type Error = io::Error;
    type Future = Connecting<S>;

    fn connect(self, stream: S) -> Connecting<S> {
        Box::pin(async move {
            let unnamed = || io::Error::new(io::ErrorKind::InvalidInput, "no name for TLS");
            let name = self.name.ok_or_else(unnamed)?;
            Ok(Secured(self.connector.connect(name, stream).await?))
        })
    }
}

/// A stream under TLS.
pub(super) struct Secured<S>(tokio_rustls::client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Secured<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Secured<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Secured<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> Result<SslMode, UrlError> {
        Target::of(url).map(|target| target.config.get_ssl_mode())
    }

    #[test]
    fn sslmode_is_honoured() {
        let url = |query: &str| format!("postgres://a:b@localhost/db{query}");
        assert_eq!(mode(&url("")), Ok(SslMode::Prefer));
        assert_eq!(mode(&url("?sslmode=disable")), Ok(SslMode::Disable));
        assert_eq!(mode(&url("?sslmode=require")), Ok(SslMode::Require));
        assert_eq!(
            mode(&url("?connect_timeout=3&sslmode=require")),
            Ok(SslMode::Require)
        );
        assert_eq!(mode(&url("?sslmode=always")), Err(UrlError::SslMode));
        assert_eq!(
            mode(&url("?sslrootcert=%2Fno%2Fsuch%20file")),
            Err(UrlError::RootCert)
        );
    }

    #[test]
    fn what_is_no_url_is_refused_without_repeating_it() {
        for wrong in [
            "",
            "redis://a/b",
            "postgres://a:geheim@host:port/db",
            "postgres:///db",
        ] {
            let Err(error) = Target::of(wrong) else {
                panic!("{wrong} was taken");
            };
            assert!(!error.to_string().contains("geheim"));
        }
    }

    #[test]
    fn sockets_and_several_hosts_are_understood() {
        let socket = Target::of("postgres://a@%2Frun%2Fpg/db?options=-csearch_path%3Dx");
        assert_eq!(socket.unwrap().config.get_hosts().len(), 1);
        let two = Target::of("postgres://a@one,two:5433/db?target_session_attrs=read-write");
        assert_eq!(two.unwrap().config.get_hosts().len(), 2);
    }
}
