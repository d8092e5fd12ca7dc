//! Request bodies: a message's body straight from the box, or what a guest streams through `wasi:http`.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use model::transmit::BoxFuture;
use model::{Body, BodyError};
use wasmtime_wasi_http::WasiBody;

/// What is read of a stored body at a time.
const PIECE: u64 = 256 * 1024;

/// A request body.
pub(crate) enum RequestBody {
    /// In memory, sent at once.
    Inline(Option<Bytes>),
    /// Read from the box while it is sent: never whole in memory.
    Stored(Pieces),
    /// From a guest.
    Guest(WasiBody),
    /// Any of them, while somebody wants to know how much of it was sent.
    Counted(Box<Self>, Arc<AtomicU64>),
}

/// A stored body on its way.
pub(crate) struct Pieces {
    body: Body,
    sent: u64,
    reading: Option<BoxFuture<Result<Bytes, BodyError>>>,
}

impl RequestBody {
    pub(crate) fn of_message(body: &Body) -> Self {
        match body {
            Body::Inline(bytes) => Self::Inline(Some(bytes.clone()).filter(|b| !b.is_empty())),
            Body::Stored { .. } => Self::Stored(Pieces {
                body: body.clone(),
                sent: 0,
                reading: None,
            }),
        }
    }

    /// The same body; what is handed over to be sent is added up there.
    pub(crate) fn counted(self, sent: Arc<AtomicU64>) -> Self {
        Self::Counted(Box::new(self), sent)
    }
}

impl Pieces {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let size = self.body.size();
        if self.sent >= size {
            return Poll::Ready(None);
        }
        let reading = self.reading.get_or_insert_with(|| {
            let (body, offset) = (self.body.clone(), self.sent);
            Box::pin(async move { body.read(offset, PIECE).await })
        });
        let result = ready!(reading.as_mut().poll(cx));
        self.reading = None;
        Poll::Ready(Some(result.and_then(|piece| {
            self.sent += piece.len() as u64;
            // An early end would make the connection wait for bytes that never come.
            match piece.is_empty() {
                true => Err(BodyError(format!(
                    "ends after {} of {size} bytes",
                    self.sent
                ))),
                false => Ok(piece),
            }
        })))
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut *self {
            Self::Inline(bytes) => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            Self::Stored(pieces) => {
                let piece = ready!(pieces.poll_piece(cx));
                Poll::Ready(piece.map(|p| p.map(Frame::data).map_err(Into::into)))
            }
            Self::Guest(body) => {
                let frame = ready!(Pin::new(body).poll_frame(cx));
                Poll::Ready(frame.map(|f| f.map_err(Into::into)))
            }
            Self::Counted(body, sent) => {
                let frame = ready!(Pin::new(&mut **body).poll_frame(cx));
                if let Some(Some(data)) = frame.as_ref().map(|f| f.as_ref().ok()?.data_ref()) {
                    sent.fetch_add(data.len() as u64, Ordering::Relaxed);
                }
                Poll::Ready(frame)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Inline(bytes) => bytes.is_none(),
            Self::Stored(pieces) => pieces.sent >= pieces.body.size(),
            Self::Guest(body) => body.is_end_stream(),
            Self::Counted(body, _) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Inline(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64))
            }
            Self::Stored(pieces) => SizeHint::with_exact(pieces.body.size() - pieces.sent),
            Self::Guest(body) => body.size_hint(),
            Self::Counted(body, _) => body.size_hint(),
        }
    }
}
