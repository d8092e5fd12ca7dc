//! Signatures of Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
//!
//! Signed is `{id}.{timestamp}.{body}`; the id is the message's and the same on every attempt, the
//! timestamp is the attempt's. One signature per key, so that a receiver knows one of them while keys
//! change: `v1` is HMAC-SHA256 by a secret that both sides have, `v1a` Ed25519 by a key that only the
//! sender has.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use base64::engine::{DecodePaddingMode, Engine as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use model::{Body, BodyError};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::CredentialError;
use crate::Secret;

/// The headers of a signature, which nothing else may set.
pub(super) const HEADERS: [&str; 3] = [ID, TIMESTAMP, SIGNATURE];

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

const SYMMETRIC: &str = "whsec_";
const ASYMMETRIC: &str = "whsk_";
const PUBLIC: &str = "whpk_";

/// Bytes of a symmetric key, as the specification has it.
const SYMMETRIC_LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;
/// As many as the signature has: more would add nothing.
const GENERATED: usize = 32;
/// An Ed25519 key is made from so many bytes; its public key may follow them.
const SEED: usize = 32;

/// Bytes of a body that is held in memory to be signed, at most: all of it has to be there for an Ed25519
/// signature, and what a guest streams through `wasi:http` has to be there before its headers are sent.
pub(crate) const LARGEST_HELD: u64 = 1024 * 1024;
/// Bodies that are held at once, at most: by the signatures of a transport, and by the requests of an
/// instance. Others wait, or a few hundred messages in flight would be as many megabytes.
pub(crate) const HELD_AT_ONCE: usize = 8;

/// What is read of a stored body at a time.
const PIECE: u64 = 256 * 1024;

/// Written with or without the `=` at its end.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a request was not signed, and so not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignError {
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error(
        "a body of {0} bytes cannot be signed with an Ed25519 key (whsk_…), for which it must fit into memory: \
         {LARGEST_HELD} bytes; use keys that begin with whsec_ for this port"
    )]
    TooLarge(u64),
}

/// A key that requests are signed with.
pub(super) enum WebhookKey {
    Symmetric(hmac::Key),
    Asymmetric(Box<Ed25519KeyPair>),
}

impl WebhookKey {
    /// Reads a key as the specification writes it.
    pub(super) fn parse(text: &str) -> Result<Self, CredentialError> {
        if let Some(key) = text.strip_prefix(SYMMETRIC) {
            return symmetric(&decode(key)?);
        }
        if let Some(key) = text.strip_prefix(ASYMMETRIC) {
            return asymmetric(&decode(key)?);
        }
        Err(CredentialError::new(if text.starts_with(PUBLIC) {
            "it is a public key (whpk_…), which is the receiver's; the key that signs begins with whsk_"
        } else {
            "it is not a webhook key: one begins with whsec_ or whsk_; make one with \
             'sendport secret generate-webhook-key'"
        }))
    }
}

fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, CredentialError> {
    let decoded = LENIENT.decode(text).map(Zeroizing::new);
    // The decoder's error would repeat a byte of the key.
    decoded.map_err(|_| CredentialError::new("what follows the prefix of the key is not base64"))
}

fn symmetric(key: &[u8]) -> Result<WebhookKey, CredentialError> {
    let (from, to) = (SYMMETRIC_LENGTHS.start(), SYMMETRIC_LENGTHS.end());
    match key.len() {
        length if SYMMETRIC_LENGTHS.contains(&length) => Ok(WebhookKey::Symmetric(hmac::Key::new(
            hmac::HMAC_SHA256,
            key,
        ))),
        length => Err(CredentialError::new(format!(
            "a whsec_ key has {from} to {to} bytes, this one {length}"
        ))),
    }
}

fn asymmetric(key: &[u8]) -> Result<WebhookKey, CredentialError> {
    let pair = match key.len() {
        SEED => Ed25519KeyPair::from_seed_unchecked(key),
        length if length == 2 * SEED => {
            let (seed, public) = key.split_at(SEED);
            Ed25519KeyPair::from_seed_and_public_key(seed, public)
        }
        length => {
            return Err(CredentialError::new(format!(
                "a whsk_ key has {SEED} bytes, or twice as many with its public key; this one {length}"
            )));
        }
    };
    let pair = pair.map_err(|_| {
        CredentialError::new("the two halves of the whsk_ key do not belong together")
    })?;
    Ok(WebhookKey::Asymmetric(Box::new(pair)))
}

/// Signs requests with one key or more, in their order.
pub(super) struct Signer {
    keys: Vec<WebhookKey>,
    /// For bodies that are held whole.
    holding: Semaphore,
}

/// A signature under way.
enum Signing<'a> {
    Symmetric(Box<hmac::Context>),
    /// When the body has been read to its end.
    Asymmetric(&'a Ed25519KeyPair),
}

