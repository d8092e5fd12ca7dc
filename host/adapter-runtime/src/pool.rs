//! The instances of one port's adapter: how many, where, and which of them gets the next message.
//!
//! Instances are made at the first message, or at `start`, and spread over the instance threads. A
//! message that may have made an instance trap is delivered in an instance of its own, one at a time, so
//! that the culprit is found and nobody else pays (B107). Instances are never shared between ports: one
//! port's trap, leak or slow destination is nobody else's.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use model::transmit::{BoxFuture, Delivery, OutcomeSink, PoolStatus, Terminated, TransmitterPool};
use model::{ErrorInfo, Outcome, PortName};
use tokio::sync::{Notify, mpsc, oneshot};
use wasmtime::Engine;

use crate::context::{Context, Sandbox};
use crate::drive::{Mail, Pace};
use crate::http::Client;
use crate::seat::{Load, Seat, SeatEnd};
use crate::threads::InstanceThreads;
use crate::{Adapter, Error, Grants};

/// Everything a pool needs to know.
#[derive(Clone, Debug)]
pub struct PoolConfig {
    /// The port.
    pub port: PortName,
    /// The code.
    pub adapter: Adapter,
    /// What `load` gets.
    pub handler_configuration: Vec<(String, String)>,
    /// What the adapter may do.
    pub grants: Grants,
    /// The port's address; an http or https one is granted to the adapter.
    pub address: Arc<str>,
    /// Instances, at most.
    pub instances: usize,
    /// Messages in flight per instance, at most.
    pub open_calls: usize,
    /// How long a batch may wait to be filled while others are being sent.
    pub linger: Duration,
    /// How long a message may be out before it is taken back.
    pub delivery_timeout: Duration,
    /// Linear memory of an instance, in bytes.
    pub memory_limit: usize,
    /// Guest CPU time without a break.
    pub cpu_limit: Duration,
}

/// Messages are dealt out in portions of this size, so that instances get equal shares of a large claim.
const PORTION: usize = 64;

/// What an instance's seat and the pool share.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) adapter: Adapter,
    pub(crate) handler_configuration: Vec<(String, String)>,
    pub(crate) sink: Arc<dyn OutcomeSink>,
    sandbox: Sandbox,
    /// One client per instance thread.
    clients: Vec<Client>,
    threads: Arc<InstanceThreads>,
    instances: usize,
    pace: Pace,
    lost: AtomicU64,
    /// Seats are few and the lock is held for moments; never across an await.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    seats: HashMap<u64, SeatHandle>,
    last_number: u64,
    next_thread: usize,
    terminating: bool,
}

struct SeatHandle {
    role: Role,
    mail: mpsc::UnboundedSender<Mail>,
    load: Arc<Load>,
    stop: Arc<Notify>,
    /// Taken by the one who terminates.
    ended: Option<oneshot::Receiver<SeatEnd>>,
}

/// An instance that has been told to terminate: how to end it by force, and its end.
type Leaving = (Arc<Notify>, oneshot::Receiver<SeatEnd>);

/// What an instance is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Regular,
    /// Delivers suspects, one at a time.
    Quarantine,
    /// Gets nothing new.
    Retired,
}

/// The pool of one port.
pub(crate) struct Pool(Arc<Shared>);

