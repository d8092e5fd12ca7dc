//! Standard `wasi:http` on the port's pooled client, under the port's grants.

use std::sync::Arc;

use http::{Request, Response};
use http_body_util::BodyExt;
use wasmtime_wasi_http::{Error, RequestOptions, Result, WasiBody, WasiHttpHooks};

use super::Client;
use super::body::RequestBody;
use crate::HttpGrant;

/// Sends what a guest hands to `wasi:http`. The default sender opens a connection per request.
#[derive(Debug)]
pub(crate) struct PooledHooks {
    client: Client,
    grants: Arc<[HttpGrant]>,
}

impl PooledHooks {
    pub(crate) fn new(client: Client, grants: Arc<[HttpGrant]>) -> Self {
        Self { client, grants }
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
        let client = self.client.clone();
        let allowed = self.grants.iter().any(|grant| grant.allows(request.uri()));
        Box::new(async move {
            if !allowed {
                return Err(Error::HttpRequestDenied);
            }
            let exchange = client.request(request.map(RequestBody::Guest));
            let first_byte = options.and_then(|o| o.first_byte_timeout);
            let response = match first_byte {
                Some(limit) => tokio::time::timeout(limit, exchange)
                    .await
                    .map_err(|_| Error::ConnectionReadTimeout)?,
                None => exchange.await,
            };
            let response = response.map_err(|error| match error.is_connect() {
                true => Error::ConnectionRefused,
                false => Error::ConnectionTerminated,
            })?;
            let body = |body: hyper::body::Incoming| body.map_err(Error::from).boxed_unsync();
            Ok((response.map(body), Box::new(async { Ok(()) }) as Rest))
        })
    }
}
