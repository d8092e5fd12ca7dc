//! The body of a message and the content of a file: writing the one to the other, and comparing them.
//!
//! Both go in pieces, so that a message may be larger than the memory of the instance.

use sendport_guest::wit_bindgen::rt::async_support::StreamResult;
use sendport_guest::{ErrorInfo, Failure, Message};

use crate::bindings::{Descriptor, wit_stream};
use crate::failure::failed;

/// How much of a body is in the instance at once.
const PIECE: u64 = 256 * 1024;

/// Where a body goes in a file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// From the first byte on.
    Start,
    /// After the last byte.
    End,
}

/// Writes the whole body. After an error, part of it may stand in the file.
pub(crate) async fn write(
    file: &Descriptor,
    place: Place,
    message: &Message,
    doing: &str,
) -> Result<(), Failure> {
    let (mut writer, reader) = wit_stream::new();
    let written = match place {
        Place::Start => file.write_via_stream(reader, 0),
        Place::End => file.append_via_stream(reader),
    };
    let mut length = 0;
    for piece in message.pieces(PIECE) {
        length += piece.len() as u64;
        // What is not taken is an error, and `written` says which.
        if !writer.write_all(piece).await.is_empty() {
            break;
        }
    }
    drop(writer);
    written.await.map_err(|e| failed(doing, &e))?;
    if length == message.size() {
        Ok(())
    } else {
        // The host has taken the message back; whoever has it now writes it again.
        let text = format!(
            "cannot {doing}: the body ended after {length} of {} bytes",
            message.size()
        );
        Err(Failure::retryable(ErrorInfo::new("body-incomplete", text)))
    }
}

/// True when the file has this body and nothing else.
pub(crate) async fn is_in(file: &Descriptor, message: &Message) -> bool {
    let (mut stream, _) = file.read_via_stream(0);
    let mut offset = 0;
    loop {
        let (status, content) = stream.read(Vec::with_capacity(PIECE as usize)).await;
        if !has_at(message, offset, &content) {
            return false;
        }
        offset += content.len() as u64;
        // The stream also ends where reading failed; then the content is too short.
        if !matches!(status, StreamResult::Complete(_)) {
            return offset == message.size();
        }
    }
}

fn has_at(message: &Message, offset: u64, content: &[u8]) -> bool {
    let mut compared = 0;
    while compared < content.len() {
        let rest = &content[compared..];
        let piece = message.read(offset + compared as u64, rest.len() as u64);
        if piece.is_empty() || !rest.starts_with(&piece) {
            return false;
        }
        compared += piece.len();
    }
    true
}
