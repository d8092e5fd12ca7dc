//! TCP connections of guests, counted against their port's quota: the functions of `wasi:sockets` that
//! begin and end them, around WASI's own.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};

use tokio::sync::oneshot;
use wasmtime::component::{
    Access, Accessor, FutureConsumer, FutureReader, Linker, Resource, ResourceType, Source,
    StreamReader,
};
use wasmtime::{AsContextMut as _, Result, StoreContextMut};
use wasmtime_wasi::p2;
use wasmtime_wasi::p2::bindings::sockets::{network, tcp};
use wasmtime_wasi::p3::bindings::sockets::types::{self, HostTcpSocketWithStore};
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView as _};

use crate::context::Context;
use crate::egress::{EgressWay, Opening, Quota, Slot};

/// The TCP connections of one instance.
#[derive(Debug)]
pub(crate) struct TcpConnections {
    quota: Quota,
    /// By the number of their socket's handle. A connection is over when its socket is gone, and in WASI
    /// 0.3 its streams, which outlive the socket, as well.
    open: HashMap<u32, Arc<Slot>>,
}

impl TcpConnections {
    pub(crate) fn new(quota: Quota) -> Self {
        Self {
            quota,
            open: HashMap::new(),
        }
    }
}

impl Context {
    /// Takes a slot for the socket; false when the port has none left.
    fn opens(&mut self, socket: u32, address: std::net::SocketAddr) -> bool {
        self.concern_reporter();
        let TcpConnections { quota, open } = &mut self.tcp_connections;
        if open.contains_key(&socket) {
            // It is connected, or about to be; WASI says so.
            return true;
        }
        let Some(slot) = quota.try_acquire() else {
            let opening = Opening {
                way: EgressWay::Tcp,
                message: None,
                method: None,
                target: address.to_string().into(),
            };
            let why = full(quota.limit());
            self.reporter.denied(opening, Some(address.ip()), &why);
            return false;
        };
        open.insert(socket, Arc::new(slot));
        true
    }

    fn closes(&mut self, socket: u32) {
        self.tcp_connections.open.remove(&socket);
    }

    fn slot(&self, socket: u32) -> Option<Arc<Slot>> {
        self.tcp_connections.open.get(&socket).cloned()
    }
}

fn full(limit: usize) -> String {
    format!("all {limit} connections of the port are in use (connections)")
}

pub(super) fn add_to_linker(linker: &mut Linker<Context>) -> Result<()> {
    let mut tcp = linker.instance("wasi:sockets/tcp@0.2.12")?;
    tcp.func_wrap("[method]tcp-socket.start-connect", start_connect)?;
    tcp.resource("tcp-socket", ResourceType::host::<p2::TcpSocket>(), dropped)?;
    let mut types = linker.instance("wasi:sockets/types@0.3.0")?;
    types.func_wrap_concurrent("[method]tcp-socket.connect", |accessor, connect| {
        Box::pin(async move { Ok((connected(accessor, connect).await?,)) })
    })?;
    types.func_wrap("[method]tcp-socket.send", sending)?;
    types.func_wrap("[method]tcp-socket.receive", receiving)?;
    let kind = ResourceType::host::<types::TcpSocket>();
    types.resource("tcp-socket", kind, |mut store, socket| {
        let context = store.data_mut();
        types::HostTcpSocket::drop(&mut context.sockets(), Resource::new_own(socket))?;
        context.closes(socket);
        Ok(())
    })
}

type StartConnect = (
    Resource<p2::TcpSocket>,
    Resource<network::Network>,
    network::IpSocketAddress,
);

