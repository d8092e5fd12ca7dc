//! What `sendport check` says about a text, for adapters that are described rather than loaded.
//!
//! The same parser, the same checks and the same report as the command's, so that fuzzers can ask for
//! them thousands of times a second.

use std::path::Path;

use adapter_runtime::{TransportInfo, World};
use model::Timestamp;

use crate::check;
use crate::config::{Config, ConfigError, Destination, Mistake, Port};
use crate::wiring::{Facts, KnownAdapters, mistakes};

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The dotted key; empty when the text is not TOML at all.
    pub key: String,
    /// What is wrong and what to do.
    pub problem: String,
}

/// What the configuration means, in the words of `sendport check`, or everything that is wrong with it in
/// the order of the file.
///
/// `component` says what the component of a path is; about one that it does not know nothing is
/// complained. Paths are relative to the file's directory; directories that are granted are looked at, and
/// nothing is opened.
pub fn examine(
    file: &Path,
    text: &str,
    component: impl Fn(&Path) -> Option<(TransportInfo, World)>,
    now: Timestamp,
) -> Result<String, Vec<Complaint>> {
    let config = Config::parse(file, text).map_err(complaints)?;
    let adapters = config.adapters.iter().filter_map(|adapter| {
        let (info, world) = component(&adapter.component)?;
        Some((adapter.name.clone(), Facts::new(adapter, info, world)))
    });
    let known: KnownAdapters = adapters.collect();
    let mistakes = mistakes(&config, &known);
    if !mistakes.is_empty() {
        return Err(complaints(config.error(mistakes)));
    }
    for port in &config.ports {
        // What the dispatcher would get must be made without trouble too.
        drop(port.send_port(dynamic(port, &known)));
        drop(port.unloaded());
    }
    Ok(check::report(&config, &known, now))
}

fn dynamic(port: &Port, known: &KnownAdapters) -> Vec<model::DynamicAdapter> {
    let Destination::Dynamic(dynamic) = &port.destination else {
        return Vec::new();
    };
    let names = dynamic.adapters.iter().map(|adapter| &adapter.value);
    let known = names.filter_map(|name| Some(known.get(name)?.dynamic(name)));
    known.collect()
}

fn complaints(error: ConfigError) -> Vec<Complaint> {
    let ConfigError::Mistaken { mistakes, .. } = error else {
        // A text that is given was read already.
        return Vec::new();
    };
    let complaint = |mistake: Mistake| Complaint {
        line: mistake.place.line,
        column: mistake.place.column,
        key: mistake.key,
        problem: mistake.problem,
    };
    mistakes.into_iter().map(complaint).collect()
}
