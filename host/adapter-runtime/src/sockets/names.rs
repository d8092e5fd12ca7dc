//! `wasi:sockets/ip-name-lookup`, for the names that a port's TCP grants hold and no others: a look-up
//! tells a name server, and so whoever owns the name, what a guest wants it to know.

use wasmtime::Result;
use wasmtime::component::{Accessor, HasData, Linker, Resource};
use wasmtime_wasi::p2::bindings::sockets::{ip_name_lookup as p2, network};
use wasmtime_wasi::p2::{DynPollable, SocketError};
use wasmtime_wasi::p3::bindings::sockets::{ip_name_lookup as p3, types};
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsCtxView, WasiSocketsView};

use crate::TcpGrant;
use crate::context::Context;
use crate::egress::{EgressWay, Opening, Reporter};

pub(super) fn add_to_linker(linker: &mut Linker<Context>) -> Result<()> {
    p2::add_to_linker::<_, GrantedNames>(linker, Context::names)?;
    p3::add_to_linker::<_, GrantedNames>(linker, Context::names)
}

/// WASI's look-ups, behind a check.
struct GrantedNames;

/// What a look-up needs of its instance.
pub(crate) struct Names<'a> {
    pub(crate) wasi: WasiSocketsCtxView<'a>,
    pub(crate) grants: &'a [TcpGrant],
    pub(crate) reporter: &'a Reporter,
}

impl HasData for GrantedNames {
    type Data<'a> = Names<'a>;
}

impl Names<'_> {
    /// What is written as an address is not looked up, and needs no grant.
    fn allow(&self, name: &str) -> bool {
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        let allowed = bare.parse::<std::net::IpAddr>().is_ok()
            || self.grants.iter().any(|grant| grant.names(name));
        if !allowed {
            let why = "the port grants no TCP connection to this name; if that is right, add it and its port to the port's grants.tcp";
            let opening = Opening {
                way: EgressWay::NameLookup,
                message: None,
                method: None,
                target: name.into(),
            };
            self.reporter.denied(opening, None, why);
        }
        allowed
    }
}

impl p2::Host for Names<'_> {
    fn resolve_addresses(
        &mut self,
        network: Resource<network::Network>,
        name: String,
    ) -> Result<Resource<p2::ResolveAddressStream>, SocketError> {
        if !self.allow(&name) {
            return Err(network::ErrorCode::AccessDenied.into());
        }
        self.wasi.resolve_addresses(network, name)
    }
}

impl p2::HostResolveAddressStream for Names<'_> {
    fn resolve_next_address(
        &mut self,
        stream: Resource<p2::ResolveAddressStream>,
    ) -> Result<Option<network::IpAddress>, SocketError> {
        self.wasi.resolve_next_address(stream)
    }

    fn subscribe(
        &mut self,
        stream: Resource<p2::ResolveAddressStream>,
    ) -> Result<Resource<DynPollable>> {
        self.wasi.subscribe(stream)
    }

    fn drop(&mut self, stream: Resource<p2::ResolveAddressStream>) -> Result<()> {
        p2::HostResolveAddressStream::drop(&mut self.wasi, stream)
    }
}

/// The interface that the error codes of the other one are of.
impl network::Host for Names<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> Result<network::ErrorCode> {
        self.wasi.convert_error_code(error)
    }

    fn network_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> Result<Option<network::ErrorCode>> {
        self.wasi.network_error_code(error)
    }
}

impl network::HostNetwork for Names<'_> {
    fn drop(&mut self, network: Resource<network::Network>) -> Result<()> {
        network::HostNetwork::drop(&mut self.wasi, network)
    }
}

impl p3::Host for Names<'_> {}

impl p3::HostWithStore<Context> for GrantedNames {
    async fn resolve_addresses(
        accessor: &Accessor<Context, Self>,
        name: String,
    ) -> Result<Result<Vec<types::IpAddress>, p3::ErrorCode>> {
        if !accessor.with(|mut access| access.get().allow(&name)) {
            return Ok(Err(p3::ErrorCode::AccessDenied));
        }
        let wasi = accessor.with_getter::<WasiSockets>(Context::sockets);
        <WasiSockets as p3::HostWithStore<Context>>::resolve_addresses(&wasi, name).await
    }
}
