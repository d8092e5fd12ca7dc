//! Ports end to end: a real message box in a temporary directory, and pools that answer as scripted.

mod backup;
mod batches;
mod bulkhead;
mod canary;
mod draining;
mod dynamic;
mod endings;
mod failing;
mod host;
mod ordered;
mod outcomes;
mod pacing;
mod scripted_pool;
mod states;
mod swapping;

pub(crate) use host::port;
