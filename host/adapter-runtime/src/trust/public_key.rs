//! A key whose signatures count, read from PEM.

use std::fmt;

use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use sha2::{Digest, Sha256};

/// What comes before the key itself in its DER form (RFC 8410, RFC 5480). DER has one form for one value,
/// so comparing is parsing.
const ED25519: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
const ED25519_KEY: usize = 32;
/// The 4 at the end says that both coordinates follow.
const P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
const P256_KEY: usize = 64;

/// Digits of a key's digest that tell keys apart for a person.
const SHORT_DIGEST: usize = 12;

/// A public key: Ed25519, or ECDSA over P-256 with SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    algorithm: Algorithm,
    /// As `ring` takes it.
    key: Vec<u8>,
    /// SHA-256 of the DER form, in hexadecimal digits.
    digest: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Ed25519,
    EcdsaP256,
}

/// A text that is no key whose signatures could count.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// Nothing that could be read.
    #[error(
        "it is not PEM: a public key begins with -----BEGIN PUBLIC KEY-----. 'sendport adapter keygen', 'cosign generate-key-pair' and 'openssl pkey -pubout' write such files"
    )]
    NotPem,
    /// PEM of something else.
    #[error("it holds a {tag}; {hint}")]
    OtherPem {
        /// What it says it is.
        tag: String,
        /// What to do.
        hint: &'static str,
    },
    /// A key of a kind that is not supported.
    #[error(
        "it is a key of a kind that does not sign adapters here: use Ed25519, or ECDSA over P-256 with both coordinates (uncompressed)"
    )]
    OtherAlgorithm,
    /// What should be a private key is one that cannot be used.
    #[error(
        "it is no private key that signs adapters: use PKCS#8 in PEM (-----BEGIN PRIVATE KEY-----) with Ed25519 or ECDSA P-256"
    )]
    NotPrivate,
    /// The system gave no random numbers.
    #[error("the system gives no random numbers to work with")]
    NoRandom,
}

impl PublicKey {
    /// Reads a key from PEM. `name` is what it is called in messages, such as its file.
    pub fn from_pem(name: &str, text: &str) -> Result<Self, KeyError> {
        let pem = pem::parse(text).map_err(|_| KeyError::NotPem)?;
        if pem.tag() != "PUBLIC KEY" {
            return Err(other(pem.tag()));
        }
        let der = pem.contents();
        let (algorithm, key) = read(der).ok_or(KeyError::OtherAlgorithm)?;
        Ok(Self {
            name: name.to_owned(),
            algorithm,
            key: key.to_vec(),
            digest: crate::adapter::hex(&Sha256::digest(der)),
        })
    }

    /// What it was called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// True when this is a signature of the key over these bytes.
    pub(crate) fn has_signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        let algorithm: &dyn VerificationAlgorithm = match self.algorithm {
            Algorithm::Ed25519 => &signature::ED25519,
            Algorithm::EcdsaP256 => &signature::ECDSA_P256_SHA256_ASN1,
        };
        let key = UnparsedPublicKey::new(algorithm, &self.key);
        key.verify(bytes, signature).is_ok()
    }
}

fn read(der: &[u8]) -> Option<(Algorithm, &[u8])> {
    if let Some(key) = der.strip_prefix(ED25519) {
        return (key.len() == ED25519_KEY).then_some((Algorithm::Ed25519, key));
    }
    let coordinates = der.strip_prefix(P256)?;
    // `ring` wants the 4 as well.
    let key = &der[P256.len() - 1..];
    (coordinates.len() == P256_KEY).then_some((Algorithm::EcdsaP256, key))
}

/// What is in PEM, but not what was wanted.
fn other(tag: &str) -> KeyError {
    let hint = if tag.contains("PRIVATE") {
        "keep it secret, and give the public one that belongs to it ('openssl pkey -pubout')"
    } else if tag == "CERTIFICATE" {
        "take the key out of it: 'openssl x509 -pubkey -noout'"
    } else {
        "'openssl pkey -pubin -pubout' may convert it"
    };
    KeyError::OtherPem {
        tag: tag.to_owned(),
        hint,
    }
}

/// Its DER form.
pub(super) fn ed25519_der(key: &[u8]) -> Vec<u8> {
    [ED25519, key].concat()
}

/// Its DER form; the key begins with the 4.
pub(super) fn p256_der(key: &[u8]) -> Vec<u8> {
    [&P256[..P256.len() - 1], key].concat()
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithm = match self.algorithm {
            Algorithm::Ed25519 => "ed25519",
            Algorithm::EcdsaP256 => "ecdsa-p256",
        };
        let digest = self.digest.get(..SHORT_DIGEST).unwrap_or(&self.digest);
        write!(f, "{} ({algorithm} sha256:{digest})", self.name)
    }
}
