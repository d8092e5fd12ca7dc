//! When messages are handed to the guest: as soon as there is room, one by one or in batches that are
//! worth it.

use std::time::Instant;

use futures::future::LocalBoxFuture;
use wasmtime::component::Accessor;

use super::{Alarms, Driver, Work};
use crate::context::Context;
use crate::desk::Desk;
use crate::guest::{Batched, Single, Transactional, Transmitter};
use crate::transactional::Coordinator;
use crate::{batched, unbatched};

impl<'a> Driver<'a> {
    /// Starts what can be started. True when something was, or when an alarm was set.
    pub(super) fn feed(&self, work: &mut Work<'a>, alarms: &mut Alarms<'_, '_>) -> bool {
        if self.desk.is_leaving() || self.is_spent() {
            return false;
        }
        match self.transmitter {
            Transmitter::Single(guest) => self.start_calls(guest, work),
            // One batch at a time where the guest can do one thing at a time.
            Transmitter::Batched(Batched::Sync(_)) if !work.is_empty() => false,
            Transmitter::Batched(guest) => self.start_batched(guest, work, alarms),
            Transmitter::Transactional(guest) => self.start_transaction(guest, work, alarms),
        }
    }

    fn room(&self, work: &Work<'a>) -> usize {
        let in_flight = self.ledger(|ledger| ledger.in_flight());
        self.pace.open.saturating_sub(in_flight.max(work.len()))
    }

    fn start_calls(&self, guest: &'a Single, work: &mut Work<'a>) -> bool {
        if self.desk.queued() == 0 {
            return false;
        }
        let room = self.room(work);
        let mut started = false;
        for delivery in (0..room).map_while(|_| self.desk.take_next()) {
            let lent = unbatched::lend(self.accessor, delivery);
            work.push(Box::pin(unbatched::transmit(self.accessor, guest, lent)));
            started = true;
        }
        started
    }

    fn start_batched(
        &self,
        guest: &'a Batched,
        work: &mut Work<'a>,
        alarms: &mut Alarms<'_, '_>,
    ) -> bool {
        let (accessor, desk) = (self.accessor, self.desk);
        self.start_batch(work, alarms, |room| {
            Box::pin(send_batch(accessor, guest, desk, room))
        })
    }

    /// A recovery comes before the next batch, and does not wait for one: what is in doubt holds locks
    /// at the destination.
    fn start_transaction(
        &self,
        guest: &'a Transactional,
        work: &mut Work<'a>,
        alarms: &mut Alarms<'_, '_>,
    ) -> bool {
        let coordinator = Coordinator {
            accessor: self.accessor,
            guest,
            desk: self.desk,
            memory: self.memory,
            limit: self.pace.delivery_timeout,
        };
        if !self.memory.in_doubt() {
            return self.start_batch(work, alarms, |room| Box::pin(coordinator.send_batch(room)));
        }
        if self.desk.is_filling() {
            return false;
        }
        self.desk.set_filling(true);
        work.push(Box::pin(async move {
            coordinator.recover().await?;
            coordinator.desk.set_filling(false);
            Ok(())
        }));
        true
    }

    /// Starts a batch when it is worth it: it would be full, nothing else is being sent, or the oldest
    /// message has waited long enough.
    fn start_batch(
        &self,
        work: &mut Work<'a>,
        alarms: &mut Alarms<'_, '_>,
        batch: impl FnOnce(usize) -> LocalBoxFuture<'a, wasmtime::Result<()>>,
    ) -> bool {
        let queued = self.desk.queued();
        if queued == 0 || self.desk.is_filling() {
            return false;
        }
        let room = self.room(work);
        let full = self.desk.batch_size().min(self.pace.open);
        if room < full.min(queued) {
            return false;
        }
        let waiting = self.desk.waiting(Instant::now());
        if queued < full && !work.is_empty() && waiting < self.pace.linger {
            let rest = self.pace.linger - waiting;
            alarms
                .linger
                .as_mut()
                .reset(tokio::time::Instant::now() + rest);
            // Polled in the next round of the loop, which registers the wake-up.
            return !std::mem::replace(&mut alarms.lingering, true);
        }
        self.desk.set_filling(true);
        work.push(batch(room));
        true
    }
}

async fn send_batch(
    accessor: &Accessor<Context>,
    guest: &Batched,
    desk: &Desk,
    room: usize,
) -> wasmtime::Result<()> {
    let (batch, pushed) = batched::fill(accessor, guest, desk, room).await?;
    batched::finish(accessor, guest, batch, pushed).await
}
