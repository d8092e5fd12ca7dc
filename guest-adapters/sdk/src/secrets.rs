//! Secrets that the port grants: for protocols that the host does not speak.
//!
//! HTTP adapters need none: the host adds headers, signatures and certificates to their requests. An adapter
//! that logs in by itself takes the *name* of a secret from its configuration and asks for the value. It is
//! the same as long as the instance lives. Keep it out of logs, errors, properties and responses.

pub use crate::raw::secrets::SecretError;

use crate::ErrorInfo;
use crate::raw::secrets as raw;

/// The value of the secret of that name.
pub fn get(name: &str) -> Result<String, SecretError> {
    raw::get(name)
}

/// As [`get`], for the value of the key `key` of a configuration: the error is one that an operator can do
/// something about.
pub fn named_by(key: &str, name: &str) -> Result<String, ErrorInfo> {
    get(name).map_err(|error| refused(key, name, error))
}

fn refused(key: &str, name: &str, error: SecretError) -> ErrorInfo {
    let SecretError::NotGranted = error;
    let text = format!(
        "{key} = {name:?}: the port does not grant a secret of this name; add it to grants.secrets of the port"
    );
    ErrorInfo::new("secret-not-granted", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_write_where() {
        let error = refused("password-secret", "relay", SecretError::NotGranted);
        assert_eq!(error.code.as_deref(), Some("secret-not-granted"));
        for part in ["password-secret = \"relay\"", "grants.secrets"] {
            assert!(error.text.contains(part), "{}", error.text);
        }
    }
}
