//! What a port's loop shares with the handles around it: settings, inbox, board, and the two slots in
//! which a drain is asked for and reported.
//!
//! It runs nothing; it is alive as long as somebody may ask for the port's status.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use model::SendPort;
use model::transmit::TransmitterPool;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock;
use crate::drain::PortDrain;
use crate::inbox::Inbox;
use crate::status::{Board, PortState, PortStatus};

/// One port, seen from outside its loop.
pub(crate) struct Port {
    pub(crate) settings: SendPort,
    pub(crate) inbox: Arc<Inbox>,
    board: Mutex<Board>,
    pool: OnceLock<Arc<dyn TransmitterPool>>,
    /// The deadline of the drain, once one is asked for.
    request: watch::Sender<Option<Instant>>,
    /// How it went, once it is over.
    report: watch::Sender<Option<PortDrain>>,
}

impl Port {
    pub(crate) fn new(settings: SendPort) -> Self {
        Self {
            settings,
            inbox: Arc::default(),
            board: Mutex::default(),
            pool: OnceLock::new(),
            request: watch::Sender::new(None),
            report: watch::Sender::new(None),
        }
    }

    /// What an operator sees.
    pub(crate) fn status(&self) -> PortStatus {
        let pool = self.pool.get().map(|pool| pool.status());
        let board = self.board();
        PortStatus {
            port: self.settings.name.clone(),
            adapter: self.settings.primary.adapter.clone(),
            address: self.settings.primary.address.clone(),
            state: board.state.clone(),
            pool: pool.unwrap_or_default(),
            unresolved: board.unresolved,
            high_watermark: self.settings.high_watermark,
            delivered: board.tally.delivered,
            retried: board.tally.retried,
            suspended: board.tally.suspended,
            returned: board.tally.returned,
            ignored: board.tally.ignored,
            last_error: board.last_error.clone(),
            last_progress: board.tally.last_progress,
        }
    }

    /// True from the request of a drain on.
    pub(crate) fn is_terminating(&self) -> bool {
        let state = &self.board().state;
        matches!(state, PortState::Terminating | PortState::Terminated)
    }

    /// Claims the port for its one loop. False when it was terminated before it was started.
    pub(crate) fn begin(&self, pool: &Arc<dyn TransmitterPool>) -> bool {
        let mut board = self.board();
        if board.state == PortState::Terminated {
            return false;
        }
        board.started = true;
        self.pool.get_or_init(|| pool.clone());
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
        self.report.send_if_modified(|report| {
            let is_first = report.is_none();
            report.get_or_insert(drain);
            is_first
        });
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

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Port")
            .field("name", &self.settings.name)
            .field("board", &self.board)
            .finish_non_exhaustive()
    }
}
