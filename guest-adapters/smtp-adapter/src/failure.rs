//! Why a message was not delivered, and whether trying again can help.
//!
//! A 4xx is tried again and a 5xx is final, as RFC 5321 means them, with one exception: what a server
//! refuses before it has heard of the mail (its greeting, EHLO, AUTH) or because nobody has logged in is
//! not the message's fault. An operator may mend it before the retries are used up.

use sendport_guest::{ErrorInfo, Failure};

use crate::address::{AddressError, Server};
use crate::mail::MailError;
use crate::protocol::{Problem, Refusal, Reply, Step, Trouble};

/// The address names no server.
pub(crate) fn bad_address(error: &AddressError) -> Failure {
    Failure::permanent(ErrorInfo::new("smtp-address", error.to_string()))
}

/// The message cannot become a mail.
pub(crate) fn no_mail(error: &MailError) -> Failure {
    if error.is_configuration() {
        Failure::retryable(ErrorInfo::new("configuration", error.to_string()))
    } else {
        Failure::permanent(ErrorInfo::new("mail", error.to_string()))
    }
}

/// The mail did not get through.
pub(crate) fn of(problem: &Problem, server: &Server) -> Failure {
    let verdict = Verdict::of(problem);
    let text = format!(
        "cannot deliver to the mail server {server}: {problem}{}",
        hint(problem)
    );
    let error = ErrorInfo::new(verdict.code, text);
    if verdict.retry {
        Failure::retryable(error)
    } else {
        Failure::permanent(error)
    }
}

struct Verdict {
    code: String,
    retry: bool,
}

impl Verdict {
    fn of(problem: &Problem) -> Self {
        match problem {
            Problem::Refused { step, reply } => Self {
                code: code(reply),
                retry: !(reply.is_permanent() && is_about_the_mail(step, reply)),
            },
            Problem::Recipients(refusals) => Self::of_refusals(refusals),
            Problem::Broken {
                step: Step::Confirmation,
                ..
            } => retry("smtp-unconfirmed"),
            Problem::Broken {
                trouble: Trouble::Tcp(error),
                ..
            } => Self {
                code: error.code().to_owned(),
                retry: error.is_retryable(),
            },
            Problem::Broken {
                trouble: Trouble::Closed,
                ..
            } => retry("smtp-closed"),
            Problem::Broken {
                trouble: Trouble::Garbage(_),
                ..
            } => retry("smtp-garbage"),
            Problem::NoLogin => retry("smtp-auth"),
            Problem::NoUtf8(_) => never("smtp-utf8"),
            Problem::NoEightBit(_) => never("smtp-8bit"),
            Problem::TooLarge { .. } => never("smtp-size"),
            Problem::Body { .. } => retry("body-incomplete"),
        }
    }

    /// Final as soon as one is, because without that one the mail goes to nobody; where it may go to
    /// the others, they are the ones to wait for.
    fn of_refusals(refusals: &[Refusal]) -> Self {
        let is_final = |refusal: &&Refusal| {
            let step = Step::Recipient(refusal.recipient.clone());
            refusal.reply.is_permanent() && is_about_the_mail(&step, &refusal.reply)
        };
        let decisive = refusals.iter().find(is_final);
        let shown = decisive.or_else(|| refusals.first());
        Self {
            code: shown.map_or_else(|| "smtp-recipients".to_owned(), |shown| code(&shown.reply)),
            retry: decisive.is_none(),
        }
    }
}

fn retry(code: &str) -> Verdict {
    Verdict {
        code: code.to_owned(),
        retry: true,
    }
}

fn never(code: &str) -> Verdict {
    Verdict {
        code: code.to_owned(),
        retry: false,
    }
}

fn code(reply: &Reply) -> String {
    format!("smtp-{}", reply.code)
}

/// The codes of RFC 4954 for one who has not, or not well enough, logged in come in place of an answer.
fn is_about_the_mail(step: &Step, reply: &Reply) -> bool {
    let before = matches!(
        step,
        Step::Connect | Step::Greeting | Step::Hello | Step::Login | Step::Reset
    );
    !before && !matches!(reply.code, 530 | 534 | 535 | 538)
}

