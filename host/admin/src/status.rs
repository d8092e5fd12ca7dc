//! `GET /v1/status`: every port, what is in the box, and whether the sums hold.
//!
//! The types are public because `sendport status` prints the same, also when no host is running.

mod bill;
mod running;
mod transport;

use std::collections::{BTreeMap, HashMap};

use axum::Json;
use axum::extract::State;
use dispatcher::PortStatus;
use message_box::{MessageBox, PortCounts};
use model::{Enlistment, PortName};
use serde::{Deserialize, Serialize};

use crate::AdminState;
use crate::problem::Problem;
use crate::time::{now, rfc3339};

pub use bill::{AdapterBill, Bill};
pub use running::{LastError, Running};
pub use transport::{Breaker, TransportReport, Window};

/// How a host and its message box are.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Of the program that answers.
    pub version: String,
    /// The box's identity, in hexadecimal digits: the beginning of every message id of this box.
    pub box_id: String,
    /// Configured ports in the order of the configuration, then those that only the box remembers.
    pub ports: Vec<PortReport>,
    /// What each adapter has cost since the start of the host, over all ports.
    pub adapters: Vec<AdapterBill>,
    /// Counters against rows.
    pub audit: Audit,
}

/// One port.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct PortReport {
    /// Its name.
    pub port: String,
    /// `started`, `stopped` or `unenlisted`: what its operator wants.
    pub enlistment: String,
    /// What serves it; absent when no host runs or the port is no longer configured.
    pub running: Option<Running>,
    /// What the box holds for it.
    pub stored: Stored,
}

/// What the box holds for a port, and ever did.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Stored {
    /// Waiting for delivery or being delivered.
    pub pending: u64,
    /// Of those, not due yet.
    pub scheduled: u64,
    /// Waiting for a person.
    pub suspended: u64,
    /// Size of the bodies of all of them.
    pub bytes: u64,
    /// When the oldest pending message was accepted (RFC 3339).
    pub oldest_pending: Option<String>,
    /// Messages ever accepted.
    pub accepted: u64,
    /// Messages ever delivered.
    pub delivered: u64,
    /// Messages that went to a failed-message port instead of being suspended.
    pub routed: u64,
    /// Messages that an operator removed.
    pub terminated: u64,
}

/// accepted = delivered + routed + terminated + suspended + pending, over all ports.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// Counter: messages ever accepted.
    pub accepted: u64,
    /// Counter: messages ever delivered.
    pub delivered: u64,
    /// Counter: messages that went on as messages of a failed-message port.
    pub routed: u64,
    /// Counter: messages that an operator removed.
    pub terminated: u64,
    /// Rows: suspended messages.
    pub suspended: u64,
    /// Rows: pending messages.
    pub pending: u64,
    /// Whether the sum is right.
    pub holds: bool,
}

pub(crate) async fn status(State(state): State<AdminState>) -> Result<Json<Status>, Problem> {
    let running = state.dispatcher.status();
    Ok(Json(
        Status::read(state.version, running, &state.message_box).await?,
    ))
}

impl Status {
    /// Puts together what the ports say, none when no host runs, and what the box says.
    pub async fn read(
        version: &str,
        running: Vec<PortStatus>,
        message_box: &MessageBox,
    ) -> Result<Self, message_box::Error> {
        let counts = message_box.counts(now()).await?.into_iter();
        let mut stored: BTreeMap<PortName, Stored> = counts
            .map(|counts| (counts.port.clone(), counts.into()))
            .collect();
        let enlistments = message_box.enlistments().await?.into_iter();
        let enlistments: HashMap<PortName, Enlistment> = enlistments.collect();
        let mut ports = Vec::new();
        for status in running {
            ports.push(PortReport {
                port: status.port.to_string(),
                enlistment: status.enlistment.to_string(),
                stored: stored.remove(&status.port).unwrap_or_default(),
                running: Some(status.into()),
            });
        }
        let only_stored = stored.into_iter().map(|(port, stored)| PortReport {
            port: port.to_string(),
            enlistment: enlistments
                .get(&port)
                .copied()
                .unwrap_or_default()
                .to_string(),
            running: None,
            stored,
        });
        ports.extend(only_stored);
        Ok(Self {
            version: version.to_owned(),
            box_id: format!("{:012x}", message_box.box_id()),
            adapters: adapters(&ports),
            ports,
            audit: message_box.audit().await?.into(),
        })
    }
}

fn adapters(ports: &[PortReport]) -> Vec<AdapterBill> {
    let running = ports.iter().filter_map(|port| port.running.as_ref());
    let transports = running.flat_map(|running| &running.transports);
    bill::by_adapter(transports.filter_map(|t| Some((t.version.as_deref()?, t.bill))))
}

impl From<PortCounts> for Stored {
    fn from(counts: PortCounts) -> Self {
        Self {
            pending: counts.pending,
            scheduled: counts.scheduled,
            suspended: counts.suspended,
            bytes: counts.bytes,
            oldest_pending: counts.oldest_pending.map(rfc3339),
            accepted: counts.accepted,
            delivered: counts.delivered,
            routed: counts.routed,
            terminated: counts.terminated,
        }
    }
}

impl From<message_box::Audit> for Audit {
    fn from(audit: message_box::Audit) -> Self {
        Self {
            accepted: audit.accepted,
            delivered: audit.delivered,
            routed: audit.routed,
            terminated: audit.terminated,
            suspended: audit.suspended,
            pending: audit.pending,
            holds: audit.holds,
        }
    }
}
