//! A loaded component: which world it is of, what it imports, and the code ready to be instantiated.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre, Linker};

use crate::artefact::ArtefactCache;
use crate::bindings::exports;
use crate::context::Context;
use crate::guest::Indices;
use crate::trust::{Provenance, PublicKey, Trust};
use crate::{Error, TransportInfo, World};

/// An adapter, identified by the digest of its component. Cheap to clone.
#[derive(Clone)]
pub struct Adapter(pub(crate) Arc<Loaded>);

pub(crate) struct Loaded {
    pub(crate) component: ComponentFacts,
    pub(crate) info: TransportInfo,
    pub(crate) code: Code,
}

/// What can be said about a component without running it.
#[derive(Clone, Debug)]
pub(crate) struct ComponentFacts {
    pub(crate) path: PathBuf,
    /// SHA-256 of the component, in hexadecimal digits.
    pub(crate) digest: String,
    pub(crate) size: u64,
    /// The key whose signature was found good.
    pub(crate) signed_by: Option<PublicKey>,
    pub(crate) world: World,
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
}

/// Linked code and where its exports are.
pub(crate) struct Code {
    pub(crate) pre: InstancePre<Context>,
    pub(crate) transport: exports::transport::GuestIndices,
    pub(crate) property_bag: Option<exports::persist_property_bag::GuestIndices>,
    pub(crate) exports: Indices,
}

/// Digits of a digest that tell adapters apart for a person.
const SHORT_DIGEST: usize = 12;

impl Adapter {
    /// SHA-256 of the component, in hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.0.component.digest
    }

    /// The kind of adapter.
    pub fn world(&self) -> World {
        self.0.component.world
    }

    /// What it says about itself.
    pub fn info(&self) -> &TransportInfo {
        &self.0.info
    }

    /// Interfaces it imports, with their versions: what it could possibly do.
    pub fn imports(&self) -> &[String] {
        &self.0.component.imports
    }

    /// The key that signed it, when the host has keys and one of them did.
    pub fn signed_by(&self) -> Option<&PublicKey> {
        self.0.component.signed_by.as_ref()
    }

    /// Its name, its version and the beginning of its digest, for the record.
    pub fn version(&self) -> String {
        let digest = self.digest();
        let beginning = digest.get(..SHORT_DIGEST).unwrap_or(digest);
        let TransportInfo { name, version, .. } = self.info();
        format!("{name} {version} sha256:{beginning}")
    }

    /// Where it was loaded from.
    pub fn path(&self) -> &Path {
        &self.0.component.path
    }
}

/// The same component, wherever it was loaded from.
impl PartialEq for Adapter {
    fn eq(&self, other: &Self) -> bool {
        self.digest() == other.digest()
    }
}

impl fmt::Debug for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.component.fmt(f)
    }
}

/// Reads a component, once, and says whether it is to be trusted; then compiles those bytes (or takes
/// what was compiled of the same ones from the cache), checks and links them.
pub(crate) fn load_code(
    engine: &Engine,
    linker: &Linker<Context>,
    cache: &ArtefactCache,
    path: &Path,
    (trust, provenance): (&Trust, &Provenance),
) -> Result<(ComponentFacts, Code), Error> {
    let bytes = read_component(path)?;
    let digest = hex(&Sha256::digest(&bytes));
    let signed_by = trust.check(path, &bytes, &digest, provenance)?;
    let component = cache.load(engine, path, &bytes, &digest)?;
    let ty = component.component_type();
    let imports: Vec<String> = ty
        .imports(engine)
        .map(|(name, _)| name.to_owned())
        .collect();
    let exports: Vec<String> = ty
        .exports(engine)
        .map(|(name, _)| name.to_owned())
        .collect();
    let wrong = |reason| Error::World {
        path: path.to_owned(),
        reason,
    };
    let world = World::of_exports(exports.iter().map(String::as_str)).map_err(wrong)?;
    let code = link(linker, &component, world, path)?;
    let (path, size) = (path.to_owned(), bytes.len() as u64);
    Ok((
        ComponentFacts {
            path,
            digest,
            size,
            signed_by,
            world,
            imports,
            exports,
        },
        code,
    ))
}

fn read_component(path: &Path) -> Result<Vec<u8>, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })?;
    match bytes.get(..8) {
        Some([0, b'a', b's', b'm', _, 0, 0, 0]) => Err(Error::CoreModule {
            path: path.to_owned(),
        }),
        Some([0, b'a', b's', b'm', ..]) => Ok(bytes),
        _ => Err(Error::NotWasm {
            path: path.to_owned(),
        }),
    }
}

fn link(
    linker: &Linker<Context>,
    component: &Component,
    world: World,
    path: &Path,
) -> Result<Code, Error> {
    let import = |e: wasmtime::Error| Error::Import {
        path: path.to_owned(),
        reason: format!("{e:#}"),
    };
    let pre = linker.instantiate_pre(component).map_err(import)?;
    indices(pre, world).map_err(|e| Error::World {
        path: path.to_owned(),
        reason: format!("{e:#}"),
    })
}

fn indices(pre: InstancePre<Context>, world: World) -> wasmtime::Result<Code> {
    Ok(Code {
        transport: exports::transport::GuestIndices::new(&pre)?,
        // Optional (B04): absent is fine.
        property_bag: exports::persist_property_bag::GuestIndices::new(&pre).ok(),
        exports: Indices::of(&pre, world)?,
        pre,
    })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
