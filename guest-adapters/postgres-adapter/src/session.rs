//! A PostgreSQL session, protocol version 3, without a connection: bytes go in, bytes come out.
//!
//! Exchanges are written one after the other without waiting (pipelining) and answered in their order.
//! Nothing here knows of messages, rows or transactions of sendport, and nothing reads or writes a socket.
//! A session ends with the first [`Broken`]; nothing must be done with it after that.

mod answer;
mod broken;
mod inbox;
mod login;
mod server_error;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::VecDeque;

use bytes::BytesMut;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend::{self, BindError};
use postgres_protocol::{IsNull, Oid};

pub(crate) use answer::{Answer, Status};
pub(crate) use broken::Broken;
use inbox::Inbox;
pub(crate) use login::Credentials;
use login::Login;
pub(crate) use server_error::ServerError;

/// A value to be bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    /// In the text form of the parameter's type.
    Text(Vec<u8>),
    /// In the binary form.
    Binary(Vec<u8>),
}

/// One session.
#[derive(Debug)]
pub(crate) struct Session {
    inbox: Inbox,
    outbox: BytesMut,
    /// Until the server is ready for the first exchange.
    login: Option<Login>,
    /// Exchanges that were written and are not answered yet; the first one may be half answered.
    open: VecDeque<Exchange>,
    answers: VecDeque<Answer>,
    status: Status,
}

#[derive(Debug, Default)]
struct Exchange {
    answer: Answer,
    keep_rows: bool,
}

/// One exchange being written: parts that the server carries out one after the other, the parts after
/// one that failed not at all.
#[derive(Debug)]
#[must_use = "the server answers nothing before `end`"]
pub(crate) struct Pipeline<'a> {
    session: &'a mut Session,
    keep_rows: bool,
}

impl Session {
    /// Begins a session by logging in.
    pub(crate) fn begin(credentials: Credentials) -> Result<Self, Broken> {
        let mut outbox = BytesMut::new();
        let login = Login::begin(credentials, &mut outbox)?;
        Ok(Self {
            inbox: Inbox::default(),
            outbox,
            login: Some(login),
            open: VecDeque::new(),
            answers: VecDeque::new(),
            status: Status::Idle,
        })
    }

    /// Takes bytes from the server.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        self.inbox.add(bytes);
        while let Some(message) = self.inbox.next_message()? {
            self.take(message)?;
        }
        Ok(())
    }

    /// Bytes for the server, all that was written so far.
    pub(crate) fn outgoing(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.outbox).into()
    }

    /// How many of them there are.
    pub(crate) fn outgoing_len(&self) -> usize {
        self.outbox.len()
    }

    /// Logged in, and everything that was written is answered.
    pub(crate) fn is_ready(&self) -> bool {
        self.login.is_none() && self.open.is_empty()
    }

    /// As good as new: nothing is on its way in either direction, and there is no transaction.
    pub(crate) fn is_fresh(&self) -> bool {
        self.is_ready()
            && self.answers.is_empty()
            && self.outbox.is_empty()
            && self.status == Status::Idle
    }

    /// The next answer, in the order of the exchanges.
    pub(crate) fn next_answer(&mut self) -> Option<Answer> {
        self.answers.pop_front()
    }

    /// Writes an exchange of one or several commands without parameters. They are one text, so whatever
    /// comes from outside must be escaped.
    pub(crate) fn query(&mut self, sql: &str) -> Result<(), Broken> {
        frontend::query(sql, &mut self.outbox).map_err(Broken::unsendable)?;
        self.open.push_back(Exchange::default());
        Ok(())
    }

    /// Begins an exchange of several parts.
    pub(crate) fn pipeline(&mut self) -> Pipeline<'_> {
        Pipeline {
            session: self,
            keep_rows: false,
        }
    }

    /// Writes the farewell. The server closes the connection.
    pub(crate) fn terminate(&mut self) {
        frontend::terminate(&mut self.outbox);
    }

    fn take(&mut self, message: Message) -> Result<(), Broken> {
        // These come at any time and need no answer. Warnings of the server are in its own log.
        if let Message::NoticeResponse(_)
        | Message::NotificationResponse(_)
        | Message::ParameterStatus(_) = message
        {
            return Ok(());
        }
        if let Some(login) = &mut self.login {
            match message {
                Message::ErrorResponse(body) => {
                    return Err(Broken::Server(ServerError::read(body.fields())?));
                }
                Message::BackendKeyData(_) if login.is_welcome() => {}
                Message::ReadyForQuery(_) if login.is_welcome() => self.login = None,
                message => login.receive(&message, &mut self.outbox)?,
            }
            return Ok(());
        }
        let Some(exchange) = self.open.front_mut() else {
            return Err(match message {
                Message::ErrorResponse(body) => Broken::Server(ServerError::read(body.fields())?),
                _ => Broken::out_of_order("an answer"),
            });
        };
        if exchange.answer.add(message, exchange.keep_rows)?
            && let Some(exchange) = self.open.pop_front()
        {
            self.status = exchange.answer.status;
            self.answers.push_back(exchange.answer);
        }
        Ok(())
    }
}

impl Pipeline<'_> {
    /// The rows are in the answer.
    pub(crate) fn keep_rows(mut self) -> Self {
        self.keep_rows = true;
        self
    }

    /// Prepares a statement in place of an older one of that name; the answer has the types of its
    /// parameters. The server finds those out as far as they are not given.
    pub(crate) fn prepare(self, name: &str, sql: &str, types: &[Oid]) -> Result<Self, Broken> {
        let out = &mut self.session.outbox;
        // Closing what is not there is no error.
        frontend::close(b'S', name, out).map_err(Broken::unsendable)?;
        frontend::parse(name, sql, types.iter().copied(), out).map_err(Broken::unsendable)?;
        frontend::describe(b'S', name, out).map_err(Broken::unsendable)?;
        Ok(self)
    }

    /// Carries out a prepared statement.
    pub(crate) fn execute(self, name: &str, values: &[Value]) -> Result<Self, Broken> {
        let out = &mut self.session.outbox;
        let formats = values.iter().map(Value::format);
        // Results come as text.
        frontend::bind("", name, formats, values, Value::write, [], out).map_err(unbindable)?;
        frontend::execute("", 0, out).map_err(Broken::unsendable)?;
        Ok(self)
    }

    /// Carries out one command without parameters.
    pub(crate) fn command(self, sql: &str) -> Result<Self, Broken> {
        frontend::parse("", sql, [], &mut self.session.outbox).map_err(Broken::unsendable)?;
        self.execute("", &[])
    }

    /// Ends the exchange.
    pub(crate) fn end(self) {
        frontend::sync(&mut self.session.outbox);
        self.session.open.push_back(Exchange {
            answer: Answer::default(),
            keep_rows: self.keep_rows,
        });
    }
}

impl Value {
    fn format(&self) -> i16 {
        i16::from(matches!(self, Self::Binary(_)))
    }

    fn write(
        &self,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Send + Sync>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Text(bytes) | Self::Binary(bytes) => {
                out.extend_from_slice(bytes);
                Ok(IsNull::No)
            }
        }
    }
}

fn unbindable(error: BindError) -> Broken {
    match error {
        BindError::Conversion(error) => Broken::Unsendable(error.to_string()),
        BindError::Serialization(error) => Broken::unsendable(error),
    }
}
