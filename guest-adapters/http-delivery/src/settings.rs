//! How a port wants its requests.

use std::time::Duration;

/// The settings of one port. Plain data: whoever builds them checks names and values with
/// [`check_name`](crate::check_name) and [`check_value`](crate::check_value).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `POST` or `PUT`.
    pub method: String,
    /// From the start of a request to the end of its answer.
    pub timeout: Duration,
    /// Sent with every request, the same for all messages. A message cannot replace them.
    pub headers: Vec<(String, String)>,
    /// The `content-type` of messages that have no such property.
    pub content_type: String,
    /// The header that carries the message's id; none when absent.
    pub idempotency_header: Option<String>,
    /// Statuses that are worth another attempt beside 408, 425, 429 and 5xx.
    pub retry_statuses: Vec<u16>,
    /// How many bytes of an answer are taken as the response, on a two-way port.
    pub max_response: u32,
    /// Headers of the answer that become properties of the response, beside `content-type`.
    pub response_headers: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            method: "POST".to_owned(),
            timeout: Duration::from_secs(30),
            headers: Vec::new(),
            content_type: "application/octet-stream".to_owned(),
            idempotency_header: Some("idempotency-key".to_owned()),
            retry_statuses: Vec::new(),
            max_response: 1024 * 1024,
            response_headers: Vec::new(),
        }
    }
}
