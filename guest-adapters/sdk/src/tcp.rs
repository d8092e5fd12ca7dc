//! TCP connections, for asynchronous adapters of protocols that the SDK does not know.
//!
//! A component that opens connections imports `wasi:sockets`, and reaches what its port grants and
//! nothing else. Many connections may be open in one instance, each in use by one task at a time; one
//! that is kept for the next message may be used by another task then. A read or a write that is dropped
//! before it is ready leaves the connection useless: every later one says so.

mod address;
mod error;

pub use error::TcpError;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use wit_bindgen::rt::async_support::{FutureReader, StreamReader, StreamResult, StreamWriter};

use crate::raw::wasi::sockets::{ErrorCode, TcpSocket};
use crate::raw::wasi::{ip_name_lookup, wit_stream};
use crate::time::{Elapsed, timeout};

/// A connection. Dropping it closes it: the peer sees the end of what was written.
pub struct Connection {
    peer: SocketAddr,
    patience: Duration,
    sending: StreamWriter<u8>,
    sent: Option<FutureReader<Result<(), ErrorCode>>>,
    receiving: StreamReader<u8>,
    received: Option<FutureReader<Result<(), ErrorCode>>>,
    /// Why nothing can be read any more. The stream must not be asked again.
    ended: Option<Result<(), TcpError>>,
    /// Why nothing can be written any more. Here, too.
    broken: Option<TcpError>,
}

/// What one read takes of the instance's memory, at most.
const LARGEST_READ: usize = 256 * 1024;

impl Connection {
    /// Connects to a host, given by its name or its IP address (an IPv6 address with or without
    /// brackets). The addresses of a name are tried in turn, and none can use up the time of all.
    ///
    /// `patience` is how long this may take altogether, and how long every later [`read`](Self::read)
    /// and [`write`](Self::write) waits for the peer; see [`set_patience`](Self::set_patience).
    pub async fn open(host: &str, port: u16, patience: Duration) -> Result<Self, TcpError> {
        let opened = timeout(patience, open(host, port, patience)).await;
        opened.unwrap_or_else(|Elapsed| Err(TcpError::too_slow(&format!("{host}:{port}"))))
    }

    /// How long every read and write waits for the peer from now on.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// The address at the other end.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Waits for bytes and returns what has come, at most `most` of them (and at least one, whatever
    /// `most` says). Nothing means that the peer has closed the connection.
    ///
    /// When the time is up nothing is lost and the next read goes on.
    pub async fn read(&mut self, most: usize) -> Result<Vec<u8>, TcpError> {
        if let Some(end) = &self.ended {
            return end.clone().map(|()| Vec::new());
        }
        // Stands when this future is dropped: bytes may have come that nobody has got.
        self.ended = Some(Err(TcpError::given_up(self.peer)));
        let (status, bytes) = self.receive(most).await;
        self.ended = match status {
            StreamResult::Dropped => Some(self.end().await),
            StreamResult::Complete(_) | StreamResult::Cancelled => None,
        };
        match &self.ended {
            _ if !bytes.is_empty() => Ok(bytes),
            None => Err(TcpError::silent(self.peer)),
            Some(end) => end.clone().map(|()| bytes),
        }
    }

    /// Writes all of it. The bytes are with the host's operating system when this returns; that the
    /// peer has got them, only the peer can say.
    ///
    /// The time counts anew whenever the peer has taken a part. After an error nobody knows how much
    /// was sent, so the connection takes nothing more.
    pub async fn write(&mut self, bytes: impl Into<Vec<u8>>) -> Result<(), TcpError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let bytes = bytes.into();
        if bytes.is_empty() {
            return Ok(());
        }
        // Stands when this future is dropped.
        self.broken = Some(TcpError::given_up(self.peer));
        let written = self.send(bytes).await;
        self.broken = written.as_ref().err().cloned();
        written
    }

    /// One read that takes something, or was cancelled because the time was up.
    async fn receive(&mut self, most: usize) -> (StreamResult, Vec<u8>) {
        let mut room = Vec::with_capacity(most.clamp(1, LARGEST_READ));
        loop {
            let mut read = pin!(self.receiving.read(room));
            let (status, bytes) = match timeout(self.patience, read.as_mut()).await {
                Ok(done) => done,
                // Bytes that have come at the last moment come along.
                Err(Elapsed) => read.as_mut().cancel(),
            };
            match status {
                StreamResult::Complete(_) if bytes.is_empty() => room = bytes,
                status => return (status, bytes),
            }
        }
    }

    async fn send(&mut self, bytes: Vec<u8>) -> Result<(), TcpError> {
        let stuck = |Elapsed| TcpError::stuck(self.peer);
        let write = self.sending.write(bytes);
        let (mut status, mut rest) = timeout(self.patience, write).await.map_err(stuck)?;
        while status != StreamResult::Dropped {
            if rest.remaining() == 0 {
                return Ok(());
            }
            let write = self.sending.write_buf(rest);
            (status, rest) = timeout(self.patience, write).await.map_err(stuck)?;
        }
        let why = match self.sent.take() {
            Some(sent) => sent.await.err(),
            None => None,
        };
        Err(TcpError::cut(self.peer, why))
    }

    /// How the peer has ended what it sends. A clean end is no error.
    async fn end(&mut self) -> Result<(), TcpError> {
        let Some(received) = self.received.take() else {
            return Ok(());
        };
        let end = received.await;
        let end = end.map_err(|code| TcpError::cut(self.peer, Some(code)));
        if let Err(error) = &end {
            self.broken.get_or_insert(error.clone());
        }
        end
    }
}

/// Finds the host's addresses and tries them.
async fn open(host: &str, port: u16, patience: Duration) -> Result<Connection, TcpError> {
    let addresses = resolve(host).await?;
    let share = patience / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let mut errors = Vec::new();
    for address in addresses {
        let peer = SocketAddr::new(address, port);
        let connected = timeout(share, connect(peer, patience)).await;
        match connected.unwrap_or_else(|Elapsed| Err(TcpError::too_slow(&peer.to_string()))) {
            Ok(connection) => return Ok(connection),
            Err(error) => errors.push(error),
        }
    }
    Err(TcpError::most_telling(errors, host))
}

async fn resolve(host: &str) -> Result<Vec<IpAddr>, TcpError> {
    if let Some(literal) = address::literal(host) {
        return Ok(vec![literal]);
    }
    let found = ip_name_lookup::resolve_addresses(host.to_owned()).await;
    let found = found.map_err(|code| TcpError::of_lookup(host, code))?;
    Ok(found.into_iter().map(IpAddr::from).collect())
}

async fn connect(peer: SocketAddr, patience: Duration) -> Result<Connection, TcpError> {
    let failed = |code| TcpError::of_connect(peer, code);
    let socket = TcpSocket::create(address::family(peer)).map_err(failed)?;
    socket.connect(peer.into()).await.map_err(failed)?;
    // The streams keep the connection open; the handle of the socket is not needed any more.
    let (sending, data) = wit_stream::new();
    let sent = socket.send(data);
    let (receiving, received) = socket.receive();
    Ok(Connection {
        peer,
        patience,
        sending,
        sent: Some(sent),
        receiving,
        received: Some(received),
        ended: None,
        broken: None,
    })
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("peer", &self.peer)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}
