//! The two clocks: the wall clock for what is stored, the steady one for waiting.
//!
//! The only place of this room that reads the wall clock.

use std::time::{Duration, SystemTime};

use model::Timestamp;
use tokio::time::Instant;

/// Waits are cut to this: nobody waits longer, and adding it to an instant cannot overflow.
const LONGEST_WAIT: Duration = Duration::from_secs(366 * 24 * 3600);

/// The wall clock.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}

/// `wait` after `from`; a wait without end becomes a very long one.
pub(crate) fn later(from: Instant, wait: Duration) -> Instant {
    from + wait.min(LONGEST_WAIT)
}
