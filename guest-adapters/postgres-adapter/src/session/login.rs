//! From the first byte of a connection to the server's welcome: who we are, and proving it.

use std::fmt;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;

use super::Broken;

/// Who logs in where, and the settings the session begins with.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) database: String,
    pub(crate) password: Option<String>,
    /// Names and values of server settings, such as `application_name`.
    pub(crate) parameters: Vec<(String, String)>,
}

/// A login under way.
#[derive(Debug)]
pub(super) struct Login {
    credentials: Credentials,
    stage: Stage,
}

enum Stage {
    /// The server has not asked for anything yet.
    Asked,
    /// The password, or a hash of it, is with the server.
    Answered,
    Scram(Box<ScramSha256>),
    /// The server has proved that it knows the password as well.
    Proved,
    Welcome,
}

impl Login {
    /// Writes the first message of a connection.
    pub(super) fn begin(credentials: Credentials, out: &mut BytesMut) -> Result<Self, Broken> {
        let Credentials { user, database, .. } = &credentials;
        let who = [
            ("user", user.as_str()),
            ("database", database),
            ("client_encoding", "UTF8"),
        ];
        let parameters = credentials.parameters.iter();
        let parameters = parameters.map(|(name, value)| (name.as_str(), value.as_str()));
        frontend::startup_message(who.into_iter().chain(parameters), out)
            .map_err(Broken::unsendable)?;
        Ok(Self {
            credentials,
            stage: Stage::Asked,
        })
    }

    /// Takes an authentication message and writes what it asks for.
    pub(super) fn receive(&mut self, message: &Message, out: &mut BytesMut) -> Result<(), Broken> {
        let stage = std::mem::replace(&mut self.stage, Stage::Answered);
        self.stage = match (stage, message) {
            (Stage::Asked | Stage::Answered | Stage::Proved, Message::AuthenticationOk) => {
                Stage::Welcome
            }
            (Stage::Asked, Message::AuthenticationCleartextPassword) => {
                frontend::password_message(self.password()?, out).map_err(Broken::unsendable)?;
                Stage::Answered
            }
            (Stage::Asked, Message::AuthenticationMd5Password(body)) => {
                let user = self.credentials.user.as_bytes();
                let hash = md5_hash(user, self.password()?, body.salt());
                frontend::password_message(hash.as_bytes(), out).map_err(Broken::unsendable)?;
                Stage::Answered
            }
            (Stage::Asked, Message::AuthenticationSasl(body)) => self.begin_scram(body, out)?,
            (Stage::Scram(mut scram), Message::AuthenticationSaslContinue(body)) => {
                scram.update(body.data()).map_err(Broken::unproven)?;
                frontend::sasl_response(scram.message(), out).map_err(Broken::unsendable)?;
                Stage::Scram(scram)
            }
            (Stage::Scram(mut scram), Message::AuthenticationSaslFinal(body)) => {
                scram.finish(body.data()).map_err(Broken::unproven)?;
                Stage::Proved
            }
            (Stage::Scram(_), Message::AuthenticationOk) => {
                // Somebody who does not know the password would say just that.
                return Err(Broken::Login(
                    "the server did not prove who it is".to_owned(),
                ));
            }
            (Stage::Asked, message) => return Err(Broken::Login(unsupported(message))),
            _ => return Err(Broken::out_of_order("an authentication message")),
        };
        Ok(())
    }

    /// The server has let us in; settings and the first ready-for-query are still to come.
    pub(super) fn is_welcome(&self) -> bool {
        matches!(self.stage, Stage::Welcome)
    }

    fn begin_scram(
        &self,
        body: &AuthenticationSaslBody,
        out: &mut BytesMut,
    ) -> Result<Stage, Broken> {
        let offered: Vec<&str> = body.mechanisms().collect().map_err(Broken::malformed)?;
        if !offered.contains(&SCRAM_SHA_256) {
            let offered = offered.join(", ");
            let text = format!("the server offers {offered}; this adapter knows {SCRAM_SHA_256}");
            return Err(Broken::Login(text));
        }
        let scram = ScramSha256::new(self.password()?, ChannelBinding::unsupported());
        frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), out)
            .map_err(Broken::unsendable)?;
        Ok(Stage::Scram(Box::new(scram)))
    }

    fn password(&self) -> Result<&[u8], Broken> {
        let password = self.credentials.password.as_ref();
        password.map(String::as_bytes).ok_or_else(|| {
            let text = "the server asks for a password: set the key password-secret or password";
            Broken::Login(text.to_owned())
        })
    }
}

fn unsupported(message: &Message) -> String {
    let method = match message {
        Message::AuthenticationGss => "GSSAPI",
        Message::AuthenticationSspi => "SSPI",
        Message::AuthenticationKerberosV5 => "Kerberos",
        _ => "an unknown method",
    };
    format!(
        "the server wants to authenticate by {method}; this adapter knows passwords \
         ({SCRAM_SHA_256}, md5, clear text) and trust"
    )
}

impl fmt::Debug for Credentials {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked => "Asked",
            Self::Answered => "Answered",
            Self::Scram(_) => "Scram",
            Self::Proved => "Proved",
            Self::Welcome => "Welcome",
        })
    }
}
