//! What can go wrong between the connection and the last reply, in words for an operator.

use std::fmt;

use super::reply::Reply;
use super::wire::Trouble;

/// Recipients that an error names; further ones are counted.
const NAMED: usize = 3;

/// Where in the dialogue. Shows as what an operator finds in the server's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Before the server's first word.
    Connect,
    /// The server's first word.
    Greeting,
    /// EHLO or HELO.
    Hello,
    /// AUTH.
    Login,
    /// RSET, the first command on a connection that was used before.
    Reset,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient(String),
    /// DATA.
    Data,
    /// The header and the body.
    Content,
    /// The final dot, and the answer to it.
    Confirmation,
}

/// Why a mail, or a connection, came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    /// The server said no.
    #[error("at {step} it said {reply}")]
    Refused {
        /// To what.
        step: Step,
        /// Its words.
        reply: Reply,
    },
    /// The server refused recipients, and the mail was not sent to anybody.
    #[error("{}; the mail was sent to nobody", listed(.0))]
    Recipients(Vec<Refusal>),
    /// The connection is gone.
    #[error("the connection failed at {step}: {trouble}")]
    Broken {
        /// The last thing that was tried.
        step: Step,
        /// Why.
        trouble: Trouble,
    },
    /// There is a login, but no way of telling it to the server.
    #[error(
        "it offers neither AUTH PLAIN nor AUTH LOGIN (many servers do over TLS only, which this adapter \
         does not have)"
    )]
    NoLogin,
    /// An address needs SMTPUTF8.
    #[error(
        "{0} has characters outside ASCII, and the server does not take such addresses (no SMTPUTF8)"
    )]
    NoUtf8(String),
    /// The content needs 8BITMIME.
    #[error(
        "the body is of type {0}, which cannot be encoded, has octets above 127, and the server does not \
         take those (no 8BITMIME)"
    )]
    NoEightBit(String),
    /// The server has said how much it takes.
    #[error("the mail has {size} bytes, the server takes {limit}")]
    TooLarge {
        /// With header and encoding.
        size: u64,
        /// The server's.
        limit: u64,
    },
    /// The host has taken the message back while it was sent; the server has thrown away its part.
    #[error("the body ended after {found} of {size} bytes")]
    Body {
        /// What could be read.
        found: u64,
        /// What should have been there.
        size: u64,
    },
}

/// One recipient whom the server did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The address.
    pub(crate) recipient: String,
    /// The server's words.
    pub(crate) reply: Reply,
}

impl Problem {
    /// The server had closed a connection that was kept for the next mail. Nothing is lost and nothing
    /// is to be told: another connection will do.
    pub(crate) fn is_stale_connection(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                step: Step::Reset,
                ..
            } | Self::Broken {
                step: Step::Reset,
                ..
            }
        )
    }
}

/// Refused recipients in one sentence.
pub(crate) fn listed(refusals: &[Refusal]) -> String {
    let named = refusals.iter().take(NAMED);
    let mut named: Vec<_> = named
        .map(|Refusal { recipient, reply }| format!("{recipient} ({reply})"))
        .collect();
    if let Some(more) = refusals.len().checked_sub(NAMED).filter(|&more| more > 0) {
        named.push(format!("{more} more"));
    }
    format!("it refused {}", named.join(", "))
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("connecting"),
            Self::Greeting => f.write_str("the greeting"),
            Self::Hello => f.write_str("EHLO"),
            Self::Login => f.write_str("AUTH"),
            Self::Reset => f.write_str("RSET"),
            Self::Sender => f.write_str("MAIL FROM"),
            Self::Recipient(address) => write!(f, "RCPT TO:<{address}>"),
            Self::Data => f.write_str("DATA"),
            Self::Content => f.write_str("the content"),
            Self::Confirmation => f.write_str("the end of the content"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_of_refusals_are_cut() {
        let reply = Reply {
            code: 550,
            enhanced: Some([5, 1, 1]),
            text: "no".to_owned(),
        };
        let refusals = |count: usize| -> Vec<_> {
            (0..count)
                .map(|n| Refusal {
                    recipient: format!("{n}@x.de"),
                    reply: reply.clone(),
                })
                .collect()
        };
        assert_eq!(listed(&refusals(1)), "it refused 0@x.de (550 5.1.1 no)");
        assert!(listed(&refusals(3)).ends_with("2@x.de (550 5.1.1 no)"));
        assert!(listed(&refusals(9)).ends_with("2@x.de (550 5.1.1 no), 6 more"));
    }
}
