//! Sends each message through the standard HTTP client, `wasi:http` 0.3, its body as a stream, and follows
//! one redirect.
//!
//! Shows that nobody needs sendport's own HTTP interface, and how an adapter brings an import that
//! the SDK knows nothing of: bindings of its own, over the SDK's runtime.

#![forbid(unsafe_code)]

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        missing_debug_implementations,
        reason = "generated"
    )]
    sendport_guest::wit_bindgen::generate!({
        inline: "
            package test:wasi-http-adapter;

            world imports {
                import wasi:http/client@0.3.0;
            }
        ",
        path: "../../../wit",
        world: "imports",
        generate_all,
        runtime_path: "sendport_guest::wit_bindgen::rt",
    });
}

use bindings::wasi::http::client;
use bindings::wasi::http::types::{ErrorCode, Fields, Method, Request, Response, Scheme};
use bindings::{wit_future, wit_stream};
use futures::future::join;
use sendport_guest::{
    Configuration, ErrorInfo, Failure, Message, Outcome, SendAdapter, TransportInfo,
};

struct WasiHttp;

const PIECE: u64 = 64 * 1024;

impl SendAdapter for WasiHttp {
    fn describe() -> TransportInfo {
        TransportInfo::new("HTTP", "Standard HTTP adapter", env!("CARGO_PKG_VERSION"))
            .description("Posts each message through wasi:http.")
            .prefix("http://")
            .prefix("https://")
    }

    fn load(_handler: Configuration) -> Result<Self, ErrorInfo> {
        Ok(Self)
    }

    async fn send(&self, message: &Message) -> Outcome {
        let (mut body, contents) = wit_stream::new();
        let (_, trailers) = wit_future::new(|| Ok(None));
        let (request, _) = Request::new(Fields::new(), Some(contents), trailers, None);
        direct(&request, &message.address()).map_err(Failure::permanent)?;
        let write = async move {
            for piece in message.pieces(PIECE) {
                if !body.write_all(piece).await.is_empty() {
                    // The destination has heard enough; its answer says why.
                    break;
                }
            }
        };
        let (answer, ()) = join(client::send(request), write).await;
        outcome(follow(answer).await).await
    }
}

/// Goes where an answer sends it, with requests of its own: to the host, they are like all others.
async fn follow(answer: Result<Response, ErrorCode>) -> Result<Response, ErrorCode> {
    let response = answer?;
    let location = response.get_headers().get("location").into_iter().next();
    match location {
        Some(location) if (300..400).contains(&response.get_status_code()) => {
            let (_, trailers) = wit_future::new(|| Ok(None));
            let (request, _) = Request::new(Fields::new(), None, trailers, None);
            let location = String::from_utf8_lossy(&location).into_owned();
            direct(&request, &location).map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
            client::send(request).await
        }
        _ => Ok(response),
    }
}

/// Points the request at the address.
fn direct(request: &Request, address: &str) -> Result<(), ErrorInfo> {
    let invalid = || {
        ErrorInfo::new(
            "http-invalid-request",
            format!("{address:?} is no HTTP address"),
        )
    };
    let (scheme, rest) = address.split_once("://").ok_or_else(invalid)?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return Err(invalid()),
    };
    let path = if path.is_empty() { "/" } else { path };
    request
        .set_method(&Method::Post)
        .and_then(|()| request.set_scheme(Some(&scheme)))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(path)))
        .map_err(|()| invalid())
}

async fn outcome(answer: Result<Response, ErrorCode>) -> Outcome {
    let response = answer.map_err(|error| {
        Failure::retryable(ErrorInfo::new("http-no-answer", format!("{error:?}")))
    })?;
    let status = response.get_status_code();
    // The connection is free for the next request when the answer has been read to its end.
    let (_, read) = wit_future::new(|| Ok(()));
    let (body, _) = Response::consume_body(response, read);
    body.collect().await;
    let error = || {
        ErrorInfo::new(
            format!("http-{status}"),
            format!("the destination answered {status}"),
        )
    };
    match status {
        200..300 => Ok(()),
        500..600 => Err(Failure::retryable(error())),
        _ => Err(Failure::permanent(error())),
    }
}

sendport_guest::export_send_adapter!(WasiHttp);
