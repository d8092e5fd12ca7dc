//! Writing the content of a message to a file or to the standard output.

use std::io::ErrorKind;
use std::path::Path;
use std::pin::Pin;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use futures::{Stream, TryStreamExt as _, stream};
use model::Body;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

/// Read from the box at once.
const PIECE: u64 = 256 << 10;

/// Where content goes.
pub(crate) struct Destination {
    writer: Pin<Box<dyn AsyncWrite + Send>>,
    /// As a person knows it.
    name: String,
}

impl Destination {
    /// Creates the file, or empties it; `-` is the standard output.
    pub(crate) async fn open(path: &Path) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self {
                writer: Box::pin(tokio::io::stdout()),
                name: "the standard output".to_owned(),
            });
        }
        let file = tokio::fs::File::create(path).await;
        Ok(Self {
            writer: Box::pin(file.with_context(|| format!("cannot write {}", path.display()))?),
            name: path.display().to_string(),
        })
    }

    /// Writes everything. A reader that has gone away has seen what it wanted.
    pub(crate) async fn save(
        mut self,
        content: impl Stream<Item = anyhow::Result<Bytes>>,
    ) -> anyhow::Result<()> {
        let mut content = std::pin::pin!(content);
        loop {
            let piece = content.try_next().await;
            let piece = piece.with_context(|| format!("{} is incomplete", self.name))?;
            let written = match &piece {
                Some(piece) => self.writer.write_all(piece).await,
                None => self.writer.flush().await,
            };
            match written {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
                written => written.with_context(|| format!("cannot write {}", self.name))?,
            }
            if piece.is_none() {
                return Ok(());
            }
        }
    }
}

/// The content of a message in the box, piece by piece.
pub(crate) fn pieces(body: Body) -> impl Stream<Item = anyhow::Result<Bytes>> {
    stream::try_unfold((body, 0), |(body, offset)| async move {
        if offset >= body.size() {
            return Ok(None);
        }
        let piece = body.read(offset, PIECE).await?;
        if piece.is_empty() {
            bail!("the body ends after {offset} of {} bytes", body.size());
        }
        let next = offset + piece.len() as u64;
        Ok(Some((piece, (body, next))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_saved_is_what_was_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("body");
        std::fs::write(&path, "something longer than what comes").unwrap();
        let destination = Destination::open(&path).await.unwrap();
        let body = Body::Inline(Bytes::from_static(b"<order/>"));
        destination.save(pieces(body)).await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"<order/>");
    }

    #[tokio::test]
    async fn content_that_breaks_off_is_an_error_that_names_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("body");
        let destination = Destination::open(&path).await.unwrap();
        let broken = stream::iter([
            Ok(Bytes::from_static(b"half")),
            Err(anyhow::anyhow!("connection reset")),
        ]);
        let error = destination.save(broken).await.unwrap_err();
        let expected = format!("{} is incomplete: connection reset", path.display());
        assert_eq!(format!("{error:#}"), expected);
    }
}
