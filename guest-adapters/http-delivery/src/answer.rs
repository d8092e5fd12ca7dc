//! What an answer means for its message, and what it means that there was none.

use std::time::Duration;

use crate::Settings;

/// An answer as far as it matters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answer<'a> {
    /// Its status.
    pub status: u16,
    /// `retry-after`: seconds, or a date.
    pub retry_after: Option<&'a str>,
    /// `date`: the destination's clock, against which a date in `retry-after` is read.
    pub date: Option<&'a str>,
    /// `location`, of a redirect.
    pub location: Option<&'a str>,
    /// The beginning of the body.
    pub excerpt: &'a [u8],
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// The request cannot be made: bad URL or header.
    Invalid(String),
    /// The address is not granted to the port.
    Denied(String),
    /// No connection.
    Connect(String),
    /// The time was up.
    Timeout,
    /// The connection broke on the way.
    Broken(String),
    /// The message's body could not be read.
    Body(String),
}

/// A message that was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether to try again.
    pub retry: Retry,
    /// A word for programs, such as `http-503`.
    pub code: String,
    /// For people.
    pub text: String,
}

/// Whether another attempt can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Yes: when the port's policy says.
    ByPolicy,
    /// Yes: when the destination says.
    After(Duration),
    /// No.
    Never,
}

impl Settings {
    /// Delivered, or not: 2xx is delivered; 408, 425, 429, 5xx and what the port adds to them may be
    /// delivered later; everything else would be answered the same way again.
    pub fn classify(&self, answer: &Answer<'_>) -> Result<(), Verdict> {
        let status = answer.status;
        let retry = match status {
            200..300 => return Ok(()),
            408 | 425 | 429 | 500..600 => retry(answer),
            _ if self.retry_statuses.contains(&status) => retry(answer),
            _ => Retry::Never,
        };
        Err(Verdict {
            retry,
            code: format!("http-{status}"),
            text: text(answer),
        })
    }
}

impl From<Unanswered> for Verdict {
    fn from(unanswered: Unanswered) -> Self {
        let (retry, code, text) = match unanswered {
            Unanswered::Invalid(text) => (Retry::Never, "http-invalid-request", text),
            Unanswered::Denied(text) => (Retry::Never, "http-denied", text),
            Unanswered::Connect(text) => (Retry::ByPolicy, "http-connect", text),
            Unanswered::Timeout => {
                let text = "no answer in time; the destination may have the message".to_owned();
                (Retry::ByPolicy, "http-timeout", text)
            }
            Unanswered::Broken(text) => (Retry::ByPolicy, "http-broken", text),
            Unanswered::Body(text) => (Retry::ByPolicy, "http-body", text),
        };
        Self {
            retry,
            code: code.to_owned(),
            text,
        }
    }
}

fn retry(answer: &Answer<'_>) -> Retry {
    let Some(text) = answer.retry_after.map(str::trim) else {
        return Retry::ByPolicy;
    };
    if let Ok(seconds) = text.parse() {
        return Retry::After(Duration::from_secs(seconds));
    }
    // The sandbox has no clock, and the destination's own is the better one for its own date.
    let at = httpdate::parse_http_date(text);
    let now = answer.date.map(httpdate::parse_http_date);
    match (at, now) {
        (Ok(at), Some(Ok(now))) => Retry::After(at.duration_since(now).unwrap_or_default()),
        _ => Retry::ByPolicy,
    }
}

fn text(answer: &Answer<'_>) -> String {
    let status = answer.status;
    let mut text = match (status, answer.location) {
        (300..400, Some(location)) => {
            format!(
                "the destination answered {status} and points to {location:?}; redirects are not followed, so set the address to where it points"
            )
        }
        (300..400, None) => {
            format!("the destination answered {status}; redirects are not followed")
        }
        _ => format!("the destination answered {status}"),
    };
    let excerpt = String::from_utf8_lossy(answer.excerpt);
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    let excerpt: String = excerpt.trim().chars().map(printable).collect();
    if !excerpt.is_empty() {
        text.push_str(": ");
        text.push_str(&excerpt);
    }
    text
}

#[cfg(test)]
mod tests;
