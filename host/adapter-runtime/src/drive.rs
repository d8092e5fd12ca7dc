//! The event loop of one instance: takes deliveries, keeps as many sends open as it may, reports.
//!
//! Runs inside `run_concurrent`, so it turns only while no guest code runs. What must end a guest that
//! never lets it turn (the CPU guard, the drain deadline) sits outside; see `seat`.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context as Task, Poll};
use std::time::{Duration, Instant};

use futures::future::LocalBoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use model::transmit::Delivery;
use model::{MessageId, Outcome};
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Interval, MissedTickBehavior, Sleep};
use wasmtime::component::Accessor;

use crate::bindings::exports::{batch_transmitter, transmitter, transport_control};
use crate::context::Context;
use crate::instance::Transmitter;
use crate::{batched, unbatched};

/// What the pool tells an instance.
#[derive(Debug)]
pub(crate) enum Mail {
    Deliveries(Vec<Delivery>),
    Terminate,
}

/// How an instance may work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Messages in flight in the instance, at most.
    pub(crate) open: usize,
    /// How long a batch may wait for more messages while others are being sent.
    pub(crate) linger: Duration,
    /// How long a message may be out.
    pub(crate) delivery_timeout: Duration,
}

/// Why the loop ended without a trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// `terminate` returned and nothing is in flight.
    Terminated,
    /// A message's time was up; everything else has been resolved.
    Retired,
    /// The pool is gone.
    Orphaned,
}

/// What is waiting to be handed to the guest. Outlives the loop, so that a trap loses nothing.
#[derive(Debug)]
pub(crate) struct Desk {
    received: Cell<usize>,
    queue: RefCell<VecDeque<(Instant, Delivery)>>,
    terminating: Cell<bool>,
    terminated: Cell<bool>,
    retiring: Cell<bool>,
    /// A batch is being filled; the next one starts after it, or each would get a part.
    filling: Cell<bool>,
    /// What `begin-batch` said last.
    batch_size: Cell<usize>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self {
            received: Cell::new(0),
            queue: RefCell::default(),
            terminating: Cell::new(false),
            terminated: Cell::new(false),
            retiring: Cell::new(false),
            filling: Cell::new(false),
            batch_size: Cell::new(1),
        }
    }

    pub(crate) fn accept(&self, deliveries: Vec<Delivery>) {
        let now = Instant::now();
        self.received.set(self.received.get() + deliveries.len());
        self.queue
            .borrow_mut()
            .extend(deliveries.into_iter().map(|d| (now, d)));
    }

    /// Messages that have come in so far.
    pub(crate) fn received(&self) -> usize {
        self.received.get()
    }

    pub(crate) fn take_queue(&self) -> Vec<Delivery> {
        self.queue
            .take()
            .into_iter()
            .map(|(_, delivery)| delivery)
            .collect()
    }

    pub(crate) fn is_terminating(&self) -> bool {
        self.terminating.get()
    }

    fn queued(&self) -> usize {
        self.queue.borrow().len()
    }

    /// How long the oldest message has been waiting.
    fn waiting(&self, now: Instant) -> Duration {
        let queue = self.queue.borrow();
        queue
            .front()
            .map_or(Duration::ZERO, |(since, _)| now.duration_since(*since))
    }

    fn take_next(&self) -> Option<Delivery> {
        self.queue
            .borrow_mut()
            .pop_front()
            .map(|(_, delivery)| delivery)
    }

    /// Up to `messages` and `bytes` (0: any), but at least one.
    fn take_batch(&self, messages: usize, bytes: u64) -> Vec<Delivery> {
        let mut queue = self.queue.borrow_mut();
        let mut total = 0;
        let fits = |(_, delivery): &&(Instant, Delivery)| {
            let first = total == 0;
            total += delivery.message.body.size().max(1);
            first || bytes == 0 || total <= bytes
        };
        let count = queue.iter().take(messages.max(1)).take_while(fits).count();
        queue.drain(..count).map(|(_, delivery)| delivery).collect()
    }

    /// Removes what has waited for longer than `limit`.
    fn take_stale(&self, now: Instant, limit: Duration) -> Vec<(MessageId, Outcome)> {
        let mut queue = self.queue.borrow_mut();
        let stale = |(since, _): &&(Instant, Delivery)| now.duration_since(*since) > limit;
        let count = queue.iter().take_while(stale).count();
        queue
            .drain(..count)
            .map(|(_, d)| (d.message.id, Outcome::Returned))
            .collect()
    }
}

