//! Sends messages as mail: BizTalk's SMTP adapter.
//!
//! Each message becomes one mail to the server that the port's address names, over a connection that is
//! kept for the next one. A mail that comes twice has the same Message-ID both times. There is no TLS.
//!
//! `mail` makes a mail of a message, `protocol` speaks SMTP, `failure` says what a failure means; here
//! they meet the contract.

#![forbid(unsafe_code)]

mod address;
mod failure;
mod mail;
mod mailboxes;
mod pool;
mod protocol;
mod settings;
mod template;

use std::time::Duration;

use futures::future::join_all;
use sendport_guest::tcp::Connection;
use sendport_guest::wit_bindgen::spawn_local;
use sendport_guest::{
    Configuration, ErrorInfo, Message, Outcome, PortSettings, SendAdapter, TransportInfo, log,
    secrets, time,
};

use address::Address;
use mail::{Body, Mail, PIECE};
use pool::{KEPT, Pool, Route};
use protocol::{Problem, Refusal, Session, Step};
use settings::Settings;
use template::Facts;

/// Longer than this, no server is told that its connection is not needed any more.
const FAREWELL: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct SmtpAdapter {
    ports: PortSettings<Settings>,
    pool: Pool<Session<Connection>>,
}

impl SendAdapter for SmtpAdapter {
    /// As many connections of one client as a mail server takes for granted.
    const CONCURRENCY: usize = KEPT;

    fn describe() -> TransportInfo {
        TransportInfo::new("SMTP", "SMTP adapter", env!("CARGO_PKG_VERSION"))
            .description(
                "Sends each message as a mail. Without TLS (no smtps://, no STARTTLS): for a mail server in a \
                 network that you trust.",
            )
            .prefix("smtp://")
            .ordered_delivery()
            .port_keys(settings::schema())
    }

    fn load(_handler: Configuration) -> Result<Self, ErrorInfo> {
        Ok(Self::default())
    }

    async fn send(&self, message: &Message) -> Outcome {
        let settings = self
            .ports
            .get(message, |port| Settings::parse(&port, &secrets::named_by))?;
        let address = Address::parse(&message.address()).map_err(|e| failure::bad_address(&e))?;
        let facts = Facts {
            message_id: &message.id(),
            property: &|name| message.property(name),
        };
        let mail = Mail::new(&settings, address, &facts, message, time::since_1970());
        let mail = mail.map_err(|e| failure::no_mail(&e))?;
        let sent = self.deliver(&settings, &mail, message).await;
        let refused = sent.map_err(|problem| failure::of(&problem, &mail.server))?;
        if !refused.is_empty() {
            let refused = protocol::listed(&refused);
            log::warn(&format!(
                "message {} was sent, but not to all: {refused}",
                facts.message_id
            ));
        }
        Ok(())
    }

    async fn terminate(&self) {
        let farewells = self.pool.all().into_iter().map(Session::quit);
        // A server that has nothing more to say must not keep the host waiting.
        time::timeout(FAREWELL, join_all(farewells)).await.ok();
    }
}

impl SmtpAdapter {
    /// Sends a mail over a kept connection, or a new one when there is none that still works.
    async fn deliver(
        &self,
        settings: &Settings,
        mail: &Mail<'_>,
        body: &Message,
    ) -> Result<Vec<Refusal>, Problem> {
        let route = Route {
            server: mail.server.clone(),
            hello_name: settings.hello_name.clone(),
            login: settings.login.clone(),
            timeout: settings.timeout,
        };
        self.give_up_surplus();
        if let Some(session) = self.pool.take(&route) {
            match self.deliver_over(session, &route, mail, body).await {
                Err(problem) if problem.is_stale_connection() => self.pool.forget(&route.server),
                sent => return sent,
            }
        }
        let session = connect(&route).await?;
        self.deliver_over(session, &route, mail, body).await
    }

    async fn deliver_over(
        &self,
        mut session: Session<Connection>,
        route: &Route,
        mail: &Mail<'_>,
        body: &Message,
    ) -> Result<Vec<Refusal>, Problem> {
        let sent = match mail.for_server(session.extensions(), body) {
            Ok((envelope, content)) => session.send(&envelope, content.pieces()).await,
            Err(problem) => Err(problem),
        };
        if session.is_usable() {
            self.pool.keep(route.clone(), session, time::since_1970());
        }
        sent
    }

    /// Takes leave of connections that are not needed any more, without keeping a mail waiting.
    fn give_up_surplus(&self) {
        for session in self.pool.surplus(time::since_1970()) {
            spawn_local(session.quit());
        }
    }
}

async fn connect(route: &Route) -> Result<Session<Connection>, Problem> {
    let Route {
        server,
        hello_name,
        login,
        timeout,
    } = route;
    let connection = Connection::open(&server.host, server.port, *timeout).await;
    let connection = connection.map_err(|error| Problem::Broken {
        step: Step::Connect,
        trouble: error.into(),
    })?;
    Session::begin(connection, hello_name, login.as_ref()).await
}

impl Body for Message {
    fn size(&self) -> u64 {
        Self::size(self)
    }

    fn pieces(&self) -> impl Iterator<Item = Vec<u8>> {
        Self::pieces(self, PIECE)
    }
}

sendport_guest::export_send_adapter!(SmtpAdapter);
