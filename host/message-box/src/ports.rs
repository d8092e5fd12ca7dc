//! The ports that have a row, in memory: their row numbers and how many of their messages are pending.
//! Follows the commits; only the writer changes it, anybody may look.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use model::PortName;
use rusqlite::Connection;
use rusqlite::types::Type;

use crate::tally::Tally;

#[derive(Debug, Default)]
pub(crate) struct Ports(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    ids: HashMap<PortName, i64>,
    pending: HashMap<i64, i64>,
}

impl Ports {
    /// Reads the rows, and the counters in them.
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut known = Known::default();
        let mut statement = connection.prepare("SELECT id, name, pending FROM port")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            known.add(row.get(0)?, name(row.get_ref(1)?.as_str()?)?, row.get(2)?);
        }
        Ok(Self(RwLock::new(known)))
    }

    pub(crate) fn id(&self, name: &PortName) -> Option<i64> {
        self.read_known().ids.get(name).copied()
    }

    /// Messages of the port that wait for delivery or are being delivered.
    pub(crate) fn pending(&self, name: &PortName) -> u64 {
        let known = self.read_known();
        let pending = known.ids.get(name).and_then(|id| known.pending.get(id));
        pending.map_or(0, |pending| u64::try_from(*pending).unwrap_or(0))
    }

    /// A transaction is on disk: the rows it made and what it counted.
    pub(crate) fn committed(&self, new: Vec<(PortName, i64)>, tally: &Tally) {
        let mut known = self.write_known();
        for (name, id) in new {
            known.add(id, name, 0);
        }
        for (id, change) in tally.pending() {
            *known.pending.entry(id).or_default() += change;
        }
    }

    fn read_known(&self) -> RwLockReadGuard<'_, Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_known(&self) -> RwLockWriteGuard<'_, Known> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn add(&mut self, id: i64, name: PortName, pending: i64) {
        self.ids.insert(name, id);
        self.pending.insert(id, pending);
    }
}

/// The name of a port as its row holds it.
pub(crate) fn name(text: &str) -> rusqlite::Result<PortName> {
    PortName::new(text)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(e)))
}