impl Signer {
    /// Absent without a key.
    pub(super) fn new(keys: Vec<WebhookKey>) -> Option<Self> {
        let holding = Semaphore::new(HELD_AT_ONCE);
        (!keys.is_empty()).then_some(Self { keys, holding })
    }

    /// Sets the three headers for an attempt that is made now.
    pub(super) async fn sign_now(
        &self,
        headers: &mut HeaderMap,
        id: &str,
        body: &Body,
    ) -> Result<(), SignError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_secs();
        let signature = self.signature(id, now, body).await?;
        for (name, value) in [
            (ID, id),
            (TIMESTAMP, &now.to_string()),
            (SIGNATURE, &signature),
        ] {
            let value = HeaderValue::from_str(value).expect("ids, numbers and base64 are ASCII");
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(())
    }

    /// What `webhook-signature` says. The body is read in pieces, and held only for keys that need it whole.
    async fn signature(&self, id: &str, now: u64, body: &Body) -> Result<String, SignError> {
        let begin = format!("{id}.{now}.");
        let mut signings: Vec<_> = self.keys.iter().map(Signing::new).collect();
        let needs_whole = self.needs_whole(body.size())?;
        // The semaphore is never closed.
        let _held = match needs_whole {
            true => self.holding.acquire().await.ok(),
            false => None,
        };
        let mut whole = needs_whole.then(Vec::new);
        let mut take = |piece: &[u8]| {
            signings
                .iter_mut()
                .for_each(|signing| signing.update(piece));
            if let Some(whole) = &mut whole {
                whole.extend_from_slice(piece);
            }
        };
        take(begin.as_bytes());
        let mut read = 0;
        while read < body.size() {
            let piece = body.read(read, PIECE).await?;
            if piece.is_empty() {
                let text = format!("ends after {read} of {} bytes", body.size());
                return Err(BodyError(text).into());
            }
            read += piece.len() as u64;
            take(&piece);
        }
        let whole = whole.unwrap_or_default();
        let signatures = signings.into_iter().map(|signing| signing.finish(&whole));
        Ok(signatures.collect::<Vec<_>>().join(" "))
    }

    fn needs_whole(&self, size: u64) -> Result<bool, SignError> {
        let is_asymmetric = |key: &WebhookKey| matches!(key, WebhookKey::Asymmetric(_));
        match self.keys.iter().any(is_asymmetric) {
            true if size > LARGEST_HELD => Err(SignError::TooLarge(size)),
            needs => Ok(needs),
        }
    }
}

impl<'a> Signing<'a> {
    fn new(key: &'a WebhookKey) -> Self {
        match key {
            WebhookKey::Symmetric(key) => Self::Symmetric(Box::new(hmac::Context::with_key(key))),
            WebhookKey::Asymmetric(pair) => Self::Asymmetric(pair),
        }
    }

    fn update(&mut self, piece: &[u8]) {
        if let Self::Symmetric(context) = self {
            context.update(piece);
        }
    }

    fn finish(self, whole: &[u8]) -> String {
        match self {
            Self::Symmetric(context) => format!("v1,{}", STANDARD.encode(context.sign())),
            Self::Asymmetric(pair) => format!("v1a,{}", STANDARD.encode(pair.sign(whole))),
        }
    }
}

/// A new pair of keys.
#[derive(Debug)]
pub struct WebhookKeyPair {
    /// `whsk_…`, the sender's.
    pub secret: Secret,
    /// `whpk_…`, for the receiver.
    pub public: String,
}

/// A new symmetric key, `whsec_…`. The error means that the system has no randomness.
pub fn generate_webhook_secret() -> Result<Secret, CredentialError> {
    let key = random::<GENERATED>()?;
    Ok(written(SYMMETRIC, &*key))
}

/// A new pair of keys. The error means that the system has no randomness.
pub fn generate_webhook_key_pair() -> Result<WebhookKeyPair, CredentialError> {
    let seed = random::<SEED>()?;
    let pair = Ed25519KeyPair::from_seed_unchecked(&*seed)
        .map_err(|_| CredentialError::new("no key could be made"))?;
    Ok(WebhookKeyPair {
        secret: written(ASYMMETRIC, &*seed),
        public: format!("{PUBLIC}{}", STANDARD.encode(pair.public_key())),
    })
}

fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, CredentialError> {
    let mut bytes = Zeroizing::new([0; N]);
    match SystemRandom::new().fill(&mut *bytes) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(CredentialError::new("the system has no randomness")),
    }
}

fn written(prefix: &str, key: &[u8]) -> Secret {
    // Room for all of it: growing would leave a copy behind.
    let mut text = String::with_capacity(prefix.len() + key.len() * 2);
    text.push_str(prefix);
    STANDARD.encode_string(key, &mut text);
    Secret::new(text)
}

#[cfg(test)]
mod tests;
