//! The event loop of one instance: takes deliveries, keeps as many sends open as it may, reports.
//!
//! Runs inside `run_concurrent`, so it turns only while no guest code runs. What must end a guest that
//! never lets it turn (the CPU guard, the watch over standing loops, the drain deadline) sits outside;
//! see `seat`.

mod feeding;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as Task, Poll};
use std::time::{Duration, Instant};

use futures::future::LocalBoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use model::Outcome;
use model::transmit::Delivery;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Interval, MissedTickBehavior, Sleep};
use wasmtime::component::Accessor;

use crate::context::Context;
use crate::desk::Desk;
use crate::guest::{Control, Transmitter};
use crate::ledger::Ledger;
use crate::transactions::Transactions;

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
    /// It gets one message, and then it has served its time.
    pub(crate) once: bool,
}

impl Pace {
    /// How often time-outs are looked for: a time-out is at most an eighth late. The loop turns at least
    /// this often.
    pub(crate) fn sweep_period(&self) -> Duration {
        (self.delivery_timeout / 8).clamp(Duration::from_millis(20), Duration::from_secs(5))
    }
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

type Work<'a> = FuturesUnordered<LocalBoxFuture<'a, wasmtime::Result<()>>>;

/// The loop and what it borrows.
pub(crate) struct Driver<'a> {
    pub(crate) accessor: &'a Accessor<Context>,
    pub(crate) transmitter: &'a Transmitter,
    pub(crate) control: &'a Control,
    pub(crate) desk: &'a Desk,
    pub(crate) memory: &'a Arc<Transactions>,
    pub(crate) pace: Pace,
    /// Told the number of messages queued or in flight, whenever the loop has turned.
    pub(crate) on_turn: &'a dyn Fn(usize),
    /// Told once when the instance takes no more messages; what is queued is for another one.
    pub(crate) on_retire: &'a dyn Fn(Retirement),
}

/// Why an instance takes no more messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retirement {
    /// It is not to be trusted with more.
    Overdue,
    /// It has had the one message that it was there for.
    Spent,
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
        let mut sweep = tokio::time::interval(self.pace.sweep_period());
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
                    Some(Mail::Terminate) => self.begin_terminating(),
                    None => return Poll::Ready(Ok(End::Orphaned)),
                }
            }
            moved |= self.poll_alarms(cx, alarms);
            moved |= self.start_terminate(work);
            moved |= self.feed(work, alarms);
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
        if self.desk.is_terminating() {
            self.return_queue();
        } else if self.desk.is_retiring() {
            (self.on_retire)(Retirement::Overdue);
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

    fn begin_terminating(&self) {
        if self.desk.begin_terminating() {
            self.return_queue();
        }
    }

    /// Calls `terminate`, once: at once, or when nothing else is going on where the world says so.
    fn start_terminate(&self, work: &mut Work<'a>) -> bool {
        let must_wait = || {
            self.transmitter.terminates_idle()
                && (!work.is_empty() || self.ledger(|ledger| ledger.undecided()) > 0)
        };
        if !self.desk.is_terminate_due() || must_wait() || !self.desk.begin_terminate_call() {
            return false;
        }
        let (accessor, control, desk) = (self.accessor, self.control, self.desk);
        work.push(Box::pin(async move {
            control.terminate(accessor).await?;
            desk.terminated();
            Ok(())
        }));
        true
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
            let expired = context.ledger().expire(now, limit);
            expired > 0 || context.ledger().holds_batches_for(now) > limit
        });
        if overdue || self.desk.has_given_up() {
            self.retire(Retirement::Overdue);
        }
    }

    fn retire(&self, why: Retirement) {
        if self.desk.retire() {
            (self.on_retire)(why);
        }
    }

    /// True when the instance has got the only message that it is to get.
    fn is_spent(&self) -> bool {
        self.pace.once && self.desk.has_begun()
    }

    /// Tells the engine and the pool where things stand; says whether the instance is done.
    fn report(&self) -> Option<End> {
        let (in_flight, undecided) = self.accessor.with(|mut access| {
            let context = access.get();
            context.turned();
            (context.ledger().in_flight(), context.ledger().undecided())
        });
        self.desk.turned();
        if self.ledger(Ledger::is_hoarding) {
            self.retire(Retirement::Overdue);
        }
        if self.is_spent() && in_flight == 0 && !self.desk.is_terminating() {
            self.retire(Retirement::Spent);
        }
        (self.on_turn)(self.desk.queued() + in_flight);
        if undecided > 0 || self.desk.is_closing() {
            None
        } else if self.desk.is_terminated() {
            Some(End::Terminated)
        } else {
            (self.desk.is_retiring() && !self.is_hearing(in_flight)).then_some(End::Retired)
        }
    }

    /// True while the guest may still hear what became of its last outcome batches.
    fn is_hearing(&self, in_flight: usize) -> bool {
        let held = || self.ledger(|ledger| ledger.holds_batches_for(Instant::now()));
        in_flight > 0 && held() <= self.pace.delivery_timeout
    }

    fn ledger<R>(&self, ask: impl FnOnce(&Ledger) -> R) -> R {
        self.accessor.with(|mut access| ask(access.get().ledger()))
    }
}
