//! Signatures of other tools, keys of our own, and everything that is refused.

use std::fs;

use sha2::{Digest as _, Sha256};

use super::*;
use crate::adapter::hex;

const SIGNED: &[u8] = include_bytes!("tests/signed.txt");
const ED25519: &str = include_str!("tests/ed25519.pub");
const ED25519_SIGNATURE: &str = include_str!("tests/signed.txt.ed25519.sig");
const P256: &str = include_str!("tests/p256.pub");
const P256_SIGNATURE: &str = include_str!("tests/signed.txt.p256.sig");

/// The example of RFC 8410, section 10: everybody's private key.
const EXAMPLE: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
    -----END PRIVATE KEY-----\n";
const EXAMPLE_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
    -----END PUBLIC KEY-----\n";

/// A file with some bytes, and what lies beside it.
struct Signed {
    directory: tempfile::TempDir,
    bytes: Vec<u8>,
}

impl Signed {
    fn new(signature: Option<&[u8]>) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        if let Some(signature) = signature {
            fs::write(directory.path().join("x.wasm.sig"), signature).expect("written");
        }
        let bytes = SIGNED.to_vec();
        Self { directory, bytes }
    }

    fn check(&self, trust: &Trust, provenance: &Provenance) -> Result<Option<String>, String> {
        let path = self.directory.path().join("x.wasm");
        let digest = hex(&Sha256::digest(&self.bytes));
        match trust.check(&path, &self.bytes, &digest, provenance) {
            Ok(key) => Ok(key.map(|key| key.name().to_owned())),
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains("x.wasm") && text.contains(&digest), "{text}");
                Err(text)
            }
        }
    }

    fn is(&self, trust: &Trust) -> Result<Option<String>, String> {
        self.check(trust, &Provenance::default())
    }
}

fn key(name: &str, pem: &str) -> PublicKey {
    PublicKey::from_pem(name, pem).expect("a key")
}

fn trust(keys: &[(&str, &str)], required: bool) -> Trust {
    Trust {
        keys: keys.iter().map(|(name, pem)| key(name, pem)).collect(),
        required,
    }
}

fn both() -> Trust {
    trust(&[("ed25519.pub", ED25519), ("p256.pub", P256)], true)
}

#[test]
fn signatures_that_openssl_made_are_good_whoever_of_the_keys_made_them() {
    let ed25519 = Signed::new(Some(ED25519_SIGNATURE.as_bytes()));
    assert_eq!(ed25519.is(&both()), Ok(Some("ed25519.pub".to_owned())));
    let p256 = Signed::new(Some(P256_SIGNATURE.as_bytes()));
    assert_eq!(p256.is(&both()), Ok(Some("p256.pub".to_owned())));
    let bundle = format!(
        r#"{{"messageSignature":{{"signature":"{}"}}}}"#,
        P256_SIGNATURE.trim()
    );
    let bundle = Signed::new(Some(bundle.as_bytes()));
    assert_eq!(bundle.is(&both()), Ok(Some("p256.pub".to_owned())));
    // While one key replaces the other, both sign.
    let two = format!("{P256_SIGNATURE}{ED25519_SIGNATURE}");
    let two = Signed::new(Some(two.as_bytes()));
    let old = trust(&[("p256.pub", P256)], true);
    let new = trust(&[("ed25519.pub", ED25519)], true);
    assert_eq!(two.is(&old), Ok(Some("p256.pub".to_owned())));
    assert_eq!(two.is(&new), Ok(Some("ed25519.pub".to_owned())));
}

#[test]
fn one_bit_more_or_less_and_a_signature_is_wrong() {
    let mut changed = Signed::new(Some(P256_SIGNATURE.as_bytes()));
    changed.bytes[0] ^= 1;
    let error = changed.is(&both()).expect_err("changed");
    for part in [
        "x.wasm.sig",
        "ed25519.pub (ed25519 sha256:",
        "p256.pub (ecdsa-p256 sha256:",
    ] {
        assert!(error.contains(part), "{part} is missing: {error}");
    }
    let stranger = Signed::new(Some(ED25519_SIGNATURE.as_bytes()));
    // Refused also where none is required: whoever signs means something by it.
    let lenient = trust(&[("p256.pub", P256)], false);
    let error = stranger.is(&lenient).expect_err("another key");
    assert!(
        error.contains("none of the keys tried: p256.pub"),
        "{error}"
    );
}

