//! Requests, by both interfaces a guest can use.

use crate::bindings::sendport::adapter::http_client::{
    self, HttpError, RequestOptions, RequestTemplate,
};
use crate::bindings::sendport::adapter::types::Message;
use crate::bindings::wasi::http::client;
use crate::bindings::wasi::http::types::{Fields, Method, Request, Response, Scheme};
use crate::bindings::wit_future;

/// What a request has in common with others.
pub(crate) fn options(url: &str) -> RequestOptions {
    RequestOptions {
        method: "POST".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        timeout: u64::MAX,
        answer_headers: vec!["location".to_owned()],
        answer_excerpt: u32::MAX,
        answer_body: u32::MAX,
    }
}

/// Posts the message there with the host's client; what came of it, in words.
pub(crate) async fn post(url: &str, msg: &Message) -> Result<http_client::Answer, String> {
    let words = |error: HttpError| format!("{error:?}");
    let template = RequestTemplate::open(&options(url)).map_err(words)?;
    http_client::send(&template, Vec::new(), msg)
        .await
        .map_err(words)
}

/// A request to that URL with the standard client.
pub(crate) async fn get(url: &str) -> Result<Response, String> {
    let (scheme, rest) = url.split_once("://").ok_or("no URL")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let scheme = match scheme {
        "https" => Scheme::Https,
        _ => Scheme::Http,
    };
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (request, _) = Request::new(Fields::new(), None, trailers, None);
    request
        .set_method(&Method::Get)
        .and_then(|()| request.set_scheme(Some(&scheme)))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(path).filter(|path| !path.is_empty())))
        .map_err(|()| format!("{url:?} is no URL"))?;
    client::send(request)
        .await
        .map_err(|error| format!("{error:?}"))
}
