//! What a port's loop shares with the handles around it: settings, inbox, board, what an operator wants,
//! and the two slots in which a drain is asked for and reported.
//!
//! It runs nothing; it is alive as long as somebody may ask for the port's status.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use model::transmit::{OutcomeSink, PoolStatus, TransmitterPool};
use model::{Enlistment, ErrorInfo, SendPort, Transport, TransportSlot};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use crate::clock;
use crate::drain::PortDrain;
use crate::inbox::Inbox;
use crate::port_loop::Legacy;
use crate::pulse::Pulse;
use crate::status::{Board, PortState, PortStatus, TransportStatus};

/// The pools of one port, made together.
#[derive(Clone)]
pub struct Pools {
    /// One; on a dynamic port one per adapter, in the order of [`SendPort::dynamic`].
    pub primary: Vec<Arc<dyn TransmitterPool>>,
    /// That of the backup transport.
    pub backup: Option<Arc<dyn TransmitterPool>>,
}

impl fmt::Debug for Pools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions = |pools: &[Arc<dyn TransmitterPool>]| -> Vec<_> {
            pools.iter().map(|pool| pool.version()).collect()
        };
        f.debug_struct("Pools")
            .field("primary", &versions(&self.primary))
            .field("backup", &self.backup.as_ref().map(|pool| pool.version()))
            .finish()
    }
}

/// Makes the pools of a port: at its start, and again when it is started after a termination.
pub trait PoolFactory: Send + Sync {
    /// Fresh pools that report to the sink. Makes no instance yet.
    fn pools(&self, sink: Arc<dyn OutcomeSink>) -> Result<Pools, ErrorInfo>;
}

impl<F> PoolFactory for F
where
    F: Fn(Arc<dyn OutcomeSink>) -> Result<Pools, ErrorInfo> + Send + Sync,
{
    fn pools(&self, sink: Arc<dyn OutcomeSink>) -> Result<Pools, ErrorInfo> {
        self(sink)
    }
}

/// One port, seen from outside its loop.
pub(crate) struct Port {
    pub(crate) settings: Arc<SendPort>,
    pub(crate) inbox: Arc<Inbox>,
    board: Mutex<Board>,
    pools: OnceLock<Pools>,
    enlistment: watch::Sender<Enlistment>,
    /// The deadline of the drain, once one is asked for.
    request: watch::Sender<Option<Instant>>,
    /// How it went, once it is over.
    report: watch::Sender<Option<PortDrain>>,
    /// When messages of the port were last settled, over all its generations.
    pub(crate) pulse: Arc<Pulse>,
    will: Mutex<Will>,
}

/// What a loop leaves to the next one when it stops claiming: one end each, until it is taken.
#[derive(Debug)]
struct Will {
    left_by: Option<oneshot::Sender<Legacy>>,
    left_to: Option<oneshot::Receiver<Legacy>>,
}

impl Port {
    pub(crate) fn new(settings: Arc<SendPort>, enlistment: Enlistment) -> Self {
        Self::with_pulse(settings, enlistment, Arc::default())
    }

    /// Another generation of the same port.
    pub(crate) fn successor(&self, settings: Arc<SendPort>, enlistment: Enlistment) -> Self {
        Self::with_pulse(settings, enlistment, self.pulse.clone())
    }

    fn with_pulse(settings: Arc<SendPort>, enlistment: Enlistment, pulse: Arc<Pulse>) -> Self {
        let (left_by, left_to) = oneshot::channel();
        Self {
            settings,
            inbox: Arc::default(),
            board: Mutex::default(),
            pools: OnceLock::new(),
            enlistment: watch::Sender::new(enlistment),
            request: watch::Sender::new(None),
            report: watch::Sender::new(None),
            pulse,
            will: Mutex::new(Will {
                left_by: Some(left_by),
                left_to: Some(left_to),
            }),
        }
    }

    /// What an operator sees.
    pub(crate) fn status(&self) -> PortStatus {
        let transports = self.transports();
        let board = self.board();
        let tally = board.tally;
        PortStatus {
            port: self.settings.name.clone(),
            state: board.state.clone(),
            enlistment: self.enlistment(),
            transports: transports
                .into_iter()
                .map(|mut transport| {
                    transport.breaker = board.breakers[transport.slot.index()];
                    transport
                })
                .collect(),
            unresolved: board.unresolved,
            high_watermark: self.settings.high_watermark,
            throttled: board.throttled,
            delivered: tally.delivered,
            retried: tally.retried,
            moved: tally.moved,
            suspended: tally.suspended,
            routed: tally.routed,
            expired: tally.expired,
            returned: tally.returned,
            ignored: tally.ignored,
            last_error: board.last_error.clone(),
            last_progress: tally.last_progress,
            leaving: 0,
        }
    }

