//! What the coordinator of two-phase commits remembers while the process lives: which transactions
//! somebody is still busy with, and whether any is in doubt (B81–B86).
//!
//! The message box is the log, this is only memory. Losing it is what a crash does, and every memory
//! begins in doubt. It is shared by all pools of a port that send to the same address: those of a hot
//! swap overlap, and a transaction that one of them is busy with must not be rolled back by the other.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};
use tokio::sync::{Mutex as Lock, MutexGuard as Locked};

/// Longest prefix of a port, in bytes: what is added to it stays below the 200 that databases take.
pub(crate) const LONGEST_PREFIX: usize = 160;

/// The transactions of a process.
#[derive(Debug)]
pub(crate) struct Registry {
    /// When the process began, so that its names are its own.
    began: u128,
    names: Mutex<Names>,
    memories: Mutex<HashMap<String, Weak<Transactions>>>,
}

#[derive(Debug, Default)]
struct Names {
    last: u64,
    /// Begun, and still in the hands of the one who began them: nobody else may decide about them.
    live: HashSet<String>,
}

/// The transactions of a port at one address.
#[derive(Debug)]
pub(crate) struct Transactions {
    registry: Arc<Registry>,
    /// What the names of all transactions of the port begin with, whatever its address.
    prefix: String,
    /// What those of this address begin with.
    own: String,
    doubt: Mutex<Doubt>,
    recovering: Lock<()>,
}

/// Doubts are numbered: a recovery ends those that were there when it began, and no others.
#[derive(Debug)]
struct Doubt {
    raised: u64,
    recovered: u64,
    /// The transactions that were left in doubt by this process.
    names: BTreeMap<u64, String>,
}

/// One transaction, in the hands of the one who began it. Dropped before it [`Self::ended`], it is in
/// doubt: whether it is committed or rolled back is left to a recovery.
#[derive(Debug)]
pub(crate) struct Transaction {
    name: String,
    memory: Arc<Transactions>,
    ended: bool,
}

/// The right to recover; one has it at a time.
#[derive(Debug)]
pub(crate) struct Recovery<'a> {
    memory: &'a Transactions,
    seen: u64,
    _alone: Locked<'a, ()>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            began: since.unwrap_or_default().as_millis(),
            names: Mutex::default(),
            memories: Mutex::default(),
        }
    }

    /// The memory of a port's transactions at an address.
    pub(crate) fn memory(self: &Arc<Self>, prefix: &str, address: &str) -> Arc<Transactions> {
        let own = format!("{prefix}{}-", place(address));
        let mut memories = lock(&self.memories);
        if let Some(memory) = memories.get(&own).and_then(Weak::upgrade) {
            return memory;
        }
        memories.retain(|_, memory| memory.strong_count() > 0);
        let memory = Arc::new(Transactions {
            registry: self.clone(),
            prefix: prefix.to_owned(),
            own: own.clone(),
            doubt: Mutex::new(Doubt {
                raised: 1,
                recovered: 0,
                names: BTreeMap::new(),
            }),
            recovering: Lock::new(()),
        });
        memories.insert(own, Arc::downgrade(&memory));
        memory
    }
}

/// A short name for an address: a decided transaction that its destination does not know is done with,
/// but only at the destination that was to commit it.
fn place(address: &str) -> String {
    let digest = Sha256::digest(address.as_bytes());
    digest.iter().take(4).map(|b| format!("{b:02x}")).collect()
}

impl Transactions {
    /// A new name, live until the transaction has ended.
    pub(crate) fn begin(self: &Arc<Self>) -> Transaction {
        let mut names = lock(&self.registry.names);
        names.last += 1;
        let (began, number) = (self.registry.began, names.last);
        let name = format!("{}{began:x}-{number:x}", self.own);
        names.live.insert(name.clone());
        Transaction {
            name,
            memory: self.clone(),
            ended: false,
        }
    }

    /// What the names of all transactions of the port begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// True for a transaction of this port.
    pub(crate) fn is_ports(&self, name: &str) -> bool {
        name.starts_with(&self.prefix)
    }

    /// True for a transaction of this port at this address.
    pub(crate) fn is_own(&self, name: &str) -> bool {
        name.starts_with(&self.own)
    }

    /// True while somebody in this process is busy with the transaction. Once this is false it stays so,
    /// and the transaction is decided or will never be.
    pub(crate) fn is_live(&self, name: &str) -> bool {
        lock(&self.registry.names).live.contains(name)
    }

    /// Something may be prepared at the destination that nobody here knows of.
    pub(crate) fn doubt(&self) {
        self.doubts().raised += 1;
    }

    /// True when a recovery is due.
    pub(crate) fn in_doubt(&self) -> bool {
        let doubt = self.doubts();
        doubt.raised != doubt.recovered
    }

    /// True when a transaction of this very process is in doubt.
    pub(crate) fn has_doubtful(&self) -> bool {
        !self.doubts().names.is_empty()
    }

    /// The names of those.
    pub(crate) fn doubtful(&self) -> Vec<String> {
        self.doubts().names.values().cloned().collect()
    }

    /// Waits for one's turn; nothing when others have meanwhile recovered all there was.
    pub(crate) async fn recovery(&self) -> Option<Recovery<'_>> {
        let alone = self.recovering.lock().await;
        let doubt = self.doubts();
        (doubt.raised != doubt.recovered).then_some(Recovery {
            memory: self,
            seen: doubt.raised,
            _alone: alone,
        })
    }

    fn doubts(&self) -> MutexGuard<'_, Doubt> {
        lock(&self.doubt)
    }
}

impl Recovery<'_> {
    /// Everything that was in doubt when it began is committed or rolled back.
    pub(crate) fn succeeded(self) {
        let mut doubt = self.memory.doubts();
        doubt.recovered = doubt.recovered.max(self.seen);
        doubt.names = doubt.names.split_off(&(self.seen + 1));
    }
}

impl Transaction {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// It is committed and finished, or rolled back, or nothing of it was ever prepared.
    pub(crate) fn ended(mut self) {
        self.ended = true;
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.ended {
            let mut doubt = self.memory.doubts();
            doubt.raised += 1;
            let number = doubt.raised;
            doubt.names.insert(number, self.name.clone());
        }
        // Only now: a recovery that finds it free must find the doubt as well.
        lock(&self.memory.registry.names).live.remove(&self.name);
    }
}

/// Nothing that can panic runs under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
