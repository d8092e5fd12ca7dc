//! The contract's `http-client` interface.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use model::Message;
use model::transmit::Delivery;
use wasmtime::Result;
use wasmtime::component::{Accessor, HasSelf, Resource};

use super::template::{NOT_GRANTED, target};
use super::{Answer, Client, HttpError, RequestOptions, RequestTemplate};
use crate::bindings::imports::http_client as wit;
use crate::context::Context;
use crate::egress::{EgressWay, Opening, Reporter};
use crate::ledger::Ticket;
use crate::limits::{Kept, PAIR};
use crate::message::LentMessage;

/// The client of the instance's thread, and who is told what it sends.
type WayOut = (Client, Arc<Reporter>);

/// One request, with everything it needs outside the store.
struct Prepared {
    template: RequestTemplate,
    headers: Vec<(String, String)>,
    ticket: Ticket,
    /// Absent when the host has taken the message back.
    delivery: Option<Arc<Delivery>>,
    _kept: Kept,
}

/// What an exchange brought, and for which message.
struct Exchanged {
    ticket: Ticket,
    /// Bytes of the message that went out; none when nothing can have been sent.
    sent: usize,
    result: Result<Answer, HttpError>,
}

impl Prepared {
    async fn send(self, client: &Client, reporter: &Reporter) -> Exchanged {
        let message = self.delivery.as_ref().map(|d| &d.message);
        let result = match message {
            Some(message) => self.exchange(message, client, reporter).await,
            None => Err(HttpError::Body(
                "the host has taken the message back".to_owned(),
            )),
        };
        // Of one that broke off, some or all has been sent.
        let sent = match &result {
            Ok(_) | Err(HttpError::Timeout | HttpError::Broken(_)) => message
                .map_or(0, |message| {
                    usize::try_from(message.body.size()).unwrap_or(usize::MAX)
                }),
            Err(_) => 0,
        };
        Exchanged {
            ticket: self.ticket,
            sent,
            result,
        }
    }

    async fn exchange(
        &self,
        message: &Message,
        client: &Client,
        reporter: &Reporter,
    ) -> Result<Answer, HttpError> {
        let template = &self.template;
        let mut exchange = reporter.begin(|| template.opening(message.id));
        let answer = client
            .send_noted(template, &self.headers, message, exchange.as_mut())
            .await;
        if let Err(HttpError::Denied(why)) = &answer {
            reporter.warn(EgressWay::HttpClient, template.host(), why);
        }
        answer
    }
}

impl Context {
    /// The port does not grant what a template is to be opened for.
    fn denied(&mut self, method: &str, url: &str) {
        self.concern_reporter();
        let opening = Opening {
            way: EgressWay::HttpClient,
            message: None,
            method: Some(method.into()),
            target: url.parse().map_or_else(|_| "".into(), |uri| target(&uri)),
        };
        self.reporter.denied(opening, None, NOT_GRANTED);
    }

    fn way_out(&self) -> WayOut {
        (self.client.clone(), self.reporter.clone())
    }

    fn prepare(
        &mut self,
        template: &Resource<RequestTemplate>,
        headers: Vec<(String, String)>,
        body: &Resource<LentMessage>,
    ) -> Result<Prepared> {
        let template = self.table.get(template)?.clone();
        let LentMessage { delivery, ticket } = self.table.get(body)?.clone();
        let template = template.for_response(delivery.max_response);
        self.touch(ticket);
        let kept = self.host_memory.keep_pairs(&headers)?;
        let delivery = self.ledger().holds(ticket).then_some(delivery);
        Ok(Prepared {
            template,
            headers,
            ticket,
            delivery,
            _kept: kept,
        })
    }
}

impl wit::HostRequestTemplate for Context {
    fn open(
        &mut self,
        options: wit::RequestOptions,
    ) -> Result<Result<Resource<RequestTemplate>, wit::HttpError>> {
        let kept = self.host_memory.keep(size_of_options(&options))?;
        let options = RequestOptions {
            method: options.method,
            url: options.url,
            headers: options.headers,
            timeout: Duration::from_millis(options.timeout),
            answer_headers: options.answer_headers,
            answer_excerpt: options.answer_excerpt,
            answer_body: options.answer_body,
        };
        let (method, url) = (options.method.clone(), options.url.clone());
        let (grants, credentials) = (&self.http_grants, &self.credentials);
        match RequestTemplate::keeping(options, grants, credentials, kept) {
            Ok(template) => Ok(Ok(self.table.push(template)?)),
            Err(error) => {
                if let HttpError::Denied(_) = &error {
                    self.denied(&method, &url);
                }
                Ok(Err(error.into()))
            }
        }
    }

