//! What TLS trusts: the system's certificate authorities, read once per process.

use std::sync::{Arc, OnceLock};

use hyper_rustls::ConfigBuilderExt;
use rustls::{ClientConfig, RootCertStore};

/// The configuration of a new client. Sessions are never shared: every client gets its own store.
pub(crate) fn configuration() -> ClientConfig {
    static ROOTS: OnceLock<Option<ClientConfig>> = OnceLock::new();
    let shared = ROOTS.get_or_init(|| {
        builder()
            .with_native_roots()
            .map(|b| b.with_no_client_auth())
            .inspect_err(|e| {
                tracing::warn!("no certificate authorities found ({e}): https addresses will fail");
            })
            .ok()
    });
    let mut configuration = shared.clone().unwrap_or_else(|| {
        builder()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth()
    });
    configuration.resumption = rustls::client::Resumption::default();
    configuration
}

fn builder() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports the default TLS versions")
}
