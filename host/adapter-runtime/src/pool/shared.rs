//! What an instance's seat and the pool share: the seats, and the rule by which messages are dealt out.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use model::transmit::{Delivery, OutcomeSink, PoolStatus};
use model::{Bill, ErrorInfo, Outcome, PortName};
use tokio::sync::{Notify, mpsc, oneshot};
use wasmtime::Engine;

use super::{Leaving, PoolConfig};
use crate::bill::Board;
use crate::context::{Context, Sandbox};
use crate::drive::{Mail, Pace, Retirement};
use crate::guest::Destination;
use crate::http::Client;
use crate::instance::Setup;
use crate::seat::{Load, Seat, SeatEnd};
use crate::threads::InstanceThreads;
use crate::transactions::Transactions;
use crate::{Adapter, Error, World};

/// Messages are dealt out in portions of this size, or smaller if an instance cannot have so many in
/// flight, so that instances get equal shares of a large claim.
const PORTION: usize = 64;

/// What a pool takes from its process.
pub(crate) struct Environment {
    pub(crate) engine: Engine,
    pub(crate) threads: Arc<InstanceThreads>,
    /// Of the port's transactions.
    pub(crate) memory: Arc<Transactions>,
}

/// See the module.
pub(crate) struct Shared {
    pub(crate) sink: Arc<dyn OutcomeSink>,
    environment: Environment,
    adapter: Adapter,
    version: Arc<str>,
    handler_configuration: Vec<(String, String)>,
    destination: Destination,
    sandbox: Sandbox,
    /// One client per instance thread: no other pool uses its connections and TLS sessions.
    clients: Vec<Client>,
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
    /// What seats that have gone have cost.
    past: Bill,
}

struct SeatHandle {
    role: Role,
    mail: mpsc::UnboundedSender<Mail>,
    load: Arc<Load>,
    board: Arc<Board>,
    stop: Arc<Notify>,
    /// Taken by the one who terminates.
    ended: Option<oneshot::Receiver<SeatEnd>>,
}

/// What an instance is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Regular,
    /// Delivers a suspect, and the next one is another's.
    Quarantine,
    /// Gets nothing new.
    Retired,
}

/// The result of a start, for the one who waits for it.
type Started = oneshot::Sender<Result<(), ErrorInfo>>;

