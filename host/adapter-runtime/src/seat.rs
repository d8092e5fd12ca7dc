//! The life of one instance in a pool: starts it, drives it, and sees to it that everything it held
//! comes back, however it ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use model::{ErrorInfo, MessageId, Outcome};
use tokio::sync::{Notify, mpsc, oneshot};
use wasmtime::component::Accessor;

use crate::backoff::Backoff;
use crate::bill::Board;
use crate::context::Context;
use crate::cpu;
use crate::desk::Desk;
use crate::drive::{Driver, End, Mail, Pace};
use crate::instance::{self, Instance};
use crate::ledger;
use crate::limits::Exceeded;
use crate::pool::Shared;

/// How an instance's life ended.
#[derive(Debug, Default)]
pub(crate) struct SeatEnd {
    /// Undecided messages that were handed back while terminating: they may have been sent.
    pub(crate) handed_back: Vec<MessageId>,
    /// It was ended by force.
    pub(crate) interrupted: bool,
}

/// Messages that came to a seat and that it has finished. Two counters, each written by one side.
#[derive(Debug, Default)]
pub(crate) struct Load {
    sent: AtomicUsize,
    finished: AtomicUsize,
}

impl Load {
    pub(crate) fn sent(&self, count: usize) {
        self.sent.fetch_add(count, Ordering::Relaxed);
    }

    fn finished(&self, total: usize) {
        self.finished.store(total, Ordering::Relaxed);
    }

    /// Messages queued or in flight.
    pub(crate) fn current(&self) -> usize {
        let finished = self.finished.load(Ordering::Relaxed);
        self.sent.load(Ordering::Relaxed).saturating_sub(finished)
    }
}

/// A place for one instance.
pub(crate) struct Seat {
    pub(crate) number: u64,
    pub(crate) thread: usize,
    pub(crate) pace: Pace,
    pub(crate) shared: Arc<Shared>,
    pub(crate) mail: mpsc::UnboundedReceiver<Mail>,
    /// What the pool sees of its work.
    pub(crate) load: Arc<Load>,
    /// What it has cost.
    pub(crate) board: Arc<Board>,
    /// Ends the instance by force.
    pub(crate) stop: Arc<Notify>,
    /// Told when an instance has been started for the first time, or could not be.
    pub(crate) started: Option<oneshot::Sender<Result<(), ErrorInfo>>>,
    /// Taken when it has ended.
    pub(crate) ended: Option<oneshot::Sender<SeatEnd>>,
}

impl Seat {
    /// Runs until the instance has ended.
    pub(crate) async fn occupy(self) {
        let mut occupant = Occupant {
            seat: self,
            desk: Desk::new(),
            end: SeatEnd::default(),
        };
        occupant.live().await;
    }
}

/// A seat with its desk. Dropping it leaves the seat, so that messages come back even when the host
/// itself fails in the middle.
struct Occupant {
    seat: Seat,
    desk: Desk,
    end: SeatEnd,
}

/// Why the event loop is over.
enum Over {
    Ended(End),
    Trapped(wasmtime::Error),
    /// It was told to stop.
    Stopped,
    /// It has been standing still: the guest waits for the host and does not come back.
    Standing,
}

impl Occupant {
    async fn live(&mut self) {
        if let Some(instance) = self.start().await {
            self.end = self.drive(instance).await;
        }
    }

    /// Starts an instance, trying again for as long as it fails; messages wait at the desk meanwhile.
    async fn start(&mut self) -> Option<Instance> {
        let mut backoff = Backoff::new();
        loop {
            let error = match self.try_start().await {
                Ok(instance) => {
                    self.tell_started(Ok(()));
                    // Its destination may know of transactions that nobody here does.
                    self.seat.shared.memory().doubt();
                    return Some(instance);
                }
                Err(error) => error,
            };
            self.seat.shared.sink.error(error.clone());
            if self.seat.started.is_some() {
                // Somebody waits for the result and decides about trying again.
                self.tell_started(Err(error));
                return None;
            }
            if !self.wait(backoff.pause()).await {
                return None;
            }
        }
    }

    fn tell_started(&mut self, result: Result<(), ErrorInfo>) {
        if let Some(started) = self.seat.started.take() {
            drop(started.send(result));
        }
    }

    async fn try_start(&self) -> Result<Instance, ErrorInfo> {
        let shared = &self.seat.shared;
        let context = shared
            .context(self.seat.thread, self.seat.board.clone())
            .map_err(|e| ErrorInfo::new("start-failed", e.to_string()))?;
        instance::start(shared.engine(), context, shared.setup()).await
    }

