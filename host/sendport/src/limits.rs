//! How much one publication may bring, over HTTP and directly.

use crate::config::Config;

/// The messages of one request are one transaction, which holds all others up while it commits.
const MAX_BULK_MESSAGES: usize = 65_536;

/// Up to here a body waits in memory for the end of its upload, above it is written as it comes.
const STAGE_THRESHOLD: usize = 1 << 20;

/// The limits of a host with this configuration.
pub(crate) fn limits(config: &Config) -> admin::Limits {
    admin::Limits {
        max_body: config.host.max_body,
        max_bulk_messages: MAX_BULK_MESSAGES,
        stage_threshold: STAGE_THRESHOLD,
    }
}
