//! The words of sendport and its pure rules: messages, ports, outcomes, what a failure leads to.
//!
//! Nothing here does IO, reads a clock or draws a random number: time comes in as an argument, so
//! every rule is a table that a test can read. The two traits in [`transmit`] are the border between
//! the dispatcher and whatever runs adapters; they are here so that neither side has to see the other.

#![forbid(unsafe_code)]

mod batch;
mod body;
mod message;
mod outcome;
mod port;
mod retry;
mod time;
pub mod transmit;

pub use batch::{BatchError, validate as validate_batch};
pub use body::{Body, BodyError, BodyReader};
pub use message::{IdError, Message, MessageId, Priority, PriorityError, Properties};
pub use outcome::{ErrorInfo, Failure, Outcome, Retry};
pub use port::{EndpointConfiguration, PortName, PortNameError, RetryPolicy, SendPort, Transport};
pub use retry::{Standing, Verdict, decide};
pub use time::Timestamp;
