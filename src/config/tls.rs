//! The certificate and key of the callback listener.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Two PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and behind it those that vouch for it.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Why a certificate cannot be used. Nothing of the key's content is told.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no PEM certificate in the file.
    #[error("{} holds no certificate", path.display())]
    NoCertificate {
        /// Which.
        path: PathBuf,
    },
    /// There is no PEM key in the file.
    #[error("{} holds no private key", path.display())]
    NoKey {
        /// Which.
        path: PathBuf,
    },
    /// Certificate and key do not belong together, or are of no known kind.
    #[error("{} cannot be used with its key", path.display())]
    Unusable {
        /// The certificate.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

impl TlsError {
    /// The file that is to be looked at.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Unreadable { path, .. }
            | Self::NoCertificate { path }
            | Self::NoKey { path }
            | Self::Unusable { path, .. } => path,
        }
    }
}

impl TlsFiles {
    /// Reads both files and makes of them what a listener needs.
    ///
    /// # Errors
    /// If a file cannot be read, or the two cannot be used together.
    pub fn load(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let path = || self.cert.clone();
        let certs = CertificateDer::pem_slice_iter(&read(&self.cert)?)
            .collect::<Result<Vec<_>, _>>()
            .unwrap_or_default();
        if certs.is_empty() {
            return Err(TlsError::NoCertificate { path: path() });
        }
        let key = PrivateKeyDer::from_pem_slice(&read(&self.key)?).map_err(|_| {
            let path = self.key.clone();
            TlsError::NoKey { path }
        })?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let unusable = |source| TlsError::Unusable {
            path: path(),
            source,
        };
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_no_client_auth()
            .with_single_cert(certs, key)
            .map_err(unusable)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Unreadable {
        path: path.to_path_buf(),
        source,
    })
}
