//! Talking to a running host over HTTP, as `publish` and `status` do.

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty};
use hyper::header::CONTENT_TYPE;
use hyper::{Request, StatusCode, Uri};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;

use crate::cli::HostArguments;
use crate::config::Config;

/// A body that may be read from a file while it is sent.
pub(crate) type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// Who takes the request: the running host, or nobody, and then the box can be opened directly.
pub(crate) enum Target {
    Host(Client),
    Nobody(Config),
}

/// A host that answered.
pub(crate) struct Client {
    url: String,
    http: legacy::Client<HttpConnector, Body>,
}

/// The members of a problem document that a person should read.
#[derive(Deserialize)]
struct Problem {
    title: String,
    detail: String,
}

impl Target {
    /// Finds out whether the host is running.
    pub(crate) async fn find(arguments: &HostArguments) -> anyhow::Result<Self> {
        if let Some(url) = &arguments.url {
            let client = Client::new(url)?;
            if client.answers().await? {
                return Ok(Self::Host(client));
            }
            bail!(
                "no host answers at {url}; start it, or open its message box directly with \
                 --config instead of --url"
            );
        }
        let config = Config::load(&arguments.config)?;
        let client = Client::new(&config.host.url())?;
        if client.answers().await? {
            Ok(Self::Host(client))
        } else {
            Ok(Self::Nobody(config))
        }
    }
}

impl Client {
    fn new(url: &str) -> anyhow::Result<Self> {
        let uri: Uri = url.parse().with_context(|| {
            format!("{url:?} is not a URL; write for example http://127.0.0.1:8480")
        })?;
        if uri.scheme_str() != Some("http") || uri.host().is_none() {
            bail!("{url:?} cannot be reached: use an http URL, for example http://127.0.0.1:8480");
        }
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            http: legacy::Client::builder(TokioExecutor::new()).build_http(),
        })
    }

    /// True when a host is there, false when nobody is. Somebody else is an error.
    async fn answers(&self) -> anyhow::Result<bool> {
        let request = self.request("GET", "/healthz").body(empty())?;
        match self.http.request(request).await {
            Ok(answer) if answer.status() == StatusCode::OK => Ok(true),
            Ok(answer) => bail!(
                "what answers at {} is no sendport host: GET /healthz gave {}",
                self.url,
                answer.status()
            ),
            Err(error) if error.is_connect() => Ok(false),
            Err(error) => Err(error).with_context(|| format!("cannot talk to {}", self.url)),
        }
    }

    /// A request to one of the host's paths.
    pub(crate) fn request(&self, method: &str, path: &str) -> hyper::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
    }

    /// Sends the request and returns the answer's body; an answer that is no success is an error with
    /// the host's reason.
    pub(crate) async fn send(&self, request: Request<Body>) -> anyhow::Result<Bytes> {
        let context = || format!("the host at {} did not answer", self.url);
        let answer = self.http.request(request).await.with_context(context)?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.with_context(context)?.to_bytes();
        if head.status.is_success() {
            return Ok(body);
        }
        let is_problem = head
            .headers
            .get(CONTENT_TYPE)
            .is_some_and(|value| value == "application/problem+json");
        let problem = is_problem.then(|| serde_json::from_slice::<Problem>(&body));
        match problem {
            Some(Ok(Problem { title, detail })) => {
                bail!(
                    "the host refused it ({}, {title}): {detail}",
                    head.status.as_u16()
                )
            }
            _ => bail!("the host at {} answered {}", self.url, head.status),
        }
    }
}

/// No body.
pub(crate) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}