    fn transports(&self) -> Vec<TransportStatus> {
        let pools = self.pools.get();
        let settings = &self.settings;
        let pool_at = |place: usize| pools.and_then(|pools| pools.primary.get(place));
        let primary = &settings.primary;
        let mut transports = if settings.is_dynamic() {
            let adapters = settings.dynamic.iter().enumerate();
            adapters
                .map(|(place, adapter)| {
                    transport(
                        TransportSlot::Primary,
                        primary,
                        &adapter.name,
                        pool_at(place),
                    )
                })
                .collect()
        } else {
            vec![transport(
                TransportSlot::Primary,
                primary,
                &primary.adapter,
                pool_at(0),
            )]
        };
        if let Some(backup) = &settings.backup {
            let pool = pools.and_then(|pools| pools.backup.as_ref());
            transports.push(transport(
                TransportSlot::Backup,
                backup,
                &backup.adapter,
                pool,
            ));
        }
        transports
    }

    /// Names of the adapters it uses.
    pub(crate) fn adapters(&self) -> Vec<String> {
        self.transports().into_iter().map(|t| t.adapter).collect()
    }

    /// What its operator wants.
    pub(crate) fn enlistment(&self) -> Enlistment {
        *self.enlistment.borrow()
    }

    pub(crate) fn set_enlistment(&self, enlistment: Enlistment) {
        self.enlistment.send_replace(enlistment);
    }

    /// Where the loop sees what its operator wants.
    pub(crate) fn enlistments(&self) -> watch::Receiver<Enlistment> {
        self.enlistment.subscribe()
    }

    /// True from the request of a drain on.
    pub(crate) fn is_terminating(&self) -> bool {
        let state = &self.board().state;
        matches!(state, PortState::Terminating | PortState::Terminated)
    }

    /// True when its loop has ended.
    pub(crate) fn is_terminated(&self) -> bool {
        self.board().state == PortState::Terminated
    }

    /// Claims the port for its one loop. False when it was terminated before it was started.
    pub(crate) fn begin(&self, pools: &Pools) -> bool {
        let mut board = self.board();
        if board.state == PortState::Terminated {
            return false;
        }
        board.started = true;
        self.pools.get_or_init(|| pools.clone());
        true
    }

    /// Drains the port; the first caller's deadline counts, every caller gets the same report.
    pub(crate) async fn terminate(&self, deadline: Duration) -> PortDrain {
        let mut report = self.report.subscribe();
        self.request_drain(deadline);
        let done = report.wait_for(Option::is_some).await;
        let drain = done.ok().and_then(|drain| drain.clone());
        drain.expect("the port holds the sender, and the loop reports even when it is dropped")
    }

    /// Asks for the drain, and returns what the loop leaves to the next one once it claims no more;
    /// nothing when it was not running.
    pub(crate) async fn yield_to_next(&self, deadline: Duration) -> Option<Legacy> {
        let left_to = self.will().left_to.take();
        self.request_drain(deadline);
        left_to?.await.ok()
    }

    /// The loop claims no more.
    pub(crate) fn leave(&self, legacy: Legacy) {
        if let Some(left_by) = self.will().left_by.take() {
            // Nobody takes the port's place.
            drop(left_by.send(legacy));
        }
    }

    fn will(&self) -> MutexGuard<'_, Will> {
        self.will
            .lock()
            .expect("nothing that can panic runs under this lock")
    }

    fn request_drain(&self, deadline: Duration) {
        let mut board = self.board();
        if !board.started {
            board.state = PortState::Terminated;
            drop(board);
            self.inbox.close();
            self.report_drain(PortDrain::empty(self.settings.name.clone()));
            return;
        }
        if board.state != PortState::Terminated {
            // At once, so that no publisher is admitted any more when this returns.
            board.state = PortState::Terminating;
        }
        drop(board);
        self.request.send_if_modified(|request| {
            let is_first = request.is_none();
            request.get_or_insert_with(|| clock::later(Instant::now(), deadline));
            is_first
        });
    }

    /// Publishes the report, unless there is one.
    pub(crate) fn report_drain(&self, drain: PortDrain) {
        // A loop that ended without leaving anything leaves nothing any more.
        self.will().left_by = None;
        self.report.send_if_modified(|report| {
            let is_first = report.is_none();
            report.get_or_insert(drain);
            is_first
        });
    }

    /// A port that is not started and will not be: it is terminated as it stands.
    pub(crate) fn end_unstarted(&self) {
        self.request_drain(Duration::ZERO);
    }

    /// Where the loop sees that a drain is asked for.
    pub(crate) fn requests(&self) -> watch::Receiver<Option<Instant>> {
        self.request.subscribe()
    }

    pub(crate) fn board(&self) -> MutexGuard<'_, Board> {
        self.board
            .lock()
            .expect("nothing that can panic runs under this lock")
    }
}

fn transport(
    slot: TransportSlot,
    transport: &Transport,
    adapter: &str,
    pool: Option<&Arc<dyn TransmitterPool>>,
) -> TransportStatus {
    TransportStatus {
        slot,
        adapter: adapter.to_owned(),
        address: transport.address.clone(),
        version: pool.map(|pool| pool.version()),
        pool: pool.map_or_else(PoolStatus::default, |pool| pool.status()),
        breaker: None,
        window: transport
            .window
            .as_ref()
            .map(|window| window.at(clock::now())),
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Port")
            .field("name", &self.settings.name)
            .field("board", &self.board)
            .finish_non_exhaustive()
    }
}
