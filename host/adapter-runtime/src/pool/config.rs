//! What a pool is told about its port.

use std::sync::Arc;
use std::time::Duration;

use model::{EndpointConfiguration, PortName};

use crate::{Adapter, Credentials, GrantedSecrets, Grants, Limits};

/// Everything a pool needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolConfig {
    /// The port.
    pub port: PortName,
    /// The code.
    pub adapter: Adapter,
    /// What `load` gets.
    pub handler_configuration: Vec<(String, String)>,
    /// What the adapter may do.
    pub grants: Grants,
    /// What the host adds to the adapter's requests, to the port's own address and to what they name
    /// besides.
    pub credentials: Credentials,
    /// What the adapter may read of the host's secrets.
    pub secrets: GrantedSecrets,
    /// The transport's address. One that is an http or https URL is granted to the adapter, and one that
    /// is another URL with host and port is granted for TCP.
    pub address: Arc<str>,
    /// What the adapter may read about the port, as it stands in every delivery. A transactional adapter
    /// gets it with every batch and every recovery.
    pub configuration: Arc<EndpointConfiguration>,
    /// What the names of the port's transactions begin with: different for every port of every message
    /// box that shares a destination, the same after a restart. At least one byte, at most 160. Only
    /// transactional adapters use it.
    pub transaction_prefix: String,
    /// Instances, at most.
    pub instances: usize,
    /// Messages in flight per instance, at most. A synchronous adapter that takes one message per call
    /// has one.
    pub open_calls: usize,
    /// How long a batch may wait to be filled while others are being sent.
    pub linger: Duration,
    /// How long a message may be out before it is taken back. A call without messages (`commit`,
    /// `rollback`, `list-prepared`) may take as long.
    pub delivery_timeout: Duration,
    /// Connections in use at once, at most, over all pools of the port: HTTP requests with their answers,
    /// and TCP connections. Requests wait for one, TCP connections are refused. At least one.
    pub connections: usize,
    /// What an instance may take.
    pub limits: Limits,
}
