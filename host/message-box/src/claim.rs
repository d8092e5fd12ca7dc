//! Claiming: what a port's loop sees of its feed. Serves from memory and asks the writer to read the
//! database when memory cannot know the answer; holds no state of its own.

use std::fmt;
use std::sync::Arc;

use model::{Message, PortName, Timestamp, TransportSlot};
use tokio::sync::Notify;

use crate::Error;
use crate::command::{Command, Reply};
use crate::leases::Lease;
use crate::message_box::Inner;

/// The messages of one port on their way out by one transport. Cheap to clone; all clones are the same feed.
#[derive(Clone)]
pub struct PortFeed {
    pub(crate) owner: Arc<Inner>,
    pub(crate) port: PortName,
    pub(crate) slot: TransportSlot,
    pub(crate) number: usize,
    pub(crate) changed: Arc<Notify>,
}

/// What a claim brought.
#[derive(Clone, Debug)]
pub struct Claim {
    /// In order of delivery. Fewer than asked for when no more are available; in the rare case that
    /// memory ended first, [`PortFeed::changed`] completes at once.
    pub messages: Vec<Leased>,
    /// The earliest time at which a message may become available by itself, because it comes due or a
    /// lease expires. Never late; may be early.
    pub next_due: Option<Timestamp>,
}

/// A message with the right to settle it.
#[derive(Clone, Debug)]
pub struct Leased {
    /// The message.
    pub message: Arc<Message>,
    /// Names this claim of it; settling needs it.
    pub lease: Lease,
    /// No other message may be in the instance while this one is.
    pub alone: bool,
}

impl PortFeed {
    /// Leases up to `limit` due and unleased messages until `lease_until`, by their due time, then age,
    /// where every step of priority counts for a minute: a message of priority 4 goes before one of
    /// priority 5 that came due less than a minute earlier. Never waits for new ones. Of an ordered lane,
    /// only the first message is ever given.
    ///
    /// A lease that has expired may be given to the next claim. Its holder can still settle until then.
    /// Dropping the future leases nothing.
    pub async fn claim(
        &self,
        limit: usize,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Claim, Error> {
        let feeds = &self.owner.feeds;
        if let Some(claim) = feeds.claim(self.number, limit, now, lease_until)? {
            return Ok(claim);
        }
        self.owner
            .ask(|reply| {
                Command::Fill(Fill {
                    port: self.port.clone(),
                    slot: self.slot,
                    feed: self.number,
                    limit,
                    now,
                    reply,
                })
            })
            .await?;
        feeds.take(self.number, limit, lease_until)
    }

    /// Completes when a claim may find something new: after a publish, a release, a resubmission.
    ///
    /// Cancel safe. Remembers one wake-up that came before the call, so claim, then wait.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}

impl fmt::Debug for PortFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PortFeed({}, {})", self.port, self.slot.as_str())
    }
}

/// Asks the writer to bring into memory what a claim needs.
#[derive(Debug)]
pub(crate) struct Fill {
    pub(crate) port: PortName,
    pub(crate) slot: TransportSlot,
    pub(crate) feed: usize,
    pub(crate) limit: usize,
    pub(crate) now: Timestamp,
    pub(crate) reply: Reply<()>,
}
