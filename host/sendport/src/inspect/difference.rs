//! What one component can do that another cannot: what an operator has to know before it replaces that.

use std::collections::BTreeSet;

use adapter_runtime::{Capabilities, Inspection};
use serde_json::{Value, json};

use super::{component, line, list};

/// From one component to another.
pub(super) struct Difference {
    added: Capabilities,
    removed: Capabilities,
    /// With their versions, in the order of the alphabet.
    added_imports: Vec<String>,
    removed_imports: Vec<String>,
}

impl Difference {
    pub(super) fn between(old: &Inspection, new: &Inspection) -> Self {
        let imports = |of: &Inspection| of.imports.iter().cloned().collect::<BTreeSet<_>>();
        let (before, after) = (imports(old), imports(new));
        Self {
            added: new.capabilities.added_since(&old.capabilities),
            removed: old.capabilities.added_since(&new.capabilities),
            added_imports: after.difference(&before).cloned().collect(),
            removed_imports: before.difference(&after).cloned().collect(),
        }
    }

    /// `against` is what the old one is called.
    pub(super) fn as_text(&self, against: &str) -> String {
        let mut text = String::new();
        let (added, removed) = (self.added.to_string(), self.removed.to_string());
        if self.added.is_empty() && self.removed.is_empty() {
            line(&mut text, &format!("it can do what {against} can"));
        }
        list(&mut text, &format!("new, against {against}"), added.lines());
        list(&mut text, "no longer", removed.lines());
        let (added, removed) = (&self.added_imports, &self.removed_imports);
        list(&mut text, "imports added", added.iter().map(String::as_str));
        list(
            &mut text,
            "imports removed",
            removed.iter().map(String::as_str),
        );
        text
    }

    pub(super) fn as_json(&self) -> Value {
        json!({
            "added": component::capabilities_json(&self.added),
            "removed": component::capabilities_json(&self.removed),
            "imports_added": self.added_imports,
            "imports_removed": self.removed_imports,
        })
    }
}
