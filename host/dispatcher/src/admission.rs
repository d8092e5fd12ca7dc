//! What a port's policy gives a message when it is accepted: its lane, its time to live, whether a
//! response is expected. Also for messages that the host itself publishes, and without a host.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use message_box::NewMessage;
use model::{Emission, OrderedDelivery, PortName, Properties, SendPort, Timestamp, property};

use crate::Refusal;

/// A key is a name, not a document: in bytes.
const LONGEST_KEY: usize = 1024;

/// The part of a port's policy that concerns publishers.
#[derive(Clone, Debug)]
pub struct Admission {
    /// The port.
    pub port: PortName,
    ordered: Option<OrderedDelivery>,
    time_to_live: Option<Duration>,
    two_way: bool,
    dynamic: bool,
}

impl Admission {
    /// That of a port.
    pub fn of(port: &SendPort) -> Self {
        Self {
            port: port.name.clone(),
            ordered: port.ordered,
            time_to_live: port.time_to_live,
            two_way: port.two_way.is_some(),
            dynamic: port.is_dynamic(),
        }
    }

    /// True when somebody may wait for responses.
    pub fn is_two_way(&self) -> bool {
        self.two_way
    }

    /// Gives a message its lane, its expiry (unless the publisher has set one) and its claim to a
    /// response. Refuses what the port could never deliver.
    pub fn complete(&self, message: NewMessage, now: Timestamp) -> Result<NewMessage, Refusal> {
        if self.dynamic && message.properties.get(property::ADDRESS).is_none() {
            return Err(Refusal::NoAddress {
                port: self.port.clone(),
            });
        }
        let lane = self.lane(&message.properties);
        if let Some(key) = lane.as_ref().filter(|key| key.len() > LONGEST_KEY) {
            return Err(Refusal::OrderingKeyTooLong {
                port: self.port.clone(),
                length: key.len(),
                limit: LONGEST_KEY,
            });
        }
        Ok(NewMessage {
            lane,
            expires: message.expires.or_else(|| self.expiry(now)),
            expects_response: self.two_way,
            ..message
        })
    }

    fn lane(&self, properties: &Properties) -> Option<std::sync::Arc<str>> {
        self.ordered.and_then(|ordered| ordered.lane(properties))
    }

    fn expiry(&self, now: Timestamp) -> Option<Timestamp> {
        self.time_to_live.map(|time| now.after(time))
    }
}

/// The admissions of all ports, for messages that go from one port to another.
#[derive(Debug, Default)]
pub(crate) struct Directory(RwLock<HashMap<PortName, Admission>>);

impl Directory {
    pub(crate) fn enter(&self, port: &SendPort) {
        let mut ports = self.0.write().unwrap_or_else(PoisonError::into_inner);
        ports.insert(port.name.clone(), Admission::of(port));
    }

    /// The port is gone.
    pub(crate) fn leave(&self, port: &str) {
        let mut ports = self.0.write().unwrap_or_else(PoisonError::into_inner);
        ports.remove(port);
    }

    /// Completes what a message's end publishes. Nobody can be refused here; the box shortens the name of
    /// a lane that is too long for its index, and keeps different ones apart.
    pub(crate) fn complete(&self, emission: &mut Emission, now: Timestamp) {
        let ports = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(admission) = ports.get(&emission.port) {
            emission.lane = admission.lane(&emission.properties);
            emission.expires = admission.expiry(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use message_box::NewBody;
    use model::{LaneBy, OnFailure};

    use super::*;
    use crate::tests::port;

    fn message(properties: &[(&str, &str)]) -> NewMessage {
        let body = NewBody::Inline(Bytes::new());
        NewMessage::new(body, properties.iter().copied().collect())
    }

    #[test]
    fn a_message_gets_lane_and_expiry_from_its_port() {
        let mut port = port("orders");
        port.ordered = Some(OrderedDelivery {
            by: LaneBy::Key,
            on_failure: OnFailure::Stop,
        });
        port.time_to_live = Some(Duration::from_secs(1));
        let admission = Admission::of(&port);
        let done = admission
            .complete(message(&[("ordering-key", "k")]), Timestamp(5))
            .unwrap();
        assert_eq!(done.lane.as_deref(), Some("k"));
        assert_eq!(done.expires, Some(Timestamp(1005)));
        let own = NewMessage {
            expires: Some(Timestamp(7)),
            ..message(&[])
        };
        let done = admission.complete(own, Timestamp(5)).unwrap();
        assert_eq!((done.lane, done.expires), (None, Some(Timestamp(7))));
        let long = "k".repeat(2000);
        let refused = admission.complete(message(&[("ordering-key", &long)]), Timestamp(5));
        assert!(matches!(
            refused,
            Err(Refusal::OrderingKeyTooLong { length: 2000, .. })
        ));
    }
}
