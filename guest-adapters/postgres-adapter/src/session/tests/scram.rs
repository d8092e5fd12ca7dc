//! SCRAM-SHA-256 against the server's side of it, made here from its definition (RFC 5802).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::server::{auth, ready, welcome};
use super::{Broken, Session, begun};

const PASSWORD: &str = "pencil";
const SALT: &[u8] = b"0123456789abcdef";
const ROUNDS: u32 = 4096;

#[test]
fn both_sides_prove_that_they_know_the_password() {
    let (mut session, signature) = until_the_servers_proof(PASSWORD);
    let last = format!("v={}", STANDARD.encode(signature.unwrap()));
    session.receive(&auth(12, last.as_bytes())).unwrap();
    session.receive(&welcome()).unwrap();
    assert!(session.is_fresh());
}

#[test]
fn a_wrong_password_is_no_proof() {
    let (_, signature) = until_the_servers_proof("pencils");
    assert_eq!(signature, None, "the server would refuse");
}

#[test]
fn a_server_that_proves_nothing_is_not_believed() {
    let forged = format!("v={}", STANDARD.encode([7; 32]));
    let forged = auth(12, forged.as_bytes());
    let silent = welcome();
    for bytes in [forged, silent] {
        let (mut session, _) = until_the_servers_proof(PASSWORD);
        let broken = session.receive(&bytes).unwrap_err().to_string();
        let expected = "cannot log in: the server did not prove who it is";
        assert!(broken.starts_with(expected), "{broken}");
    }
}

#[test]
fn a_server_cannot_make_us_work_for_ever() {
    let (mut session, nonce) = asked(PASSWORD);
    let salt = STANDARD.encode(SALT);
    let first = format!("r={nonce}x,s={salt},i=2000000000");
    let broken = session.receive(&auth(11, first.as_bytes())).unwrap_err();
    assert!(matches!(broken, Broken::Login(_)), "{broken}");
}

#[test]
fn the_steps_of_a_login_have_an_order() {
    for bytes in [auth(12, b"v=00"), ready(b'I')] {
        let (mut session, _) = asked(PASSWORD);
        let broken = session.receive(&bytes).unwrap_err().to_string();
        assert!(
            broken.contains("does not keep to the protocol") || broken.contains("SCRAM"),
            "{broken}"
        );
    }
}

/// A session that has answered the server's offer, and its nonce.
fn asked(password: &str) -> (Session, String) {
    let mut session = begun(Some(password));
    let offer = b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0";
    session.receive(&auth(10, offer)).unwrap();
    let bytes = session.outgoing();
    let text = String::from_utf8_lossy(&bytes[5..]).into_owned();
    let (mechanism, rest) = text.split_once('\0').unwrap();
    assert_eq!(mechanism, "SCRAM-SHA-256");
    let nonce = rest.split_once("n,,n=,r=").unwrap().1.to_owned();
    assert!(nonce.len() >= 18, "{nonce}");
    (session, nonce)
}

/// A session that has sent its proof, and what the server answers when the proof is right.
fn until_the_servers_proof(password: &str) -> (Session, Option<[u8; 32]>) {
    let (mut session, nonce) = asked(password);
    let first = format!("r={nonce}srv,s={},i={ROUNDS}", STANDARD.encode(SALT));
    session.receive(&auth(11, first.as_bytes())).unwrap();
    let bytes = session.outgoing();
    let answer = String::from_utf8_lossy(&bytes[5..]).into_owned();
    let (unproven, proof) = answer.rsplit_once(",p=").unwrap();
    assert_eq!(unproven, format!("c=biws,r={nonce}srv"));

    let salted = salted(PASSWORD);
    let client_key = hmac(&salted, b"Client Key");
    let exchange = format!("n=,r={nonce},{first},{unproven}");
    let signature = hmac(&Sha256::digest(client_key), exchange.as_bytes());
    let expected: Vec<u8> = client_key
        .iter()
        .zip(signature)
        .map(|(a, b)| a ^ b)
        .collect();
    let is_right = STANDARD.decode(proof).unwrap() == expected;
    let server_key = hmac(&salted, b"Server Key");
    (
        session,
        is_right.then(|| hmac(&server_key, exchange.as_bytes())),
    )
}

fn salted(password: &str) -> [u8; 32] {
    let mut last = hmac(password.as_bytes(), &[SALT, &[0, 0, 0, 1]].concat());
    let mut all = last;
    for _ in 1..ROUNDS {
        last = hmac(password.as_bytes(), &last);
        all.iter_mut()
            .zip(last)
            .for_each(|(all, last)| *all ^= last);
    }
    all
}

/// For keys of at most 64 bytes.
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let padded = |pad: u8| {
        let mut block = [pad; 64];
        block
            .iter_mut()
            .zip(key)
            .for_each(|(block, key)| *block ^= key);
        block
    };
    let inner = Sha256::digest([&padded(0x36)[..], text].concat());
    Sha256::digest([&padded(0x5c)[..], &inner].concat()).into()
}
