//! Reading a body that is stored in pieces. Keeps at most one piece in memory per body.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use model::transmit::BoxFuture;
use model::{Body, BodyError, BodyReader};
use rusqlite::{Connection, OptionalExtension};

use crate::body::{PIECE, piece_id};
use crate::reader::Reader;

/// The body of a message in the box. Readable until the message is settled for good.
#[derive(Clone, Debug)]
pub(crate) struct StoredBody(Arc<Source>);

#[derive(Debug)]
struct Source {
    reader: Reader,
    body_id: u64,
    size: u64,
    /// The piece that was read last, by its number: adapters read in steps smaller than a piece.
    last: Mutex<Option<(u64, Bytes)>>,
}

impl StoredBody {
    pub(crate) fn new(reader: Reader, body_id: u64, size: u64) -> Self {
        Self(Arc::new(Source {
            reader,
            body_id,
            size,
            last: Mutex::new(None),
        }))
    }

    pub(crate) fn into_body(self) -> Body {
        Body::Stored {
            size: self.0.size,
            reader: Arc::new(self),
        }
    }
}

impl BodyReader for StoredBody {
    /// At most to the end of the piece in which `offset` lies.
    fn read(&self, offset: u64, length: u64) -> BoxFuture<Result<Bytes, BodyError>> {
        let source = Arc::clone(&self.0);
        Box::pin(async move {
            if offset >= source.size || length == 0 {
                return Ok(Bytes::new());
            }
            let number = offset / PIECE as u64;
            let piece = source.piece(number).await?;
            let start = usize::try_from(offset % PIECE as u64).unwrap_or(usize::MAX);
            let rest = piece.len().saturating_sub(start);
            if rest == 0 {
                return Err(source.error("its pieces are shorter than its size"));
            }
            let length = usize::try_from(length).unwrap_or(usize::MAX).min(rest);
            if length == rest {
                // Read to the end; the next read wants another piece.
                *source.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
            }
            Ok(piece.slice(start..start + length))
        })
    }
}

impl Source {
    async fn piece(&self, number: u64) -> Result<Bytes, BodyError> {
        if let Some((kept, piece)) = &*self.last.lock().unwrap_or_else(PoisonError::into_inner)
            && *kept == number
        {
            return Ok(piece.clone());
        }
        let id = piece_id(self.body_id, number);
        let read = self.reader.ask(move |connection| read(connection, id));
        let piece = match read.await {
            Ok(Some(piece)) => piece,
            Ok(None) => return Err(self.error("the message was settled and its body removed")),
            Err(error) => return Err(self.error(error)),
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((number, piece.clone()));
        Ok(piece)
    }

    fn error(&self, reason: impl ToString) -> BodyError {
        BodyError(reason.to_string())
    }
}

fn read(connection: &Connection, id: i64) -> rusqlite::Result<Option<Bytes>> {
    connection
        .prepare_cached("SELECT bytes FROM piece WHERE id = ?1")?
        .query_row([id], |row| row.get::<_, Vec<u8>>(0))
        .optional()
        .map(|bytes| bytes.map(Bytes::from))
}
