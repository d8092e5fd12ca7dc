//! What the HTTP adapters share inside the sandbox: a port's settings, its requests, its outcomes.
//!
//! The decisions are in `http-delivery`, which knows nothing of the contract; here they meet the SDK.
//! Neither of the two adapters has anything of its own beside how many messages it sends with one call.

#![forbid(unsafe_code)]

mod settings;

use std::rc::Rc;

use http_delivery::{ANSWER_EXCERPT, Retry, Settings, Unanswered, Verdict};
use sendport_guest::http::{Answer, HttpError, RequestOptions, Template, Templates};
use sendport_guest::{
    Configuration, ErrorInfo, Failure, Message, Outcome, Response, TransportInfo,
};

/// The description of an HTTP adapter, all but what it says of itself.
pub fn describe(name: &str, version: &str, description: &str) -> TransportInfo {
    TransportInfo::new("HTTP", name, version)
        .description(description)
        .prefix("http://")
        .prefix("https://")
        .ordered_delivery()
        .two_way()
        .port_keys(settings::schema())
}

/// One port as one version of its configuration has it.
#[derive(Debug)]
pub struct Port {
    settings: Settings,
    templates: Templates,
    /// For messages that expect a response: their answers are read to the end.
    two_way: Templates,
}

/// A message's request, ready to be sent.
#[derive(Debug)]
pub struct Prepared {
    /// What it has in common with other requests to this address.
    pub template: Rc<Template>,
    /// What it has of its own.
    pub headers: Vec<(String, String)>,
    expects_response: bool,
}

impl Port {
    /// Reads the port's configuration.
    pub fn parse(configuration: Configuration) -> Result<Self, ErrorInfo> {
        Ok(Self {
            settings: settings::parse(&configuration)?,
            templates: Templates::new(),
            two_way: Templates::new(),
        })
    }

    /// Makes the message's request.
    pub fn prepare(&self, message: &Message) -> Result<Prepared, Failure> {
        let (id, properties) = (message.id(), message.properties());
        let properties = properties
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let headers = self
            .settings
            .request_headers(&id, properties)
            .map_err(|error| {
                Failure::permanent(ErrorInfo::new("http-invalid-request", error.to_string()))
            })?;
        let (address, expects_response) = (message.address(), message.expects_response());
        let templates = if expects_response {
            &self.two_way
        } else {
            &self.templates
        };
        let template = templates
            .get(&address, || self.options(&address, expects_response))
            .map_err(|error| failure(unanswered(error).into()))?;
        Ok(Prepared {
            template,
            headers,
            expects_response,
        })
    }

    /// What the answer, or its absence, means for the message. Leaves the response with the host when
    /// the message expects one.
    pub fn outcome(
        &self,
        message: &Message,
        prepared: &Prepared,
        answer: Result<Answer, HttpError>,
    ) -> Outcome {
        let answer = answer.map_err(|error| failure(unanswered(error).into()))?;
        let view = http_delivery::Answer {
            status: answer.status,
            retry_after: answer.header("retry-after"),
            date: answer.header("date"),
            location: answer.header("location"),
            excerpt: &answer.excerpt,
        };
        self.settings.classify(&view).map_err(failure)?;
        if prepared.expects_response {
            let response = self.response(answer)?;
            // The destination has the message, and the same answer would be refused again.
            message
                .submit_response(&response)
                .map_err(Failure::permanent)?;
        }
        Ok(())
    }

    fn response(&self, answer: Answer) -> Result<Response, Failure> {
        let properties = self
            .settings
            .response_properties(answer.status, &answer.headers, answer.truncated)
            .map_err(failure)?;
        Ok(Response {
            properties,
            body: answer.excerpt,
        })
    }

    fn options(&self, address: &str, expects_response: bool) -> RequestOptions {
        let settings = &self.settings;
        RequestOptions {
            method: settings.method.clone(),
            url: address.to_owned(),
            headers: settings.headers.clone(),
            timeout: u64::try_from(settings.timeout.as_millis()).unwrap_or(u64::MAX),
            answer_headers: settings.answer_headers(expects_response),
            answer_excerpt: ANSWER_EXCERPT,
            answer_body: if expects_response {
                settings.max_response
            } else {
                0
            },
        }
    }
}

fn unanswered(error: HttpError) -> Unanswered {
    match error {
        HttpError::Invalid(text) => Unanswered::Invalid(text),
        HttpError::Denied(text) => Unanswered::Denied(text),
        HttpError::Connect(text) => Unanswered::Connect(text),
        HttpError::Timeout => Unanswered::Timeout,
        HttpError::Broken(text) => Unanswered::Broken(text),
        HttpError::Body(text) => Unanswered::Body(text),
    }
}

fn failure(verdict: Verdict) -> Failure {
    let error = ErrorInfo::new(verdict.code, verdict.text);
    match verdict.retry {
        Retry::ByPolicy => Failure::retryable(error),
        Retry::After(delay) => Failure::retryable_after(delay, error),
        Retry::Never => Failure::permanent(error),
    }
}
