//! A transport's own side of TLS: the authorities it trusts, and the certificate it shows.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};

use super::CredentialError;
use crate::Secret;
use crate::http::tls;

/// What was said about TLS; nothing yet when it is new.
#[derive(Default)]
pub(super) struct Tls {
    roots: Option<RootCertStore>,
    shown: Option<CertifiedKey>,
}

impl Tls {
    /// Trusts these authorities, beside those of the system or instead of them.
    pub(super) fn trust(&mut self, pem: &str, instead: bool) -> Result<(), CredentialError> {
        let mut roots = match instead {
            true => RootCertStore::empty(),
            false => RootCertStore::clone(&tls::system_roots()),
        };
        for authority in certificates(pem)? {
            roots.add(authority).map_err(|error| {
                CredentialError::new(format!("one of the certificates is no authority: {error}"))
            })?;
        }
        self.roots = Some(roots);
        Ok(())
    }

    /// Shows this certificate where one is asked for.
    pub(super) fn show(&mut self, certificate: &str, key: &Secret) -> Result<(), CredentialError> {
        let chain = certificates(certificate)?;
        // The reader's error could hold a line of the key.
        let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes()).map_err(|_| {
            CredentialError::new(
                "the key is not a private key in PEM (-----BEGIN PRIVATE KEY-----) without a password",
            )
        })?;
        let pair = CertifiedKey::from_der(chain, key, &tls::provider());
        self.shown = Some(pair.map_err(|error| {
            CredentialError::new(format!("certificate and key cannot be used: {error}"))
        })?);
        Ok(())
    }

    /// Absent when nothing was said.
    pub(super) fn configuration(self) -> Option<ClientConfig> {
        let Self { roots, shown } = self;
        if roots.is_none() && shown.is_none() {
            return None;
        }
        let roots = roots.map_or_else(tls::system_roots, Arc::new);
        let builder = tls::builder().with_root_certificates(roots);
        Some(match shown {
            Some(pair) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(pair))),
            None => builder.with_no_client_auth(),
        })
    }
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, CredentialError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(CredentialError::new(
            "there is no certificate in PEM (-----BEGIN CERTIFICATE-----)",
        )),
        // Here, too: it may be one text with the key.
        Err(_) => Err(CredentialError::new(
            "the certificates cannot be read: it is not well-formed PEM",
        )),
    }
}
