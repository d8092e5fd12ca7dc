//! What is known about one thing that an adapter sent out, or was not allowed to.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use model::{MessageId, PortName};

/// Takes records. Called on the threads that deliver: it must not wait.
pub trait EgressLog: fmt::Debug + Send + Sync {
    /// Something went out, or was denied.
    fn record(&self, record: EgressRecord);
}

/// One exchange, or the decision that there would be none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressRecord {
    /// When it began.
    pub at: SystemTime,
    /// The port.
    pub port: PortName,
    /// Name, version and digest of the adapter.
    pub adapter: Arc<str>,
    /// The message it was for. Of an exchange that names no message, the only one that was in the instance
    /// when it began, or none.
    pub message: Option<MessageId>,
    /// By which interface.
    pub way: EgressWay,
    /// Of HTTP requests.
    pub method: Option<Arc<str>>,
    /// A URL without user and query; host and port of a TCP connection; a host name.
    pub target: Arc<str>,
    /// What was dialled, as far as it came to that.
    pub address: Option<IpAddr>,
    /// What was decided.
    pub verdict: EgressVerdict,
    /// Bytes of the request's body that were handed over to be sent. Unknown of TCP connections.
    pub bytes_out: Option<u64>,
    /// Bytes of the answer's body that were read. Unknown of TCP connections.
    pub bytes_in: Option<u64>,
    /// Of an HTTP answer.
    pub status: Option<u16>,
    /// Why there was no answer, or no whole one.
    pub error: Option<String>,
    /// From the beginning to the end of the exchange; of a TCP connection until it was decided about.
    pub duration: Duration,
}

/// The interface by which something goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EgressWay {
    /// The contract's `http-client`.
    HttpClient,
    /// Standard `wasi:http`.
    WasiHttp,
    /// `wasi:sockets`.
    Tcp,
    /// `wasi:sockets/ip-name-lookup`.
    NameLookup,
}

/// What was decided, and by which rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EgressVerdict {
    /// By this grant.
    Allowed(Arc<str>),
    /// For this reason.
    Denied(String),
}

impl fmt::Display for EgressWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HttpClient => "http-client",
            Self::WasiHttp => "wasi-http",
            Self::Tcp => "tcp",
            Self::NameLookup => "name-lookup",
        })
    }
}
