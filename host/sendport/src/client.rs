//! Talking to a running host over HTTP.

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

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
        self.collect(self.open(request).await?).await
    }

    /// [`Self::send`] without a body, for an answer in JSON.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
    ) -> anyhow::Result<T> {
        let request = self.request(method, path).body(empty())?;
        understood(&self.send(request).await?)
    }

    /// [`Self::send`] with a body in JSON, for an answer in JSON.
    pub(crate) async fn tell<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        let text = serde_json::to_vec(body).context("cannot write the request")?;
        let request = self.request(method, path);
        let request = request.header(CONTENT_TYPE, "application/json");
        let body = Full::from(text)
            .map_err(|never| match never {})
            .boxed_unsync();
        understood(&self.send(request.body(body)?).await?)
    }

    /// Sends the request and returns the answer, its body still to be read, if it is a success.
    pub(crate) async fn open(&self, request: Request<Body>) -> anyhow::Result<Response<Incoming>> {
        let answer = self.http.request(request).await;
        let answer = answer.with_context(|| self.no_answer())?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let is_problem = answer
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|value| value == "application/problem+json");
        let body = self.collect(answer).await?;
        let problem = is_problem.then(|| serde_json::from_slice::<Problem>(&body));
        match problem {
            Some(Ok(Problem { title, detail })) => {
                let what = match status.is_server_error() {
                    true => "could not do it",
                    false => "refused it",
                };
                let status = status.as_u16();
                bail!("the host {what} ({status}, {title}): {detail}")
            }
            _ => bail!("the host at {} answered {status}", self.url),
        }
    }

    /// The whole body of an answer.
    pub(crate) async fn collect(&self, answer: Response<Incoming>) -> anyhow::Result<Bytes> {
        let body = answer.into_body().collect().await;
        Ok(body.with_context(|| self.no_answer())?.to_bytes())
    }

    fn no_answer(&self) -> String {
        format!("the host at {} did not answer", self.url)
    }
}

/// The host's JSON.
pub(crate) fn understood<T: DeserializeOwned>(answer: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(answer)
        .context("the host's answer is not understood; is it of the same version as this program?")
}

/// A path with a query.
pub(crate) fn with_query(path: &str, query: &impl Serialize) -> anyhow::Result<String> {
    let query = serde_urlencoded::to_string(query).context("cannot write the request")?;
    Ok(match query.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{query}"),
    })
}

/// A text as one segment of a path.
pub(crate) fn segment(text: &str) -> impl std::fmt::Display {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
}

/// No body.
pub(crate) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_are_encoded() {
        let path = format!("/v1/adapters/{}/terminate", segment("my adapter/2"));
        let query = [
            ("deadline", "1m 30s"),
            ("since", "2026-01-31T18:00:00+01:00"),
        ];
        assert_eq!(
            with_query(&path, &query).unwrap(),
            "/v1/adapters/my%20adapter%2F2/terminate\
             ?deadline=1m+30s&since=2026-01-31T18%3A00%3A00%2B01%3A00"
        );
        assert_eq!(
            with_query("/v1/status", &[("", ""); 0]).unwrap(),
            "/v1/status"
        );
    }
}
