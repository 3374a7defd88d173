//! `[server]`: where to listen, and with which certificate.

use std::net::SocketAddr;

use toml::Spanned;

use super::{Builder, DEFAULT_LISTEN};
use crate::config::MISSING;
use crate::config::file::TlsSection;
use crate::config::tls::{TlsError, TlsFiles};
use crate::diagnostic::{Diagnostic, Severity};

impl Builder<'_> {
    pub(super) fn listen(&mut self, listen: Option<&Spanned<String>>) -> Option<SocketAddr> {
        match listen {
            Some(listen) => self.address(listen),
            None => DEFAULT_LISTEN.parse().ok(),
        }
    }

    /// Nothing written is fine; what is written must be an address.
    pub(super) fn admin(&mut self, admin: Option<&Spanned<String>>) -> Option<Option<SocketAddr>> {
        match admin {
            Some(admin) => self.address(admin).map(Some),
            None => Some(None),
        }
    }

    fn address(&mut self, written: &Spanned<String>) -> Option<SocketAddr> {
        let text = written.get_ref();
        let parsed = text.parse().ok();
        if parsed.is_none() {
            let values = [("value", text.clone())];
            self.error("A009", "config.listen", Some(&written.span()), &values);
        }
        parsed
    }

    /// A certificate that cannot be used is found here and not by the first customer.
    pub(super) fn tls(&mut self, tls: Option<&Spanned<TlsSection>>) -> Option<Option<TlsFiles>> {
        let Some(written) = tls else {
            return Some(None);
        };
        let section = written.get_ref();
        let files = TlsFiles {
            cert: self.base().join(&section.cert),
            key: self.base().join(&section.key),
        };
        let Err(error) = files.load() else {
            return Some(Some(files));
        };
        let unusable =
            |detail| Diagnostic::new("A030", Severity::Error, "config.tls").entry("detail", detail);
        let found = match &error {
            TlsError::Unreadable { source, .. } => {
                Diagnostic::new(MISSING[2], Severity::Error, "config.file_missing")
                    .value("key", "server.tls")
                    .system(source)
            }
            TlsError::NoCertificate { .. } => unusable("config.tls_no_cert"),
            TlsError::NoKey { .. } => unusable("config.tls_no_key"),
            TlsError::Unusable { .. } => unusable("config.tls_no_pair"),
        };
        let found = found.value("path", error.path().display().to_string());
        self.problem(found, Some(&written.span()));
        None
    }
}
