//! Bytes that pass by an instance's ledger: what `wasi:http` carries. Those of `wasi:sockets` are not counted:
//! its streams belong to the library.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts from any thread and for any number of connections. Cheap to clone. Which message the bytes are
/// for is not known here, so they are shared out as CPU time is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traffic {
    bytes_in: Arc<AtomicU64>,
    bytes_out: Arc<AtomicU64>,
}

impl Traffic {
    /// Where bytes are counted that come from a destination.
    pub(crate) fn received(&self) -> Arc<AtomicU64> {
        self.bytes_in.clone()
    }

    /// Where bytes are counted that go to one.
    pub(crate) fn sent(&self) -> Arc<AtomicU64> {
        self.bytes_out.clone()
    }

    /// In and out so far.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (load(&self.bytes_in), load(&self.bytes_out))
    }
}
