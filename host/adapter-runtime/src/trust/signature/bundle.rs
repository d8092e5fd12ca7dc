//! The signature in a bundle, which is how Sigstore's tools write one today: JSON with everything that
//! could be wanted of a signature. Only the signature itself counts here, since the keys are the host's
//! own; what the bundle says of keys, certificates and transparency logs is neither needed nor believed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Where the signature over a file is: in bundles as they are specified, and in those that cosign wrote
/// before there was a specification.
const PLACES: [&str; 2] = ["/messageSignature/signature", "/base64Signature"];

/// Reads the signature out of a bundle.
pub(super) fn signature(text: &str) -> Result<Vec<u8>, &'static str> {
    let bundle: Value = serde_json::from_str(text)
        .map_err(|_| "it begins like a bundle in JSON, but it is not JSON")?;
    if bundle.get("dsseEnvelope").is_some() {
        return Err(
            "it is a bundle with an attestation, not with a signature over the component; make one with 'cosign sign-blob'",
        );
    }
    let found = PLACES.iter().find_map(|place| bundle.pointer(place));
    let encoded = found
        .and_then(Value::as_str)
        .ok_or("it is JSON, but not a bundle with a signature")?;
    STANDARD
        .decode(encoded)
        .map_err(|_| "it is a bundle whose signature is not base64")
}
