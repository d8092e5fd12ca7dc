//! What the host serves at the moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::PortName;

use super::canary::Canary;
use crate::config::Config;
use crate::wiring::{Adapters, Blueprint, Components};

/// See the module.
#[derive(Debug)]
pub(super) struct State {
    pub(super) config: Arc<Config>,
    pub(super) adapters: Arc<Adapters>,
    pub(super) ports: BTreeMap<PortName, Serving>,
}

/// How a port is served.
#[derive(Clone, Debug)]
pub(super) struct Serving {
    /// What it is made of; during a canary, the old version.
    pub(super) blueprint: Blueprint,
    /// The components that serve it in place of those that the configuration names.
    pub(super) instead: Components,
    /// The digests of the components that were replaced last, by the adapter's name.
    pub(super) previous: BTreeMap<String, String>,
    /// A version that is being tried out.
    pub(super) canary: Option<Canary>,
}

impl Serving {
    pub(super) fn new(
        blueprint: Blueprint,
        instead: Components,
        previous: BTreeMap<String, String>,
    ) -> Self {
        Self {
            blueprint,
            instead,
            previous,
            canary: None,
        }
    }
}
