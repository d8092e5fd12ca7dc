//! One request and its answer.

use std::error::Error as _;

use bytes::{Bytes, BytesMut};
use http::Response;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::client::legacy;
use model::{Body, BodyError};

use super::Client;
use super::template::RequestTemplate;

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
    /// The port does not grant the address.
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

/// What is read of an answer's body so that the connection can be used again; longer ones cost theirs.
const LONGEST_ANSWER: usize = 1024 * 1024;

impl Client {
    /// Sends a message's body as one request and waits for the answer.
    pub async fn send(
        &self,
        template: &RequestTemplate,
        headers: &[(String, String)],
        body: &Body,
    ) -> Result<Answer, HttpError> {
        let request = template.request(headers, body)?;
        let exchange = async {
            let response = self.request(request).await.map_err(|e| classify(&e))?;
            read_answer(response, template).await
        };
        match tokio::time::timeout(template.0.timeout, exchange).await {
            Ok(result) => result,
            Err(_) => Err(HttpError::Timeout),
        }
    }
}

async fn read_answer(
    response: Response<Incoming>,
    template: &RequestTemplate,
) -> Result<Answer, HttpError> {
    let (parts, body) = response.into_parts();
    let status = parts.status.as_u16();
    let (excerpt, truncated) = read_body(body, template.wanted_of(status)).await;
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
async fn read_body<B>(mut body: B, wanted: usize) -> (Bytes, bool)
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
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(body) = cause.downcast_ref::<BodyError>() {
            return HttpError::Body(body.to_string());
        }
        text = format!("{text}: {cause}");
        source = cause.source();
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
        read_body(body, wanted).await
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
