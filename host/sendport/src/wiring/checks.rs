//! What a configuration says, against what its adapters are: settings, abilities, addresses, grants,
//! credentials.
//!
//! Looks at directories; opens and starts nothing. Mistakes that the file shows by itself are found in
//! [`crate::config`].

mod abilities;
mod credentials;
pub(super) mod reach;

use super::{Facts, KnownAdapters};
use crate::config::{Config, Mistake, Place, Port, Settings};
use crate::schema;

/// Everything that is wrong. About an adapter that is not known nothing is said: it could not be loaded,
/// which has been told already.
pub(crate) fn mistakes(config: &Config, known: &KnownAdapters) -> Vec<Mistake> {
    let adapters = config.adapters.iter().filter_map(|adapter| {
        let facts = known.get(&adapter.name)?;
        Some(settings(&adapter.config, &facts.info.handler_schema, facts))
    });
    let ports = config
        .ports
        .iter()
        .map(|port| Check::new(port, known).mistakes());
    adapters.chain(ports).flatten().collect()
}

/// Everything that would be wrong with one port if this were what is known about its adapters.
pub(crate) fn mistakes_of_port(
    config: &Config,
    port: &Port,
    known: &KnownAdapters,
) -> Vec<Mistake> {
    let used = port.destination.adapters();
    let is_used = |name: &str| used.iter().any(|used| used.value == name);
    let adapters = config.adapters.iter().filter(|a| is_used(&a.name));
    let handlers = adapters.filter_map(|adapter| {
        let facts = known.get(&adapter.name)?;
        Some(settings(&adapter.config, &facts.info.handler_schema, facts))
    });
    let of_port = Check::new(port, known).mistakes();
    handlers.flatten().chain(of_port).collect()
}

fn settings(
    settings: &Settings,
    schema: &[adapter_runtime::ConfigurationKey],
    facts: &Facts,
) -> Vec<Mistake> {
    schema::check(schema, settings, facts.allow_unknown_keys)
}

/// The check of one port.
struct Check<'a> {
    port: &'a Port,
    known: &'a KnownAdapters,
    mistakes: Vec<Mistake>,
}

impl<'a> Check<'a> {
    fn new(port: &'a Port, known: &'a KnownAdapters) -> Self {
        Self {
            port,
            known,
            mistakes: Vec::new(),
        }
    }

    fn mistakes(mut self) -> Vec<Mistake> {
        for transport in self.port.destination.transports() {
            if let Some(facts) = self.known.get(&transport.adapter.value) {
                let wrong = settings(&transport.config, &facts.info.port_schema, facts);
                self.mistakes.extend(wrong);
            }
        }
        self.reach();
        self.credentials();
        self.abilities();
        self.mistakes
    }

    /// `key` is within the port's table.
    fn mistake(&mut self, place: Place, key: &str, problem: impl Into<String>) {
        self.mistakes.push(Mistake {
            place,
            key: format!("ports.{}.{key}", self.port.name),
            problem: problem.into(),
        });
    }
}
