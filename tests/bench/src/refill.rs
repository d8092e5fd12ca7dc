//! A sink without a store: submits a new message for every one that is resolved, from the instance's own
//! thread, so that nothing but the adapter's path is measured.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak, mpsc};

use anyhow::Result;
use bytes::Bytes;
use model::transmit::{BatchFailure, BoxFuture, Delivery, OutcomeSink, TransmitterPool};
use model::{
    Body, EndpointConfiguration, ErrorInfo, Message, MessageId, Outcome, PortName, Priority,
    Properties, Timestamp, TransportSlot,
};

/// Of each body, in bytes.
pub(crate) const BODY: usize = 1024;

/// Keeps a number of messages in flight until so many are resolved.
pub(crate) struct Refill {
    pool: OnceLock<Weak<dyn TransmitterPool>>,
    template: Delivery,
    submitted: AtomicUsize,
    resolved: AtomicUsize,
    failed: AtomicUsize,
    total: usize,
    done: Mutex<mpsc::Sender<usize>>,
}

impl Refill {
    /// The receiver gets the number of failed messages when all are resolved.
    pub(crate) fn new(address: &str, total: usize) -> Result<(Arc<Self>, mpsc::Receiver<usize>)> {
        let (done, receiver) = mpsc::channel();
        let sink = Self {
            pool: OnceLock::new(),
            template: delivery(address)?,
            submitted: AtomicUsize::new(0),
            resolved: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
            total,
            done: Mutex::new(done),
        };
        Ok((Arc::new(sink), receiver))
    }

    /// Submits the first messages; the rest follow by themselves.
    pub(crate) fn begin(&self, pool: &Arc<dyn TransmitterPool>, window: usize) {
        // Weak: the pool holds this sink.
        let first = self.pool.set(Arc::downgrade(pool));
        debug_assert!(first.is_ok(), "a sink serves one pool");
        pool.submit(self.deliveries(window));
    }

    fn deliveries(&self, wanted: usize) -> Vec<Delivery> {
        let before = self.submitted.fetch_add(wanted, Ordering::Relaxed);
        let count = wanted.min(self.total.saturating_sub(before));
        vec![self.template.clone(); count]
    }

    fn count(&self, outcomes: &[(MessageId, Outcome)]) {
        let failed = outcomes
            .iter()
            .filter(|(_, o)| *o != Outcome::Delivered)
            .count();
        self.failed.fetch_add(failed, Ordering::Relaxed);
        let resolved = self.resolved.fetch_add(outcomes.len(), Ordering::Relaxed) + outcomes.len();
        let next = self.deliveries(outcomes.len());
        if let Some(pool) = self.pool.get().and_then(Weak::upgrade)
            && !next.is_empty()
        {
            pool.submit(next);
        }
        if resolved >= self.total {
            let done = self.done.lock().expect("nothing panics under this lock");
            // The one who waits may have had enough.
            done.send(self.failed.load(Ordering::Relaxed)).ok();
        }
    }
}

/// A message of 1 KiB on its way to an address.
pub(crate) fn delivery(address: &str) -> Result<Delivery> {
    let message = Message {
        id: MessageId::new(1, 1),
        port: PortName::new("bench")?,
        accepted: Timestamp(0),
        priority: Priority::default(),
        transport: TransportSlot::Primary,
        attempts: 0,
        earlier_attempts: 0,
        expires: None,
        lane: None,
        properties: Properties::default(),
        body: Body::Inline(Bytes::from(vec![b'x'; BODY])),
    };
    Ok(Delivery {
        message: Arc::new(message),
        address: Arc::from(address),
        configuration: Arc::new(EndpointConfiguration::default()),
        retries_left: 3,
        max_response: None,
        alone: false,
    })
}

impl OutcomeSink for Refill {
    fn resolved(&self, outcomes: Vec<(MessageId, Outcome)>) {
        self.count(&outcomes);
    }

    fn settle(&self, batch: Vec<(MessageId, Outcome)>) -> BoxFuture<Result<(), BatchFailure>> {
        self.count(&batch);
        Box::pin(async { Ok(()) })
    }

    fn decide_transaction(
        &self,
        _: String,
        messages: Vec<MessageId>,
    ) -> BoxFuture<Result<(), BatchFailure>> {
        let outcomes: Vec<_> = messages
            .into_iter()
            .map(|id| (id, Outcome::Delivered))
            .collect();
        self.count(&outcomes);
        Box::pin(async { Ok(()) })
    }

    fn decided_transactions(&self) -> BoxFuture<Result<Vec<String>, ErrorInfo>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn finish_transaction(&self, _: String) -> BoxFuture<Result<(), ErrorInfo>> {
        Box::pin(async { Ok(()) })
    }

    fn error(&self, error: ErrorInfo) {
        eprintln!("{error}");
    }
}
