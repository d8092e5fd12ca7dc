//! The ports of a host by name: which generation of each takes messages, and which are on their way out.
//!
//! Data and look-ups only; what is done with it is the dispatcher's.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use model::{Enlistment, PortName, SendPort};
use tokio::sync::Mutex as Gate;

use crate::credits::Credits;
use crate::port::{PoolFactory, Port};
use crate::status::{PortStatus, Tally};

/// The ports in the order they were enlisted.
#[derive(Debug, Default)]
pub(crate) struct Roll {
    ports: Vec<Entry>,
    places: HashMap<PortName, usize>,
    /// What operators want of ports, also of those that are not enlisted yet.
    pub(crate) enlistments: HashMap<PortName, Enlistment>,
    pub(crate) watermarks: HashMap<String, Arc<Credits>>,
    pub(crate) terminating: bool,
}

/// A port over its generations.
#[derive(Clone)]
pub(crate) struct Entry {
    /// The generation that takes messages.
    pub(crate) port: Arc<Port>,
    /// What makes its pools, once it was started.
    pub(crate) factory: Option<Arc<dyn PoolFactory>>,
    /// Generations that have been replaced and still have messages.
    pub(crate) leaving: Vec<Arc<Port>>,
    /// What generations did that are gone.
    past: Tally,
    /// Whoever replaces a generation holds it: one at a time.
    pub(crate) gate: Arc<Gate<()>>,
}

impl Roll {
    /// Adds a port under a name that no other has.
    pub(crate) fn enlist(&mut self, settings: SendPort) -> Arc<Port> {
        let enlistment = self.enlistment(&settings.name);
        let port = Arc::new(Port::new(Arc::new(settings), enlistment));
        let name = port.settings.name.clone();
        self.places.insert(name, self.ports.len());
        self.ports.push(Entry {
            port: port.clone(),
            factory: None,
            leaving: Vec::new(),
            past: Tally::default(),
            gate: Arc::default(),
        });
        port
    }

    /// Forgets a port.
    pub(crate) fn strike(&mut self, name: &str) {
        self.ports
            .retain(|entry| entry.port.settings.name.as_str() != name);
        let names = self.ports.iter().map(|e| e.port.settings.name.clone());
        self.places = names.zip(0..).collect();
    }

    /// What its operator wants of a port.
    pub(crate) fn enlistment(&self, name: &PortName) -> Enlistment {
        self.enlistments.get(name).copied().unwrap_or_default()
    }

    pub(crate) fn find(&self, port: &str) -> Option<&Entry> {
        self.places.get(port).map(|place| &self.ports[*place])
    }

    pub(crate) fn find_mut(&mut self, port: &str) -> Option<&mut Entry> {
        self.places.get(port).map(|place| &mut self.ports[*place])
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.ports
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let names = self.ports.iter().map(|e| e.port.settings.name.to_string());
        names.collect()
    }
}

impl Entry {
    /// Every generation that may have messages, the one that takes them first.
    pub(crate) fn generations(&self) -> Vec<Arc<Port>> {
        let mut all = vec![self.port.clone()];
        all.extend(self.leaving.iter().cloned());
        all
    }

    /// Puts another generation in the place of the present one, which leaves.
    pub(crate) fn succeed(&mut self, next: Arc<Port>, factory: Arc<dyn PoolFactory>) {
        let old = std::mem::replace(&mut self.port, next);
        self.leaving.push(old);
        self.factory = Some(factory);
    }

    /// Puts another generation in the place of one that has ended.
    pub(crate) fn revive(&mut self, next: Arc<Port>) {
        let dead = std::mem::replace(&mut self.port, next);
        self.past.add(&dead.board().tally);
    }

    /// A generation has left: only its numbers stay.
    pub(crate) fn left(&mut self, gone: &Arc<Port>) {
        let is_gone = |port: &Arc<Port>| Arc::ptr_eq(port, gone);
        if self.leaving.iter().any(is_gone) {
            self.past.add(&gone.board().tally);
            self.leaving.retain(|port| !is_gone(port));
        }
    }

    /// What an operator sees of the port, over all its generations.
    pub(crate) fn status(&self) -> PortStatus {
        let mut status = self.port.status();
        status.add(&self.past);
        for leaving in &self.leaving {
            let board = leaving.board();
            status.add(&board.tally);
            status.unresolved += board.unresolved;
            status.leaving += 1;
        }
        status
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.generations()).finish()
    }
}
