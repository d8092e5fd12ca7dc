//! What is known about a loaded adapter: what it says about itself, but for what the operator knows
//! better.

use std::collections::BTreeMap;

use adapter_runtime::{TransportInfo, World};
use model::{DynamicAdapter, begins_with};

use crate::config::{Adapter, Overrides};

/// The loaded adapters by their names in the configuration.
pub(crate) type KnownAdapters = BTreeMap<String, Facts>;

/// What is known about an adapter.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// With the configuration's overrides.
    pub(crate) info: TransportInfo,
    pub(crate) world: World,
    /// Its schemas do not name all keys that it reads.
    pub(crate) allow_unknown_keys: bool,
}

impl Facts {
    /// What the component says, corrected by the configuration.
    pub(crate) fn new(adapter: &Adapter, mut info: TransportInfo, world: World) -> Self {
        let Overrides {
            eager,
            transport_type,
            address_prefixes,
            ordered_delivery,
            two_way,
        } = adapter.overrides.clone();
        info.start_eagerly = eager.unwrap_or(info.start_eagerly);
        info.transport_type = transport_type.unwrap_or(info.transport_type);
        info.address_prefixes = address_prefixes.unwrap_or(info.address_prefixes);
        info.ordered_delivery = ordered_delivery.unwrap_or(info.ordered_delivery);
        info.two_way = two_way.unwrap_or(info.two_way);
        Self {
            info,
            world,
            allow_unknown_keys: adapter.allow_unknown_keys,
        }
    }

    /// Whether an address is one of those the adapter says it answers to; any is when it names none.
    pub(crate) fn answers_to(&self, address: &str) -> bool {
        let prefixes = &self.info.address_prefixes;
        prefixes.is_empty() || prefixes.iter().any(|prefix| begins_with(address, prefix))
    }

    /// The transport type is FILE: an address names a directory that the adapter has to reach.
    pub(crate) fn is_file(&self) -> bool {
        self.info.transport_type.eq_ignore_ascii_case("FILE")
    }

    /// Delivers exactly once, under transactions of its destination.
    pub(crate) fn is_transactional(&self) -> bool {
        self.world.is_transactional()
    }

    /// Has one message at a time in an instance. (A synchronous adapter of batches has all messages of
    /// one batch.)
    pub(crate) fn is_one_by_one(&self) -> bool {
        self.world == World::SendAdapter
    }

    /// As a dynamic port finds it.
    pub(crate) fn dynamic(&self, name: &str) -> DynamicAdapter {
        DynamicAdapter {
            name: name.to_owned(),
            transport_type: self.info.transport_type.clone(),
            prefixes: self.info.address_prefixes.clone(),
        }
    }
}
