//! The spine: one loop per send port that claims messages, hands them to the port's pool of
//! transmitters, and settles what comes back.
//!
//! What must stay true:
//!
//! - A port has at most its high watermark of messages claimed and not resolved. A message leaves that
//!   number when its settlement is on disk, not when its outcome is known.
//! - Each delivery is resolved once. One task per port owns the table of what is unresolved; outcomes
//!   from any number of threads reach it through one inbox, and the first one counts.
//! - An outcome that is known is never forgotten because the disk is full: it is settled again and
//!   again, and nothing is claimed meanwhile.
//! - Nothing here decides what a failure leads to: that is [`model::decide`].
//! - Ports share nothing but the message box and, where an operator limits an adapter over all its
//!   ports, that adapter's credits; so a stuck one holds up no other.
//! - A transport that may not be used (window, breaker) is not claimed for, so its messages wait in the
//!   box and cost nothing.
//!
//! This room knows neither SQL nor what runs adapters: the one is behind [`message_box::MessageBox`],
//! the other behind [`model::transmit`].

#![forbid(unsafe_code)]

mod admission;
mod backoff;
mod canary;
mod clock;
mod credits;
mod dice;
mod dispatcher;
mod drain;
mod generation;
mod inbox;
mod port;
mod port_loop;
mod pulse;
mod refusal;
mod roll;
mod route;
mod settle;
mod sink;
mod status;
mod throttle;
mod unresolved;

pub use admission::Admission;
pub use canary::CanaryBoard;
pub use dispatcher::{Dispatcher, Enlisted};
pub use drain::{DrainReport, PortDrain};
pub use generation::{Generation, Swap};
pub use port::{PoolFactory, Pools};
pub use refusal::{ControlError, Refusal};
pub use status::{BreakerStatus, PortState, PortStatus, Throttling, TransportStatus};

#[cfg(test)]
mod tests;
