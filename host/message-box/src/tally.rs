//! What a transaction changes in the counters of ports: collected while it runs, written once at its end,
//! and then added to the counts in memory.

use rusqlite::Connection;

/// Changes to the counters of ports. Each method says what happened to one message (or several).
#[derive(Debug, Default)]
pub(crate) struct Tally(Vec<(i64, Counters)>);

/// How the columns of one port's row change.
#[derive(Debug, Default)]
struct Counters {
    accepted: i64,
    delivered: i64,
    routed: i64,
    terminated: i64,
    pending: i64,
    suspended: i64,
    bytes: i64,
}

impl Tally {
    /// New messages are pending.
    pub(crate) fn accepted(&mut self, port: i64, messages: usize, bytes: u64) {
        let counters = self.of(port);
        let messages = messages as i64;
        counters.accepted += messages;
        counters.pending += messages;
        counters.bytes += bytes.cast_signed();
    }

    /// A pending message is gone: delivered.
    pub(crate) fn delivered(&mut self, port: i64, bytes: u64) {
        let counters = self.of(port);
        counters.delivered += 1;
        counters.pending -= 1;
        counters.bytes -= bytes.cast_signed();
    }

    /// A pending message is gone: it went on as another one.
    pub(crate) fn routed(&mut self, port: i64, bytes: u64) {
        let counters = self.of(port);
        counters.routed += 1;
        counters.pending -= 1;
        counters.bytes -= bytes.cast_signed();
    }

    /// A pending message waits for a person.
    pub(crate) fn suspended(&mut self, port: i64) {
        let counters = self.of(port);
        counters.pending -= 1;
        counters.suspended += 1;
    }

    /// A suspended message is pending again.
    pub(crate) fn resumed(&mut self, port: i64) {
        let counters = self.of(port);
        counters.suspended -= 1;
        counters.pending += 1;
    }

    /// A suspended message is gone: a person discarded it.
    pub(crate) fn terminated(&mut self, port: i64, bytes: u64) {
        let counters = self.of(port);
        counters.suspended -= 1;
        counters.terminated += 1;
        counters.bytes -= bytes.cast_signed();
    }

    /// The body of a message has another size.
    pub(crate) fn resized(&mut self, port: i64, from: u64, to: u64) {
        self.of(port).bytes += to.cast_signed() - from.cast_signed();
    }

    /// By how much each port's number of pending messages changes.
    pub(crate) fn pending(&self) -> impl Iterator<Item = (i64, i64)> {
        self.0
            .iter()
            .map(|(port, counters)| (*port, counters.pending))
    }

    pub(crate) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut update = connection.prepare_cached(
            "UPDATE port SET accepted = accepted + ?2, delivered = delivered + ?3, \
             routed = routed + ?4, terminated = terminated + ?5, pending = pending + ?6, \
             suspended = suspended + ?7, bytes = bytes + ?8 WHERE id = ?1",
        )?;
        for (port, counters) in &self.0 {
            update.execute((
                port,
                counters.accepted,
                counters.delivered,
                counters.routed,
                counters.terminated,
                counters.pending,
                counters.suspended,
                counters.bytes,
            ))?;
        }
        Ok(())
    }

    /// Few ports take part in one transaction, so a search beats a map.
    fn of(&mut self, port: i64) -> &mut Counters {
        let index = match self.0.iter().position(|(id, _)| *id == port) {
            Some(index) => index,
            None => {
                self.0.push((port, Counters::default()));
                self.0.len() - 1
            }
        };
        &mut self.0[index].1
    }
}
