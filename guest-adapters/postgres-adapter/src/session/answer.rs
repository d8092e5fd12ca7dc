//! What the server answers to one exchange.

use fallible_iterator::FallibleIterator as _;
use postgres_protocol::Oid;
use postgres_protocol::message::backend::{DataRowBody, Message};

use super::{Broken, ServerError};

/// Where the session stands between two exchanges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Status {
    /// Outside of a transaction.
    #[default]
    Idle,
    /// In a transaction.
    Transaction,
    /// In a transaction that has failed: only rolling back is left.
    Failed,
}

/// All that came back for one exchange, up to the server being ready for the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// What the commands that were carried out call themselves, in their order: `INSERT 0 1`.
    pub(crate) commands: Vec<String>,
    /// Types of the parameters of a prepared statement.
    pub(crate) parameters: Vec<Oid>,
    /// Rows, when the exchange asked for them; NULL is nothing.
    pub(crate) rows: Vec<Vec<Option<String>>>,
    /// The first error. Nothing after it in the exchange was carried out.
    pub(crate) error: Option<ServerError>,
    /// Where it left the session.
    pub(crate) status: Status,
}

impl Answer {
    /// The answer, or the error in it.
    pub(crate) fn ok(self) -> Result<Self, ServerError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }

    /// Adds a message of the server. True when the answer is complete.
    pub(super) fn add(&mut self, message: Message, keep_rows: bool) -> Result<bool, Broken> {
        match message {
            Message::ReadyForQuery(body) => {
                self.status = Status::read(body.status())?;
                return Ok(true);
            }
            Message::ErrorResponse(body) => {
                let error = ServerError::read(body.fields())?;
                if error.fatal {
                    return Err(Broken::Server(error));
                }
                self.error.get_or_insert(error);
            }
            Message::CommandComplete(body) => {
                let tag = body.tag().map_err(Broken::malformed)?;
                self.commands.push(tag.to_owned());
            }
            Message::EmptyQueryResponse => self.commands.push(String::new()),
            Message::ParameterDescription(body) => {
                self.parameters = body.parameters().collect().map_err(Broken::malformed)?;
            }
            Message::DataRow(body) if keep_rows => self.rows.push(columns(&body)?),
            Message::DataRow(_)
            | Message::RowDescription(_)
            | Message::NoData
            | Message::ParseComplete
            | Message::BindComplete
            | Message::CloseComplete
            | Message::PortalSuspended => {}
            Message::CopyInResponse(_) | Message::CopyOutResponse(_) => {
                // In this mode the server no longer listens to what was sent behind it.
                return Err(Broken::Copy);
            }
            _ => return Err(Broken::out_of_order("a message")),
        }
        Ok(false)
    }
}

impl Status {
    fn read(byte: u8) -> Result<Self, Broken> {
        match byte {
            b'I' => Ok(Self::Idle),
            b'T' => Ok(Self::Transaction),
            b'E' => Ok(Self::Failed),
            _ => Err(Broken::Protocol(format!("an unknown status {byte:#04x}"))),
        }
    }
}

fn columns(row: &DataRowBody) -> Result<Vec<Option<String>>, Broken> {
    let text = |range| {
        let bytes: Option<&[u8]> = row.buffer().get::<std::ops::Range<usize>>(range);
        String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
    };
    let ranges = row.ranges().map(|range| Ok(range.map(text)));
    ranges.collect().map_err(Broken::malformed)
}
