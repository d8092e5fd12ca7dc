//! What of an instance's costs is for which message.

use std::time::Duration;

use super::Ticket;
use crate::bill::{Charge, Usage};

/// The instance's side.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    /// The instance's sums when they were last looked at.
    seen: Usage,
    /// What cannot be told whose it is.
    common: Usage,
    /// The message that the guest is busy with in this step, as far as it has shown.
    pub(super) focus: Option<Ticket>,
    /// Linear memory of the instance, in bytes.
    pub(super) memory: usize,
    /// Ended deliveries, and their wall time.
    deliveries: u64,
    wall: Duration,
    last: Charge,
}

/// A lent message's side.
#[derive(Debug)]
pub(super) struct Account {
    own: Usage,
    /// What was common to all when it was lent.
    common: Usage,
    /// Messages in the instance then, this one included.
    company: u64,
}

impl Accounts {
    pub(super) fn open(&self, company: usize) -> Account {
        Account {
            own: Usage::default(),
            common: self.common,
            company: company as u64,
        }
    }

    /// What has been used since the last look at the sums.
    #[inline]
    pub(super) fn since(&mut self, sums: Usage) -> Usage {
        let more = sums - self.seen;
        // Not simply the sums: a clock that is set back has to catch up first.
        self.seen += more;
        more
    }

    pub(super) fn share_out(&mut self, usage: Usage) {
        self.common += usage;
    }

    /// What a message has used that has seen so many others come after it.
    pub(super) fn usage(&self, account: &Account, followers: u64) -> Usage {
        let parties = account.company.saturating_add(followers);
        let common = self.common - account.common;
        account.own + common / u32::try_from(parties).unwrap_or(u32::MAX)
    }

    /// A delivery has ended.
    pub(super) fn close(&mut self, charge: Charge) {
        self.deliveries += 1;
        self.wall += charge.wall;
        self.last = charge;
    }

    pub(super) fn deliveries(&self) -> (u64, Duration) {
        (self.deliveries, self.wall)
    }

    pub(super) fn last(&self) -> Charge {
        self.last
    }
}

impl Account {
    pub(super) fn add(&mut self, usage: Usage) {
        self.own += usage;
    }
}
