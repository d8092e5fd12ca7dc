//! Destinations whose answers never end.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A destination. Ends with the test's runtime.
pub(super) struct Answers {
    /// Where requests go.
    pub(super) url: String,
}

impl Answers {
    /// As much as the client takes, as fast as it takes it.
    pub(super) async fn endless() -> Self {
        Self::start(vec![b'x'; 64 * 1024], Duration::ZERO).await
    }

    /// One byte, and another one after a while.
    pub(super) async fn slow() -> Self {
        Self::start(vec![b'x'], Duration::from_millis(50)).await
    }

    async fn start(piece: Vec<u8>, pause: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, piece.clone(), pause));
            }
        });
        Self {
            url: format!("http://{address}/"),
        }
    }

    /// The lines of a port that may reach it.
    pub(super) fn granted(&self) -> String {
        format!("grants = {{ http = [\"{}\"] }}", self.url)
    }
}

/// Until the client has had enough.
async fn answer(mut stream: TcpStream, piece: Vec<u8>, pause: Duration) {
    let mut head = [0; 4096];
    if stream.read(&mut head).await.is_err() {
        return;
    }
    let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
    while sent.is_ok() {
        sent = stream.write_all(&piece).await;
        tokio::time::sleep(pause).await;
    }
}
