//! What an answer is on a two-way port: the properties of the response, or why there is none.

use crate::headers::HTTP;
use crate::{ANSWER_HEADERS, Retry, Settings, Verdict};

const CONTENT_TYPE: &str = "content-type";

/// The property that says with which status the destination answered.
const STATUS: &str = "http-status";

impl Settings {
    /// The answer's headers to ask for: those that [`Settings::classify`] reads, and those that become
    /// properties when the answer is a response.
    pub fn answer_headers(&self, expects_response: bool) -> Vec<String> {
        let mut names: Vec<&str> = ANSWER_HEADERS.to_vec();
        if expects_response {
            names.push(CONTENT_TYPE);
            names.extend(self.response_headers.iter().map(String::as_str));
        }
        let mut asked: Vec<String> = Vec::with_capacity(names.len());
        for name in names.into_iter().map(str::to_ascii_lowercase) {
            if !asked.contains(&name) {
                asked.push(name);
            }
        }
        asked
    }

    /// The properties of the response that a 2xx answer is: `content-type` when it has one, `http-status`,
    /// and `http.header.NAME` for every header that the port wants to have.
    ///
    /// An answer that is longer than [`Settings::max_response`] is no response. The destination has the
    /// message then, and would answer the same again.
    pub fn response_properties(
        &self,
        status: u16,
        headers: &[(String, String)],
        truncated: bool,
    ) -> Result<Vec<(String, String)>, Verdict> {
        if truncated {
            return Err(self.too_long(status));
        }
        let mut properties = Vec::new();
        if let Some(value) = joined(headers, CONTENT_TYPE) {
            properties.push((CONTENT_TYPE.to_owned(), value));
        }
        properties.push((STATUS.to_owned(), status.to_string()));
        for name in &self.response_headers {
            if let Some(value) = joined(headers, name) {
                properties.push((format!("{HTTP}{}", name.to_ascii_lowercase()), value));
            }
        }
        Ok(properties)
    }

    fn too_long(&self, status: u16) -> Verdict {
        let limit = self.max_response;
        Verdict {
            retry: Retry::Never,
            code: "http-response-too-large".to_owned(),
            text: format!(
                "the destination answered {status} and has the message, but its answer is longer than \
                 max-response, {limit} bytes; set max-response higher before the message is sent again"
            ),
        }
    }
}

/// The value of a header, in any spelling; several of one name are one list (RFC 9110 §5.2).
fn joined(headers: &[(String, String)], name: &str) -> Option<String> {
    let values = headers
        .iter()
        .filter(|(header, _)| header.eq_ignore_ascii_case(name));
    let values: Vec<&str> = values.map(|(_, value)| value.as_str()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            response_headers: vec!["ETag".to_owned(), "Link".to_owned()],
            ..Settings::default()
        }
    }

    fn headers(headers: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        headers.iter().map(owned).collect()
    }

    #[test]
    fn only_a_response_asks_for_more_headers() {
        assert_eq!(settings().answer_headers(false), ANSWER_HEADERS);
        let asked = ["retry-after", "date", "location", "content-type"];
        let asked = asked.into_iter().chain(["etag", "link"]);
        assert!(settings().answer_headers(true).iter().eq(asked));
    }

    #[test]
    fn a_header_is_asked_for_once() {
        let settings = Settings {
            response_headers: vec!["Date".to_owned(), "Content-Type".to_owned()],
            ..Settings::default()
        };
        assert_eq!(settings.answer_headers(true).len(), 4);
    }

    #[test]
    fn the_answer_says_what_its_body_is() {
        let answer = headers(&[
            ("Content-Type", "text/xml"),
            ("date", "Thu, 01 Jan 2026 00:00:00 GMT"),
            ("link", "<a>"),
            ("Link", "<b>"),
        ]);
        let properties = settings().response_properties(201, &answer, false);
        let expected = headers(&[
            ("content-type", "text/xml"),
            ("http-status", "201"),
            ("http.header.link", "<a>, <b>"),
        ]);
        assert_eq!(properties, Ok(expected));
    }

    #[test]
    fn an_empty_answer_is_a_response_with_a_status() {
        let properties = Settings::default().response_properties(204, &[], false);
        assert_eq!(properties, Ok(headers(&[("http-status", "204")])));
    }

    #[test]
    fn an_answer_that_is_cut_off_is_no_response_and_never_will_be() {
        let verdict = settings().response_properties(200, &[], true).unwrap_err();
        assert_eq!(verdict.retry, Retry::Never);
        assert_eq!(verdict.code, "http-response-too-large");
        assert!(verdict.text.contains("max-response, 1048576 bytes"));
    }
}
