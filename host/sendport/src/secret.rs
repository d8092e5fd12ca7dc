//! `sendport secret`: new keys, for those who have none.

use adapter_runtime::{generate_webhook_key_pair, generate_webhook_secret};

use crate::output;

/// Prints a new key that webhooks are signed with; asymmetric: the sender's, then the receiver's.
pub(crate) fn generate_webhook_key(asymmetric: bool) -> anyhow::Result<()> {
    if asymmetric {
        let pair = generate_webhook_key_pair()?;
        output::print(&format!("{}\n{}\n", pair.secret.expose(), pair.public))
    } else {
        let secret = generate_webhook_secret()?;
        output::print(&format!("{}\n", secret.expose()))
    }
}
