//! Standard `wasi:http` on the port's pooled client, under the port's grants.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use model::{Body, MessageId};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use wasmtime_wasi_http::{Error, RequestOptions, Result, WasiBody, WasiHttpHooks};

use super::body::RequestBody;
use super::client::{InUse, cause, causes};
use super::exchange::remote;
use super::streamed::{StreamedBody, UnderWay};
use super::template::{NOT_GRANTED, target};
use super::{Client, tls};
use crate::bill::Traffic;
use crate::credentials::{Covered, HELD_AT_ONCE, LARGEST_HELD, SignError};
use crate::egress::{EgressWay, Exchange, Opening, Prohibited, Reporter};
use crate::{Credentials, HttpGrant};

/// Sends what a guest hands to `wasi:http`. The default sender opens a connection per request.
#[derive(Debug)]
pub(crate) struct PooledHooks {
    client: Client,
    grants: Arc<[HttpGrant]>,
    credentials: Credentials,
    only_message: Option<MessageId>,
    reporter: Arc<Reporter>,
    traffic: Traffic,
    /// For bodies that are held until they are signed and sent.
    holding: Arc<Semaphore>,
}

impl PooledHooks {
    pub(crate) fn new(
        client: Client,
        grants: Arc<[HttpGrant]>,
        credentials: Credentials,
        reporter: Arc<Reporter>,
        traffic: Traffic,
    ) -> Self {
        Self {
            client,
            grants,
            credentials,
            only_message: None,
            reporter,
            traffic,
            holding: Arc::new(Semaphore::new(HELD_AT_ONCE)),
        }
    }

    /// The message that the next request must be about: the only one that the instance holds.
    pub(crate) fn set_only_message(&mut self, id: Option<MessageId>) {
        self.only_message = id;
    }

    /// The grant that covers a request. CONNECT would make the destination a way to others.
    fn grant(&self, request: &Request<WasiBody>) -> Option<&HttpGrant> {
        let mut grants = self.grants.iter();
        let grant = grants.find(|grant| grant.allows(request.uri()));
        grant.filter(|_| request.method() != Method::CONNECT)
    }
}

/// Processing of the rest of an exchange; nothing is left to do once the client has it.
type Rest = Box<dyn Future<Output = Result<()>> + Send>;

impl WasiHttpHooks for PooledHooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _rest: Rest,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Rest)>> + Send> {
        let Some(grant) = self.grant(&request) else {
            self.reporter.denied(opening(&request), None, NOT_GRANTED);
            return Box::new(async { Err(Error::HttpRequestDenied) });
        };
        let opening = || (opening(&request), grant.to_string().into());
        let mut exchange = self.reporter.begin(opening);
        let (client, reporter) = (self.client.clone(), self.reporter.clone());
        let covered = self.credentials.of(request.uri());
        let (only_message, holding) = (self.only_message, self.holding.clone());
        let traffic = self.traffic.clone();
        Box::new(async move {
            let is_covered = covered.is_some();
            // The semaphore is never closed.
            let _held = match covered.as_ref().is_some_and(Covered::sign) {
                true => holding.acquire().await.ok(),
                false => None,
            };
            let request = match &covered {
                Some(credentials) => authorized(request, credentials, only_message).await,
                None => Ok(request.map(RequestBody::Guest)),
            };
            if let (Err(error), Some(exchange)) = (&request, &mut exchange) {
                exchange.failed(error);
            }
            let request = request?.map(|body| body.counted(traffic.sent()));
            let under_way = (exchange, traffic.received());
            let options = options.unwrap_or_default();
            let sending = send(&client, request, is_covered, options, under_way);
            let response = sending.await.map_err(|failure| failure.tell(&reporter))?;
            let body = |body: StreamedBody| body.boxed_unsync();
            Ok((response.map(body), Box::new(async { Ok(()) }) as Rest))
        })
    }
}

fn opening(request: &Request<WasiBody>) -> Opening {
    Opening {
        way: EgressWay::WasiHttp,
        message: None,
        method: Some(request.method().as_str().into()),
        target: target(request.uri()),
    }
}

/// Why there is no answer.
enum Failure {
    TimedOut(Error),
    Broken(legacy::Error),
}

impl Failure {
    /// What a guest is told. That a name may not be dialled is said in the host's log, too.
    fn tell(self, reporter: &Reporter) -> Error {
        match self {
            Self::TimedOut(error) => error,
            Self::Broken(error) => match cause::<Prohibited>(&error) {
                Some(prohibited) => {
                    let why = prohibited.to_string();
                    reporter.warn(EgressWay::WasiHttp, &prohibited.name, &why);
                    Error::HttpRequestDenied
                }
                None if tls::advice(&error).is_some() => Error::TlsCertificateError,
                None if error.is_connect() => Error::ConnectionRefused,
                None => Error::ConnectionTerminated,
            },
        }
    }

