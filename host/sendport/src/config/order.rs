//! `ordered = …`: whether messages of a port wait for each other.

use model::{LaneBy, OnFailure, OrderedDelivery};

use super::Placed;
use super::section::{Section, Switch};

const PORT: &str = "port";
const KEY: &str = "key";
const ADDRESS: &str = "address";
const STOP: &str = "stop";
const SKIP: &str = "skip";

pub(super) const KEYS: &[&str] = &["by", "on-failure"];

/// The key `ordered` of a port's section; `one_address` when all its messages go to the same one. A port in order has no backup (B69): what moves on would be
/// overtaken by what still waits for the primary, or the other way round.
pub(super) fn ordered(section: &Section<'_>, one_address: bool) -> Option<Placed<OrderedDelivery>> {
    let entry = section.get("ordered")?;
    let ordered = match entry.switch()? {
        Switch::Off => return None,
        Switch::On => OrderedDelivery {
            by: LaneBy::Port,
            on_failure: OnFailure::Stop,
        },
        Switch::With(section) => with(&section, one_address),
    };
    let problem = "a port that delivers in order has no backup transport, since messages would overtake \
                   each other on it; remove this, or 'ordered'";
    section.refuse(&["backup"], problem);
    Some(Placed::new(ordered, entry.place))
}

fn with(section: &Section<'_>, one_address: bool) -> OrderedDelivery {
    section.refuse_others(KEYS);
    let by = section.get("by");
    let named = by.as_ref().and_then(|by| by.one_of(&[PORT, KEY, ADDRESS]));
    if let (Some(by), Some(ADDRESS), true) = (&by, named, one_address) {
        by.mistake("all messages of this port have the same address; use by = \"port\"");
    }
    let on_failure = section.get("on-failure");
    let on_failure = on_failure.and_then(|entry| entry.one_of(&[STOP, SKIP]));
    OrderedDelivery {
        by: match named {
            Some(KEY) => LaneBy::Key,
            Some(ADDRESS) => LaneBy::Address,
            _ => LaneBy::Port,
        },
        on_failure: match on_failure {
            Some(SKIP) => OnFailure::Skip,
            _ => OnFailure::Stop,
        },
    }
}
