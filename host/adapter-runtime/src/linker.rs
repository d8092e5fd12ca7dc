//! What components can import: the contract, the HTTP capability, and WASI 0.2 and 0.3.
//!
//! Linking an interface grants nothing by itself: without grants there is no directory to open, no
//! address to reach, no environment and no secret to read. See [`crate::wasi`].

use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use crate::Error;
use crate::bindings::imports::{
    http_client, secrets, sync_transport_proxy, transport_proxy, types,
};
use crate::context::Context;
use crate::sockets;

/// A linker with everything the host offers.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<Context>, Error> {
    let mut linker = Linker::new(engine);
    add_all(&mut linker).map_err(|e| Error::Start(format!("{e:#}")))?;
    Ok(linker)
}

fn add_all(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    types::add_to_linker::<_, HasSelf<_>>(linker, |context| context)?;
    transport_proxy::add_to_linker::<_, HasSelf<_>>(linker, |context| context)?;
    sync_transport_proxy::add_to_linker::<_, HasSelf<_>>(linker, |context| context)?;
    http_client::add_to_linker::<_, HasSelf<_>>(linker, |context| context)?;
    secrets::add_to_linker::<_, HasSelf<_>>(linker, |context| context)?;
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    wasmtime_wasi::p3::add_to_linker(linker)?;
    sockets::add_to_linker(linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    wasmtime_wasi_http::p3::add_to_linker(linker)
}
