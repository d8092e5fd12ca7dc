//! What a port's configuration says to this adapter, checked.
//!
//! Owns the keys, their defaults and their errors. A key that is not in [`schema`] never gets here: the
//! host refuses it.

use std::time::Duration;

use lettre::message::Mailbox;
use sendport_guest::{Configuration, ConfigurationKey, ErrorInfo, ValueKind};

use crate::mail::MediaType;
use crate::mailboxes::{parse_list, parse_one};
use crate::protocol::Login;
use crate::template::Template;

const FROM: &str = "from";
const TO: &str = "to";
const TO_FROM_MESSAGE: &str = "to-from-message";
const CC: &str = "cc";
const BCC: &str = "bcc";
const SUBJECT: &str = "subject";
const BODY_AS: &str = "body-as";
const ATTACHMENT_NAME: &str = "attachment-name";
const CONTENT_TYPE: &str = "content-type";
const ACCEPT_PARTIAL: &str = "accept-partial";
const USER: &str = "user";
const PASSWORD: &str = "password";
const PASSWORD_SECRET: &str = "password-secret";
const HELLO_NAME: &str = "hello-name";
const TIMEOUT: &str = "timeout";

const BODY: &str = "body";
const ATTACHMENT: &str = "attachment";

const DEFAULT_SUBJECT: &str = "Message %MessageID%";
const DEFAULT_ATTACHMENT_NAME: &str = "%MessageID%";
const DEFAULT_CONTENT_TYPE: &str = "text/plain; charset=utf-8";
const DEFAULT_TIMEOUT: &str = "30s";

/// Where the message's body goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyAs {
    /// It is the mail's body.
    Body,
    /// It is the mail's only attachment.
    Attachment,
}

/// A port's settings.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Who writes, and who is told of failed deliveries.
    pub(crate) from: Mailbox,
    /// Beside those behind the address.
    pub(crate) to: Vec<Mailbox>,
    /// A message's own recipients replace both.
    pub(crate) to_from_message: bool,
    /// Shown in the header.
    pub(crate) cc: Vec<Mailbox>,
    /// Not shown.
    pub(crate) bcc: Vec<Mailbox>,
    /// How subjects are made.
    pub(crate) subject: Template,
    /// Where the body goes.
    pub(crate) body_as: BodyAs,
    /// How attachments are named.
    pub(crate) attachment_name: Template,
    /// For messages that do not say.
    pub(crate) content_type: MediaType,
    /// Refused recipients do not keep the mail from the others.
    pub(crate) accept_partial: bool,
    /// Absent: nobody logs in.
    pub(crate) login: Option<Login>,
    /// What the adapter calls itself.
    pub(crate) hello_name: String,
    /// For the connection, and for each answer of the server.
    pub(crate) timeout: Duration,
}

/// Reads the secret that a key, given first, names.
pub(crate) type ReadSecret<'a> = &'a dyn Fn(&str, &str) -> Result<String, ErrorInfo>;

/// The keys of a port's configuration.
pub(crate) fn schema() -> Vec<ConfigurationKey> {
    let text = |name, description| ConfigurationKey::new(name, ValueKind::Text, description);
    let flag = |name, description| {
        ConfigurationKey::new(name, ValueKind::Boolean, description).default_value("false")
    };
    let places = ValueKind::one_of_texts(&[BODY, ATTACHMENT]);
    vec![
        text(FROM, "Who writes: an address, or a name and an address such as Orders <orders@example.org>.")
            .required(),
        text(TO, "Recipients, separated by commas, beside those behind the address. 100 with cc and bcc.")
            .default_value(""),
        flag(TO_FROM_MESSAGE, "A message's property `to` replaces the recipients of the port and its address."),
        text(CC, "Recipients of a copy, separated by commas.").default_value(""),
        text(BCC, "Recipients whom the others do not see, separated by commas.").default_value(""),
        text(
            SUBJECT,
            "The subject. Macros: %MessageID%, %property:NAME% (a property of the message); %% is a percent sign.",
        )
        .default_value(DEFAULT_SUBJECT),
        ConfigurationKey::new(
            BODY_AS,
            places,
            "body: the message is the mail's body; text arrives with the line ends of the receiver. attachment: \
             it is attached, byte for byte.",
        )
        .default_value(BODY),
        text(ATTACHMENT_NAME, "The attachment's file name; macros as in subject.")
            .default_value(DEFAULT_ATTACHMENT_NAME),
        text(CONTENT_TYPE, "The content type of messages that have no property content-type.")
            .default_value(DEFAULT_CONTENT_TYPE),
        flag(
            ACCEPT_PARTIAL,
            "true: recipients whom the server refuses for good are logged, and the others get the mail. false: one \
             refused recipient keeps the mail from all. Recipients refused for now keep it from all until later.",
        ),
        text(USER, "Logs in with AUTH PLAIN or LOGIN. There is no TLS: only for networks that you trust."),
        text(PASSWORD, "The user's password, as it is written here. password-secret keeps it out of the file."),
        text(PASSWORD_SECRET, "The name of the secret that is the user's password; in grants.secrets of the port."),
        text(HELLO_NAME, "What the adapter calls itself in EHLO. Absent: the domain of from."),
        ConfigurationKey::new(
            TIMEOUT,
            ValueKind::Duration,
            "For the connection, and for each answer of the server; more than 0s.",
        )
        .default_value(DEFAULT_TIMEOUT),
    ]
}

