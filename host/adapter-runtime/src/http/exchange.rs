//! One request and its answer.

use std::net::IpAddr;

use bytes::{Bytes, BytesMut};
use http::Response;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpInfo;
use model::{BodyError, Message};

use super::client::{cause, causes};
use super::template::RequestTemplate;
use super::{Client, tls};
use crate::credentials::SignError;
use crate::egress::{Exchange, Prohibited};

/// An answer, of whatever status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers that were asked for.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body, as much as was asked for.
    pub excerpt: Bytes,
    /// There was more, or the connection broke before the end.
    pub truncated: bool,
}

/// Why there was no answer.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum HttpError {
    /// The request is malformed.
    #[error("{0}")]
    Invalid(String),
    /// The port does not grant the URL, or none of its host's addresses may be dialled.
    #[error("{0}")]
    Denied(String),
    /// No connection.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The time was up.
    #[error("no answer in time")]
    Timeout,
    /// The connection broke; the destination may have the message.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The message's body could not be read.
    #[error("{0}")]
    Body(String),
}

impl From<SignError> for HttpError {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Body(error) => Self::Body(error.to_string()),
            // The same message would fail the same way.
            SignError::TooLarge(_) => Self::Invalid(error.to_string()),
        }
    }
}

/// What is read of an answer's body so that the connection can be used again; longer ones cost theirs.
const LONGEST_ANSWER: usize = 1024 * 1024;

impl Client {
    /// Sends a message's body as one request and waits for the answer.
    pub async fn send(
        &self,
        template: &RequestTemplate,
        headers: &[(String, String)],
        message: &Message,
    ) -> Result<Answer, HttpError> {
        self.send_noted(template, headers, message, None).await
    }

    /// The same; what is found out about the exchange is noted, if somebody wants to know.
    pub(super) async fn send_noted(
        &self,
        template: &RequestTemplate,
        headers: &[(String, String)],
        message: &Message,
        mut note: Option<&mut Exchange>,
    ) -> Result<Answer, HttpError> {
        let result = self
            .attempt(template, headers, message, note.as_deref_mut())
            .await;
        if let Some(note) = note {
            match &result {
                Ok(_) => note.finished(),
                // Said already, and by which address.
                Err(HttpError::Denied(_)) => {}
                Err(error) => note.failed(error),
            }
        }
        result
    }

    async fn attempt(
        &self,
        template: &RequestTemplate,
        headers: &[(String, String)],
        message: &Message,
        note: Option<&mut Exchange>,
    ) -> Result<Answer, HttpError> {
        let mut request = template.request(headers, &message.body)?;
        let covered = template.0.credentials.as_ref();
        if let Some(note) = &note {
            let sent = note.sent();
            request = request.map(|body| body.counted(sent));
        }
        let exchange = async {
            if let Some(credentials) = covered {
                let headers = request.headers_mut();
                credentials
                    .sign_as(headers, message.id, &message.body)
                    .await?;
            }
            match self.request(request, covered.is_some()).await {
                Ok((response, _in_use)) => read_answer(response, template, note).await,
                Err(error) => Err(failed(&error, note)),
            }
        };
        match tokio::time::timeout(template.0.timeout, exchange).await {
            Ok(result) => result,
            Err(_) => Err(HttpError::Timeout),
        }
    }
}

fn failed(error: &legacy::Error, note: Option<&mut Exchange>) -> HttpError {
    let Some(prohibited) = cause::<Prohibited>(error) else {
        return classify(error);
    };
    if let Some(note) = note {
        note.prohibited(prohibited);
    }
    HttpError::Denied(prohibited.to_string())
}

/// Whom the answer came from.
pub(super) fn remote<B>(response: &Response<B>) -> Option<IpAddr> {
    let info = response.extensions().get::<HttpInfo>();
    info.map(|info| info.remote_addr().ip())
}

async fn read_answer(
    response: Response<Incoming>,
    template: &RequestTemplate,
    mut note: Option<&mut Exchange>,
) -> Result<Answer, HttpError> {
    let status = response.status().as_u16();
    if let Some(note) = &mut note {
        note.answered(status, remote(&response));
    }
    let (parts, body) = response.into_parts();
    let count = |bytes| note.iter_mut().for_each(|note| note.received(bytes));
    let (excerpt, truncated) = read_body(body, template.wanted_of(status), count).await;
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let named = template.0.answer_headers.iter();
    let headers = named
        .filter_map(|name| Some((name.to_string(), text(parts.headers.get(name)?))))
        .collect();
    Ok(Answer {
        status,
        headers,
        excerpt,
        truncated,
    })
}

/// The first `wanted` bytes, and whether there are more. What is not wanted is read and discarded.
async fn read_body<B>(mut body: B, wanted: usize, mut count: impl FnMut(usize)) -> (Bytes, bool)
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let mut excerpt = BytesMut::new();
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        // The status has arrived, and it is the answer: a body that breaks off is a short body.
        let Ok(frame) = frame else {
            return (excerpt.freeze(), true);
        };
        if let Some(data) = frame.data_ref() {
            read += data.len();
            count(data.len());
            let room = wanted - excerpt.len();
            excerpt.extend_from_slice(&data[..data.len().min(room)]);
        }
        if read > LONGEST_ANSWER.max(wanted) {
            break;
        }
    }
    (excerpt.freeze(), read > wanted)
}

fn classify(error: &legacy::Error) -> HttpError {
    if let Some(body) = cause::<BodyError>(error) {
        return HttpError::Body(body.to_string());
    }
    let mut text = causes(error);
    if let Some(advice) = tls::advice(error) {
        text = format!("{text}; {advice}");
    }
    if error.is_connect() {
        HttpError::Connect(text)
    } else {
        HttpError::Broken(text)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::stream;
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;

    async fn read<E>(pieces: Vec<Result<&'static str, E>>, wanted: usize) -> (Bytes, bool) {
        let frame = |piece: Result<&'static str, E>| piece.map(|p| Frame::data(Bytes::from(p)));
        let body = StreamBody::new(stream::iter(pieces.into_iter().map(frame)));
        read_body(body, wanted, |_| ()).await
    }

    #[tokio::test]
    async fn a_body_is_returned_as_far_as_it_is_wanted() {
        let pieces = || -> Vec<Result<&str, Infallible>> { vec![Ok("one "), Ok("two")] };
        for (wanted, returned, truncated) in [
            (0, "", true),
            (3, "one", true),
            (6, "one tw", true),
            (7, "one two", false),
            (100, "one two", false),
        ] {
            assert_eq!(
                read(pieces(), wanted).await,
                (Bytes::from(returned), truncated),
                "{wanted}"
            );
        }
        let empty: Vec<Result<&str, Infallible>> = Vec::new();
        assert_eq!(read(empty, 0).await, (Bytes::new(), false));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_truncated() {
        let (returned, truncated) = read(vec![Ok("one "), Err("broken"), Ok("two")], 100).await;
        assert_eq!((&*returned, truncated), (&b"one "[..], true));
    }
}
