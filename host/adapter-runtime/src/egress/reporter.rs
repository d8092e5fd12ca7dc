//! What an instance sends out and is denied, told to the log, and denials to the host's own log as well.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use model::{MessageId, PortName};

use super::exchange::Exchange;
use super::record::{EgressLog, EgressRecord, EgressVerdict, EgressWay};

/// What is kept of a method and a target, in bytes: a guest may make up longer ones, and many of them.
const LONGEST_METHOD: usize = 32;
const LONGEST_TARGET: usize = 2048;

/// The reporter of one instance.
#[derive(Debug)]
pub(crate) struct Reporter {
    port: PortName,
    /// Name, version and digest.
    adapter: Arc<str>,
    log: Option<Arc<dyn EgressLog>>,
    /// The only message in the instance when the guest last turned to the network, if somebody listens.
    only: Mutex<Option<MessageId>>,
    /// One line for each way per instance is enough: a guest could fill the log with what is refused.
    told: AtomicU8,
}

/// What is about to go out.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    pub(crate) way: EgressWay,
    /// When it is known for sure.
    pub(crate) message: Option<MessageId>,
    pub(crate) method: Option<Arc<str>>,
    pub(crate) target: Arc<str>,
}

impl Reporter {
    pub(crate) fn new(port: PortName, adapter: Arc<str>, log: Option<Arc<dyn EgressLog>>) -> Self {
        Self {
            port,
            adapter,
            log,
            only: Mutex::default(),
            told: AtomicU8::new(0),
        }
    }

    /// Whether anybody wants to know what goes out.
    pub(crate) fn listens(&self) -> bool {
        self.log.is_some()
    }

    /// What is said next is about this message, or nobody knows about which.
    pub(crate) fn concerns(&self, message: Option<MessageId>) {
        *self.only.lock().unwrap_or_else(PoisonError::into_inner) = message;
    }

    /// Something goes out, by this rule.
    pub(crate) fn begin(&self, opening: impl FnOnce() -> (Opening, Arc<str>)) -> Option<Exchange> {
        let log = self.log.clone()?;
        let (opening, rule) = opening();
        let record = self.record(opening, EgressVerdict::Allowed(rule));
        Some(Exchange::new(log, record))
    }

    /// A connection is allowed by this rule; more will not be known about it.
    pub(crate) fn connects(
        &self,
        opening: impl FnOnce() -> (Opening, Arc<str>),
        address: IpAddr,
        duration: Duration,
    ) {
        let Some(log) = &self.log else {
            return;
        };
        let (opening, rule) = opening();
        log.record(EgressRecord {
            address: Some(address),
            duration,
            ..self.record(opening, EgressVerdict::Allowed(rule))
        });
    }

    /// Something does not go out.
    pub(crate) fn denied(&self, mut opening: Opening, address: Option<IpAddr>, why: &str) {
        opening.target = bounded(opening.target, LONGEST_TARGET);
        self.warn(opening.way, &opening.target, why);
        if let Some(log) = &self.log {
            log.record(EgressRecord {
                address,
                ..self.record(opening, EgressVerdict::Denied(why.to_owned()))
            });
        }
    }

    /// Only the line in the host's log, for what has a record already.
    pub(crate) fn warn(&self, way: EgressWay, target: &str, why: &str) {
        let bit = 1 << way as u8;
        if self.told.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
            tracing::warn!(port = %self.port, %way, target, "denied to the adapter: {why}");
        }
    }

    fn record(&self, opening: Opening, verdict: EgressVerdict) -> EgressRecord {
        let only = || *self.only.lock().unwrap_or_else(PoisonError::into_inner);
        EgressRecord {
            at: SystemTime::now(),
            port: self.port.clone(),
            adapter: self.adapter.clone(),
            message: opening.message.or_else(only),
            way: opening.way,
            method: opening.method.map(|method| bounded(method, LONGEST_METHOD)),
            target: bounded(opening.target, LONGEST_TARGET),
            address: None,
            verdict,
            bytes_out: None,
            bytes_in: None,
            status: None,
            error: None,
            duration: Duration::ZERO,
        }
    }
}

fn bounded(text: Arc<str>, longest: usize) -> Arc<str> {
    match text.len() {
        length if length <= longest => text,
        _ => text[..text.floor_char_boundary(longest)].into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::recording::RecordingLog;

    fn opening(message: Option<u64>) -> Opening {
        Opening {
            way: EgressWay::Tcp,
            message: message.map(|n| MessageId::new(1, n)),
            method: None,
            target: Arc::from("192.0.2.1:25"),
        }
    }

    fn reporter(log: Option<Arc<dyn EgressLog>>) -> Reporter {
        let port = PortName::new("port").expect("a name");
        Reporter::new(port, Arc::from("test 0"), log)
    }

    #[test]
    fn what_names_no_message_is_about_the_only_one_there_is() {
        let log = Arc::new(RecordingLog::default());
        let reporter = reporter(Some(log.clone()));
        let begin = |message| reporter.begin(|| (opening(message), Arc::from("rule")));
        drop(begin(None));
        reporter.concerns(Some(MessageId::new(1, 7)));
        drop(begin(None));
        drop(begin(Some(8)));
        reporter.concerns(None);
        reporter.denied(opening(None), None, "why");
        let messages: Vec<_> = log.take().into_iter().map(|r| r.message).collect();
        let known = |n| Some(MessageId::new(1, n));
        assert_eq!(messages, [None, known(7), known(8), None]);
    }

    #[test]
    fn what_a_guest_makes_up_is_cut() {
        let log = Arc::new(RecordingLog::default());
        let reporter = reporter(Some(log.clone()));
        let opening = Opening {
            method: Some("M".repeat(9999).into()),
            target: "ü".repeat(9999).into(),
            ..opening(None)
        };
        reporter.denied(opening, None, "why");
        let record = log.take().remove(0);
        assert_eq!(record.method.map(|m| m.len()), Some(LONGEST_METHOD));
        assert_eq!(record.target.len(), LONGEST_TARGET);
    }

    #[test]
    fn where_nobody_listens_nothing_is_gathered() {
        let reporter = reporter(None);
        let asked = || -> (Opening, Arc<str>) { panic!("nobody wants to know") };
        assert!(reporter.begin(asked).is_none());
        reporter.connects(asked, [192, 0, 2, 1].into(), Duration::ZERO);
        reporter.denied(opening(None), None, "why");
    }
}