/// WASI 0.2: a socket's streams are its children, so that it is the last to go.
fn start_connect(
    mut store: StoreContextMut<'_, Context>,
    (socket, network, address): StartConnect,
) -> Result<(Result<(), network::ErrorCode>,)> {
    let context = store.data_mut();
    let number = socket.rep();
    if !context.opens(number, address.into()) {
        return Ok((Err(network::ErrorCode::NewSocketLimit),));
    }
    let begun = tcp::HostTcpSocket::start_connect(&mut context.sockets(), socket, network, address);
    match begun {
        Ok(()) => Ok((Ok(()),)),
        Err(error) => Ok((Err(error.downcast()?),)),
    }
}

fn dropped(mut store: StoreContextMut<'_, Context>, socket: u32) -> Result<()> {
    let context = store.data_mut();
    tcp::HostTcpSocket::drop(&mut context.sockets(), Resource::new_own(socket))?;
    context.closes(socket);
    Ok(())
}

type Connect = (Resource<types::TcpSocket>, types::IpSocketAddress);

async fn connected(
    accessor: &Accessor<Context>,
    (socket, address): Connect,
) -> Result<Result<(), types::ErrorCode>> {
    let number = socket.rep();
    let refused = accessor.with(|mut access| {
        let context = access.data_mut();
        let limit = context.tcp_connections.quota.limit();
        (!context.opens(number, address.into())).then(|| full(limit))
    });
    if let Some(why) = refused {
        return Ok(Err(types::ErrorCode::Other(Some(why))));
    }
    let wasi = accessor.with_getter::<WasiSockets>(Context::sockets);
    let connected =
        <WasiSockets as HostTcpSocketWithStore<Context>>::connect(&wasi, socket, address).await;
    match connected {
        Ok(()) => Ok(Ok(())),
        Err(error) => {
            accessor.with(|mut access| access.data_mut().closes(number));
            Ok(Err(error.downcast()?))
        }
    }
}

type End = FutureReader<Result<(), types::ErrorCode>>;

fn sending(
    mut store: StoreContextMut<'_, Context>,
    (socket, data): (Resource<types::TcpSocket>, StreamReader<u8>),
) -> Result<(End,)> {
    let slot = store.data().slot(socket.rep());
    let access = Access::<_, WasiSockets>::new(store.as_context_mut(), Context::sockets);
    let end = <WasiSockets as HostTcpSocketWithStore<Context>>::send(access, socket, data)?;
    Ok((watched(store, end, slot)?,))
}

fn receiving(
    mut store: StoreContextMut<'_, Context>,
    (socket,): (Resource<types::TcpSocket>,),
) -> Result<((StreamReader<u8>, End),)> {
    let slot = store.data().slot(socket.rep());
    let access = Access::<_, WasiSockets>::new(store.as_context_mut(), Context::sockets);
    let (data, end) = <WasiSockets as HostTcpSocketWithStore<Context>>::receive(access, socket)?;
    Ok(((data, watched(store, end, slot)?),))
}

/// The end of a stream, as WASI tells it; the slot is kept until then, whether the guest listens or not.
fn watched(
    mut store: StoreContextMut<'_, Context>,
    end: End,
    slot: Option<Arc<Slot>>,
) -> Result<End> {
    let (tell, told) = oneshot::channel();
    let watch = Watch {
        tell: Some(tell),
        _slot: slot,
    };
    end.pipe(&mut store, watch)?;
    FutureReader::new(&mut store, told)
}

struct Watch {
    tell: Option<oneshot::Sender<Result<(), types::ErrorCode>>>,
    _slot: Option<Arc<Slot>>,
}

impl FutureConsumer<Context> for Watch {
    type Item = Result<(), types::ErrorCode>;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        _: &mut task::Context<'_>,
        store: StoreContextMut<'_, Context>,
        mut source: Source<'_, Self::Item>,
        _finish: bool,
    ) -> Poll<Result<()>> {
        let mut end = None;
        source.read(store, &mut end)?;
        if let (Some(end), Some(tell)) = (end, self.tell.take()) {
            // A guest that has dropped its own end does not want to know.
            drop(tell.send(end));
        }
        Poll::Ready(Ok(()))
    }
}