    fn drop(&mut self, template: Resource<RequestTemplate>) -> Result<()> {
        self.table.delete(template)?;
        Ok(())
    }
}

impl wit::Host for Context {}

impl<T> wit::HostWithStore<T> for HasSelf<Context> {
    async fn send(
        accessor: &Accessor<T, Self>,
        template: Resource<RequestTemplate>,
        headers: Vec<(String, String)>,
        body: Resource<LentMessage>,
    ) -> Result<Result<wit::Answer, wit::HttpError>> {
        let (way_out, prepared) = accessor.with(|mut access| {
            let context = access.get();
            let prepared = context.prepare(&template, headers, &body)?;
            wasmtime::error::Ok((context.way_out(), prepared))
        })?;
        let (client, reporter) = way_out;
        let exchanged = prepared.send(&client, &reporter).await;
        Ok(accessor.with(|mut access| answer(access.get(), exchanged)))
    }

    async fn send_all(
        accessor: &Accessor<T, Self>,
        requests: Vec<wit::Request>,
    ) -> Result<Vec<Result<wit::Answer, wit::HttpError>>> {
        let (way_out, prepared) = accessor.with(|mut access| {
            let context = access.get();
            let prepare = |r: wit::Request| context.prepare(&r.template, r.headers, &r.body);
            let prepared = requests
                .into_iter()
                .map(prepare)
                .collect::<Result<Vec<_>>>()?;
            wasmtime::error::Ok((context.way_out(), prepared))
        })?;
        // A task of its own: the store is woken once for the whole bulk, not once per answer.
        let sending = AbortOnDrop(tokio::spawn(send_all(way_out, prepared)));
        let exchanged = sending.finish().await?.into_iter();
        Ok(accessor.with(|mut access| {
            let context = access.get();
            exchanged.map(|e| answer(context, e)).collect()
        }))
    }
}

/// Ends the task with its instance: a terminated guest sends no more.
struct AbortOnDrop<R>(tokio::task::JoinHandle<R>);

impl<R> AbortOnDrop<R> {
    async fn finish(mut self) -> Result<R, tokio::task::JoinError> {
        (&mut self.0).await
    }
}

impl<R> Drop for AbortOnDrop<R> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Requests of one bulk that are under way at once; more than there can be connections. One takes a few
/// kilobytes, and a guest may ask for a million.
const UNDER_WAY: usize = 256;

/// The answers in the order of the requests.
async fn send_all(way_out: WayOut, prepared: Vec<Prepared>) -> Vec<Exchanged> {
    let (client, reporter) = &way_out;
    stream::iter(prepared)
        .map(|prepared| prepared.send(client, reporter))
        .buffered(UNDER_WAY)
        .collect()
        .await
}

/// Charges an exchange to its message; returns what the guest gets of it.
fn answer(context: &mut Context, exchanged: Exchanged) -> Result<wit::Answer, wit::HttpError> {
    let Exchanged {
        ticket,
        sent,
        result,
    } = exchanged;
    let received = result.as_ref().map_or(0, |answer| answer.excerpt.len());
    context.moved(ticket, sent.saturating_add(received), sent);
    let Answer {
        status,
        headers,
        excerpt,
        truncated,
    } = result?;
    Ok(wit::Answer {
        status,
        headers,
        excerpt: excerpt.into(),
        truncated,
    })
}

/// What a template keeps of what an adapter says, in bytes.
fn size_of_options(options: &wit::RequestOptions) -> usize {
    let names = options.answer_headers.iter();
    let names: usize = names.map(|name| PAIR + name.len()).sum();
    let headers = options.headers.iter();
    let headers: usize = headers.map(|(n, v)| PAIR + n.len() + v.len()).sum();
    options.url.len() + headers + names
}

impl From<HttpError> for wit::HttpError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Invalid(text) => Self::Invalid(text),
            HttpError::Denied(text) => Self::Denied(text),
            HttpError::Connect(text) => Self::Connect(text),
            HttpError::Timeout => Self::Timeout,
            HttpError::Broken(text) => Self::Broken(text),
            HttpError::Body(text) => Self::Body(text),
        }
    }
}
