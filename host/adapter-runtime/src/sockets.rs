//! Which sockets a guest may use through `wasi:sockets`: TCP connections to what its port grants.
//!
//! Nothing is listened on, nothing is sent by UDP, and only granted names are looked up.

mod connections;
mod names;

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::Linker;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::sockets::SocketAddrUse;

use crate::TcpGrant;
use crate::context::{Context, Sandbox};
use crate::egress::{EgressWay, Networks, Opening, Reporter};
use crate::grants::TcpVerdict;

pub(crate) use connections::TcpConnections;
pub(crate) use names::Names;

/// Replaces those functions of WASI that look up names, and that begin and end connections. To be called
/// when WASI is in the linker.
pub(crate) fn add_to_linker(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    names::add_to_linker(linker)?;
    connections::add_to_linker(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Gives a store the sockets that a sandbox's grants allow.
pub(crate) fn grant(builder: &mut WasiCtxBuilder, sandbox: &Sandbox, reporter: &Arc<Reporter>) {
    let granted = !sandbox.tcp.is_empty();
    builder.allow_udp(false);
    builder.allow_tcp(granted);
    builder.allow_ip_name_lookup(granted);
    let guard = Arc::new(Guard {
        grants: sandbox.tcp.clone(),
        networks: sandbox.networks.clone(),
        reporter: reporter.clone(),
    });
    builder.socket_addr_check(move |address, purpose| {
        let guard = guard.clone();
        Box::pin(async move { guard.allows(address, purpose).await }) as Verdict
    });
}

type Verdict = Pin<Box<dyn Future<Output = bool> + Send + Sync>>;

struct Guard {
    grants: Arc<[TcpGrant]>,
    networks: Networks,
    reporter: Arc<Reporter>,
}

impl Guard {
    async fn allows(&self, address: SocketAddr, purpose: SocketAddrUse) -> bool {
        match purpose {
            SocketAddrUse::TcpConnect => self.allows_connection(address).await,
            // A connection begins with this. No port may be asked for.
            SocketAddrUse::TcpBind => address.ip().is_unspecified() && address.port() == 0,
            SocketAddrUse::TcpListen
            | SocketAddrUse::TcpAccept
            | SocketAddrUse::UdpBind
            | SocketAddrUse::UdpSend
            | SocketAddrUse::UdpReceive => false,
        }
    }

    async fn allows_connection(&self, address: SocketAddr) -> bool {
        let begun = Instant::now();
        let mut why = None;
        for grant in self.grants.iter() {
            match grant.judge(address, &self.networks).await {
                TcpVerdict::Elsewhere => {}
                TcpVerdict::Allowed => {
                    let opening = || (opening(address), grant.to_string().into());
                    let ip = address.ip();
                    self.reporter.connects(opening, ip, begun.elapsed());
                    return true;
                }
                TcpVerdict::Prohibited(prohibited) => why = Some(prohibited.to_string()),
            }
        }
        let why = why.as_deref().unwrap_or(NOT_GRANTED);
        self.reporter
            .denied(opening(address), Some(address.ip()), why);
        false
    }
}

const NOT_GRANTED: &str = "the port grants no TCP connection there; if that is right, add the host and its port to the port's grants.tcp";

fn opening(address: SocketAddr) -> Opening {
    Opening {
        way: EgressWay::Tcp,
        message: None,
        method: None,
        target: address.to_string().into(),
    }
}

#[cfg(test)]
mod tests;
