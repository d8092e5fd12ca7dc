//! The body of an answer on its way to a guest through `wasi:http`.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::{Error, Result};

use super::client::InUse;
use crate::egress::Exchange;

/// Nothing of it is held here: what the guest does not read stays at the destination.
pub(super) struct StreamedBody {
    incoming: Incoming,
    between_bytes: Option<Patience>,
    under_way: Option<UnderWay>,
}

/// What there is until the body has been read to its end.
pub(super) struct UnderWay {
    /// The connection counts as used.
    pub(super) in_use: InUse,
    pub(super) exchange: Option<Exchange>,
    /// Counts the body's bytes.
    pub(super) received: Arc<AtomicU64>,
}

/// The longest time between two pieces.
struct Patience {
    limit: Duration,
    up: Pin<Box<Sleep>>,
}

impl StreamedBody {
    pub(super) fn new(
        incoming: Incoming,
        between_bytes: Option<Duration>,
        under_way: UnderWay,
    ) -> Self {
        let patience = |limit| Patience {
            limit,
            up: Box::pin(tokio::time::sleep(limit)),
        };
        let mut body = Self {
            between_bytes: between_bytes.map(patience),
            under_way: Some(under_way),
            incoming,
        };
        // Nobody reads a body that is empty.
        if body.incoming.is_end_stream() {
            body.ended(None);
        }
        body
    }

    fn ended(&mut self, error: Option<&Error>) {
        let Some(UnderWay {
            in_use, exchange, ..
        }) = self.under_way.take()
        else {
            return;
        };
        drop(in_use);
        if let Some(mut exchange) = exchange {
            match error {
                Some(error) => exchange.failed(error),
                None => exchange.finished(),
            }
        }
    }

    fn came(&mut self, frame: &Frame<Bytes>) {
        if let Some(Patience { limit, up }) = &mut self.between_bytes {
            up.as_mut().reset(Instant::now() + *limit);
        }
        if let (Some(under_way), Some(data)) = (&mut self.under_way, frame.data_ref()) {
            let bytes = data.len();
            under_way
                .received
                .fetch_add(bytes as u64, Ordering::Relaxed);
            if let Some(exchange) = &mut under_way.exchange {
                exchange.received(bytes);
            }
        }
        if self.incoming.is_end_stream() {
            self.ended(None);
        }
    }
}

impl Body for StreamedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let frame = match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(frame) => frame.map(|frame| frame.map_err(Error::from)),
            Poll::Pending => {
                let Some(Patience { up, .. }) = &mut self.between_bytes else {
                    return Poll::Pending;
                };
                ready!(up.as_mut().poll(cx));
                Some(Err(Error::ConnectionReadTimeout))
            }
        };
        match &frame {
            Some(Ok(frame)) => self.came(frame),
            Some(Err(error)) => self.ended(Some(error)),
            None => self.ended(None),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
