//! The contract's `secrets` interface: what a guest gets that was granted a secret.

use wasmtime::Result;

use crate::bindings::imports::secrets as wit;
use crate::context::Context;

impl wit::Host for Context {
    fn get(&mut self, name: String) -> Result<Result<String, wit::SecretError>> {
        let secret = self.secrets.get(&name);
        Ok(secret
            .map(|secret| secret.expose().to_owned())
            .ok_or(wit::SecretError::NotGranted))
    }
}
