//! A request body on its way in: counted, bounded, and written to the box as it comes when it is large.
//!
//! Dropping an upload half-way, because the client went away or sent too much, leaves nothing in the
//! box: a [`BodyStage`] that was never finished is taken back by the box.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use message_box::{BodyStage, MessageBox, NewBody};

use crate::problem::Problem;

/// Memory set aside at once for a body whose length is known; more only as it really arrives.
const FIRST_ALLOCATION: u64 = 8 << 20;

/// How much of a refused body is read and thrown away. A server that closes the connection while the
/// client is still sending resets it, and the client may never see why.
const DISCARD_LIMIT: u64 = 64 << 20;

/// The body of one request.
#[derive(Debug)]
pub(crate) struct Upload {
    body: Body,
    limit: u64,
    received: u64,
    /// What the client says it will send.
    declared: Option<u64>,
    /// The client waits for a word before it sends the body.
    expects_continue: bool,
}

impl Upload {
    pub(crate) fn new(body: Body, headers: &HeaderMap, limit: u64) -> Self {
        let length = headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        Self {
            body,
            limit,
            received: 0,
            declared: length,
            expects_continue: headers.contains_key(EXPECT),
        }
    }

    /// Refuses a body that says it is too large, before any of it is read.
    pub(crate) fn check_declared(&self) -> Result<(), Problem> {
        match self.declared {
            Some(length) if length > self.limit => Err(Problem::too_large(self.limit)),
            _ => Ok(()),
        }
    }

    /// The next piece; `None` at the end.
    async fn piece(&mut self) -> Result<Option<Bytes>, Problem> {
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|error| {
                Problem::malformed(format!("the body ended before its time: {error}"))
            })?;
            // Trailers are not part of a message.
            let Ok(piece) = frame.into_data() else {
                continue;
            };
            self.received += piece.len() as u64;
            if self.received > self.limit {
                return Err(Problem::too_large(self.limit));
            }
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    /// All of it, in memory.
    pub(crate) async fn whole(&mut self) -> Result<Bytes, Problem> {
        self.up_to(usize::MAX).await.map(BytesMut::freeze)
    }

    /// All of it as the body of one message: in memory up to `threshold` bytes, else in the box.
    pub(crate) async fn message_body(
        &mut self,
        message_box: &MessageBox,
        threshold: usize,
    ) -> Result<NewBody, Problem> {
        let beginning = self.up_to(threshold).await?;
        if beginning.len() <= threshold {
            return Ok(NewBody::Inline(beginning.freeze()));
        }
        let mut stage: BodyStage = message_box.stage_body().await?;
        stage.write(beginning.freeze()).await?;
        while let Some(piece) = self.piece().await? {
            stage.write(piece).await?;
        }
        Ok(NewBody::Staged(stage.finish().await?))
    }

    /// Reads until the end, or until there are more than `threshold` bytes.
    async fn up_to(&mut self, threshold: usize) -> Result<BytesMut, Problem> {
        let mut whole = BytesMut::new();
        while whole.len() <= threshold {
            match self.piece().await? {
                None => break,
                Some(piece) => {
                    if whole.is_empty() {
                        whole.reserve(self.first_allocation(piece.len()));
                    }
                    whole.extend_from_slice(&piece);
                }
            }
        }
        Ok(whole)
    }

    fn first_allocation(&self, piece: usize) -> usize {
        let declared = self.declared.unwrap_or_default().min(FIRST_ALLOCATION);
        usize::try_from(declared).unwrap_or_default().max(piece)
    }

    /// Reads and forgets what the client still sends, so that it gets to read the answer.
    pub(crate) async fn discard(&mut self) {
        if self.expects_continue && self.received == 0 {
            return;
        }
        self.limit = self.received.saturating_add(DISCARD_LIMIT);
        while let Ok(Some(_)) = self.piece().await {}
    }
}
