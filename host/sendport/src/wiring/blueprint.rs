//! What a port is made of: its policy and the pools behind it. Two of them are equal when nothing has to be
//! replaced.

use std::collections::BTreeMap;
use std::sync::Arc;

use dispatcher::Generation;
use model::SendPort;

use super::Facts;
use super::pools::PortPools;

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Blueprint {
    pub(crate) settings: SendPort,
    pub(crate) pools: PortPools,
    /// Instances are there before the first message.
    pub(crate) eager: bool,
}

impl Blueprint {
    /// As the dispatcher takes it.
    pub(crate) fn generation(&self) -> Generation {
        Generation {
            settings: self.settings.clone(),
            factory: Arc::new(self.pools.clone()),
        }
    }

    /// Its adapters with version and digest, for the record.
    pub(crate) fn versions(&self) -> String {
        let mut versions: Vec<_> = self.pools.configs().map(|c| c.adapter.version()).collect();
        versions.dedup();
        versions.join(", ")
    }
}

/// A loaded component, and what is known about it under the operator's overrides.
#[derive(Clone, Debug)]
pub(crate) struct Component {
    pub(crate) loaded: adapter_runtime::Adapter,
    pub(crate) facts: Facts,
}

/// Components that serve in place of those that the configuration names, by the adapter's name.
pub(crate) type Components = BTreeMap<String, Component>;

impl Component {
    pub(super) fn parts(&self) -> (&adapter_runtime::Adapter, &Facts) {
        (&self.loaded, &self.facts)
    }
}
