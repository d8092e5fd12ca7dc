//! A session on a connection.

use sendport_guest::tcp::{Connection, TcpError};
use sendport_guest::time::{Elapsed, timeout};

use crate::session::{Broken, Session};
use crate::settings::Settings;

/// What one read takes at most; answers are short.
const READ: usize = 16 * 1024;

/// A session that is logged in, and its connection. After an error it is of no use any more; dropping it
/// closes the connection, and the server rolls back what was not prepared.
#[derive(Debug)]
pub(crate) struct Client {
    connection: Connection,
    session: Session,
}

impl Client {
    /// Connects and logs in.
    pub(crate) async fn connect(settings: &Settings) -> Result<Self, Broken> {
        let patience = settings.connect_timeout;
        let connect = async {
            let connection = Connection::open(&settings.host, settings.port, patience).await?;
            let session = Session::begin(settings.credentials.clone())?;
            let mut client = Self {
                connection,
                session,
            };
            client.exchange().await?;
            client.connection.set_patience(settings.patience);
            Ok(client)
        };
        let connected = timeout(patience, connect).await;
        connected.unwrap_or_else(|Elapsed| {
            let (host, port) = (&settings.host, settings.port);
            Err(Broken::Network {
                code: "tcp-timeout",
                text: format!("no login at {host}:{port} within {patience:?}"),
            })
        })
    }

    /// Where exchanges are written and answers read.
    pub(crate) fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Sends what was written, and waits until all of it is answered.
    pub(crate) async fn exchange(&mut self) -> Result<(), Broken> {
        loop {
            self.connection.write(self.session.outgoing()).await?;
            if self.session.is_ready() {
                return Ok(());
            }
            let bytes = self.connection.read(READ).await?;
            if bytes.is_empty() {
                return Err(Broken::Closed);
            }
            self.session.receive(&bytes)?;
        }
    }

    /// Says goodbye and closes the connection.
    pub(crate) async fn close(mut self) -> Result<(), Broken> {
        self.session.terminate();
        self.connection.write(self.session.outgoing()).await?;
        Ok(())
    }
}

impl From<TcpError> for Broken {
    fn from(error: TcpError) -> Self {
        Self::Network {
            code: error.code(),
            text: error.to_string(),
        }
    }
}
