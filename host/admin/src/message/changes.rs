//! What a person changes about a message's properties.

use std::collections::BTreeMap;

use axum::http::{HeaderName, HeaderValue};
use model::Properties;
use serde::{Deserialize, Serialize};

use crate::message_error::MessageError;

/// The body of `PATCH /v1/messages/{id}`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    /// Properties that get a value.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Properties that are removed.
    #[serde(default)]
    pub unset: Vec<String>,
}

impl Changes {
    /// True when nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.unset.is_empty()
    }

    pub(super) fn apply(&self, before: &Properties) -> Result<Properties, MessageError> {
        for (name, value) in &self.set {
            check(name, value)?;
            if self.unset.contains(name) {
                let text = format!("{name:?} is both set and unset; choose one");
                return Err(MessageError::Malformed(text));
            }
        }
        for name in &self.unset {
            if before.get(name).is_none() {
                let text = format!("the message has no property {name:?} to unset");
                return Err(MessageError::Malformed(text));
            }
        }
        let kept = before
            .iter()
            .filter(|(name, _)| !self.unset.iter().any(|u| u == name));
        let mut after: Properties = kept.collect();
        for (name, value) in &self.set {
            after.set(name, value);
        }
        Ok(after)
    }
}

/// Published properties travel as headers; what is set by hand keeps to that.
fn check(name: &str, value: &str) -> Result<(), MessageError> {
    if HeaderName::from_lowercase(name.as_bytes()).is_err() {
        return Err(MessageError::Malformed(format!(
            "{name:?} cannot name a property: use lower-case letters, digits, '-', '_' or '.'"
        )));
    }
    if HeaderValue::from_bytes(value.as_bytes()).is_err() {
        return Err(MessageError::Malformed(format!(
            "the value of {name:?} holds line breaks or control characters; remove them"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(set: &[(&str, &str)], unset: &[&str]) -> Changes {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Changes {
            set: set.iter().map(owned).collect(),
            unset: unset.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn what_is_not_named_stays_in_its_place() {
        let before: Properties = [("a", "1"), ("b", "2"), ("c", "3")].into_iter().collect();
        let after = changes(&[("c", "4"), ("d", "5")], &["a"]).apply(&before);
        let after = after.unwrap();
        assert_eq!(
            after.iter().collect::<Vec<_>>(),
            [("b", "2"), ("c", "4"), ("d", "5")]
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let before: Properties = [("a", "1")].into_iter().collect();
        for wrong in [
            changes(&[("A", "x")], &[]),
            changes(&[("", "x")], &[]),
            changes(&[("a", "x\r\ny: z")], &[]),
            changes(&[("a", "x")], &["a"]),
            changes(&[], &["b"]),
        ] {
            let error = wrong.apply(&before);
            assert!(
                matches!(error, Err(MessageError::Malformed(_))),
                "{wrong:?}"
            );
        }
    }
}
