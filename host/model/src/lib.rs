//! The words of sendport and its pure rules: messages, ports, outcomes, what a failure leads to, when a
//! message may go.
//!
//! Nothing here does IO, reads a clock or draws a random number: time and dice come in as arguments, so
//! every rule is a table that a test can read. The two traits in [`transmit`] are the border between
//! the dispatcher and whatever runs adapters; they are here so that neither side has to see the other.

#![forbid(unsafe_code)]

mod batch;
mod bill;
mod body;
mod breaker;
mod canary;
mod conclusion;
mod dynamic;
mod enlistment;
mod message;
mod order;
mod outcome;
mod port;
pub mod property;
mod rate;
mod retry;
mod time;
pub mod transmit;
mod transport;
mod window;

pub use batch::{BatchError, validate as validate_batch};
pub use bill::Bill;
pub use body::{Body, BodyError, BodyReader};
pub use breaker::{Breaker, BreakerPolicy, BreakerState};
pub use canary::{CanaryPolicy, CanaryShare, CanaryVerdict, Showing, judge};
pub use conclusion::{Answer, Conclusion, Emission, Notifications, Response, TwoWay, conclude};
pub use dynamic::{DynamicAdapter, begins_with, resolve};
pub use enlistment::Enlistment;
pub use message::{IdError, Message, MessageId, Priority, PriorityError, Properties};
pub use order::{LaneBy, OnFailure, OrderedDelivery};
pub use outcome::{ErrorInfo, Failure, Outcome, Retry};
pub use port::{PortName, PortNameError, SendPort};
pub use rate::{RateLimit, TokenBucket};
pub use retry::{Backoff, RetryPolicy, Standing, Verdict, decide, expired};
pub use time::Timestamp;
pub use transport::{EndpointConfiguration, Transport, TransportSlot};
pub use window::{ServiceWindow, WindowError, WindowState};