impl Shared {
    pub(super) fn new(
        config: PoolConfig,
        sandbox: Sandbox,
        environment: Environment,
        sink: Arc<dyn OutcomeSink>,
    ) -> Self {
        let open = match config.adapter.world() {
            World::SendAdapter => 1,
            _ => config.open_calls.max(1),
        };
        Self {
            sink,
            version: config.adapter.version().into(),
            adapter: config.adapter,
            handler_configuration: config.handler_configuration,
            destination: Destination {
                address: config.address.to_string(),
                configuration: config.configuration.entries.clone(),
            },
            clients: clients(&sandbox, config.instances, environment.threads.count()),
            sandbox,
            environment,
            instances: config.instances.max(1),
            pace: Pace {
                open,
                linger: config.linger,
                delivery_timeout: config.delivery_timeout,
                once: false,
            },
            lost: AtomicU64::new(0),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn threads(&self) -> &InstanceThreads {
        &self.environment.threads
    }

    pub(super) fn port(&self) -> &PortName {
        &self.sandbox.port
    }

    pub(super) fn version(&self) -> Arc<str> {
        self.version.clone()
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.environment.engine
    }

    /// What is known of the port's transactions.
    pub(crate) fn memory(&self) -> &Arc<Transactions> {
        &self.environment.memory
    }

    pub(crate) fn setup(&self) -> Setup<'_> {
        Setup {
            code: &self.adapter.0.code,
            handler_configuration: &self.handler_configuration,
            destination: &self.destination,
        }
    }

    pub(crate) fn context(&self, thread: usize, board: Arc<Board>) -> Result<Context, Error> {
        let client = self.clients[thread % self.clients.len()].clone();
        Context::new(&self.sandbox, client, self.sink.clone(), board)
    }

    /// The seat has ended.
    pub(crate) fn vacate(&self, number: u64) {
        let mut state = self.state();
        // While terminating the handle stays: whoever terminates still waits for its end.
        if !state.terminating {
            let gone = state.seats.remove(&number);
            state.bury(gone);
        }
    }

    /// The seat takes no more messages but finishes what it holds.
    pub(crate) fn retire(&self, number: u64, why: Retirement) {
        let before = self
            .state()
            .seats
            .get_mut(&number)
            .map(|s| std::mem::replace(&mut s.role, Role::Retired));
        let first = before.is_some_and(|role| role != Role::Retired);
        if first && why == Retirement::Overdue {
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

    pub(super) fn deal(self: &Arc<Self>, deliveries: Vec<Delivery>) {
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
        let portion = self.pace.open.min(PORTION);
        while !rest.is_empty() {
            let later = rest.split_off(rest.len().min(portion));
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
                // Alone also with what the one before it left behind: a task that traps later would be
                // taken for the next one's fault.
                let pace = Pace {
                    open: 1,
                    linger: Duration::ZERO,
                    once: true,
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
        started: Option<Started>,
    ) -> u64 {
        state.last_number += 1;
        let number = state.last_number;
        let thread = state.next_thread;
        state.next_thread += 1;
        let (sender, mail) = mpsc::unbounded_channel();
        let (ended, end) = oneshot::channel();
        let (load, stop) = (Arc::new(Load::default()), Arc::new(Notify::new()));
        let board = Arc::new(Board::default());
        let handle = SeatHandle {
            role,
            mail: sender,
            load: load.clone(),
            board: board.clone(),
            stop: stop.clone(),
            ended: Some(end),
        };
        state.seats.insert(number, handle);
        let seat = Seat {
            number,
            thread,
            pace,
            shared: self.clone(),
            mail,
            load,
            board,
            stop,
            started,
            ended: Some(ended),
        };
        self.threads()
            .spawn(thread, move || seat.occupy().boxed_local());
        number
    }

    /// As many regular instances as there may be; what comes back ends when they have started.
    pub(super) fn fill_up(self: &Arc<Self>) -> Vec<oneshot::Receiver<Result<(), ErrorInfo>>> {
        let mut state = self.state();
        let missing = match state.terminating {
            true => 0,
            false => self.instances.saturating_sub(state.regular()),
        };
        let mut add = || {
            let (sender, started) = oneshot::channel();
            self.add_seat(&mut state, Role::Regular, self.pace, Some(sender));
            started
        };
        (0..missing).map(|_| add()).collect()
    }

    /// One regular instance, if there is none: not for messages, but to recover transactions.
    pub(super) fn ensure_one(self: &Arc<Self>) {
        let mut state = self.state();
        if !state.terminating && state.regular() == 0 {
            self.add_seat(&mut state, Role::Regular, self.pace, None);
        }
    }

    pub(super) fn has_instance(&self) -> bool {
        self.state().regular() > 0
    }

    pub(super) fn is_terminating(&self) -> bool {
        self.state().terminating
    }

    /// No more messages from here on; the seats to wait for.
    pub(super) fn begin_terminate(&self) -> (Vec<Leaving>, usize) {
        let mut state = self.state();
        state.terminating = true;
        let in_flight = state.in_flight();
        let tell = |seat: &mut SeatHandle| {
            // A seat that has just ended is waited for all the same: its end is in the channel.
            drop(seat.mail.send(Mail::Terminate));
            let (stop, ended) = (seat.stop.clone(), seat.ended.take()?);
            Some(Leaving { stop, ended })
        };
        let leaving = state.seats.values_mut().filter_map(tell).collect();
        (leaving, in_flight)
    }

    /// All seats have ended.
    pub(super) fn clear(&self) {
        let mut state = self.state();
        let gone: Vec<_> = state.seats.drain().map(|(_, seat)| seat).collect();
        state.bury(gone);
    }

    /// The pool is dropped: instances that nobody terminates are ended by force.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        if !std::mem::replace(&mut state.terminating, true) {
            for seat in state.seats.values() {
                seat.stop.notify_one();
            }
            state.seats.clear();
        }
    }

    pub(super) fn status(&self) -> PoolStatus {
        let state = self.state();
        PoolStatus {
            instances: state.seats.len(),
            in_flight: state.in_flight(),
            instances_lost: self.lost.load(Ordering::Relaxed),
            bill: state.bill(),
        }
    }
}

/// One for each thread. Instances are spread over the threads, so that no more than that many are at work.
fn clients(sandbox: &Sandbox, instances: usize, threads: usize) -> Vec<Client> {
    let Sandbox {
        networks,
        quota,
        credentials,
        ..
    } = sandbox;
    let busy = instances.clamp(1, threads);
    (0..threads)
        .map(|_| Client::of_port(networks, quota.clone(), busy, credentials))
        .collect()
}

impl State {
    fn regular(&self) -> usize {
        let regular = |seat: &&SeatHandle| seat.role == Role::Regular;
        self.seats.values().filter(regular).count()
    }

    /// What seats have cost is remembered when they go.
    fn bury(&mut self, gone: impl IntoIterator<Item = SeatHandle>) {
        for seat in gone {
            self.past += seat.board.bill();
        }
    }

    fn bill(&self) -> Bill {
        let mut bill = self.past;
        for seat in self.seats.values() {
            bill += seat.board.bill();
        }
        bill
    }

    fn in_flight(&self) -> usize {
        self.seats.values().map(|seat| seat.load.current()).sum()
    }
}

fn send(seat: &SeatHandle, deliveries: Vec<Delivery>) {
    seat.load.sent(deliveries.len());
    // A seat closes its mail only after it has been taken out of the state, under the lock we hold.
    drop(seat.mail.send(Mail::Deliveries(deliveries)));
}
