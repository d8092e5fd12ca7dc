//! The bill: what an instance costs, and what of it is for which message.
//!
//! - *CPU* is the time of guest code ([`crate::cpu`]).
//! - *Bytes in* are those of bodies that the guest read or that were sent for it, and of answers;
//!   *bytes out* those sent to destinations, and of responses.
//! - *Wall time* is from the call that hands a message over to its outcome.
//! - *Memory* is the linear memory of the instance, which is what it is for all of its messages.
//!
//! Who pays: what a guest does after it has asked for something of a message, in the same step, is for
//! that message; so is the step in which its call returns. A step that touches no message is shared
//! equally among all that were in the instance since ([`crate::ledger`]). Without messages (`initialize`,
//! `terminate`, tasks of its own) it is the adapter's alone. So sums over messages are a little less than
//! what the pool's bill says, and of a message that is alone in its instance the bill is exact.

mod board;
mod traffic;

use std::fmt;
use std::ops::{Add, AddAssign, Div, Sub};
use std::time::Duration;

pub(crate) use board::Board;
pub(crate) use traffic::Traffic;

/// What can be counted up and shared out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

impl Usage {
    pub(crate) fn bytes(bytes_in: u64, bytes_out: u64) -> Self {
        Self {
            cpu: Duration::ZERO,
            bytes_in,
            bytes_out,
        }
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.cpu += other.cpu;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
    }
}

impl Sub for Usage {
    type Output = Self;

    /// Never below nothing: the clock may have been set back.
    fn sub(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(other.cpu),
            bytes_in: self.bytes_in.saturating_sub(other.bytes_in),
            bytes_out: self.bytes_out.saturating_sub(other.bytes_out),
        }
    }
}

impl Div<u32> for Usage {
    type Output = Self;

    fn div(self, parts: u32) -> Self {
        let parts = parts.max(1);
        Self {
            cpu: self.cpu / parts,
            bytes_in: self.bytes_in / u64::from(parts),
            bytes_out: self.bytes_out / u64::from(parts),
        }
    }
}

/// What one delivery cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Charge {
    pub(crate) usage: Usage,
    pub(crate) wall: Duration,
    /// Linear memory of the instance, in bytes.
    pub(crate) memory: usize,
}

impl fmt::Display for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Usage {
            cpu,
            bytes_in,
            bytes_out,
        } = self.usage;
        let Self { wall, memory, .. } = self;
        write!(
            f,
            "{cpu:.1?} of CPU in {wall:.1?}, {memory} bytes of memory, {bytes_in} bytes in, {bytes_out} bytes out"
        )
    }
}
