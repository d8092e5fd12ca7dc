//! The life of an instance: load, initialize, work, terminate.

use std::cell::{Cell, OnceCell};

use crate::flight::{Airborne, Flight};
use crate::{Configuration, ErrorInfo, Failure};

/// An author's adapter, from the moment it is loaded, and whether it still takes work.
#[derive(Debug)]
pub struct Instance<A> {
    adapter: OnceCell<A>,
    terminating: Cell<bool>,
    flight: Flight,
}

impl<A: 'static> Instance<A> {
    pub(super) fn new() -> Self {
        Self {
            adapter: OnceCell::new(),
            terminating: Cell::new(false),
            flight: Flight::default(),
        }
    }

    /// `persist-property-bag.load`
    pub fn load(
        &self,
        handler: Configuration,
        load: fn(Configuration) -> Result<A, ErrorInfo>,
    ) -> Result<(), ErrorInfo> {
        let adapter = load(handler)?;
        self.adapter
            .set(adapter)
            .map_err(|_| ErrorInfo::new("protocol", "load was called twice"))
    }

    /// `transport-control.initialize`. A host that has no handler configuration may leave `load` out.
    pub fn initialize(
        &self,
        load: fn(Configuration) -> Result<A, ErrorInfo>,
    ) -> Result<(), ErrorInfo> {
        match self.adapter.get() {
            Some(_) => Ok(()),
            None => self.load(Configuration::default(), load),
        }
    }

    /// `transport-control.terminate`
    pub async fn terminate(&self) {
        self.stop();
        self.flight.landed().await;
    }

    /// `sync-transport-control.terminate`: no message is with the instance by then.
    pub fn stop(&self) {
        self.terminating.set(true);
    }

    /// The adapter, when it may take new work.
    pub(super) fn adapter(&self) -> Result<&A, Failure> {
        if self.terminating.get() {
            let error = ErrorInfo::new("terminating", "the adapter is terminating");
            return Err(Failure::retryable(error));
        }
        self.loaded()
    }

    /// The adapter, also when it only finishes what was begun.
    pub(super) fn loaded(&self) -> Result<&A, Failure> {
        self.adapter.get().ok_or_else(|| {
            let error = ErrorInfo::new("protocol", "a message came before initialize");
            Failure::retryable(error)
        })
    }

    pub(super) fn begin(&self, messages: usize) -> Airborne<'_> {
        self.flight.begin(messages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(handler: Configuration) -> Result<u64, ErrorInfo> {
        Ok(handler.number("size", 0..=9)?.unwrap_or(3))
    }

    fn size(value: &str) -> Configuration {
        vec![("size".to_owned(), value.to_owned())].into()
    }

    fn loaded(handler: Configuration) -> Instance<u64> {
        let instance = Instance::new();
        instance.adapter.set(load(handler).unwrap()).unwrap();
        instance
    }

    #[test]
    fn initialize_keeps_what_load_has_made() {
        let instance = loaded(size("7"));
        instance.initialize(load).unwrap();
        assert_eq!(instance.adapter().unwrap(), &7);
    }

    #[test]
    fn a_message_before_initialize_and_after_terminate_is_refused() {
        let code = |instance: &Instance<u64>| instance.adapter().unwrap_err().error().code.clone();
        assert_eq!(code(&Instance::new()).as_deref(), Some("protocol"));
        let instance = loaded(Configuration::default());
        instance.stop();
        assert_eq!(code(&instance).as_deref(), Some("terminating"));
        assert_eq!(instance.loaded().unwrap(), &3, "what was begun is finished");
    }
}
