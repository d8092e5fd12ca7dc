//! What the host adds to a port's requests after its adapter is done: headers, signatures, certificates.
//!
//! Prepared once for a transport from its secrets, applied to every request that goes to one of the URLs
//! they are meant for and to no other, and never within a guest's reach. A destination that answers with
//! the request's own headers shows them to the adapter; nothing here can prevent that.

mod tls;
mod webhook;

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use model::{Body, MessageId};
use ring::digest;
use rustls::ClientConfig;
use zeroize::Zeroizing;

use crate::http::is_reserved;
use crate::{HttpGrant, Secret};

use tls::Tls;
use webhook::{Signer, WebhookKey};

pub(crate) use webhook::{HELD_AT_ONCE, LARGEST_HELD, SignError};
pub use webhook::{WebhookKeyPair, generate_webhook_key_pair, generate_webhook_secret};

/// A secret that cannot be used as what it is named for. Never holds a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CredentialError(String);

impl CredentialError {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Puts credentials together, one by one, so that each mistake is known to be that one's.
pub struct CredentialsBuilder {
    covers: Vec<HttpGrant>,
    headers: HeaderMap,
    webhook_keys: Vec<WebhookKey>,
    tls: Tls,
    /// Of everything that was put in, so that a change can be seen.
    digest: digest::Context,
}

impl Default for CredentialsBuilder {
    fn default() -> Self {
        Self {
            covers: Vec::new(),
            headers: HeaderMap::new(),
            webhook_keys: Vec::new(),
            tls: Tls::default(),
            digest: digest::Context::new(&digest::SHA256),
        }
    }
}

impl CredentialsBuilder {
    /// They are for this URL and what is below it, beside the port's own address.
    pub fn cover(&mut self, url: HttpGrant) {
        self.covers.push(url);
    }

    /// `Authorization: Bearer …`
    pub fn bearer(&mut self, token: &Secret) -> Result<(), CredentialError> {
        let value = Zeroizing::new(format!("Bearer {}", token.expose()));
        self.set(header::AUTHORIZATION, &value)
    }

    /// `Authorization: Basic …`
    pub fn basic(&mut self, user: &str, password: &Secret) -> Result<(), CredentialError> {
        // What would end the user name, and what no header may hold in clear.
        if user.contains(|c: char| c == ':' || c.is_control()) {
            return Err(CredentialError::new(
                "a user name with ':' or a control character cannot be sent",
            ));
        }
        let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
        let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
        let value = Zeroizing::new(format!("Basic {}", *encoded));
        self.set(header::AUTHORIZATION, &value)
    }

    /// A header of every request, such as `x-api-key`.
    pub fn header(&mut self, name: &str, value: &Secret) -> Result<(), CredentialError> {
        let parsed: HeaderName = name
            .parse()
            .map_err(|_| CredentialError::new(format!("{name:?} is not a header name")))?;
        if is_reserved(&parsed) {
            return Err(CredentialError::new(format!(
                "{name} frames the request: only the host sets it"
            )));
        }
        if webhook::HEADERS.contains(&parsed.as_str()) {
            return Err(CredentialError::new(format!(
                "{name} is part of a signature: use webhook-signature"
            )));
        }
        self.set(parsed, value.expose())
    }

    /// The certificate that is shown to servers which ask for one, and its private key; both in PEM, the
    /// certificate with its chain.
    pub fn client_certificate(
        &mut self,
        certificate: &str,
        key: &Secret,
    ) -> Result<(), CredentialError> {
        self.note(&["client-certificate", certificate, key.expose()]);
        self.tls.show(certificate, key)
    }

    /// Certificate authorities, in PEM, that servers may be certified by: beside those of the system, or
    /// instead of them.
    pub fn authorities(&mut self, pem: &str, instead: bool) -> Result<(), CredentialError> {
        self.note(&["authorities", pem, if instead { "only" } else { "" }]);
        self.tls.trust(pem, instead)
    }

    /// One more key that every request is signed with, as Standard Webhooks has it: `whsec_…` or `whsk_…`.
    pub fn webhook_key(&mut self, key: &Secret) -> Result<(), CredentialError> {
        self.note(&["webhook-key", key.expose()]);
        self.webhook_keys.push(WebhookKey::parse(key.expose())?);
        Ok(())
    }

