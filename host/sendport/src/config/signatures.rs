//! `[host] signatures = { … }`: whose signatures on components count, and whether there has to be one.

use std::path::{Path, PathBuf};

use super::Placed;
use super::section::Section;

pub(super) const KEYS: &[&str] = &["required", "keys"];

/// SHA-256 in hexadecimal digits.
const DIGEST_DIGITS: usize = 64;
const DIGEST_PREFIX: &str = "sha256:";

/// What the host demands of components. Whether the files hold keys is known to the adapter runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signatures {
    pub(crate) required: bool,
    /// Files with public keys, in PEM.
    pub(crate) keys: Vec<Placed<PathBuf>>,
}

impl Signatures {
    pub(super) fn read(host: Option<&Section<'_>>, directory: &Path) -> Self {
        let entry = host.and_then(|host| host.get("signatures"));
        let Some(section) = entry.and_then(|entry| entry.section()) else {
            return Self::default();
        };
        section.refuse_others(KEYS);
        let hint = "name the files of the public keys: keys = [\"release.pub\"]";
        let keys = section.require("keys", hint).and_then(|entry| {
            let texts = entry.texts()?;
            if texts.is_empty() {
                entry.mistake(format!("there has to be one; {hint}"));
            }
            Some(texts)
        });
        let file = |text: Placed<String>| Placed::new(directory.join(text.value), text.place);
        Self {
            required: section.boolean_or("required", false),
            keys: keys.unwrap_or_default().into_iter().map(file).collect(),
        }
    }
}

/// Reads `sha256:…`; what comes back are the digits, in lower case.
pub(super) fn digest(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix(DIGEST_PREFIX).unwrap_or_default();
    let is_digest =
        digits.len() == DIGEST_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest {
        Ok(digits.to_ascii_lowercase())
    } else {
        Err(format!(
            "'{text}' is not a digest: write 'sha256:' and {DIGEST_DIGITS} hexadecimal digits, as \
             'sendport adapter inspect' prints them"
        ))
    }
}
