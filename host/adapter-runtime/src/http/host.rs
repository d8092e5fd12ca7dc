//! The contract's `http-client` interface.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use model::transmit::Delivery;
use wasmtime::Result;
use wasmtime::component::{Accessor, HasSelf, Resource};

use super::template::{NOT_GRANTED, target};
use super::{Answer, Client, HttpError, RequestOptions, RequestTemplate};
use crate::bindings::imports::http_client as wit;
use crate::context::Context;
use crate::egress::{EgressWay, Opening, Reporter};
use crate::message::LentMessage;

/// The client of the instance's thread, and who is told what it sends.
type WayOut = (Client, Arc<Reporter>);

/// One request, with everything it needs outside the store.
struct Prepared {
    template: RequestTemplate,
    headers: Vec<(String, String)>,
    /// Absent when the host has taken the message back.
    delivery: Option<Arc<Delivery>>,
}

impl Prepared {
    async fn send(self, client: &Client, reporter: &Reporter) -> Result<Answer, HttpError> {
        let Some(delivery) = &self.delivery else {
            let text = "the host has taken the message back";
            return Err(HttpError::Body(text.to_owned()));
        };
        let (template, message) = (&self.template, &delivery.message);
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
        let lent = self.table.get(body)?;
        let delivery = self
            .ledger
            .holds(lent.ticket)
            .then(|| lent.delivery.clone());
        Ok(Prepared {
            template,
            headers,
            delivery,
        })
    }
}

impl wit::HostRequestTemplate for Context {
    fn open(
        &mut self,
        options: wit::RequestOptions,
    ) -> Result<Result<Resource<RequestTemplate>, wit::HttpError>> {
        self.cpu.reset();
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
        match RequestTemplate::open(options, &self.http_grants, &self.credentials) {
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
            context.cpu.reset();
            let prepared = context.prepare(&template, headers, &body)?;
            wasmtime::error::Ok((context.way_out(), prepared))
        })?;
        let (client, reporter) = way_out;
        Ok(answer(prepared.send(&client, &reporter).await))
    }

    async fn send_all(
        accessor: &Accessor<T, Self>,
        requests: Vec<wit::Request>,
    ) -> Result<Vec<Result<wit::Answer, wit::HttpError>>> {
        let (way_out, prepared) = accessor.with(|mut access| {
            let context = access.get();
            context.cpu.reset();
            let prepare = |r: wit::Request| context.prepare(&r.template, r.headers, &r.body);
            let prepared = requests
                .into_iter()
                .map(prepare)
                .collect::<Result<Vec<_>>>()?;
            wasmtime::error::Ok((context.way_out(), prepared))
        })?;
        // A task of its own: the store is woken once for the whole bulk, not once per answer.
        let sending = AbortOnDrop(tokio::spawn(send_all(way_out, prepared)));
        Ok(sending.finish().await?.into_iter().map(answer).collect())
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

/// The answers in the order of the requests.
async fn send_all(way_out: WayOut, prepared: Vec<Prepared>) -> Vec<Result<Answer, HttpError>> {
    let count = prepared.len();
    let (client, reporter) = &way_out;
    let numbered = |(i, p): (usize, Prepared)| async move { (i, p.send(client, reporter).await) };
    let mut sending: FuturesUnordered<_> = prepared.into_iter().enumerate().map(numbered).collect();
    let mut answers: Vec<_> = (0..count).map(|_| Err(HttpError::Timeout)).collect();
    while let Some((i, answer)) = sending.next().await {
        answers[i] = answer;
    }
    answers
}

fn answer(result: Result<Answer, HttpError>) -> Result<wit::Answer, wit::HttpError> {
    match result {
        Ok(Answer {
            status,
            headers,
            excerpt,
            truncated,
        }) => Ok(wit::Answer {
            status,
            headers,
            excerpt: excerpt.into(),
            truncated,
        }),
        Err(error) => Err(error.into()),
    }
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
