//! Message bodies: in memory when small, read in pieces from where they are stored when large.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::transmit::BoxFuture;

/// The body of a message. Always seekable: a retry reads it again from the start.
#[derive(Clone)]
pub enum Body {
    /// Small: travels with the message.
    Inline(Bytes),
    /// Large: stays in the message box and is read in pieces.
    Stored {
        /// Length of the whole body in bytes.
        size: u64,
        /// Where the pieces come from.
        reader: Arc<dyn BodyReader>,
    },
}

/// Reads pieces of a stored body.
pub trait BodyReader: Send + Sync {
    /// Up to `length` bytes starting at `offset`. Short reads are allowed; an empty piece means that
    /// `offset` is at or past the end.
    fn read(&self, offset: u64, length: u64) -> BoxFuture<Result<Bytes, BodyError>>;
}

/// A stored body could not be read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("cannot read the message body: {0}")]
pub struct BodyError(pub String);

impl Body {
    /// Length in bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::Stored { size, .. } => *size,
        }
    }

    /// Up to `length` bytes starting at `offset`; see [`BodyReader::read`].
    pub async fn read(&self, offset: u64, length: u64) -> Result<Bytes, BodyError> {
        match self {
            Self::Inline(bytes) => Ok(slice(bytes, offset, length)),
            Self::Stored { reader, .. } => reader.read(offset, length).await,
        }
    }

    /// The whole body, put together from as many reads as it takes.
    pub async fn read_all(&self) -> Result<Bytes, BodyError> {
        match self {
            Self::Inline(bytes) => Ok(bytes.clone()),
            Self::Stored { size, reader } => {
                let mut whole = Vec::with_capacity(usize::try_from(*size).unwrap_or(0));
                while (whole.len() as u64) < *size {
                    let piece = reader
                        .read(whole.len() as u64, size - whole.len() as u64)
                        .await?;
                    if piece.is_empty() {
                        let text = format!("ends after {} of {size} bytes", whole.len());
                        return Err(BodyError(text));
                    }
                    whole.extend_from_slice(&piece);
                }
                Ok(whole.into())
            }
        }
    }
}

fn slice(bytes: &Bytes, offset: u64, length: u64) -> Bytes {
    let start = usize::try_from(offset)
        .unwrap_or(usize::MAX)
        .min(bytes.len());
    let rest = bytes.len() - start;
    let length = usize::try_from(length).unwrap_or(usize::MAX).min(rest);
    bytes.slice(start..start + length)
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(bytes) => write!(f, "Inline({} bytes)", bytes.len()),
            Self::Stored { size, .. } => write!(f, "Stored({size} bytes)"),
        }
    }
}
