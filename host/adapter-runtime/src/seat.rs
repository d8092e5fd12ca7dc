//! The life of one instance in a pool: starts it, drives it, and sees to it that everything it held
//! comes back, however it ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use model::{ErrorInfo, Failure, MessageId, Outcome};
use tokio::sync::{Notify, mpsc, oneshot};
use wasmtime::component::Accessor;

use crate::context::Context;
use crate::drive::{Desk, Driver, End, Mail, Pace};
use crate::instance::{self, Instance};
use crate::pool::Shared;

/// Waits between attempts to start an instance: from this, doubling,
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
/// to this.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

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
    /// Ends the instance by force.
    pub(crate) stop: Arc<Notify>,
    /// Told when an instance has been started for the first time, or could not be.
    pub(crate) started: Option<oneshot::Sender<Result<(), ErrorInfo>>>,
    pub(crate) ended: oneshot::Sender<SeatEnd>,
}

impl Seat {
    /// Runs until the instance has ended.
    pub(crate) async fn occupy(mut self) {
        let desk = Desk::new();
        let end = match self.start(&desk).await {
            Some(instance) => self.drive(&desk, instance).await,
            None => SeatEnd::default(),
        };
        self.shared.vacate(self.number);
        let mut left = desk.take_queue();
        // Nobody sends to a vacated seat any more; what was sent before is still in the channel.
        self.mail.close();
        while let Ok(letter) = self.mail.try_recv() {
            if let Mail::Deliveries(deliveries) = letter {
                left.extend(deliveries);
            }
        }
        self.shared.resubmit(left);
        // The pool may have stopped waiting.
        drop(self.ended.send(end));
    }

    /// Starts an instance, trying again for as long as it fails; messages wait at the desk meanwhile.
    async fn start(&mut self, desk: &Desk) -> Option<Instance> {
        let mut backoff = FIRST_BACKOFF;
        loop {
            let error = match self.try_start().await {
                Ok(instance) => {
                    self.tell_started(Ok(()));
                    return Some(instance);
                }
                Err(error) => error,
            };
            self.shared.sink.error(error.clone());
            if self.started.is_some() {
                // Somebody waits for the result and decides about trying again.
                self.tell_started(Err(error));
                return None;
            }
            if !self.wait(desk, backoff).await {
                return None;
            }
            backoff = (backoff * 2).min(LONGEST_BACKOFF);
        }
    }

    fn tell_started(&mut self, result: Result<(), ErrorInfo>) {
        if let Some(started) = self.started.take() {
            drop(started.send(result));
        }
    }

    async fn try_start(&self) -> Result<Instance, ErrorInfo> {
        let shared = &self.shared;
        let context = shared
            .context(self.thread)
            .map_err(|e| ErrorInfo::new("start-failed", e.to_string()))?;
        let code = &shared.adapter.0.code;
        instance::start(&shared.engine, code, context, &shared.handler_configuration).await
    }

    /// False when the seat is to be given up.
    async fn wait(&mut self, desk: &Desk, backoff: Duration) -> bool {
        let pause = tokio::time::sleep(backoff);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => return true,
                () = self.stop.notified() => return false,
                letter = self.mail.recv() => match letter {
                    Some(Mail::Deliveries(deliveries)) => desk.accept(deliveries),
                    Some(Mail::Terminate) | None => return false,
                },
            }
        }
    }

    /// Drives the instance to its end and gives back what it held.
    async fn drive(&mut self, desk: &Desk, instance: Instance) -> SeatEnd {
        let Instance {
            mut store,
            control,
            transmitter,
        } = instance;
        let load = self.load.clone();
        let on_turn = |current: usize| load.finished(desk.received() - current);
        let (shared, number) = (self.shared.clone(), self.number);
        let on_retire = || {
            shared.retire(number);
            shared.resubmit(desk.take_queue());
        };
        let (mail, pace, stop) = (&mut self.mail, self.pace, self.stop.clone());
        let ended = {
            let run = async |accessor: &Accessor<Context>| {
                let driver = Driver {
                    accessor,
                    transmitter: &transmitter,
                    control: &control,
                    desk,
                    pace,
                    on_turn: &on_turn,
                    on_retire: &on_retire,
                };
                driver.run(mail).await
            };
            tokio::select! {
                ended = store.run_concurrent(run) => Some(ended.and_then(|end| end)),
                () = stop.notified() => None,
            }
        };
        let context = store.data_mut();
        context.report();
        let held = context.ledger.abandon();
        match ended {
            Some(Ok(End::Terminated | End::Retired | End::Orphaned)) => {
                self.give_back(held.clone(), |_| Outcome::Returned);
                SeatEnd {
                    handed_back: held,
                    interrupted: false,
                }
            }
            Some(Err(trap)) => self.trapped(desk, held, &trap),
            None => {
                self.shared.note_lost();
                self.give_back(held.clone(), |_| Outcome::Returned);
                SeatEnd {
                    handed_back: held,
                    interrupted: true,
                }
            }
        }
    }

    /// A trap poisons the store: everything in it ends together. Alone in the instance, a message is the
    /// culprit and is charged; among others it is a suspect, and is delivered alone next time (B107).
    fn trapped(&self, desk: &Desk, held: Vec<MessageId>, trap: &wasmtime::Error) -> SeatEnd {
        let error = instance::trapped("trap", trap);
        self.shared.note_lost();
        self.shared.sink.error(error.clone());
        let alone = held.len() == 1;
        self.give_back(held.clone(), |_| match alone {
            true => Outcome::Failed(Failure::retryable(error.clone())),
            false => Outcome::Suspect(error.clone()),
        });
        let handed_back = if desk.is_terminating() {
            held
        } else {
            Vec::new()
        };
        SeatEnd {
            handed_back,
            interrupted: desk.is_terminating(),
        }
    }

    fn give_back(&self, held: Vec<MessageId>, outcome: impl Fn(MessageId) -> Outcome) {
        if !held.is_empty() {
            let outcomes = held.into_iter().map(|id| (id, outcome(id))).collect();
            self.shared.sink.resolved(outcomes);
        }
    }
}
