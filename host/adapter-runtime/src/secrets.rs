//! Secrets: values that have a name in the configuration, and that nobody gets to see.
//!
//! Owns where they are read from, what a port grants its adapter of them, and the interface through which
//! a guest asks. A secret is not logged, not kept in the message box and not shown: `Debug` prints `…`, and
//! no error holds a value. Its memory is overwritten when the last who has it lets go. That of its copies is
//! not: the headers and keys that were made of it, a connection's buffers, the memory of a guest that was
//! granted it.

mod guest;
mod source;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

pub use source::{SecretError, SecretSource};

/// The value of a secret. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// A value that was read elsewhere.
    pub fn new(value: String) -> Self {
        Self(Arc::new(Zeroizing::new(value)))
    }

    /// The value itself. Whoever calls this keeps it out of logs, errors and everything that is stored.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Secrets by their names. Cheap to clone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(Arc<BTreeMap<String, Secret>>);

impl Secrets {
    /// The secret of that name.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }

    /// Those of them that a port grants its adapter to read; what has none of these names is left out.
    pub fn grant<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> GrantedSecrets {
        let granted = |name: &str| Some((name.to_owned(), self.get(name)?.clone()));
        GrantedSecrets(Self(Arc::new(
            names.into_iter().filter_map(granted).collect(),
        )))
    }
}

impl FromIterator<(String, Secret)> for Secrets {
    fn from_iter<I: IntoIterator<Item = (String, Secret)>>(secrets: I) -> Self {
        Self(Arc::new(secrets.into_iter().collect()))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter()).finish()
    }
}

/// The secrets that one port's adapter may read; none unless the port says so. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantedSecrets(Secrets);

impl GrantedSecrets {
    /// The names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.0.keys().map(String::as_str)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        let secret = |name: &str| (name.to_owned(), Secret::new(format!("value of {name}")));
        ["a", "b", "c"].map(secret).into_iter().collect()
    }

    #[test]
    fn a_value_is_not_shown() {
        let secrets = secrets();
        assert_eq!(format!("{:?}", secrets.get("a")), "Some(…)");
        assert_eq!(format!("{secrets:?}"), r#"{"a": …, "b": …, "c": …}"#);
        assert!(!format!("{:?}", secrets.grant(["a"])).contains("value"));
    }

    #[test]
    fn a_port_has_those_that_it_names_and_no_others() {
        let granted = secrets().grant(["c", "a", "unknown"]);
        assert_eq!(granted.names().collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(granted.get("a").map(Secret::expose), Some("value of a"));
        assert_eq!(granted.get("b"), None);
        assert_eq!(granted.get("unknown"), None);
        assert_eq!(GrantedSecrets::default().names().count(), 0);
    }
}
