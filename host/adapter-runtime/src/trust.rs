//! Which components may be loaded: those whose digest is the one that was approved, and that are signed
//! by a key that the host knows.
//!
//! Everything is checked offline, on the very bytes that are compiled afterwards, and before anything of
//! them is. A detached signature lies beside the component, in `NAME.wasm.sig`, unless another file is
//! named: a bundle as `cosign sign-blob --key KEY --bundle` writes it, base64 as [`SigningKey`] and older
//! cosigns do, or the bare bytes as OpenSSL does.

mod public_key;
mod signature;
mod signing_key;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use public_key::{KeyError, PublicKey};
pub use signing_key::{KeyAlgorithm, SigningKey};

use crate::Error;

/// What the host demands of every component.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Whose signatures count.
    pub keys: Arc<[PublicKey]>,
    /// A component without a signature is refused. With keys and without this, it is loaded with a
    /// warning; a wrong signature is refused all the same.
    pub required: bool,
}

/// What is demanded of one component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The SHA-256 of its bytes, in 64 lower-case hexadecimal digits; always checked when it is there.
    pub digest: Option<String>,
    /// The file of its signature, instead of the one beside it.
    pub signature: Option<PathBuf>,
}

/// Why a component is not trusted, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Distrust {
    /// Another digest is pinned.
    #[error(
        "sha256:{pinned} is pinned, so this is not the file that was approved; put that one there, or, if this one is right, pin its digest"
    )]
    Digest {
        /// The digest that was expected.
        pinned: String,
    },
    /// There is no signature, and there has to be one.
    #[error(
        "it is not signed: there is no file {}. Keys that may sign it: {keys}. Sign it with 'sendport adapter sign {} --key KEY.pem', or 'cosign sign-blob --key KEY --bundle {} {}'", signature.display(), component.display(), signature.display(), component.display()
    )]
    Unsigned {
        /// The component.
        component: PathBuf,
        /// Where the signature was looked for.
        signature: PathBuf,
        /// The keys, as a list for people.
        keys: String,
    },
    /// The signature's file cannot be used.
    #[error("its signature {} cannot be used: {reason}", signature.display())]
    Unusable {
        /// The signature's file.
        signature: PathBuf,
        /// Why.
        reason: String,
    },
    /// No key made the signature.
    #[error(
        "its signature {} is of none of the keys tried: {keys}. The component or the signature has been changed since it was signed, or another key has signed it; get both again from where they come from, or add the key to 'signatures'", signature.display()
    )]
    WrongSignature {
        /// The signature's file.
        signature: PathBuf,
        /// The keys, as a list for people.
        keys: String,
    },
}

impl Trust {
    /// Checks a component. Returns the key that signed it, if one did.
    pub(crate) fn check(
        &self,
        path: &Path,
        bytes: &[u8],
        digest: &str,
        provenance: &Provenance,
    ) -> Result<Option<PublicKey>, Error> {
        let distrust = |reason| Error::Untrusted {
            path: path.to_owned(),
            digest: digest.to_owned(),
            reason,
        };
        if let Some(pinned) = provenance
            .digest
            .as_ref()
            .filter(|pinned| *pinned != digest)
        {
            let pinned = pinned.clone();
            return Err(distrust(Distrust::Digest { pinned }));
        }
        let is_asked = self.required || !self.keys.is_empty() || provenance.signature.is_some();
        if !is_asked {
            return Ok(None);
        }
        let signed_by = self.signed_by(path, bytes, provenance).map_err(distrust)?;
        match &signed_by {
            Some(key) => tracing::debug!(path = %path.display(), digest, %key, "signed"),
            None => tracing::warn!(
                path = %path.display(), digest,
                "the adapter is not signed; it is loaded because signatures are not required"
            ),
        }
        Ok(signed_by)
    }

    fn signed_by(
        &self,
        path: &Path,
        bytes: &[u8],
        provenance: &Provenance,
    ) -> Result<Option<PublicKey>, Distrust> {
        let named = provenance.signature.clone();
        let is_named = named.is_some();
        let signature = named.unwrap_or_else(|| signature_beside(path));
        let unusable = |reason| Distrust::Unusable {
            signature: signature.clone(),
            reason,
        };
        let Some(signatures) = signature::read(&signature).map_err(unusable)? else {
            // One that is named and missing is a mistake, whether there has to be one or not.
            return match self.required || is_named {
                true => Err(Distrust::Unsigned {
                    component: path.to_owned(),
                    signature,
                    keys: self.list(),
                }),
                false => Ok(None),
            };
        };
        let signed = |key: &&PublicKey| signatures.iter().any(|s| key.has_signed(bytes, s));
        match self.keys.iter().find(signed) {
            Some(key) => Ok(Some(key.clone())),
            None => Err(Distrust::WrongSignature {
                signature,
                keys: self.list(),
            }),
        }
    }

    /// For people.
    fn list(&self) -> String {
        if self.keys.is_empty() {
            return "none, since 'signatures' lists none".to_owned();
        }
        let keys: Vec<_> = self.keys.iter().map(PublicKey::to_string).collect();
        keys.join(", ")
    }
}

/// `a/b.wasm.sig` for `a/b.wasm`.
pub fn signature_beside(component: &Path) -> PathBuf {
    let mut name = OsString::from(component);
    name.push(".sig");
    name.into()
}

#[cfg(test)]
mod tests;