/// What the server's words do not say.
fn hint(problem: &Problem) -> &'static str {
    match problem {
        Problem::Refused { reply, .. } if reply.text.to_ascii_uppercase().contains("STARTTLS") => {
            "; this adapter has no TLS"
        }
        Problem::Broken {
            step: Step::Confirmation,
            ..
        } => "; it may have the mail nevertheless, which then comes twice, with one Message-ID",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use sendport_guest::tcp::TcpError;

    use super::*;

    fn reply(text: &str) -> Reply {
        let (code, text) = text.split_once(' ').unwrap();
        Reply {
            code: code.parse().unwrap(),
            enhanced: None,
            text: text.to_owned(),
        }
    }

    fn refused(step: Step, text: &str) -> Problem {
        Problem::Refused {
            step,
            reply: reply(text),
        }
    }

    fn recipients(replies: &[&str]) -> Problem {
        let refusal = |text: &&str| Refusal {
            recipient: "b@x.de".to_owned(),
            reply: reply(text),
        };
        Problem::Recipients(replies.iter().map(refusal).collect())
    }

    fn broken(step: Step, trouble: Trouble) -> Problem {
        Problem::Broken { step, trouble }
    }

    fn tcp(error: fn(String) -> TcpError) -> Trouble {
        Trouble::Tcp(error("no".to_owned()))
    }

    #[test]
    fn what_the_server_means_for_good_is_final_when_it_is_about_the_mail() {
        let b = || Step::Recipient("b@x.de".to_owned());
        let table = [
            (refused(Step::Sender, "550 no"), "smtp-550", false),
            (refused(Step::Sender, "450 later"), "smtp-450", true),
            (refused(Step::Sender, "530 log in"), "smtp-530", true),
            (refused(b(), "421 closing"), "smtp-421", true),
            (refused(Step::Data, "554 no"), "smtp-554", false),
            (refused(Step::Data, "250 what"), "smtp-250", true),
            (
                refused(Step::Confirmation, "552 too large"),
                "smtp-552",
                false,
            ),
            (
                refused(Step::Confirmation, "452 no space"),
                "smtp-452",
                true,
            ),
            (refused(Step::Greeting, "554 go away"), "smtp-554", true),
            (refused(Step::Hello, "550 who"), "smtp-550", true),
            (refused(Step::Login, "535 wrong"), "smtp-535", true),
            (recipients(&["550 no"]), "smtp-550", false),
            (recipients(&["450 later", "551 no"]), "smtp-551", false),
            (recipients(&["450 later", "452 many"]), "smtp-450", true),
            (
                broken(Step::Connect, tcp(TcpError::Refused)),
                "tcp-refused",
                true,
            ),
            (
                broken(Step::Connect, tcp(TcpError::Denied)),
                "tcp-denied",
                false,
            ),
            (
                broken(Step::Content, tcp(TcpError::Broken)),
                "tcp-broken",
                true,
            ),
            (broken(Step::Data, Trouble::Closed), "smtp-closed", true),
            (
                broken(Step::Hello, Trouble::Garbage("x".to_owned())),
                "smtp-garbage",
                true,
            ),
            (
                broken(Step::Confirmation, Trouble::Closed),
                "smtp-unconfirmed",
                true,
            ),
            (
                broken(Step::Confirmation, tcp(TcpError::TimedOut)),
                "smtp-unconfirmed",
                true,
            ),
            (Problem::NoLogin, "smtp-auth", true),
            (Problem::NoUtf8("ä@x.de".to_owned()), "smtp-utf8", false),
            (
                Problem::NoEightBit("message/rfc822".to_owned()),
                "smtp-8bit",
                false,
            ),
            (Problem::TooLarge { size: 2, limit: 1 }, "smtp-size", false),
            (Problem::Body { found: 1, size: 2 }, "body-incomplete", true),
        ];
        let server = Server {
            host: "mail.example.org".to_owned(),
            port: 25,
        };
        for (problem, code, retry) in table {
            let failure = of(&problem, &server);
            assert_eq!(failure.error().code.as_deref(), Some(code), "{problem}");
            assert_eq!(matches!(failure, Failure::Retryable(_)), retry, "{problem}");
            let text = &failure.error().text;
            assert!(
                text.starts_with("cannot deliver to the mail server mail.example.org:25: "),
                "{text}"
            );
        }
    }

    #[test]
    fn an_operator_reads_the_words_of_the_server_and_what_they_do_not_say() {
        let server = Server {
            host: "::1".to_owned(),
            port: 2525,
        };
        let text = |problem: Problem| of(&problem, &server).error().text.clone();
        assert_eq!(
            text(refused(
                Step::Sender,
                "530 Must issue a STARTTLS command first"
            )),
            "cannot deliver to the mail server [::1]:2525: at MAIL FROM it said 530 Must issue a STARTTLS \
             command first; this adapter has no TLS"
        );
        assert!(text(broken(Step::Confirmation, Trouble::Closed)).ends_with("with one Message-ID"));
    }
}