impl Settings {
    /// Checks a port's configuration. `secret` reads the secret that a key, given first, names.
    pub(crate) fn parse(port: &Configuration, secret: ReadSecret<'_>) -> Result<Self, ErrorInfo> {
        let from = parse_one(port.required(FROM)?).map_err(|e| error(FROM, &e))?;
        let body_as = port.parse(BODY_AS, "body or attachment", body_as)?;
        let content_type = port.text(CONTENT_TYPE).unwrap_or(DEFAULT_CONTENT_TYPE);
        let content_type = MediaType::parse(content_type).ok_or_else(|| {
            error(
                CONTENT_TYPE,
                &format!("{content_type:?} is no content type such as {DEFAULT_CONTENT_TYPE}"),
            )
        })?;
        Ok(Self {
            to: mailboxes(port, TO)?,
            to_from_message: port.boolean(TO_FROM_MESSAGE)?.unwrap_or(false),
            cc: mailboxes(port, CC)?,
            bcc: mailboxes(port, BCC)?,
            subject: template(port, SUBJECT, DEFAULT_SUBJECT)?,
            body_as: body_as.unwrap_or(BodyAs::Body),
            attachment_name: template(port, ATTACHMENT_NAME, DEFAULT_ATTACHMENT_NAME)?,
            content_type,
            accept_partial: port.boolean(ACCEPT_PARTIAL)?.unwrap_or(false),
            login: login(port, secret)?,
            hello_name: hello_name(port, &from)?,
            timeout: timeout(port)?,
            from,
        })
    }
}

fn body_as(text: &str) -> Option<BodyAs> {
    match text {
        BODY => Some(BodyAs::Body),
        ATTACHMENT => Some(BodyAs::Attachment),
        _ => None,
    }
}

fn mailboxes(port: &Configuration, key: &str) -> Result<Vec<Mailbox>, ErrorInfo> {
    parse_list(port.text(key).unwrap_or_default()).map_err(|e| error(key, &e))
}

fn template(port: &Configuration, key: &str, default: &str) -> Result<Template, ErrorInfo> {
    Template::parse(port.text(key).unwrap_or(default)).map_err(|e| error(key, &e))
}

fn login(port: &Configuration, secret: ReadSecret<'_>) -> Result<Option<Login>, ErrorInfo> {
    let (key, password) = match (port.text(PASSWORD), port.text(PASSWORD_SECRET)) {
        (Some(_), Some(_)) => {
            return Err(error(
                PASSWORD,
                &"and password-secret are two passwords: remove one",
            ));
        }
        (Some(password), None) => (PASSWORD, Some(password.to_owned())),
        (None, Some(name)) => (PASSWORD_SECRET, Some(secret(PASSWORD_SECRET, name)?)),
        (None, None) => (PASSWORD, None),
    };
    let (user, password) = match (port.text(USER), password) {
        (None, None) => return Ok(None),
        (Some(user), Some(password)) => (user, password),
        (Some(_), None) => {
            return Err(error(
                PASSWORD,
                &"is missing, and password-secret too, but there is a user",
            ));
        }
        (None, Some(_)) => return Err(error(USER, &"is missing, but there is a password")),
    };
    // AUTH PLAIN separates the two by it.
    for (key, value) in [(USER, user), (key, &password)] {
        if value.contains('\0') {
            return Err(error(key, &"has a NUL in it"));
        }
    }
    Ok(Some(Login {
        user: user.to_owned(),
        password,
    }))
}

fn hello_name(port: &Configuration, from: &Mailbox) -> Result<String, ErrorInfo> {
    let configured = port.text(HELLO_NAME);
    let name = configured.unwrap_or_else(|| from.email.domain());
    let is_graphic = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
    match (is_graphic, configured) {
        (true, _) => Ok(name.to_owned()),
        (false, Some(_)) => Err(error(
            HELLO_NAME,
            &format!("{name:?} is no host name such as sender.example.org"),
        )),
        (false, None) => Err(error(
            HELLO_NAME,
            &format!(
                "is missing, and the domain of from, {name:?}, cannot stand for it: it is not ASCII"
            ),
        )),
    }
}

fn timeout(port: &Configuration) -> Result<Duration, ErrorInfo> {
    let timeout = port.duration(TIMEOUT)?.unwrap_or(Duration::from_secs(30));
    if timeout.is_zero() {
        return Err(error(TIMEOUT, &"is zero: no server could ever answer"));
    }
    Ok(timeout)
}

