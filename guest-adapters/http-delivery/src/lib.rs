//! What an HTTP adapter decides: the headers of a request, the meaning of an answer, and what of it is a
//! response.
//!
//! Pure: no HTTP, no clock, no guest contract. Both HTTP adapters use it inside the sandbox, and the
//! benchmarks link it natively, so that they compare the same decisions on both sides.

#![forbid(unsafe_code)]

mod answer;
mod headers;
mod names;
mod response;
mod settings;

pub use answer::{Answer, Retry, Unanswered, Verdict};
pub use headers::{HeaderError, HeaderProblem};
pub use names::{NameError, check_name, check_value};
pub use settings::Settings;

/// The answer's headers that [`Settings::classify`] reads.
pub const ANSWER_HEADERS: [&str; 3] = ["retry-after", "date", "location"];

/// How much of an answer's body is worth showing to an operator.
pub const ANSWER_EXCERPT: u32 = 256;
