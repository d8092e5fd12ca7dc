//! A connection to a server from its greeting on: logging in, then one mail after the other.
//!
//! What is sent in groups and what waits for an answer is decided here, and nowhere else.

use std::mem;

use super::extensions::Extensions;
use super::login::Login;
use super::problem::{Problem, Refusal, Step};
use super::reply::{Replies, Reply};
use super::transparency::Transparency;
use super::wire::{Trouble, Wire};

/// Commands in one group. Their answers must fit into what the two systems hold in between, or both
/// sides wait for each other (RFC 2920, 3.1); this many do on all of them.
const GROUP: usize = 32;

/// Pieces of a content are put together up to this many bytes.
const PART: usize = 64 * 1024;

/// A connection after its greeting.
#[derive(Debug)]
pub(crate) struct Session<W> {
    wire: W,
    replies: Replies,
    extensions: Extensions,
    /// A mail was begun on it.
    used: bool,
    /// Nothing more can be said on it.
    over: bool,
}

/// From whom to whom, and what the server must be told beforehand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// Where reports of failed deliveries go.
    pub(crate) sender: String,
    /// All of them, also those whom the header does not show.
    pub(crate) recipients: Vec<String>,
    /// Of the content, in bytes.
    pub(crate) size: u64,
    /// The content has octets above 127.
    pub(crate) eight_bit: bool,
    /// Refused recipients do not keep the mail from the others.
    pub(crate) accept_partial: bool,
}

impl Envelope {
    /// MAIL FROM with what the server understands. An error names the address that it does not.
    fn mail_from(&self, extensions: &Extensions) -> Result<String, Problem> {
        let mut command = format!("MAIL FROM:<{}>", self.sender);
        if extensions.size.is_some() {
            command.push_str(&format!(" SIZE={}", self.size));
        }
        if self.eight_bit {
            command.push_str(" BODY=8BITMIME");
        }
        let mut addresses = [&self.sender].into_iter().chain(&self.recipients);
        if let Some(address) = addresses.find(|address| !address.is_ascii()) {
            if !extensions.utf8 {
                return Err(Problem::NoUtf8(address.clone()));
            }
            command.push_str(" SMTPUTF8");
        }
        Ok(command)
    }
}

impl<W: Wire> Session<W> {
    /// Waits for the greeting, introduces itself and logs in.
    pub(crate) async fn begin(
        wire: W,
        hello_name: &str,
        login: Option<&Login>,
    ) -> Result<Self, Problem> {
        let mut session = Self {
            wire,
            replies: Replies::default(),
            extensions: Extensions::default(),
            used: false,
            over: false,
        };
        let greeting = session.reply(Step::Greeting).await?;
        completed(Step::Greeting, greeting)?;
        session.introduce(hello_name).await?;
        if let Some(login) = login {
            session.log_in(login).await?;
        }
        Ok(session)
    }

    /// What the server can do.
    pub(crate) fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Another mail can be sent on it.
    pub(crate) fn is_usable(&self) -> bool {
        !self.over
    }

    /// Sends one mail. Returns the recipients who do not get it: none, unless the envelope allows it.
    pub(crate) async fn send(
        &mut self,
        envelope: &Envelope,
        content: impl Iterator<Item = Result<Vec<u8>, Problem>>,
    ) -> Result<Vec<Refusal>, Problem> {
        let refused = self.address(envelope).await?;
        let answer = self.command(Step::Data, "DATA").await?;
        if !answer.is_intermediate() {
            return Err(Problem::Refused {
                step: Step::Data,
                reply: answer,
            });
        }
        // From here on the server takes everything for content until the dot; whoever leaves before
        // leaves a connection that is good for nothing more.
        self.over = true;
        let end = self.stream(content).await?;
        self.write(Step::Confirmation, end).await?;
        self.over = false;
        let answer = self.reply(Step::Confirmation).await?;
        completed(Step::Confirmation, answer)?;
        Ok(refused)
    }

    /// Takes leave, as RFC 5321, 4.1.1.10 asks for. Whatever comes of it, the connection is closed.
    pub(crate) async fn quit(mut self) {
        self.command(Step::Connect, "QUIT").await.ok();
    }

    async fn introduce(&mut self, hello_name: &str) -> Result<(), Problem> {
        let answer = self
            .command(Step::Hello, &format!("EHLO {hello_name}"))
            .await?;
        if answer.is_completion() {
            self.extensions = Extensions::of(&answer);
            return Ok(());
        }
        if !answer.is_permanent() {
            return Err(Problem::Refused {
                step: Step::Hello,
                reply: answer,
            });
        }
        // A server from before EHLO, which has no extensions.
        let answer = self
            .command(Step::Hello, &format!("HELO {hello_name}"))
            .await?;
        completed(Step::Hello, answer).map(drop)
    }

