//! Whose signatures count, and what is demanded of each component.

use adapter_runtime::{Provenance, PublicKey, Trust};

use crate::config::{Adapter, Config, Mistake, Signatures};

/// Reads the keys, noting every mistake.
pub(super) fn trust(config: &Config) -> (Trust, Vec<Mistake>) {
    let Signatures { required, keys } = &config.host.signatures;
    let (mut read, mut mistakes) = (Vec::new(), Vec::new());
    for key in keys {
        let file = &key.value;
        let found = match std::fs::read_to_string(file) {
            Ok(text) => {
                let name = file.file_name().unwrap_or(file.as_os_str());
                PublicKey::from_pem(&name.to_string_lossy(), &text).map_err(|e| e.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        match found {
            Ok(key) => read.push(key),
            Err(problem) => mistakes.push(Mistake {
                place: key.place,
                key: "host.signatures.keys".to_owned(),
                problem: format!("{} is no key to check with: {problem}", file.display()),
            }),
        }
    }
    let trust = Trust {
        keys: read.into(),
        required: *required,
    };
    (trust, mistakes)
}

/// What the configuration demands of this adapter's component.
pub(super) fn provenance(adapter: &Adapter) -> Provenance {
    Provenance {
        digest: adapter.digest.clone(),
        signature: adapter.signature.clone(),
    }
}