type Work<'a> = FuturesUnordered<LocalBoxFuture<'a, wasmtime::Result<()>>>;

/// The loop and what it borrows.
pub(crate) struct Driver<'a> {
    pub(crate) accessor: &'a Accessor<Context>,
    pub(crate) transmitter: &'a Transmitter,
    pub(crate) control: &'a transport_control::Guest,
    pub(crate) desk: &'a Desk,
    pub(crate) pace: Pace,
    /// Told the number of messages queued or in flight, whenever the loop has turned.
    pub(crate) on_turn: &'a dyn Fn(usize),
    /// Told once when the instance takes no more messages; what is queued is for another one.
    pub(crate) on_retire: &'a dyn Fn(),
}

/// What a turn waits for, beside the work itself.
struct Alarms<'p, 'n> {
    progress: &'n Notify,
    rung: Pin<&'p mut Notified<'n>>,
    sweep: Interval,
    linger: Pin<&'p mut Sleep>,
    lingering: bool,
}

impl<'a> Driver<'a> {
    /// Runs until the instance ends. An error is a trap.
    pub(crate) async fn run(
        &self,
        mail: &mut mpsc::UnboundedReceiver<Mail>,
    ) -> wasmtime::Result<End> {
        let progress = self
            .accessor
            .with(|mut access| access.get().progress.clone());
        let mut sweep = tokio::time::interval(sweep_period(self.pace.delivery_timeout));
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let rung = pin!(progress.notified());
        let linger = pin!(tokio::time::sleep(Duration::ZERO));
        let mut alarms = Alarms {
            progress: &progress,
            rung,
            sweep,
            linger,
            lingering: false,
        };
        let mut work = Work::new();
        poll_fn(|cx| self.turn(cx, mail, &mut work, &mut alarms)).await
    }

    /// Goes on for as long as anything moves, then reports.
    fn turn(
        &self,
        cx: &mut Task<'_>,
        mail: &mut mpsc::UnboundedReceiver<Mail>,
        work: &mut Work<'a>,
        alarms: &mut Alarms<'_, '_>,
    ) -> Poll<wasmtime::Result<End>> {
        loop {
            let mut moved = false;
            while let Poll::Ready(Some(result)) = work.poll_next_unpin(cx) {
                moved = true;
                if let Err(trap) = result {
                    return Poll::Ready(Err(trap));
                }
            }
            while let Poll::Ready(letter) = mail.poll_recv(cx) {
                moved = true;
                match letter {
                    Some(Mail::Deliveries(deliveries)) => self.accept(deliveries),
                    Some(Mail::Terminate) => self.terminate(work),
                    None => return Poll::Ready(Ok(End::Orphaned)),
                }
            }
            moved |= self.poll_alarms(cx, alarms);
            moved |= match self.transmitter {
                Transmitter::Unbatched(guest) => self.start_calls(guest, work),
                Transmitter::Batched(guest) => self.start_batch(guest, work, alarms),
            };
            if !moved {
                break;
            }
        }
        match self.report() {
            Some(end) => Poll::Ready(Ok(end)),
            None => Poll::Pending,
        }
    }

    fn accept(&self, deliveries: Vec<Delivery>) {
        self.desk.accept(deliveries);
        if self.desk.terminating.get() {
            self.return_queue();
        } else if self.desk.retiring.get() {
            (self.on_retire)();
        }
    }

    fn return_queue(&self) {
        let queued = self.desk.take_queue().into_iter();
        let returned: Vec<_> = queued.map(|d| (d.message.id, Outcome::Returned)).collect();
        if !returned.is_empty() {
            self.accessor
                .with(|mut access| access.get().sink.resolved(returned));
        }
    }

