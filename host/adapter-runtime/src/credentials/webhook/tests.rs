//! Signatures against those of the specification's own libraries; keys that are none.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use model::BodyReader;
use model::transmit::BoxFuture;

use super::*;

/// The test vectors of the libraries of Standard Webhooks.
const ID_OF_ALL: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const AT: u64 = 1_614_265_330;
const BODY: &str = r#"{"test": 2432232314}"#;
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SIGNED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const PRIVATE: &str = "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=";
const SIGNED_PRIVATELY: &str =
    "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==";

fn signer(keys: &[&str]) -> Signer {
    let keys = keys
        .iter()
        .map(|key| WebhookKey::parse(key).expect("a key"));
    Signer::new(keys.collect()).expect("there is a key")
}

fn inline(body: &str) -> Body {
    Body::Inline(Bytes::copy_from_slice(body.as_bytes()))
}

/// A body that comes in small pieces, and how large they were asked for.
struct Stored {
    content: Bytes,
    asked: Arc<Mutex<Vec<u64>>>,
}

impl BodyReader for Stored {
    fn read(&self, offset: u64, length: u64) -> BoxFuture<Result<Bytes, BodyError>> {
        self.asked.lock().expect("nothing panics").push(length);
        let from = usize::try_from(offset)
            .expect("a test's body")
            .min(self.content.len());
        let to = (from + 7).min(self.content.len());
        let piece = self.content.slice(from..to);
        Box::pin(async { Ok(piece) })
    }
}

#[tokio::test]
async fn signatures_are_those_of_the_specification() {
    for (keys, expected) in [
        (&[SECRET][..], SIGNED.to_owned()),
        (&[PRIVATE], SIGNED_PRIVATELY.to_owned()),
        (&[SECRET, PRIVATE], format!("{SIGNED} {SIGNED_PRIVATELY}")),
        (&[PRIVATE, SECRET], format!("{SIGNED_PRIVATELY} {SIGNED}")),
    ] {
        let signature = signer(keys).signature(ID_OF_ALL, AT, &inline(BODY)).await;
        assert_eq!(signature.expect("it is signed"), expected);
    }
}

#[tokio::test]
async fn a_stored_body_is_signed_in_pieces() {
    let asked = Arc::default();
    let body = Body::Stored {
        size: BODY.len() as u64,
        reader: Arc::new(Stored {
            content: BODY.into(),
            asked: Arc::clone(&asked),
        }),
    };
    let both = signer(&[SECRET, PRIVATE]);
    let signature = both.signature(ID_OF_ALL, AT, &body).await;
    assert_eq!(
        signature.expect("it is signed"),
        format!("{SIGNED} {SIGNED_PRIVATELY}")
    );
    let asked = asked.lock().expect("nothing panics").clone();
    assert_eq!(asked, [PIECE; 3], "never more than a piece at a time");
}

#[tokio::test]
async fn a_stored_body_that_ends_early_is_not_signed() {
    let body = Body::Stored {
        size: BODY.len() as u64 + 1,
        reader: Arc::new(Stored {
            content: BODY.into(),
            asked: Arc::default(),
        }),
    };
    let error = signer(&[SECRET]).signature(ID_OF_ALL, AT, &body).await;
    let error = error.expect_err("a byte is missing").to_string();
    assert!(error.contains("ends after 20 of 21 bytes"), "{error}");
}

#[tokio::test]
async fn a_body_that_does_not_fit_into_memory_is_signed_by_symmetric_keys_only() {
    let large = |more: usize| {
        let size = usize::try_from(LARGEST_HELD).expect("a size in memory") + more;
        Body::Inline(vec![b'x'; size].into())
    };
    let asymmetric = signer(&[SECRET, PRIVATE]);
    assert!(asymmetric.signature("id", AT, &large(0)).await.is_ok());
    let refused = asymmetric.signature("id", AT, &large(1)).await;
    let error = refused.expect_err("it is too large").to_string();
    assert!(
        error.contains("1048577 bytes") && error.contains("whsec_"),
        "{error}"
    );
    assert!(
        signer(&[SECRET])
            .signature("id", AT, &large(1))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn headers_replace_those_of_the_guest_and_are_of_now() {
    let mut headers = HeaderMap::new();
    for name in HEADERS {
        headers.append(name, HeaderValue::from_static("forged"));
        headers.append(name, HeaderValue::from_static("forged again"));
    }
    let before = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    let (signer, body) = (signer(&[SECRET]), inline(BODY));
    let signed = signer.sign_now(&mut headers, "id", &body).await;
    signed.expect("it is signed");
    for name in HEADERS {
        assert_eq!(headers.get_all(name).iter().count(), 1, "{name}");
    }
    let text = |name: &str| headers[name].to_str().expect("ASCII").to_owned();
    let timestamp: u64 = text(TIMESTAMP).parse().expect("seconds");
    assert!(timestamp >= before.as_secs(), "{timestamp} {before:?}");
    let expected = signer.signature("id", timestamp, &body).await;
    assert_eq!(text(ID), "id");
    assert_eq!(text(SIGNATURE), expected.expect("it is signed"));
}

fn refused(key: &str) -> String {
    match WebhookKey::parse(key) {
        Ok(_) => panic!("{key} was taken for a key"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_no_key_is_refused_without_being_repeated() {
    let of =
        |prefix: &str, length: usize| format!("{prefix}{}", STANDARD.encode(vec![b'k'; length]));
    for length in [24, 64] {
        assert!(
            WebhookKey::parse(&of(SYMMETRIC, length)).is_ok(),
            "{length}"
        );
    }
    // Without the padding that some tools leave out.
    assert!(WebhookKey::parse(PRIVATE.trim_end_matches('=')).is_ok());
    for (key, problem) in [
        (of(SYMMETRIC, 23), "24 to 64 bytes, this one 23"),
        (of(SYMMETRIC, 65), "24 to 64 bytes, this one 65"),
        (of(ASYMMETRIC, 31), "32 bytes, or twice as many"),
        (of(ASYMMETRIC, 64), "do not belong together"),
        (of(PUBLIC, 32), "a public key"),
        (of("", 32), "not a webhook key"),
        ("whsec_kkkk!kkkk".to_owned(), "not base64"),
        (String::new(), "not a webhook key"),
    ] {
        let error = refused(&key);
        assert!(error.contains(problem), "{key}: {error}");
        assert!(!error.contains("kkkk"), "{error}");
    }
}

#[test]
fn a_new_pair_belongs_together_and_a_private_key_may_bring_its_public_half() {
    let WebhookKeyPair { secret, public } = generate_webhook_key_pair().expect("randomness");
    let seed = LENIENT
        .decode(&secret.expose()[ASYMMETRIC.len()..])
        .expect("base64");
    let public = LENIENT.decode(&public[PUBLIC.len()..]).expect("base64");
    let both = format!("{ASYMMETRIC}{}", STANDARD.encode([seed, public].concat()));
    assert!(WebhookKey::parse(&both).is_ok());
    assert!(WebhookKey::parse(secret.expose()).is_ok());
    let first = generate_webhook_secret().expect("randomness");
    let second = generate_webhook_secret().expect("randomness");
    assert!(WebhookKey::parse(first.expose()).is_ok());
    assert_ne!(first, second);
}
