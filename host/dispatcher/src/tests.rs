//! Ports end to end: a real message box in a temporary directory, and a pool that answers as scripted.

mod batches;
mod bulkhead;
mod draining;
mod failing;
mod host;
mod outcomes;
mod scripted_pool;
