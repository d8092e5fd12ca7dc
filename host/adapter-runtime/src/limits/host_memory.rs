//! What the host keeps for an instance between its calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Exceeded, PAIR};

/// Counts what is kept. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct HostMemory(Arc<Account>);

#[derive(Debug)]
struct Account {
    limit: usize,
    used: AtomicUsize,
}

/// Something that is kept, for as long as this is.
#[derive(Debug, Default)]
pub(crate) struct Kept(Option<(Arc<Account>, usize)>);

impl HostMemory {
    pub(crate) fn new(limit: usize) -> Self {
        Self(Arc::new(Account {
            limit,
            used: AtomicUsize::new(0),
        }))
    }

    /// Keeps so many bytes.
    pub(crate) fn keep(&self, bytes: usize) -> Result<Kept, Exceeded> {
        if bytes == 0 {
            return Ok(Kept(None));
        }
        let Account { limit, used } = &*self.0;
        let before = used.fetch_add(bytes, Ordering::Relaxed);
        let kept = Kept(Some((self.0.clone(), bytes)));
        if before.saturating_add(bytes) > *limit {
            return Err(Exceeded::HostMemory { limit: *limit });
        }
        Ok(kept)
    }

    /// Keeps names and values.
    pub(crate) fn keep_pairs(&self, pairs: &[(String, String)]) -> Result<Kept, Exceeded> {
        self.keep(size_of_pairs(pairs))
    }
}

/// Bytes that pairs of texts take in memory.
fn size_of_pairs(pairs: &[(String, String)]) -> usize {
    let texts = pairs.iter();
    texts.map(|(n, v)| PAIR + n.len() + v.len()).sum()
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some((account, bytes)) = self.0.take() {
            account.used.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_makes_room() {
        let memory = HostMemory::new(100);
        let refused = Exceeded::HostMemory { limit: 100 };
        let first = memory.keep(60).expect("room");
        assert_eq!(memory.keep(41).err(), Some(refused.clone()));
        let second = memory.keep(40).expect("what was refused takes nothing");
        assert_eq!(memory.keep(1).err(), Some(refused));
        assert!(memory.keep(0).is_ok(), "nothing takes nothing");
        drop((first, second));
        assert!(memory.keep(100).is_ok());
    }

    #[test]
    fn many_empty_texts_are_not_nothing() {
        let pairs = vec![(String::new(), String::new()); 1000];
        assert!(HostMemory::new(10_000).keep_pairs(&pairs).is_err());
    }
}
