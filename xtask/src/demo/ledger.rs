//! The account of the demo itself: what it published, and what arrived. Knows nothing of the host.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Result, bail};
use sha2::{Digest as _, Sha256};

/// SHA-256 of a body.
pub(crate) type Digest = [u8; 32];

/// The digest of a body.
pub(crate) fn digest(body: &[u8]) -> Digest {
    Sha256::digest(body).into()
}

/// The account, by port.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    ports: Mutex<BTreeMap<String, Port>>,
}

#[derive(Debug, Default)]
struct Port {
    /// Bodies that will be or were published. Bodies arrive before the host's answer to the publisher.
    announced: HashSet<Digest>,
    /// What the host accepted: ids from its answers, and the bodies sent with them.
    accepted: HashMap<String, Digest>,
    /// What arrived: the body under each id, and how often.
    received: HashMap<String, (Digest, u64)>,
    /// Bodies that nobody announced, or without an id.
    strange: u64,
}

/// The account of one port, summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Messages the host accepted.
    pub(crate) accepted: u64,
    /// Of those, arrived with the digest they were published with.
    pub(crate) verified: u64,
    /// Arrived with another body, under an unknown id, or without an id.
    pub(crate) wrong: u64,
    /// Arrivals of a message after its first.
    pub(crate) duplicates: u64,
}

impl Ledger {
    /// Bodies that are about to be published.
    pub(crate) fn announce(&self, port: &str, digests: &[Digest]) {
        self.lock()
            .entry(port.to_owned())
            .or_default()
            .announced
            .extend(digests);
    }

    /// Ids that the host gave to bodies, in their order.
    pub(crate) fn accept(&self, port: &str, ids: &[String], digests: &[Digest]) -> Result<()> {
        if ids.len() != digests.len() {
            let (ids, bodies) = (ids.len(), digests.len());
            bail!("the host answered with {ids} ids for {bodies} messages to port {port}");
        }
        let mut ports = self.lock();
        let accepted = &mut ports.entry(port.to_owned()).or_default().accepted;
        for (id, digest) in ids.iter().zip(digests) {
            if accepted.insert(id.clone(), *digest).is_some() {
                bail!("the host gave the id {id} twice");
            }
        }
        Ok(())
    }

    /// A body that arrived. Says whether it was expected.
    pub(crate) fn receive(&self, port: &str, id: Option<&str>, digest: Digest) -> bool {
        let mut ports = self.lock();
        let port = ports.entry(port.to_owned()).or_default();
        match id {
            Some(id) if port.announced.contains(&digest) => {
                let (first, times) = port.received.entry(id.to_owned()).or_insert((digest, 0));
                *times += 1;
                *first == digest
            }
            _ => {
                port.strange += 1;
                false
            }
        }
    }

    /// Messages accepted on all ports.
    pub(crate) fn accepted(&self) -> u64 {
        let ports = self.lock();
        ports.values().map(|port| port.accepted.len() as u64).sum()
    }

    /// The account of a port.
    pub(crate) fn summary(&self, port: &str) -> Summary {
        let ports = self.lock();
        ports.get(port).map(Port::summary).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Port>> {
        // Every change above is complete before anything can panic.
        self.ports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Port {
    fn summary(&self) -> Summary {
        let is_right = |id: &String, digest| self.accepted.get(id) == Some(digest);
        let arrivals = self.received.iter();
        let verified = arrivals.filter(|(id, (d, _))| is_right(id, d)).count() as u64;
        Summary {
            accepted: self.accepted.len() as u64,
            verified,
            wrong: self.strange + self.received.len() as u64 - verified,
            duplicates: self.received.values().map(|(_, times)| times - 1).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_are_compared_with_what_was_published() {
        let ledger = Ledger::default();
        let bodies = [digest(b"a"), digest(b"b"), digest(b"c")];
        let ids = ["1", "2", "3"].map(str::to_owned);
        ledger.announce("p", &bodies);
        assert!(
            ledger.receive("p", Some("1"), bodies[0]),
            "before the answer"
        );
        ledger.accept("p", &ids, &bodies).unwrap();
        assert!(ledger.receive("p", Some("1"), bodies[0]), "a duplicate");
        assert!(
            ledger.receive("p", Some("2"), bodies[2]),
            "announced, but not as 2"
        );
        assert!(!ledger.receive("p", Some("3"), digest(b"x")));
        assert!(!ledger.receive("p", None, bodies[1]));
        let expected = Summary {
            accepted: 3,
            verified: 1,
            wrong: 3,
            duplicates: 1,
        };
        assert_eq!(ledger.summary("p"), expected);
        assert_eq!(ledger.summary("q"), Summary::default());
        assert_eq!(ledger.accepted(), 3);
    }

    #[test]
    fn an_id_is_given_once_and_to_one_body() {
        let ledger = Ledger::default();
        let id = ["1".to_owned()];
        assert!(ledger.accept("p", &id, &[]).is_err());
        ledger.accept("p", &id, &[digest(b"a")]).unwrap();
        assert!(ledger.accept("p", &id, &[digest(b"b")]).is_err());
    }
}
