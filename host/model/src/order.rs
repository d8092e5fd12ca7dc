//! Ordered delivery: which messages wait for each other. A *lane* is a queue of its own within a port:
//! one message of it is out at a time, and the next one only after the deletion of the one before is
//! committed. Lanes do not wait for each other.

use std::sync::Arc;

use crate::{Properties, property};

/// Ordered delivery of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderedDelivery {
    /// What makes a lane.
    pub by: LaneBy,
    /// What happens to a lane when its head fails for good.
    pub on_failure: OnFailure,
}

/// What makes a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneBy {
    /// The whole port is one lane (BizTalk's ordered delivery).
    Port,
    /// Every value of the property `ordering-key` is a lane; messages without it are not ordered.
    Key,
    /// Every address is a lane: for dynamic ports, whose messages carry the property `address`.
    Address,
}

/// What happens to a lane when its head fails for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The lane stops: its successors wait until the head is resumed or terminated. BizTalk: stop
    /// sending subsequent messages on current message failure.
    Stop,
    /// The head is suspended for good and the next one goes: it cannot be resumed, since that would
    /// break the order.
    Skip,
}

impl OrderedDelivery {
    /// The lane of a message with these properties; `None` when it waits for nobody.
    pub fn lane(&self, properties: &Properties) -> Option<Arc<str>> {
        let of = |name| properties.get(name).map(Arc::from);
        match self.by {
            LaneBy::Port => Some(Arc::from("")),
            LaneBy::Key => of(property::ORDERING_KEY),
            LaneBy::Address => of(property::ADDRESS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b70_lanes_are_the_port_the_keys_or_the_addresses() {
        let lane = |by, pairs: &[(&str, &str)]| {
            let properties = pairs.iter().copied().collect();
            let on_failure = OnFailure::Stop;
            let lane = OrderedDelivery { by, on_failure }.lane(&properties);
            lane.map(|lane| lane.to_string())
        };
        let both = [("ordering-key", "k"), ("address", "http://a/")];
        assert_eq!(lane(LaneBy::Port, &both).as_deref(), Some(""));
        assert_eq!(lane(LaneBy::Port, &[]).as_deref(), Some(""));
        assert_eq!(lane(LaneBy::Key, &both).as_deref(), Some("k"));
        assert_eq!(lane(LaneBy::Key, &[]), None);
        assert_eq!(lane(LaneBy::Address, &both).as_deref(), Some("http://a/"));
    }
}
