//! Keys that sign components, for operators without another tool that does.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pem::{EncodeConfig, LineEnding, Pem};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};

use super::KeyError;
use super::public_key::{ed25519_der, p256_der};

/// What comes before the seed in an Ed25519 key in PKCS#8, version 1 (RFC 8410): the version that
/// everybody reads. `ring` only writes version 2.
const ED25519_PRIVATE: &[u8] = &[
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
const ED25519_SEED: usize = 32;

const PRIVATE: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";

/// The kinds of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ECDSA over P-256 with SHA-256, as `cosign` uses it.
    EcdsaP256,
}

/// A private key.
pub struct SigningKey(Pair);

enum Pair {
    Ed25519(Ed25519KeyPair),
    EcdsaP256(EcdsaKeyPair),
}

impl SigningKey {
    /// Makes a new key; returns it in PEM (PKCS#8).
    pub fn generate(algorithm: KeyAlgorithm) -> Result<String, KeyError> {
        let random = SystemRandom::new();
        let der = match algorithm {
            KeyAlgorithm::Ed25519 => {
                let mut seed = [0; ED25519_SEED];
                random.fill(&mut seed).map_err(|_| KeyError::NoRandom)?;
                [ED25519_PRIVATE, &seed].concat()
            }
            KeyAlgorithm::EcdsaP256 => {
                let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random);
                made.map_err(|_| KeyError::NoRandom)?.as_ref().to_vec()
            }
        };
        Ok(encode(PRIVATE, der))
    }

    /// Reads a key from PEM (PKCS#8, not encrypted).
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let pem = pem::parse(text).map_err(|_| KeyError::NotPrivate)?;
        if pem.tag() != PRIVATE {
            return Err(other(pem.tag()));
        }
        let der = pem.contents();
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            return Ok(Self(Pair::Ed25519(pair)));
        }
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der, &random);
        pair.map(|pair| Self(Pair::EcdsaP256(pair)))
            .map_err(|_| KeyError::NotPrivate)
    }

    /// The public key that belongs to it, in PEM.
    pub fn public_pem(&self) -> String {
        let der = match &self.0 {
            Pair::Ed25519(pair) => ed25519_der(pair.public_key().as_ref()),
            Pair::EcdsaP256(pair) => p256_der(pair.public_key().as_ref()),
        };
        encode(PUBLIC, der)
    }

    /// A detached signature over these bytes, as it stands in its file: one line of base64.
    pub fn sign(&self, bytes: &[u8]) -> Result<String, KeyError> {
        let signature = match &self.0 {
            Pair::Ed25519(pair) => pair.sign(bytes).as_ref().to_vec(),
            Pair::EcdsaP256(pair) => {
                let signed = pair.sign(&SystemRandom::new(), bytes);
                signed.map_err(|_| KeyError::NoRandom)?.as_ref().to_vec()
            }
        };
        Ok(STANDARD.encode(signature) + "\n")
    }
}

fn encode(tag: &str, der: Vec<u8>) -> String {
    let lines = EncodeConfig::new().set_line_ending(LineEnding::LF);
    pem::encode_config(&Pem::new(tag, der), lines)
}

/// What is in PEM, but no private key in the clear.
fn other(tag: &str) -> KeyError {
    let hint = if tag.contains("COSIGN") || tag.contains("SIGSTORE") {
        "sign with it by 'cosign sign-blob --key FILE --bundle COMPONENT.sig COMPONENT'"
    } else if tag.contains("PRIVATE") {
        "convert it with 'openssl pkcs8 -topk8 -nocrypt'"
    } else {
        "give the private key that belongs to it"
    };
    KeyError::OtherPem {
        tag: tag.to_owned(),
        hint,
    }
}

impl fmt::Debug for SigningKey {
    /// Nothing of the key itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Pair::Ed25519(_) => "SigningKey(ed25519)",
            Pair::EcdsaP256(_) => "SigningKey(ecdsa-p256)",
        })
    }
}
