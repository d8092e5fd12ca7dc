//! TLS of outgoing connections: the system's certificate authorities, read once per process, and what a
//! refused certificate means in words.

use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock};

use rustls::crypto::CryptoProvider;
use rustls::{CertificateError, ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};

/// The configuration of a new client: that of its credentials, or one that trusts the system's
/// authorities. Sessions are never shared: every client gets its own store.
pub(crate) fn configuration(own: Option<&ClientConfig>) -> ClientConfig {
    let mut configuration = own.cloned().unwrap_or_else(|| {
        builder()
            .with_root_certificates(system_roots())
            .with_no_client_auth()
    });
    configuration.resumption = rustls::client::Resumption::default();
    configuration
}

/// The system's certificate authorities, or those of `SSL_CERT_FILE`; none when there are none.
pub(crate) fn system_roots() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let read = || {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let errors = found.errors;
            tracing::warn!(
                "no certificate authorities found ({errors:?}): https addresses will fail, unless their \
                 port names its own"
            );
        }
        Arc::new(roots)
    };
    ROOTS.get_or_init(read).clone()
}

pub(crate) fn builder() -> ConfigBuilder<ClientConfig, WantsVerifier> {
    ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports the default TLS versions")
}

pub(crate) fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

/// What to do when the reason is in TLS: the server's certificate was refused, or ours was.
pub(super) fn advice(error: &(dyn Error + 'static)) -> Option<&'static str> {
    match cause(error)? {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => Some(
            "the server's certificate is by an authority that is not trusted here; if it is yours, name it in \
             the port's credentials: authorities = \"….pem\"",
        ),
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => Some("the server's certificate is for another name than the address has"),
        rustls::Error::AlertReceived(_) => Some(
            "the server ended it; if it asks for a client certificate, name one in the port's credentials: \
             client-certificate = { … }",
        ),
        _ => None,
    }
}

/// The error of TLS among an error's causes. It comes wrapped into errors of the connection, whose own
/// `source` passes over it.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        let tls = match wrapped {
            Some(wrapped) => wrapped.downcast_ref(),
            None => error.downcast_ref(),
        };
        if tls.is_some() {
            return tls;
        }
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_tls_is_found_however_deep_it_is() {
        let refused = || rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let once = io::Error::new(io::ErrorKind::InvalidData, refused());
        let twice = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, refused()));
        for error in [&refused() as &(dyn Error + 'static), &once, &twice] {
            let advice = advice(error).expect("advice");
            assert!(advice.contains("authorities"), "{advice}");
        }
        assert_eq!(advice(&io::Error::other("something else")), None);
        assert_eq!(
            advice(&io::Error::from(io::ErrorKind::ConnectionRefused)),
            None
        );
    }
}