    /// False when the seat is to be given up.
    async fn wait(&mut self, pause: Duration) -> bool {
        let pause = tokio::time::sleep(pause);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => return true,
                () = self.seat.stop.notified() => return false,
                letter = self.seat.mail.recv() => match letter {
                    Some(Mail::Deliveries(deliveries)) => self.desk.accept(deliveries),
                    Some(Mail::Terminate) | None => return false,
                },
            }
        }
    }

    /// Drives the instance to its end and gives back what it held.
    async fn drive(&mut self, mut instance: Instance) -> SeatEnd {
        let over = self.run(&mut instance).await;
        let context = instance.store.data_mut();
        if matches!(over, Over::Standing) {
            let limit = self.seat.pace.delivery_timeout;
            context.ledger().expire(Instant::now(), limit);
        }
        let held = context.ledger().abandon();
        context.report();
        match over {
            Over::Ended(End::Terminated | End::Retired | End::Orphaned) => {
                self.give_back(held, false)
            }
            Over::Stopped => {
                self.seat.shared.note_lost();
                self.give_back(held, true)
            }
            Over::Standing => {
                self.seat.shared.note_lost();
                let limit = self.seat.pace.delivery_timeout;
                let text = format!(
                    "an instance was ended: a call kept it from everything else for more than {limit:?} (delivery-timeout)"
                );
                let error = ErrorInfo::new("instance-standing", text);
                self.seat.shared.sink.error(error);
                self.give_back(held, true)
            }
            Over::Trapped(trap) => {
                let mut error = instance::trapped("trap", &trap, context);
                if held.len() == 1 && trap.is::<Exceeded>() {
                    let charge = context.ledger().last_charge();
                    error.text = format!("{}\nthe delivery took {charge}", error.text);
                }
                self.trapped(held, &error)
            }
        }
    }

    /// The event loop, and what ends it from outside.
    async fn run(&mut self, instance: &mut Instance) -> Over {
        let Instance {
            store,
            control,
            transmitter,
        } = instance;
        let Self { seat, desk, .. } = self;
        let (desk, pace, shared, number) = (&*desk, seat.pace, seat.shared.clone(), seat.number);
        let load = seat.load.clone();
        let on_turn = |current: usize| load.finished(desk.received() - current);
        let on_retire = |why| {
            shared.retire(number, why);
            shared.resubmit(desk.take_queue());
        };
        let (mail, pulse) = (&mut seat.mail, store.data().cpu.pulse());
        desk.turned();
        let run = async |accessor: &Accessor<Context>| {
            let driver = Driver {
                accessor,
                transmitter,
                control,
                desk,
                memory: shared.memory(),
                pace,
                on_turn: &on_turn,
                on_retire: &on_retire,
            };
            driver.run(mail).await
        };
        tokio::select! {
            // First: a thread that was late itself must not be taken for a loop that stands.
            biased;
            ended = cpu::counting_visits(&pulse, store.run_concurrent(run)) => {
                match ended.and_then(|end| end) {
                    Ok(end) => Over::Ended(end),
                    Err(trap) => Over::Trapped(trap),
                }
            }
            () = seat.stop.notified() => Over::Stopped,
            () = standing(desk, pace) => Over::Standing,
        }
    }

    /// A trap poisons the store: everything in it ends together. One that comes while the instance is to end
    /// is no message's fault.
    fn trapped(&self, held: Vec<MessageId>, error: &ErrorInfo) -> SeatEnd {
        let shared = &self.seat.shared;
        shared.note_lost();
        shared.sink.error(error.clone());
        if self.desk.is_terminating() {
            return self.give_back(held, true);
        }
        if !held.is_empty() {
            shared.sink.resolved(ledger::blame(&held, error));
        }
        SeatEnd::default()
    }

    fn give_back(&self, held: Vec<MessageId>, interrupted: bool) -> SeatEnd {
        if !held.is_empty() {
            let returned = held.iter().map(|id| (*id, Outcome::Returned)).collect();
            self.seat.shared.sink.resolved(returned);
        }
        SeatEnd {
            handed_back: held,
            interrupted,
        }
    }
}

impl Drop for Occupant {
    fn drop(&mut self) {
        let Seat {
            number,
            shared,
            mail,
            ended,
            ..
        } = &mut self.seat;
        if std::thread::panicking() {
            tracing::error!(
                number,
                "the host failed at an instance: its messages come back"
            );
            shared.note_lost();
            self.end.interrupted = true;
        }
        shared.vacate(*number);
        let mut left = self.desk.take_queue();
        // Nobody sends to a vacated seat any more; what was sent before is still in the channel.
        mail.close();
        while let Ok(letter) = mail.try_recv() {
            if let Mail::Deliveries(deliveries) = letter {
                left.extend(deliveries);
            }
        }
        shared.resubmit(left);
        if let Some(ended) = ended.take() {
            // The pool may have stopped waiting.
            drop(ended.send(std::mem::take(&mut self.end)));
        }
    }
}

/// Ends when the event loop has not turned for longer than any message may be out. A guest that waits
/// inside a call of the host that only it can end (WASI 0.2) keeps the loop from turning, time-outs
/// included.
async fn standing(desk: &Desk, pace: Pace) {
    let period = pace.sweep_period();
    let limit = pace.delivery_timeout.saturating_add(period);
    while desk.standing_for() <= limit {
        tokio::time::sleep(period).await;
    }
}
