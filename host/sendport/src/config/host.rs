//! `[host]`: where the host keeps things, where it listens, its limits.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::EgressLog;
use super::section::Section;
use super::signatures::Signatures;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

const DATA_DIRECTORY: &str = "data";
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8480);
const DRAIN_DEADLINE: Duration = Duration::from_secs(30);
const DRAIN_DEADLINES: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(86_400);
/// More instance threads than this is a typing error on any machine there is.
const THREADS: RangeInclusive<u64> = 1..=1024;
const MAX_BODY: u64 = 64 * MIB;
const MAX_BODIES: RangeInclusive<u64> = KIB..=64 * GIB;
const MAX_BOX_SIZES: RangeInclusive<u64> = MIB..=1024 * TIB;

pub(super) const KEYS: &[&str] = &[
    "data-directory",
    "cache-directory",
    "listen",
    "drain-deadline",
    "threads",
    "max-body",
    "max-box-size",
    "signatures",
    "egress-log",
];

/// The settings of the host itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// The message box.
    pub(crate) data_directory: PathBuf,
    /// Compiled adapters; may be deleted at any time.
    pub(crate) cache_directory: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) drain_deadline: Duration,
    /// Threads that run instances.
    pub(crate) threads: usize,
    /// Bytes in one request at most.
    pub(crate) max_body: u64,
    /// Bytes in the message box at most; as the disk allows when absent.
    pub(crate) max_box_size: Option<u64>,
    /// What is demanded of components.
    pub(crate) signatures: Signatures,
    /// What leaves the sandboxes is not written down when absent.
    pub(crate) egress_log: Option<EgressLog>,
}

impl Host {
    pub(super) fn read(section: Option<&Section<'_>>, directory: &Path) -> Self {
        let get = |name| section.and_then(|section| section.get(name));
        if let Some(section) = section {
            section.refuse_others(KEYS);
        }
        let path = |name| get(name).and_then(|entry| entry.text());
        let data_directory = directory.join(path("data-directory").unwrap_or(DATA_DIRECTORY));
        let cache_directory = match path("cache-directory") {
            Some(cache) => directory.join(cache),
            None => data_directory.join("cache"),
        };
        let listen = get("listen").and_then(|entry| entry.parsed(address));
        let drain_deadline = get("drain-deadline").and_then(|e| e.duration(DRAIN_DEADLINES));
        let threads = get("threads").and_then(|entry| entry.whole(THREADS));
        let max_body = get("max-body").and_then(|entry| entry.size(MAX_BODIES));
        Self {
            data_directory,
            cache_directory,
            listen: listen.unwrap_or(LISTEN),
            drain_deadline: drain_deadline.unwrap_or(DRAIN_DEADLINE),
            threads: threads.map_or_else(cores, |n| usize::try_from(n).unwrap_or(usize::MAX)),
            max_body: max_body.unwrap_or(MAX_BODY),
            egress_log: EgressLog::read(get("egress-log"), directory),
            max_box_size: get("max-box-size").and_then(|entry| entry.size(MAX_BOX_SIZES)),
            signatures: Signatures::read(section, directory),
        }
    }

    /// Where a client on this machine reaches the host.
    pub(crate) fn url(&self) -> String {
        let mut address = self.listen;
        // "Every interface" is no address to connect to.
        match address.ip() {
            ip if !ip.is_unspecified() => {}
            IpAddr::V4(_) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(_) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        }
        format!("http://{address}")
    }
}

/// How many threads the machine runs at once; 1 when it does not say.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "'{text}' is not an address to listen on: write an IP address and a port, \
             for example '127.0.0.1:8480' or '0.0.0.0:8480'"
        )
    })
}
