//! `[ports.NAME]`: a destination, the policy for reaching it, and what its adapters may touch.
//!
//! What each part of it means is in its own file; this one only puts them together.

use std::path::Path;

use adapter_runtime::Limits;
use model::{DynamicAdapter, OrderedDelivery, PortName, SendPort};

use super::Placed;
use super::destination::Destination;
use super::flow::{self, Flow};
use super::grants::Grants;
use super::instances::{self, Instances};
use super::limits::limits;
use super::notifications::{Notifications, notifications};
use super::order::ordered;
use super::section::{Entry, Section};
use super::target::target;
use super::transport;
use super::two_way::{TwoWay, two_way};

/// The keys that no other file of this folder names.
pub(super) const KEYS: &[&str] = &[
    "backup",
    "dynamic",
    "adapters",
    "ordered",
    "two-way",
    "failed-message-port",
    "notifications",
    "grants",
    "limits",
];

/// A send port as the file describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) name: PortName,
    pub(crate) destination: Destination,
    pub(crate) ordered: Option<Placed<OrderedDelivery>>,
    pub(crate) two_way: Option<TwoWay>,
    /// Where a message goes instead of being suspended.
    pub(crate) failed_message_port: Option<Placed<PortName>>,
    pub(crate) notifications: Option<Notifications>,
    pub(crate) flow: Flow,
    pub(crate) instances: Instances,
    pub(crate) grants: Grants,
    /// What an instance may take.
    pub(crate) limits: Limits,
}

impl Port {
    /// `None` when the port's name or destination is wrong: the mistake is noted.
    pub(super) fn read(
        entry: &Entry<'_>,
        section: &Section<'_>,
        directory: &Path,
        adapters: &[&str],
        threads: usize,
    ) -> Option<Self> {
        section.refuse_others(&keys());
        let name = PortName::new(entry.name)
            .map_err(|error| entry.name_mistake(error.to_string()))
            .ok();
        let dynamic = section.get("dynamic");
        let is_dynamic = dynamic
            .as_ref()
            .map_or(Some(false), |entry| entry.boolean());
        // When it is not clear which of the two it is, that has been told, and is enough.
        let destination = is_dynamic
            .and_then(|yes| Destination::read(section, dynamic.as_ref().filter(|_| yes), adapters));
        let ordered = ordered(section, is_dynamic == Some(false));
        let two_way = two_way(section.get("two-way"));
        let failed_message_port = target(section.get("failed-message-port"));
        let notifications = notifications(section.get("notifications"));
        let flow = Flow::read(section);
        let instances = Instances::read(section, threads);
        let grants = Grants::read(section, directory);
        let max_response = two_way.as_ref().map(|two_way| two_way.max_response);
        let limits = limits(section, instances.open_calls, max_response);
        // Only now, so that one mistake does not hide the others.
        Some(Self {
            name: name?,
            destination: destination?,
            ordered,
            two_way,
            failed_message_port,
            notifications,
            flow,
            instances,
            grants,
            limits,
        })
    }

    /// True when every message says itself where it goes.
    pub(crate) fn is_dynamic(&self) -> bool {
        matches!(self.destination, Destination::Dynamic(_))
    }

    /// The port as the dispatcher wants it. `dynamic` is what is known of a dynamic port's adapters.
    pub(crate) fn send_port(&self, dynamic: Vec<DynamicAdapter>) -> SendPort {
        let (primary, backup) = self.destination.model();
        SendPort {
            name: self.name.clone(),
            primary,
            backup,
            dynamic,
            high_watermark: self.flow.high_watermark,
            delivery_timeout: self.flow.delivery_timeout,
            ordered: self.ordered.as_ref().map(|ordered| ordered.value),
            two_way: self.two_way.as_ref().map(TwoWay::model),
            failed_message_port: self.failed_message_port.as_ref().map(|p| p.value.clone()),
            notifications: self.notifications.as_ref().map(Notifications::model),
            time_to_live: self.flow.time_to_live,
            rate_limit: self.flow.rate_limit,
            backlog_limit: self.flow.backlog_limit,
        }
    }

    /// The port as far as it is known without its adapters: enough to take messages in.
    pub(crate) fn unloaded(&self) -> SendPort {
        self.send_port(match &self.destination {
            Destination::Dynamic(dynamic) => dynamic.unloaded(),
            Destination::Static { .. } => Vec::new(),
        })
    }
}

/// All keys of a port, those of its transport first.
pub(super) fn keys() -> Vec<&'static str> {
    [transport::KEYS, KEYS, flow::KEYS, instances::KEYS].concat()
}
