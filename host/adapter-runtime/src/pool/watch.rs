//! Sees to it that transactions in doubt are recovered although no message asks for an instance: after a
//! crash, or when the instance that was to commit has ended.

use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::pool::Shared;

/// How often it looks. A look costs next to nothing.
const PERIOD: Duration = Duration::from_secs(5);

/// The looks that begin with a new doubt, counted from the pool's beginning. When a host is killed, its
/// last word to prepare may be on its way: it shows at the destination after the next host's first
/// recovery has asked there, and then holds its locks. As a rule it is there a moment later; one that
/// itself had to wait for a lock, when the destination's usual patience of half a minute is over.
const LATE: [u32; 2] = [1, 8];

/// Looks now and then for as long as the pool is there. Holds it only while it looks.
pub(super) async fn over(pool: Weak<Shared>) {
    let mut is_asked = false;
    for nth in 0_u32.. {
        match pool.upgrade() {
            Some(pool) if !pool.is_terminating() => {
                if LATE.contains(&nth) {
                    pool.memory().doubt();
                }
                look(&pool, &mut is_asked).await;
            }
            _ => return,
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// A pool begins in doubt, and its first message ends that. It need not wait for one when something is
/// known to be decided and uncommitted; what is prepared and undecided has messages that will come.
async fn look(pool: &Arc<Shared>, is_asked: &mut bool) {
    let memory = pool.memory();
    if !memory.in_doubt() || pool.has_instance() {
        return;
    }
    if memory.has_doubtful() {
        pool.ensure_one();
        return;
    }
    if *is_asked {
        return;
    }
    match pool.sink.decided_transactions().await {
        Ok(decided) => {
            *is_asked = true;
            if decided.iter().any(|name| memory.is_ports(name)) {
                pool.ensure_one();
            }
        }
        Err(error) => tracing::debug!(port = %pool.port(), %error, "not known yet what is decided"),
    }
}
