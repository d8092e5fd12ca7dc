//! `notifications = { … }`: who is told what became of a port's messages.

use model::PortName;

use super::Placed;
use super::section::Entry;
use super::target::target;

pub(super) const KEYS: &[&str] = &["port", "always", "ack", "nack"];

/// Where notifications go, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notifications {
    pub(crate) port: Placed<PortName>,
    /// Every message asks for one, unless it says otherwise.
    pub(crate) always: bool,
    /// Of delivered messages.
    pub(crate) ack: bool,
    /// Of messages that failed for good.
    pub(crate) nack: bool,
}

pub(super) fn notifications(entry: Option<Entry<'_>>) -> Option<Notifications> {
    let entry = entry?;
    let section = entry.section()?;
    section.refuse_others(KEYS);
    let always = section.boolean_or("always", false);
    let ack = section.boolean_or("ack", true);
    let nack = section.boolean_or("nack", true);
    if !ack && !nack {
        entry.mistake("neither 'ack' nor 'nack' is left: nothing would ever be told; remove it");
    }
    let port = section.require("port", "say who is told: port = \"…\"");
    Some(Notifications {
        port: target(port)?,
        always,
        ack,
        nack,
    })
}

impl Notifications {
    /// As the dispatcher wants it.
    pub(crate) fn model(&self) -> model::Notifications {
        model::Notifications {
            port: self.port.value.clone(),
            always: self.always,
            ack: self.ack,
            nack: self.nack,
        }
    }
}
