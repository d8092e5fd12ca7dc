//! The file or stream that a message's body is read from, piece by piece.

use std::io;
use std::path::Path;
use std::pin::Pin;

use anyhow::{Context as _, bail};
use bytes::{Bytes, BytesMut};
use futures::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use message_box::{BodyStage, MessageBox, NewBody};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::client::Body;

/// Large enough that a system call per piece does not matter.
const PIECE: usize = 256 << 10;

/// What is to become a body.
pub(crate) struct Input {
    reader: Pin<Box<dyn AsyncRead + Send>>,
    /// As a person knows it.
    name: String,
    /// Known for files.
    pub(crate) size: Option<u64>,
}

impl Input {
    /// Opens the file; `-` is the standard input.
    pub(crate) async fn open(path: &Path) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self {
                reader: Box::pin(tokio::io::stdin()),
                name: "the standard input".to_owned(),
                size: None,
            });
        }
        let cannot_read = || format!("cannot read {}", path.display());
        let file = tokio::fs::File::open(path)
            .await
            .with_context(cannot_read)?;
        let about = file.metadata().await.with_context(cannot_read)?;
        if about.is_dir() {
            bail!("{} is a directory; name a file", path.display());
        }
        Ok(Self {
            // A pipe or a device has no length of its own.
            size: about.is_file().then_some(about.len()),
            reader: Box::pin(file),
            name: path.display().to_string(),
        })
    }

    /// The next piece; `None` at the end.
    pub(crate) async fn piece(&mut self) -> io::Result<Option<Bytes>> {
        let mut piece = BytesMut::with_capacity(PIECE);
        let read = self.reader.read_buf(&mut piece).await?;
        Ok((read > 0).then(|| piece.freeze()))
    }

    /// All of it.
    pub(crate) async fn whole(&mut self) -> io::Result<Bytes> {
        let mut whole = Vec::new();
        self.reader.read_to_end(&mut whole).await?;
        Ok(whole.into())
    }

    /// All of it as the body of one message: in memory up to `threshold` bytes, else in the box. A body
    /// that ends half-way leaves nothing there.
    pub(crate) async fn message_body(
        &mut self,
        message_box: &MessageBox,
        threshold: usize,
    ) -> anyhow::Result<NewBody> {
        let mut beginning = BytesMut::new();
        let mut stage: Option<BodyStage> = None;
        loop {
            let piece = self.piece().await;
            let piece = piece.with_context(|| format!("cannot read {}", self.name))?;
            let Some(piece) = piece else {
                break;
            };
            match &mut stage {
                Some(stage) => stage.write(piece).await?,
                None if beginning.len() + piece.len() <= threshold => {
                    beginning.extend_from_slice(&piece);
                }
                None => {
                    let opened = stage.insert(message_box.stage_body().await?);
                    opened.write(beginning.split().freeze()).await?;
                    opened.write(piece).await?;
                }
            }
        }
        Ok(match stage {
            Some(stage) => NewBody::Staged(stage.finish().await?),
            None => NewBody::Inline(beginning.freeze()),
        })
    }

    /// As the body of a request, read while it is sent.
    pub(crate) fn into_body(self) -> Body {
        let pieces = stream::try_unfold(self, |mut input| async move {
            let piece = input.piece().await?;
            Ok::<_, io::Error>(piece.map(|piece| (Frame::data(piece), input)))
        });
        StreamBody::new(pieces).boxed_unsync()
    }
}
