//! Those who wait for a response: in memory, one entry each, gone when they have been told or have gone
//! away. Knows nothing of the database.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use model::MessageId;
use tokio::sync::oneshot;

/// Everybody who waits, by message.
#[derive(Debug, Default)]
pub(crate) struct Waiters(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    last: u64,
    bells: BTreeMap<(MessageId, u64), oneshot::Sender<()>>,
}

/// A future that completes when the response to a message may have become available; see
/// [`MessageBox::response_changed`](crate::MessageBox::response_changed).
#[must_use = "it is heard only by waiting for it"]
pub struct ResponseChanged {
    waiters: Arc<Waiters>,
    place: (MessageId, u64),
    bell: oneshot::Receiver<()>,
}

impl Waiters {
    pub(crate) fn register(self: &Arc<Self>, id: MessageId) -> ResponseChanged {
        let (sender, bell) = oneshot::channel();
        let mut waiting = self.lock();
        waiting.last += 1;
        let place = (id, waiting.last);
        waiting.bells.insert(place, sender);
        drop(waiting);
        ResponseChanged {
            waiters: Arc::clone(self),
            place,
            bell,
        }
    }

    /// Something has happened to these messages, and it is on disk.
    pub(crate) fn changed(&self, ids: impl IntoIterator<Item = MessageId>) {
        let mut waiting = self.lock();
        if waiting.bells.is_empty() {
            return;
        }
        for id in ids {
            while let Some((place, _)) = waiting.bells.range((id, 0)..=(id, u64::MAX)).next() {
                let place = *place;
                // A dropped sender is heard as well.
                drop(waiting.bells.remove(&place));
            }
        }
    }

    /// Nothing will ever happen again.
    pub(crate) fn close(&self) {
        self.lock().bells.clear();
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.lock().bells.len()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Future for ResponseChanged {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.bell).poll(context).map(drop)
    }
}

impl Drop for ResponseChanged {
    fn drop(&mut self) {
        drop(self.waiters.lock().bells.remove(&self.place));
    }
}

impl fmt::Debug for ResponseChanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseChanged({})", self.place.0)
    }
}