impl Pool {
    pub(crate) fn new(
        config: PoolConfig,
        sandbox: Sandbox,
        engine: Engine,
        threads: Arc<InstanceThreads>,
        sink: Arc<dyn OutcomeSink>,
    ) -> Self {
        let pace = Pace {
            open: config.open_calls.max(1),
            linger: config.linger,
            delivery_timeout: config.delivery_timeout,
        };
        Self(Arc::new(Shared {
            engine,
            adapter: config.adapter,
            handler_configuration: config.handler_configuration,
            sink,
            sandbox,
            clients: (0..threads.count()).map(|_| Client::new()).collect(),
            threads,
            instances: config.instances.max(1),
            pace,
            lost: AtomicU64::new(0),
            state: Mutex::default(),
        }))
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn context(&self, thread: usize) -> Result<Context, Error> {
        let client = self.clients[thread % self.clients.len()].clone();
        Context::new(&self.sandbox, client, self.sink.clone())
    }

    /// The seat has ended.
    pub(crate) fn vacate(&self, number: u64) {
        let mut state = self.state();
        // While terminating the handle stays: whoever terminates still waits for its end.
        if !state.terminating {
            state.seats.remove(&number);
        }
    }

    /// The seat takes no more messages but finishes what it holds.
    pub(crate) fn retire(&self, number: u64) {
        let before = self
            .state()
            .seats
            .get_mut(&number)
            .map(|s| std::mem::replace(&mut s.role, Role::Retired));
        if before.is_some_and(|role| role != Role::Retired) {
            self.note_lost();
        }
    }

    pub(crate) fn note_lost(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// Deals out what an ended instance had not begun.
    pub(crate) fn resubmit(self: &Arc<Self>, deliveries: Vec<Delivery>) {
        if !deliveries.is_empty() {
            self.deal(deliveries);
        }
    }

    fn deal(self: &Arc<Self>, deliveries: Vec<Delivery>) {
        let (alone, mut rest): (Vec<_>, Vec<_>) = deliveries.into_iter().partition(|d| d.alone);
        let mut state = self.state();
        if state.terminating {
            drop(state);
            let returned = |d: Delivery| (d.message.id, Outcome::Returned);
            self.sink
                .resolved(alone.into_iter().chain(rest).map(returned).collect());
            return;
        }
        if !alone.is_empty() {
            let seat = self.quarantine(&mut state);
            send(&state.seats[&seat], alone);
        }
        while !rest.is_empty() {
            let later = rest.split_off(rest.len().min(PORTION));
            let seat = self.least_loaded(&mut state);
            send(&state.seats[&seat], rest);
            rest = later;
        }
    }

    fn quarantine(self: &Arc<Self>, state: &mut State) -> u64 {
        let found = state
            .seats
            .iter()
            .find(|(_, seat)| seat.role == Role::Quarantine);
        match found.map(|(number, _)| *number) {
            Some(number) => number,
            None => {
                let pace = Pace {
                    open: 1,
                    linger: Duration::ZERO,
                    ..self.pace
                };
                self.add_seat(state, Role::Quarantine, pace, None)
            }
        }
    }

    /// A new instance while there may be more and all others are busy; else the least busy one.
    fn least_loaded(self: &Arc<Self>, state: &mut State) -> u64 {
        let regular = state
            .seats
            .iter()
            .filter(|(_, seat)| seat.role == Role::Regular);
        let loads = regular.map(|(number, seat)| (seat.load.current(), *number));
        let count = loads.clone().count();
        match loads.min() {
            Some((load, number)) if load == 0 || count >= self.instances => number,
            _ => self.add_seat(state, Role::Regular, self.pace, None),
        }
    }

    fn add_seat(
        self: &Arc<Self>,
        state: &mut State,
        role: Role,
        pace: Pace,
        started: Option<oneshot::Sender<Result<(), ErrorInfo>>>,
    ) -> u64 {
        state.last_number += 1;
        let number = state.last_number;
        let thread = state.next_thread;
        state.next_thread += 1;
        let (sender, mail) = mpsc::unbounded_channel();
        let (ended, end) = oneshot::channel();
        let (load, stop) = (Arc::new(Load::default()), Arc::new(Notify::new()));
        let handle = SeatHandle {
            role,
            mail: sender,
            load: load.clone(),
            stop: stop.clone(),
            ended: Some(end),
        };
        state.seats.insert(number, handle);
        let shared = self.clone();
        let seat = Seat {
            number,
            thread,
            pace,
            shared,
            mail,
            load,
            stop,
            started,
            ended,
        };
        self.threads
            .spawn(thread, move || seat.occupy().boxed_local());
        number
    }
}

fn send(seat: &SeatHandle, deliveries: Vec<Delivery>) {
    seat.load.sent(deliveries.len());
    // A seat closes its mail only after it has been taken out of the state, under the lock we hold.
    drop(seat.mail.send(Mail::Deliveries(deliveries)));
}

impl TransmitterPool for Pool {
    fn start(&self) -> BoxFuture<Result<(), ErrorInfo>> {
        let starting: Vec<_> = {
            let mut state = self.0.state();
            let regular = state
                .seats
                .values()
                .filter(|s| s.role == Role::Regular)
                .count();
            let missing = if state.terminating {
                0
            } else {
                self.0.instances.saturating_sub(regular)
            };
            let mut add = || {
                let (sender, started) = oneshot::channel();
                self.0
                    .add_seat(&mut state, Role::Regular, self.0.pace, Some(sender));
                started
            };
            (0..missing).map(|_| add()).collect()
        };
        Box::pin(async move {
            let unfinished = || ErrorInfo::new("start-failed", "the instance ended while starting");
            let mut results = join_all(starting).await.into_iter();
            results.try_for_each(|result| result.unwrap_or_else(|_| Err(unfinished())))
        })
    }

    fn submit(&self, deliveries: Vec<Delivery>) {
        self.0.deal(deliveries);
    }

    fn terminate(&self, deadline: Duration) -> BoxFuture<Terminated> {
        let shared = self.0.clone();
        Box::pin(async move {
            let (seats, in_flight) = shared.begin_terminate();
            let ends = join_all(seats.into_iter().map(|seat| terminate_seat(seat, deadline))).await;
            shared.state().seats.clear();
            let mut report = Terminated {
                in_flight,
                ..Terminated::default()
            };
            for end in ends {
                report.interrupted |= end.interrupted;
                report.handed_back.extend(end.handed_back);
            }
            report
        })
    }

    fn status(&self) -> PoolStatus {
        let state = self.0.state();
        PoolStatus {
            instances: state.seats.len(),
            in_flight: state.seats.values().map(|seat| seat.load.current()).sum(),
            instances_lost: self.0.lost.load(Ordering::Relaxed),
        }
    }
}

impl Shared {
    /// No more messages from here on; the seats to wait for.
    fn begin_terminate(&self) -> (Vec<Leaving>, usize) {
        let mut state = self.state();
        state.terminating = true;
        let in_flight = state.seats.values().map(|seat| seat.load.current()).sum();
        let tell = |seat: &mut SeatHandle| {
            // A seat that has just ended is waited for all the same: its end is in the channel.
            drop(seat.mail.send(Mail::Terminate));
            Some((seat.stop.clone(), seat.ended.take()?))
        };
        (
            state.seats.values_mut().filter_map(tell).collect(),
            in_flight,
        )
    }
}

/// Waits for one instance to drain; at the deadline ends it by force.
async fn terminate_seat((stop, mut ended): Leaving, deadline: Duration) -> SeatEnd {
    if let Ok(end) = tokio::time::timeout(deadline, &mut ended).await {
        return end.unwrap_or_default();
    }
    stop.notify_one();
    // A guest that spins is interrupted by its CPU limit even if it never lets the stop be seen.
    ended.await.unwrap_or_default()
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pool").field(&self.0.sandbox.port).finish()
    }
}