fn error(key: &str, problem: &dyn std::fmt::Display) -> ErrorInfo {
    ErrorInfo::new("configuration", format!("{key}: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(entries: &[(&str, &str)]) -> Result<Settings, ErrorInfo> {
        let from = [("from", "a@x.de")];
        let entries = from
            .iter()
            .filter(|_| !entries.iter().any(|(k, _)| *k == "from"))
            .chain(entries);
        let owned = entries.map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Settings::parse(&owned.collect(), &|key, name| match name {
            "relay" => Ok("s3cret of the relay".to_owned()),
            _ => Err(error(key, &"names no secret that is granted")),
        })
    }

    #[test]
    fn nothing_configured_is_what_the_schema_says() {
        let settings = parse(&[]).unwrap();
        assert_eq!(settings.timeout, Duration::from_secs(30));
        assert_eq!(settings.hello_name, "x.de");
        assert_eq!(settings.login, None);
        let keys = schema();
        let defaults = keys
            .iter()
            .filter_map(|key| Some((key.name.as_str(), key.default.as_deref()?)));
        let same = parse(&defaults.collect::<Vec<_>>()).unwrap();
        assert_eq!(format!("{same:?}"), format!("{settings:?}"));
    }

    #[test]
    fn every_key_is_read() {
        let entries = [
            ("from", "Orders <orders@x.de>"),
            ("to", "a@x.de, b@x.de"),
            ("to-from-message", "true"),
            ("cc", "c@x.de"),
            ("bcc", "d@x.de"),
            ("subject", "Order %property:order%"),
            ("body-as", "attachment"),
            ("attachment-name", "%MessageID%.xml"),
            ("content-type", "application/xml"),
            ("accept-partial", "true"),
            ("user", "tim"),
            ("password", "secret"),
            ("hello-name", "[192.0.2.1]"),
            ("timeout", "5s"),
        ];
        let keys = schema();
        let names = keys.iter().map(|key| key.name.as_str());
        // A login has one password.
        let names = names.filter(|name| *name != PASSWORD_SECRET);
        assert!(names.eq(entries.iter().map(|(key, _)| *key)));
        let settings = parse(&entries).unwrap();
        assert_eq!(settings.from.to_string(), "Orders <orders@x.de>");
        assert_eq!(settings.to.len(), 2);
        assert!(settings.to_from_message && settings.accept_partial);
        assert_eq!(settings.cc[0].to_string(), "c@x.de");
        assert_eq!(settings.bcc[0].to_string(), "d@x.de");
        assert_eq!(settings.subject.to_string(), "Order %property:order%");
        assert_eq!(settings.body_as, BodyAs::Attachment);
        assert_eq!(settings.attachment_name.to_string(), "%MessageID%.xml");
        assert_eq!(settings.content_type.to_string(), "application/xml");
        assert_eq!(
            settings.login.as_ref().map(|login| login.user.as_str()),
            Some("tim")
        );
        assert_eq!(settings.hello_name, "[192.0.2.1]");
        assert_eq!(settings.timeout, Duration::from_secs(5));
        assert!(!format!("{settings:?}").contains("secret"));
    }

    #[test]
    fn a_password_may_be_a_secret_that_is_named() {
        let settings = parse(&[("user", "tim"), ("password-secret", "relay")]).unwrap();
        let login = settings.login.as_ref().expect("a login");
        assert_eq!(login.password, "s3cret of the relay");
        assert!(!format!("{settings:?}").contains("s3cret"));
        let refused = |entries: &[_]| parse(entries).expect_err("a mistake").text;
        let both = [
            ("user", "tim"),
            ("password", "x"),
            ("password-secret", "relay"),
        ];
        assert!(refused(&both).contains("remove one"));
        let unknown = refused(&[("user", "tim"), ("password-secret", "other")]);
        assert!(unknown.contains("password-secret"), "{unknown}");
        let alone = refused(&[("password-secret", "relay")]);
        assert!(alone.starts_with("user"), "{alone}");
    }

    #[test]
    fn a_bad_value_names_its_key_and_the_way_out() {
        let table = [
            ("from", "orders", "ann@example.org"),
            ("from", "a@müller.de", "hello-name"),
            ("to", "a@x.de; b@x.de", "ann@example.org"),
            ("cc", "c", "ann@example.org"),
            ("bcc", "d\r\n", "ann@example.org"),
            ("subject", "%order%", "%property:NAME%"),
            ("attachment-name", "100%", "%%"),
            ("body-as", "text", "attachment"),
            ("content-type", "xml", "text/plain"),
            ("user", "tim", "password"),
            ("password", "x", "user"),
            ("hello-name", "two words", "sender.example.org"),
            ("timeout", "0s", "zero"),
        ];
        for (key, value, way_out) in table {
            let error = parse(&[(key, value)]).expect_err(key).text;
            assert!(error.contains(way_out), "{key}: {error}");
        }
    }
}
