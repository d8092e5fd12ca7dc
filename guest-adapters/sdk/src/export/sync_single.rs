//! The `sync-transmitter` export over a [`SyncSendAdapter`].

use std::fmt;

use super::Instance;
use crate::{Failure, Message, SyncSendAdapter};

/// An adapter that has one message at a time.
pub struct SyncSingle<A> {
    instance: Instance<A>,
}

impl<A: SyncSendAdapter> SyncSingle<A> {
    /// Before `load`.
    #[expect(clippy::new_without_default, reason = "made by a macro, once")]
    pub fn new() -> Self {
        Self {
            instance: Instance::new(),
        }
    }

    /// Its life.
    pub fn instance(&self) -> &Instance<A> {
        &self.instance
    }

    /// `sync-transmitter.transmit-message`
    pub fn transmit(&self, message: &Message) -> Result<(), Failure> {
        self.instance.adapter()?.send(message)
    }
}

impl<A> fmt::Debug for SyncSingle<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncSingle").finish_non_exhaustive()
    }
}