    /// What was put together; nothing when nothing was.
    pub fn build(self) -> Credentials {
        let parts = Parts {
            digest: self.digest.finish().as_ref().into(),
            headers: self.headers,
            signer: Signer::new(self.webhook_keys),
            tls: self.tls.configuration(),
        };
        Credentials {
            parts: (!parts.is_empty()).then(|| Arc::new(parts)),
            covers: self.covers.into(),
        }
    }

    /// Lengths keep what is written one after the other apart.
    fn note(&mut self, parts: &[&str]) {
        for part in parts {
            self.digest.update(&part.len().to_le_bytes());
            self.digest.update(part.as_bytes());
        }
    }

    fn set(&mut self, name: HeaderName, value: &str) -> Result<(), CredentialError> {
        self.note(&["header", name.as_str(), value]);
        let mut value = HeaderValue::from_str(value).map_err(|_| {
            CredentialError::new(
                "it holds a character that no header can: a line break, or another control character",
            )
        })?;
        value.set_sensitive(true);
        match self.headers.insert(name.clone(), value) {
            None => Ok(()),
            Some(_) => Err(CredentialError::new(format!("{name} is set twice"))),
        }
    }
}

impl fmt::Debug for CredentialsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsBuilder")
            .field("covers", &self.covers)
            .finish_non_exhaustive()
    }
}

/// A transport's credentials. Cheap to clone. Two are equal when they were made of the same secrets, for the
/// same URLs.
#[derive(Clone, Default)]
pub struct Credentials {
    parts: Option<Arc<Parts>>,
    covers: Arc<[HttpGrant]>,
}

struct Parts {
    digest: Box<[u8]>,
    headers: HeaderMap,
    signer: Option<Signer>,
    tls: Option<ClientConfig>,
}

impl Parts {
    fn is_empty(&self) -> bool {
        self.headers.is_empty() && self.signer.is_none() && self.tls.is_none()
    }
}

impl Credentials {
    /// The same for the port's own address as well, if that is a URL.
    pub(crate) fn with_address(&self, address: &str) -> Self {
        let own = HttpGrant::parse(address).ok();
        Self {
            parts: self.parts.clone(),
            covers: own.into_iter().chain(self.covers.iter().cloned()).collect(),
        }
    }

    /// What requests to this URL get, if it is one of those that the credentials are for.
    pub(crate) fn of(&self, uri: &Uri) -> Option<Covered> {
        let parts = self.parts.as_ref()?;
        let covers = self.covers.iter().any(|url| url.allows(uri));
        covers.then(|| Covered(parts.clone()))
    }

    /// True when covered requests are signed in the name of a message.
    pub(crate) fn sign(&self) -> bool {
        self.parts.as_ref().is_some_and(|p| p.signer.is_some())
    }

    /// How covered connections are encrypted; as any others when absent.
    pub(crate) fn tls(&self) -> Option<&ClientConfig> {
        self.parts.as_ref()?.tls.as_ref()
    }
}

impl PartialEq for Credentials {
    fn eq(&self, other: &Self) -> bool {
        let digest = |credentials: &Self| credentials.parts.as_ref().map(|p| p.digest.clone());
        digest(self) == digest(other) && self.covers == other.covers
    }
}

impl Eq for Credentials {}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.parts.as_ref();
        f.debug_struct("Credentials")
            .field("covers", &self.covers)
            .field(
                "headers",
                &parts.map(|p| p.headers.keys().collect::<Vec<_>>()),
            )
            .field("sign", &self.sign())
            .field("tls", &self.tls().is_some())
            .finish()
    }
}

/// The credentials of requests to one URL. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Covered(Arc<Parts>);

impl Covered {
    /// True when such a request has to be about one message.
    pub(crate) fn sign(&self) -> bool {
        self.0.signer.is_some()
    }

    /// Sets the headers that are the same for every request, in place of what the guest wrote there.
    pub(crate) fn authorize(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0.headers {
            headers.insert(name.clone(), value.clone());
        }
    }

    /// Signs a request about this message, whose body is sent now.
    pub(crate) async fn sign_as(
        &self,
        headers: &mut HeaderMap,
        id: MessageId,
        body: &Body,
    ) -> Result<(), SignError> {
        match &self.0.signer {
            Some(signer) => signer.sign_now(headers, &id.to_string(), body).await,
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Covered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests;
