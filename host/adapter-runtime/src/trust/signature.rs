//! Detached signatures, as the tools that make them write them to files.

mod bundle;

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// More than any signature has, with all that a bundle says about it.
const LARGEST: u64 = 64 * 1024;

/// A bare Ed25519 signature has this size, a bare ECDSA one over P-256 is at most a little larger.
const ED25519: usize = 64;
const LARGEST_P256: usize = 72;
/// How an ECDSA signature begins in DER: a sequence.
const SEQUENCE: u8 = 0x30;

/// The signatures in a file, one of which has to be right; nothing when there is no such file.
pub(super) fn read(file: &Path) -> Result<Option<Vec<Vec<u8>>>, String> {
    let opened = match File::open(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| error.to_string())?,
    };
    let mut content = Vec::new();
    let read = opened.take(LARGEST + 1).read_to_end(&mut content);
    read.map_err(|error| error.to_string())?;
    if content.len() as u64 > LARGEST {
        return Err(format!("it has more than {LARGEST} bytes"));
    }
    signatures(&content).map(Some).map_err(str::to_owned)
}

/// Base64, one signature per line, so that two keys can sign while one replaces the other; or the bare
/// bytes of one; or a bundle.
fn signatures(content: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    let text = std::str::from_utf8(content).unwrap_or_default().trim();
    if text.starts_with('{') {
        return bundle::signature(text).map(|signature| vec![signature]);
    }
    let lines = text.lines().map(|line| STANDARD.decode(line.trim()));
    let decoded: Result<Vec<_>, _> = lines.collect();
    match decoded {
        Ok(signatures) if !signatures.is_empty() => return Ok(signatures),
        _ => {}
    }
    let is_bare = content.len() == ED25519
        || content.first() == Some(&SEQUENCE) && content.len() <= LARGEST_P256;
    if is_bare {
        return Ok(vec![content.to_vec()]);
    }
    Err(if content.is_empty() {
        "it is empty"
    } else if text.starts_with("-----BEGIN") {
        "it is a key or a certificate in PEM, not a signature"
    } else {
        "it is neither base64 nor the bytes of a signature"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_lines_and_bare_bytes_are_signatures_and_the_rest_says_what_it_is() {
        let encoded = STANDARD.encode([7; 64]);
        for content in [
            encoded.clone(),
            format!("{encoded}\n"),
            format!("\n {encoded}\r\n"),
        ] {
            assert_eq!(signatures(content.as_bytes()), Ok(vec![vec![7; 64]]));
        }
        let two = format!("{encoded}\n{}\n", STANDARD.encode([8; 70]));
        assert_eq!(
            signatures(two.as_bytes()),
            Ok(vec![vec![7; 64], vec![8; 70]])
        );
        assert_eq!(signatures(&[0xff; 64]), Ok(vec![vec![0xff; 64]]));
        let der = [&[0x30, 0x45][..], &[0xff; 69]].concat();
        assert_eq!(signatures(&der), Ok(vec![der.clone()]));
        for (content, reason) in [
            (&b""[..], "empty"),
            (b"{\"base64Signature\":\"?\"}", "not base64"),
            (b"{\"base64Signature\":7}", "not a bundle"),
            (b"{\"signature\":\"AAAA\"}", "not a bundle"),
            (b"{\"dsseEnvelope\":{}}", "attestation"),
            (b"{", "not JSON"),
            (b"-----BEGIN PUBLIC KEY-----\n", "PEM"),
            (b"not base64!", "neither"),
            (&[0xff; 63], "neither"),
        ] {
            let error = signatures(content).expect_err(reason);
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn bundles_of_today_and_of_before_hold_one() {
        let encoded = STANDARD.encode([7; 70]);
        for bundle in [
            format!(
                r#"{{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",
                "verificationMaterial":{{"publicKey":{{"hint":"x"}},"tlogEntries":[]}},
                "messageSignature":{{"messageDigest":{{"algorithm":"SHA2_256","digest":"AA=="}},
                "signature":"{encoded}"}}}}"#
            ),
            format!(r#" {{"base64Signature":"{encoded}","cert":"","rekorBundle":null}}"#),
        ] {
            assert_eq!(signatures(bundle.as_bytes()), Ok(vec![vec![7; 70]]));
        }
    }

    #[test]
    fn a_file_that_is_missing_is_no_signature_and_one_that_is_too_large_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(read(&directory.path().join("none")), Ok(None));
        let large = directory.path().join("large");
        std::fs::write(&large, vec![b'A'; 70_000]).expect("written");
        let error = read(&large).expect_err("too large");
        assert!(error.contains("65536"), "{error}");
        assert!(read(directory.path()).is_err(), "a directory");
    }
}
