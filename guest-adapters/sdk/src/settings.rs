//! What was parsed from ports' configurations, kept until they change.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use crate::{Configuration, ErrorInfo, Failure, Message};

/// The parsed configuration of every port that an instance has seen. One entry per port: a new version
/// replaces the old one, and messages under way keep what they have.
pub struct PortSettings<T> {
    // An instance rarely sees a second port, so a list is the quickest map.
    entries: RefCell<Vec<Entry<T>>>,
}

struct Entry<T> {
    port: String,
    version: u64,
    settings: Rc<T>,
}

impl<T> PortSettings<T> {
    /// No port yet.
    pub const fn new() -> Self {
        Self {
            entries: RefCell::new(Vec::new()),
        }
    }

    /// The settings of the message's port; parses them when the port is new or its version has changed.
    ///
    /// A configuration that cannot be parsed is a retryable failure: the message is not to blame, and
    /// an operator may mend the port before the retries are used up.
    pub fn get(
        &self,
        message: &Message,
        parse: impl FnOnce(Configuration) -> Result<T, ErrorInfo>,
    ) -> Result<Rc<T>, Failure> {
        let (port, version) = (message.send_port(), message.configuration_version());
        self.lookup(port, version, || parse(message.settings()))
            .map_err(Failure::retryable)
    }

    fn lookup(
        &self,
        port: String,
        version: u64,
        parse: impl FnOnce() -> Result<T, ErrorInfo>,
    ) -> Result<Rc<T>, ErrorInfo> {
        let position = self
            .entries
            .borrow()
            .iter()
            .position(|entry| entry.port == port);
        if let Some(position) = position {
            let entry = &self.entries.borrow()[position];
            if entry.version == version {
                return Ok(Rc::clone(&entry.settings));
            }
        }
        let settings = Rc::new(parse()?);
        let entry = Entry {
            port,
            version,
            settings: Rc::clone(&settings),
        };
        let mut entries = self.entries.borrow_mut();
        match position {
            Some(position) => entries[position] = entry,
            None => entries.push(entry),
        }
        Ok(settings)
    }
}

impl<T> Default for PortSettings<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for PortSettings<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries.borrow();
        let ports = entries.iter().map(|entry| (&entry.port, entry.version));
        f.debug_map().entries(ports).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_parsed_once_per_port_and_version() {
        let settings = PortSettings::new();
        let get = |port: &str, version, value| {
            let parsed = settings.lookup(port.to_owned(), version, || Ok(value));
            *parsed.unwrap()
        };
        assert_eq!(get("a", 1, 10), 10);
        assert_eq!(get("b", 1, 20), 20);
        assert_eq!(get("a", 1, 11), 10);
        assert_eq!(get("a", 2, 12), 12);
        assert_eq!(get("a", 2, 13), 12);
        assert_eq!(get("b", 1, 21), 20);
    }

    #[test]
    fn an_error_is_not_kept() {
        let settings = PortSettings::new();
        let wrong = settings.lookup("a".to_owned(), 1, || Err("wrong".into()));
        assert_eq!(wrong.unwrap_err().text, "wrong");
        assert_eq!(*settings.lookup("a".to_owned(), 1, || Ok(5)).unwrap(), 5);
    }
}
