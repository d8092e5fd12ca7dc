//! Why something failed, as JSON.

use model::ErrorInfo;
use serde::{Deserialize, Serialize};

/// Why something failed, in the adapter's words or the host's.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct ErrorReport {
    /// A short word for programs.
    pub code: Option<String>,
    /// For people.
    pub text: String,
}

impl From<ErrorInfo> for ErrorReport {
    fn from(error: ErrorInfo) -> Self {
        Self {
            code: error.code,
            text: error.text,
        }
    }
}
