//! Which sockets a guest may use through `wasi:sockets`: TCP connections to what its port grants.
//!
//! Nothing is listened on, nothing is sent by UDP, and without a TCP grant no name is looked up.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use model::PortName;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::sockets::SocketAddrUse;

use crate::TcpGrant;

/// Gives a store the sockets that these grants allow.
pub(crate) fn grant(builder: &mut WasiCtxBuilder, port: &PortName, grants: &Arc<[TcpGrant]>) {
    let granted = !grants.is_empty();
    builder.allow_udp(false);
    builder.allow_tcp(granted);
    builder.allow_ip_name_lookup(granted);
    let guard = Arc::new(Guard {
        port: port.clone(),
        grants: grants.clone(),
        told: AtomicBool::new(false),
    });
    builder.socket_addr_check(move |address, purpose| {
        let guard = guard.clone();
        Box::pin(async move { guard.allows(address, purpose).await }) as Verdict
    });
}

type Verdict = Pin<Box<dyn Future<Output = bool> + Send + Sync>>;

struct Guard {
    port: PortName,
    grants: Arc<[TcpGrant]>,
    /// One line per instance is enough: a guest could fill the log with refused connections.
    told: AtomicBool,
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
        for grant in self.grants.iter() {
            if grant.allows(address).await {
                return true;
            }
        }
        if !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                port = %self.port, %address,
                "the adapter wants a TCP connection that the port does not grant; if that is right, add the host to the port's grants.tcp"
            );
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn b115_only_connections_that_are_granted_are_allowed() {
        let guard = Guard {
            port: PortName::new("port").expect("a name"),
            grants: Arc::from([TcpGrant::parse("127.0.0.1:25").expect("a grant")]),
            told: AtomicBool::new(false),
        };
        for (address, purpose, allowed) in [
            ("127.0.0.1:25", SocketAddrUse::TcpConnect, true),
            ("127.0.0.1:26", SocketAddrUse::TcpConnect, false),
            ("192.0.2.1:25", SocketAddrUse::TcpConnect, false),
            ("0.0.0.0:0", SocketAddrUse::TcpBind, true),
            ("[::]:0", SocketAddrUse::TcpBind, true),
            ("127.0.0.1:25", SocketAddrUse::TcpBind, false),
            ("0.0.0.0:25", SocketAddrUse::TcpBind, false),
            ("127.0.0.1:25", SocketAddrUse::TcpListen, false),
            ("0.0.0.0:0", SocketAddrUse::TcpListen, false),
            ("127.0.0.1:25", SocketAddrUse::TcpAccept, false),
            ("0.0.0.0:0", SocketAddrUse::UdpBind, false),
            ("127.0.0.1:25", SocketAddrUse::UdpSend, false),
            ("127.0.0.1:25", SocketAddrUse::UdpReceive, false),
        ] {
            let verdict = guard.allows(address.parse().expect("an address"), purpose);
            assert_eq!(verdict.await, allowed, "{purpose:?} {address}");
        }
    }
}