    fn terminate(&self, work: &mut Work<'a>) {
        if self.desk.terminating.replace(true) {
            return;
        }
        self.return_queue();
        let (accessor, control, desk) = (self.accessor, self.control, self.desk);
        work.push(Box::pin(async move {
            control.call_terminate(accessor).await?;
            desk.terminated.set(true);
            Ok(())
        }));
    }

    fn poll_alarms(&self, cx: &mut Task<'_>, alarms: &mut Alarms<'_, '_>) -> bool {
        let mut moved = false;
        while alarms.rung.as_mut().poll(cx).is_ready() {
            let again = alarms.progress.notified();
            alarms.rung.set(again);
            moved = true;
        }
        while alarms.sweep.poll_tick(cx).is_ready() {
            self.sweep();
        }
        if alarms.lingering && alarms.linger.as_mut().poll(cx).is_ready() {
            alarms.lingering = false;
            moved = true;
        }
        moved
    }

    /// Takes back what has been out for too long. The instance is then not to be trusted with more: it
    /// may have forgotten the message, or a call that never returns still holds its memory.
    fn sweep(&self) {
        let now = Instant::now();
        let stale = self.desk.take_stale(now, self.pace.delivery_timeout);
        let limit = self.pace.delivery_timeout;
        let overdue = self.accessor.with(|mut access| {
            let context = access.get();
            if !stale.is_empty() {
                context.sink.resolved(stale);
            }
            let expired = context.ledger.expire(now, limit);
            expired > 0 || context.ledger.holds_batches_for(now) > limit
        });
        if overdue && !self.desk.retiring.replace(true) {
            (self.on_retire)();
        }
    }

    fn room(&self, work: &Work<'a>) -> usize {
        if self.desk.terminating.get() || self.desk.retiring.get() {
            return 0;
        }
        let in_flight = self
            .accessor
            .with(|mut access| access.get().ledger.in_flight());
        self.pace.open.saturating_sub(in_flight.max(work.len()))
    }

    fn start_calls(&self, guest: &'a transmitter::Guest, work: &mut Work<'a>) -> bool {
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

    /// Starts a batch when it is worth it: it would be full, nothing else is being sent, or the oldest
    /// message has waited long enough.
    fn start_batch(
        &self,
        guest: &'a batch_transmitter::Guest,
        work: &mut Work<'a>,
        alarms: &mut Alarms<'_, '_>,
    ) -> bool {
        let queued = self.desk.queued();
        if queued == 0 || self.desk.filling.get() {
            return false;
        }
        let room = self.room(work);
        let full = self.desk.batch_size.get().min(self.pace.open);
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
        self.desk.filling.set(true);
        work.push(Box::pin(send_batch(self.accessor, guest, self.desk, room)));
        true
    }

    /// Tells the engine and the pool where things stand; says whether the instance is done.
    fn report(&self) -> Option<End> {
        let (in_flight, undecided) = self.accessor.with(|mut access| {
            let context = access.get();
            context.cpu.turned();
            context.report();
            (context.ledger.in_flight(), context.ledger.undecided())
        });
        (self.on_turn)(self.desk.queued() + in_flight);
        match undecided {
            0 if self.desk.terminated.get() => Some(End::Terminated),
            0 if self.desk.retiring.get() => Some(End::Retired),
            _ => None,
        }
    }
}

/// Often enough that a time-out is at most an eighth late.
fn sweep_period(delivery_timeout: Duration) -> Duration {
    (delivery_timeout / 8).clamp(Duration::from_millis(20), Duration::from_secs(5))
}

async fn send_batch(
    accessor: &Accessor<Context>,
    guest: &batch_transmitter::Guest,
    desk: &Desk,
    room: usize,
) -> wasmtime::Result<()> {
    let (batch, limits) = batched::open(accessor, guest).await?;
    let size = usize::try_from(limits.max_messages)
        .unwrap_or(usize::MAX)
        .max(1);
    desk.batch_size.set(size);
    let deliveries = desk.take_batch(size.min(room), limits.max_bytes);
    let (transmitted, accepted) = batched::push(accessor, guest, batch, deliveries).await?;
    desk.filling.set(false);
    accessor.with(|mut access| access.get().progress.notify_one());
    batched::finish(accessor, guest, batch, transmitted, accepted).await
}