    fn note(&self, exchange: &mut Exchange) {
        match self {
            Self::TimedOut(error) => exchange.failed(error),
            Self::Broken(error) => match cause(error) {
                Some(prohibited) => exchange.prohibited(prohibited),
                None => exchange.failed(causes(error)),
            },
        }
    }
}

async fn send(
    client: &Client,
    mut request: Request<RequestBody>,
    covered: bool,
    options: RequestOptions,
    (mut exchange, received): (Option<Exchange>, Arc<AtomicU64>),
) -> Result<Response<StreamedBody>, Failure> {
    if let Some(exchange) = &exchange {
        let sent = exchange.sent();
        request = request.map(|body| body.counted(sent));
    }
    let connecting = options
        .connect_timeout
        .map(|limit| (limit, capture_connection(&mut request)));
    let answering = client.request(request, covered);
    let answer = in_time(answering, connecting, options.first_byte_timeout).await;
    if let (Err(failure), Some(exchange)) = (&answer, &mut exchange) {
        failure.note(exchange);
    }
    let (response, in_use) = answer?;
    if let Some(exchange) = &mut exchange {
        exchange.answered(response.status().as_u16(), remote(&response));
    }
    let under_way = UnderWay {
        in_use,
        exchange,
        received,
    };
    Ok(response.map(|body| StreamedBody::new(body, options.between_bytes_timeout, under_way)))
}

type Answered = (Response<Incoming>, InUse);

/// Waits for a connection for as long as the guest would, and from then on for an answer.
async fn in_time(
    answering: impl Future<Output = Result<Answered, legacy::Error>>,
    connecting: Option<(Duration, CaptureConnection)>,
    first_byte: Option<Duration>,
) -> Result<Answered, Failure> {
    let mut answering = pin!(answering);
    if let Some((limit, mut connection)) = connecting {
        let connected = async { drop(connection.wait_for_connection_metadata().await) };
        tokio::select! {
            biased;
            answer = &mut answering => return answer.map_err(Failure::Broken),
            connected = timeout(limit, connected) => {
                connected.map_err(|_| Failure::TimedOut(Error::ConnectionTimeout))?;
            }
        }
    }
    let answer = match first_byte {
        Some(limit) => timeout(limit, answering)
            .await
            .map_err(|_| Failure::TimedOut(Error::ConnectionReadTimeout))?,
        None => answering.await,
    };
    answer.map_err(Failure::Broken)
}

/// The guest's request with the port's credentials. One that is signed is held until its body is complete.
async fn authorized(
    request: Request<WasiBody>,
    credentials: &Covered,
    only_message: Option<MessageId>,
) -> Result<Request<RequestBody>> {
    let (mut head, body) = request.into_parts();
    credentials.authorize(&mut head.headers);
    if !credentials.sign() {
        return Ok(Request::from_parts(head, RequestBody::Guest(body)));
    }
    let id = only_message.ok_or_else(|| unsigned(NOT_ONE_MESSAGE))?;
    let body = Body::Inline(whole(body).await?);
    let signed = credentials.sign_as(&mut head.headers, id, &body).await;
    signed.map_err(|error: SignError| unsigned(&error.to_string()))?;
    Ok(Request::from_parts(head, RequestBody::of_message(&body)))
}

/// Why a request is not signed that could be about any message.
const NOT_ONE_MESSAGE: &str = "the port signs its requests with the id of their message, and the adapter \
    holds no message or several; set open-calls = 1 on the port, or send through sendport:adapter/http-client";

fn unsigned(problem: &str) -> Error {
    Error::InternalError(Some(format!("the request was not signed: {problem}")))
}

async fn whole(body: WasiBody) -> Result<Bytes> {
    let limit = usize::try_from(LARGEST_HELD).unwrap_or(usize::MAX);
    let collected = Limited::new(body, limit).collect().await;
    let collected = collected.map_err(|error| match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) if error.is::<LengthLimitError>() => {
            Error::HttpRequestBodySize(Some(LARGEST_HELD))
        }
        Err(error) => Error::InternalError(Some(error.to_string())),
    })?;
    match collected.trailers() {
        None => Ok(collected.to_bytes()),
        Some(_) => Err(unsigned("it has trailers, which no signature covers")),
    }
}

#[cfg(test)]
mod tests;
