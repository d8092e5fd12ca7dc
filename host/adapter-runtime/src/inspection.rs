//! Everything that can be said about a component without sending anything with it.

use crate::{Adapter, Capabilities, PublicKey, TransportInfo, World};

/// What can be said about a component file.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The kind of adapter.
    pub world: World,
    /// What it could do, if its port grants it.
    pub capabilities: Capabilities,
    /// Interfaces it imports.
    pub imports: Vec<String>,
    /// Interfaces it exports.
    pub exports: Vec<String>,
    /// Size of the component in bytes.
    pub size: u64,
    /// SHA-256 of the component, in hexadecimal digits.
    pub digest: String,
    /// The key that signed it, when the runtime has keys and one of them did.
    pub signed_by: Option<PublicKey>,
    /// What it says about itself.
    pub info: TransportInfo,
}

impl Inspection {
    /// Of a loaded adapter.
    pub fn of(adapter: &Adapter) -> Self {
        let component = adapter.0.component.clone();
        Self {
            world: component.world,
            capabilities: Capabilities::of(adapter),
            imports: component.imports,
            exports: component.exports,
            size: component.size,
            digest: component.digest,
            signed_by: component.signed_by,
            info: adapter.info().clone(),
        }
    }
}