#[test]
fn a_missing_signature_is_refused_where_one_is_required() {
    let unsigned = Signed::new(None);
    let error = unsigned.is(&both()).expect_err("required");
    for part in [
        "not signed",
        "x.wasm.sig",
        "p256.pub",
        "sendport adapter sign",
        "cosign sign-blob",
    ] {
        assert!(error.contains(part), "{part} is missing: {error}");
    }
    assert_eq!(unsigned.is(&trust(&[("p256.pub", P256)], false)), Ok(None));
    assert_eq!(unsigned.is(&Trust::default()), Ok(None));
    // Required, and nobody could sign: nothing is loaded, rather than everything.
    let error = unsigned.is(&trust(&[], true)).expect_err("required");
    assert!(error.contains("lists none"), "{error}");
    let signed = Signed::new(Some(P256_SIGNATURE.as_bytes()));
    signed
        .is(&trust(&[], true))
        .expect_err("no key is the right one");
}

#[test]
fn a_signature_elsewhere_is_found_by_its_name_and_has_to_be_there() {
    let signed = Signed::new(Some(b"this one is not looked at"));
    let elsewhere = signed.directory.path().join("elsewhere.sig");
    let provenance = Provenance {
        signature: Some(elsewhere.clone()),
        digest: None,
    };
    let lenient = trust(&[("p256.pub", P256)], false);
    let error = signed.check(&lenient, &provenance).expect_err("missing");
    assert!(error.contains("elsewhere.sig"), "{error}");
    fs::write(&elsewhere, P256_SIGNATURE).expect("written");
    assert_eq!(
        signed.check(&lenient, &provenance),
        Ok(Some("p256.pub".to_owned()))
    );
    // Named, but there is no key to check it with.
    signed
        .check(&Trust::default(), &provenance)
        .expect_err("no keys");
    let error = signed.is(&lenient).expect_err("what lies beside it");
    assert!(error.contains("neither base64"), "{error}");
}

#[test]
fn a_pinned_digest_is_checked_whoever_signed() {
    let signed = Signed::new(Some(P256_SIGNATURE.as_bytes()));
    let pinned = |digest: &str| Provenance {
        digest: Some(digest.to_owned()),
        signature: None,
    };
    let right = hex(&Sha256::digest(SIGNED));
    assert!(signed.check(&both(), &pinned(&right)).is_ok());
    assert!(signed.check(&Trust::default(), &pinned(&right)).is_ok());
    let other = "00".repeat(32);
    for trust in [both(), Trust::default()] {
        let error = signed.check(&trust, &pinned(&other)).expect_err("another");
        assert!(
            error.contains(&format!("sha256:{other} is pinned")),
            "{error}"
        );
    }
}

#[test]
fn keys_of_our_own_sign_and_verify_and_keep_their_secret() {
    for algorithm in [KeyAlgorithm::Ed25519, KeyAlgorithm::EcdsaP256] {
        let private = SigningKey::generate(algorithm).expect("a key");
        let signing = SigningKey::from_pem(&private).expect("reads back");
        let signature = signing.sign(SIGNED).expect("signed");
        let signed = Signed::new(Some(signature.as_bytes()));
        let trust = trust(&[("own.pub", &signing.public_pem())], true);
        assert_eq!(signed.is(&trust), Ok(Some("own.pub".to_owned())));
        let error = PublicKey::from_pem("own.key", &private).expect_err("the private one");
        assert!(error.to_string().contains("keep it secret"), "{error}");
        let secret: String = private.lines().skip(1).take(1).collect();
        assert!(!format!("{signing:?}").contains(&secret));
    }
    let example = SigningKey::from_pem(EXAMPLE).expect("the RFC's key");
    assert_eq!(example.public_pem(), EXAMPLE_PUBLIC);
}

#[test]
fn what_is_no_key_says_what_it_is() {
    for (pem, reason) in [
        ("", "not PEM"),
        ("no key", "not PEM"),
        (include_str!("tests/p384.pub"), "kind"),
        (include_str!("tests/p256-compressed.pub"), "uncompressed"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "x509",
        ),
    ] {
        let error = PublicKey::from_pem("k", pem).expect_err(reason).to_string();
        assert!(error.contains(reason), "{error}");
    }
    for (pem, reason) in [
        ("", "PKCS#8"),
        (ED25519, "private key that belongs"),
        (
            "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
            "cosign sign-blob",
        ),
        (
            "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
            "pkcs8",
        ),
        (
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "Ed25519",
        ),
    ] {
        let error = SigningKey::from_pem(pem).expect_err(reason).to_string();
        assert!(error.contains(reason), "{error}");
    }
}
