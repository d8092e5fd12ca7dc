//! Conveniences of a destination, which a transactional adapter gets beside its messages.

use crate::{Configuration, Destination};

impl Destination {
    /// The port's configuration, ready to be read; the same as that of its messages.
    pub fn settings(&self) -> Configuration {
        self.configuration.clone().into()
    }
}
