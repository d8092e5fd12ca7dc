//! Connects to the port of this machine in the property `attack`, listens, sends a datagram, and asks for
//! the address of a name.

use crate::attack::{Answer, Attack, found, order};
use crate::bindings::sendport::adapter::types::Message;
use crate::bindings::wasi::sockets::ip_name_lookup::resolve_addresses;
use crate::bindings::wasi::sockets::types::{
    ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, TcpSocket, UdpSocket,
};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let port = order(&msg).parse().unwrap_or(1);
        let name = resolve_addresses("localhost".to_owned()).await.is_ok();
        found(&format!(
            "connected: {}, listens: {}, datagram sent: {}, name found: {name}",
            connect(port).await.is_ok(),
            listen().is_ok(),
            datagram(port).await.is_ok(),
        ))
    }
}

fn here(port: u16) -> IpSocketAddress {
    IpSocketAddress::Ipv4(Ipv4SocketAddress {
        port,
        address: (127, 0, 0, 1),
    })
}

async fn connect(port: u16) -> Result<(), ErrorCode> {
    TcpSocket::create(IpAddressFamily::Ipv4)?
        .connect(here(port))
        .await
}

fn listen() -> Result<(), ErrorCode> {
    let socket = TcpSocket::create(IpAddressFamily::Ipv4)?;
    socket.bind(here(0))?;
    socket.listen().map(drop)
}

async fn datagram(port: u16) -> Result<(), ErrorCode> {
    let socket = UdpSocket::create(IpAddressFamily::Ipv4)?;
    socket.bind(here(0))?;
    socket.send(b"hello".to_vec(), Some(here(port))).await
}
