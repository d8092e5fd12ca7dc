//! One way out of a port: which adapter, where to, how often.

use std::sync::Arc;

use crate::{BreakerPolicy, RetryPolicy, ServiceWindow};

/// Which of a port's ways out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransportSlot {
    /// The first one.
    #[default]
    Primary,
    /// The second one, for what the first has given up.
    Backup,
}

impl TransportSlot {
    /// Both, the primary first.
    pub const ALL: [Self; 2] = [Self::Primary, Self::Backup];

    /// 0 or 1, as it is stored.
    pub fn index(self) -> usize {
        match self {
            Self::Primary => 0,
            Self::Backup => 1,
        }
    }

    /// `primary` or `backup`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Backup => "backup",
        }
    }
}

/// Settings of one port that its adapter reads with every message (BizTalk's endpoint configuration).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointConfiguration {
    /// Changes when the settings change, so that an adapter may keep what it parsed (SPLastUpdatedTime).
    pub version: u64,
    /// Names and values.
    pub entries: Vec<(String, String)>,
}

/// One way out of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transport {
    /// The adapter, by its name in the configuration.
    pub adapter: String,
    /// Where messages go: a URL, a directory, whatever the adapter's prefixes say. OutboundTransportLocation.
    pub address: Arc<str>,
    /// How often it is tried.
    pub retry: RetryPolicy,
    /// What the adapter may read about this port.
    pub configuration: Arc<EndpointConfiguration>,
    /// When it may be used; always when absent. BizTalk: service window.
    pub window: Option<ServiceWindow>,
    /// When a failing destination is left alone for a while; never when absent.
    pub breaker: Option<BreakerPolicy>,
}
