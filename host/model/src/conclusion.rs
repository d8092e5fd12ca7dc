//! What else happens when a message comes to its end: a response is kept, somebody is notified, a
//! failure goes to another port. Decided here, carried out by the message box in the transaction that
//! ends the message.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::{
    ErrorInfo, Message, PortName, Priority, Properties, SendPort, Timestamp, Verdict, property,
};

/// A message that the host itself publishes, in the transaction that ends another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emission {
    /// Where to.
    pub port: PortName,
    /// Its content; that of the message that ends when absent.
    pub body: Option<Bytes>,
    /// Its properties.
    pub properties: Properties,
    /// Its place in the queue.
    pub priority: Priority,
    /// On an ordered port, its lane.
    pub lane: Option<Arc<str>>,
    /// Not delivered from this time on.
    pub expires: Option<Timestamp>,
}

/// What a destination answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Names and values, such as `content-type`.
    pub properties: Properties,
    /// The content.
    pub body: Bytes,
}

/// How the exchange on a two-way port ended, for the one who waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With a response.
    Response(Response),
    /// Without one, for good (B76).
    Failed(ErrorInfo),
}

/// A two-way port's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwoWay {
    /// Responses are published there as well, with the solicit message's id as `correlation-id`.
    pub response_port: Option<PortName>,
    /// How long a response may be asked for.
    pub retention: Duration,
    /// Bytes of a response, at most.
    pub max_response: usize,
}

/// Who is told what became of a port's messages. BizTalk: delivery notification, ACK and NACK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notifications {
    /// Where notifications are published.
    pub port: PortName,
    /// Every message asks for one; otherwise those with the property `delivery-notification: true`.
    pub always: bool,
    /// Delivered messages are notified of.
    pub ack: bool,
    /// Messages that failed for good are notified of.
    pub nack: bool,
}

/// Everything that one settlement does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// What becomes of the message itself.
    pub verdict: Verdict,
    /// What the one who waits on a two-way port gets.
    pub answer: Option<Answer>,
    /// What is published besides.
    pub emissions: Vec<Emission>,
}

impl Conclusion {
    /// A verdict and nothing else.
    pub fn only(verdict: Verdict) -> Self {
        Self {
            verdict,
            answer: None,
            emissions: Vec::new(),
        }
    }
}

/// What the port's policy adds to a verdict. `adapter` names the adapter and its version.
pub fn conclude(
    port: &SendPort,
    message: &Message,
    adapter: &str,
    verdict: Verdict,
    response: Option<Response>,
    now: Timestamp,
) -> Conclusion {
    match verdict {
        Verdict::Delete => delivered(port, message, response),
        Verdict::Suspend {
            attempts,
            ref error,
            ..
        } => {
            let failure = Failed {
                port,
                message,
                adapter,
                error,
                attempts,
                now,
            };
            failed(&failure, verdict.clone())
        }
        other => Conclusion::only(other),
    }
}

fn delivered(port: &SendPort, message: &Message, response: Option<Response>) -> Conclusion {
    let mut conclusion = Conclusion::only(Verdict::Delete);
    if let Some(two_way) = &port.two_way {
        // A destination that had nothing to say has answered all the same.
        let response = response.unwrap_or_default();
        if let Some(to) = &two_way.response_port {
            let mut properties = response.properties.clone();
            properties.set(property::CORRELATION_ID, message.id.to_string());
            conclusion.emissions.push(emission(
                to,
                Some(response.body.clone()),
                properties,
                message,
            ));
        }
        conclusion.answer = Some(Answer::Response(response));
    }
    if let Some(notifications) = wanted(port, message).filter(|n| n.ack) {
        let properties = notification("ack", port, message);
        conclusion
            .emissions
            .push(announcement(notifications, properties, message));
    }
    conclusion
}

/// A message that has failed for good.
struct Failed<'a> {
    port: &'a SendPort,
    message: &'a Message,
    adapter: &'a str,
    error: &'a ErrorInfo,
    attempts: u32,
    now: Timestamp,
}

fn failed(failure: &Failed<'_>, verdict: Verdict) -> Conclusion {
    let Failed {
        port,
        message,
        error,
        ..
    } = *failure;
    let mut conclusion = Conclusion::only(verdict);
    if let Some(to) = &port.failed_message_port {
        let mut properties = message.properties.clone();
        failure.describe(&mut properties);
        conclusion.verdict = Verdict::Route(Box::new(emission(to, None, properties, message)));
    }
    // A suspended message may still be resumed and answered; one that was routed away may not.
    if port.two_way.is_some() && matches!(conclusion.verdict, Verdict::Route(_)) {
        conclusion.answer = Some(Answer::Failed(error.clone()));
    }
    if let Some(notifications) = wanted(port, message).filter(|n| n.nack) {
        let mut properties = notification("nack", port, message);
        failure.describe(&mut properties);
        conclusion
            .emissions
            .push(announcement(notifications, properties, message));
    }
    conclusion
}

impl Failed<'_> {
    fn describe(&self, properties: &mut Properties) {
        properties.set(property::CORRELATION_ID, self.message.id.to_string());
        if let Some(code) = &self.error.code {
            properties.set(property::ERROR_CODE, code.as_str());
        }
        properties.set(property::ERROR_TEXT, self.error.text.as_str());
        properties.set(property::ERROR_PORT, self.port.name.as_str());
        properties.set(property::ERROR_ADAPTER, self.adapter);
        let transport = self.port.transport(self.message.transport);
        let address = match self.port.is_dynamic() {
            true => self
                .message
                .properties
                .get(property::ADDRESS)
                .unwrap_or_default(),
            false => &transport.address,
        };
        properties.set(property::ERROR_ADDRESS, address);
        let attempts = self.message.earlier_attempts.saturating_add(self.attempts);
        properties.set(property::ERROR_ATTEMPTS, attempts.to_string());
        properties.set(property::ERROR_TIME, self.now.0.to_string());
    }
}

/// The port's notifications, when they are to say something about this message (B89: nobody is asked,
/// nothing is said).
fn wanted<'a>(port: &'a SendPort, message: &Message) -> Option<&'a Notifications> {
    let asked = message.properties.get(property::DELIVERY_NOTIFICATION);
    port.notifications.as_ref().filter(|n| match asked {
        Some(asked) => asked == "true",
        None => n.always,
    })
}

fn notification(kind: &str, port: &SendPort, message: &Message) -> Properties {
    let mut properties = Properties::default();
    properties.set(property::NOTIFICATION, kind);
    properties.set(property::CORRELATION_ID, message.id.to_string());
    properties.set(property::NOTIFICATION_PORT, port.name.as_str());
    for name in ["traceparent", "tracestate", property::ORDERING_KEY] {
        if let Some(value) = message.properties.get(name) {
            properties.set(name, value);
        }
    }
    properties
}

/// A notification says the same in its content, as a JSON object of texts: many adapters send nothing
/// else.
fn announcement(to: &Notifications, mut properties: Properties, message: &Message) -> Emission {
    let content: serde_json::Map<_, _> = properties
        .iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let body = Bytes::from(serde_json::Value::Object(content).to_string());
    properties.set(property::CONTENT_TYPE, "application/json");
    emission(&to.port, Some(body), properties, message)
}

fn emission(
    port: &PortName,
    body: Option<Bytes>,
    properties: Properties,
    message: &Message,
) -> Emission {
    Emission {
        port: port.clone(),
        body,
        properties,
        priority: message.priority,
        lane: None,
        expires: None,
    }
}

#[cfg(test)]
mod tests;