    async fn log_in(&mut self, login: &Login) -> Result<(), Problem> {
        let answer = if self.extensions.auth_plain {
            self.command(Step::Login, &login.plain()).await?
        } else if self.extensions.auth_login {
            let [command, user, password] = login.login();
            let mut answer = self.command(Step::Login, &command).await?;
            for text in [user, password] {
                if !answer.is_intermediate() {
                    break;
                }
                answer = self.command(Step::Login, &text).await?;
            }
            answer
        } else {
            return Err(Problem::NoLogin);
        };
        completed(Step::Login, answer).map(drop)
    }

    /// Everything before DATA. Returns the recipients who were refused although the mail goes on.
    async fn address(&mut self, envelope: &Envelope) -> Result<Vec<Refusal>, Problem> {
        if let Some(limit) = self.extensions.exceeded_by(envelope.size) {
            return Err(Problem::TooLarge {
                size: envelope.size,
                limit,
            });
        }
        let mail_from = envelope.mail_from(&self.extensions)?;
        let mut commands = Vec::with_capacity(envelope.recipients.len() + 2);
        if self.used {
            commands.push((Step::Reset, "RSET".to_owned()));
        }
        self.used = true;
        commands.push((Step::Sender, mail_from));
        commands.extend(envelope.recipients.iter().map(|address| {
            let command = format!("RCPT TO:<{address}>");
            (Step::Recipient(address.clone()), command)
        }));
        let refused = self.ask_all(&commands).await?;
        let all = refused.len() == envelope.recipients.len();
        // Those who are refused for now would never get the mail if it went to the others.
        let later = refused.iter().any(|refusal| !refusal.reply.is_permanent());
        if refused.is_empty() || (envelope.accept_partial && !all && !later) {
            Ok(refused)
        } else {
            Err(Problem::Recipients(refused))
        }
    }

    /// Says these commands, in groups where the server allows it. Only recipients may be refused.
    async fn ask_all(&mut self, commands: &[(Step, String)]) -> Result<Vec<Refusal>, Problem> {
        let group = if self.extensions.pipelining { GROUP } else { 1 };
        let mut refused = Vec::new();
        for group in commands.chunks(group) {
            let lines: String = group
                .iter()
                .map(|(_, line)| format!("{line}\r\n"))
                .collect();
            let step = group.first().map_or(Step::Reset, |(step, _)| step.clone());
            self.write(step, lines.into_bytes()).await?;
            let mut problem = None;
            // All answers of a group are read, or the next question would get an old one.
            for (step, _) in group {
                let reply = self.reply(step.clone()).await?;
                match step {
                    _ if reply.is_completion() => {}
                    Step::Recipient(address) if !reply.is_farewell() => {
                        let recipient = address.clone();
                        refused.push(Refusal { recipient, reply });
                    }
                    _ => {
                        let farewell = reply.is_farewell();
                        let refusal = Problem::Refused {
                            step: step.clone(),
                            reply,
                        };
                        // What follows a refused sender is refused because of it.
                        problem.get_or_insert(refusal);
                        if farewell {
                            break;
                        }
                    }
                }
            }
            if let Some(problem) = problem {
                return Err(problem);
            }
        }
        Ok(refused)
    }

    /// Sends the content but for its last part. Returns that, with the dot: a small mail is one packet,
    /// and what a system holds back until the packet before it is confirmed is never the dot.
    async fn stream(
        &mut self,
        content: impl Iterator<Item = Result<Vec<u8>, Problem>>,
    ) -> Result<Vec<u8>, Problem> {
        let mut transparency = Transparency::new();
        let mut part = Vec::new();
        for piece in content {
            let mut piece = transparency.stuff(piece?);
            if part.len() + piece.len() > PART && !part.is_empty() {
                self.write(Step::Content, mem::take(&mut part)).await?;
            }
            part.append(&mut piece);
        }
        part.extend_from_slice(transparency.end());
        Ok(part)
    }

    async fn command(&mut self, step: Step, line: &str) -> Result<Reply, Problem> {
        self.write(step.clone(), format!("{line}\r\n").into_bytes())
            .await?;
        self.reply(step).await
    }

    async fn write(&mut self, step: Step, bytes: Vec<u8>) -> Result<(), Problem> {
        let written = self.wire.write(bytes).await;
        written.map_err(|error| self.broken(step, error.into()))
    }

    async fn reply(&mut self, step: Step) -> Result<Reply, Problem> {
        loop {
            match self.replies.next() {
                Ok(Some(reply)) => {
                    self.over |= reply.is_farewell();
                    return Ok(reply);
                }
                Ok(None) => {}
                Err(trouble) => return Err(self.broken(step, trouble)),
            }
            match self.wire.read().await {
                Ok(bytes) if bytes.is_empty() => return Err(self.broken(step, Trouble::Closed)),
                Ok(bytes) => self.replies.arrived(&bytes),
                Err(error) => return Err(self.broken(step, error.into())),
            }
        }
    }

    fn broken(&mut self, step: Step, trouble: Trouble) -> Problem {
        self.over = true;
        Problem::Broken { step, trouble }
    }
}

fn completed(step: Step, reply: Reply) -> Result<Reply, Problem> {
    if reply.is_completion() {
        Ok(reply)
    } else {
        Err(Problem::Refused { step, reply })
    }
}

#[cfg(test)]
mod tests;
