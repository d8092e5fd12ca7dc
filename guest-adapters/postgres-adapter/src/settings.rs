//! What a port's configuration says to this adapter, checked.
//!
//! Owns the keys, their defaults and their errors. Connects to nothing. A key that is not in
//! [`port_schema`] never gets here: the host refuses it.

use std::time::Duration;

use sendport_guest::{Configuration, ConfigurationKey, ErrorInfo, ValueKind};

use crate::address::Address;
use crate::session::Credentials;
use crate::statement::Statement;

const STATEMENT: &str = "statement";
const PASSWORD: &str = "password";
const PASSWORD_SECRET: &str = "password-secret";
const MAX_BATCH: &str = "max-batch";
const CONNECT_TIMEOUT: &str = "connect-timeout";
const STATEMENT_TIMEOUT: &str = "statement-timeout";
const APPLICATION_NAME: &str = "application-name";

/// The server keeps track of 64 subtransactions of a transaction without extra cost.
const DEFAULT_MAX_BATCH: u32 = 64;
const LARGEST_BATCH: u32 = 1024;
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_APPLICATION_NAME: &str = "sendport";

/// The server ends a statement that takes too long; this much later, the server itself is given up.
const GRACE: Duration = Duration::from_secs(5);
/// PostgreSQL counts milliseconds in 31 bits, which is a little more.
const LONGEST_TIMEOUT: Duration = Duration::from_hours(24 * 24);

/// A port's settings.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) credentials: Credentials,
    /// What is carried out for every message.
    pub(crate) statement: Statement,
    /// Messages in one transaction.
    pub(crate) max_batch: u32,
    /// From the first packet until the server is ready.
    pub(crate) connect_timeout: Duration,
    /// How long the server may say nothing.
    pub(crate) patience: Duration,
}

/// The keys of the handler's configuration.
pub(crate) fn handler_schema() -> [ConfigurationKey; 2] {
    let password = "The password of ports that have none of their own, as it is written here. \
                    password-secret keeps it out of the file.";
    let secret =
        "The name of the secret that is this password. Every port of the adapter has to grant it.";
    [
        ConfigurationKey::new(PASSWORD, ValueKind::Text, password),
        ConfigurationKey::new(PASSWORD_SECRET, ValueKind::Text, secret),
    ]
}

/// The keys of a port's configuration.
pub(crate) fn port_schema() -> [ConfigurationKey; 7] {
    let statement = "One SQL statement, carried out for every message, such as INSERT INTO orders (id, \
                     body) VALUES ($id, $body::jsonb). Its parameters are bound, never written into the \
                     text: $id (the message's id, the same on every delivery), $body, $port (the send \
                     port's name), $attempt (from 1), $property.NAME or $property.\"NAME\" (a property \
                     of the message; NULL when it has none; the name needs quotes unless it is made of \
                     letters, digits and _). Every value is sent as text for the type of its place, and \
                     as bytes where that is bytea: $body::bytea takes any body, every other type needs \
                     UTF-8.";
    let password = "The password of the user in the address; for SCRAM-SHA-256, md5 or clear text, as \
                    the server asks. password-secret keeps it out of the file. Without both: that of \
                    the handler.";
    let secret = "The name of the secret that is this password; in grants.secrets of the port.";
    let max_batch = format!("Messages in one transaction, 1 to {LARGEST_BATCH}.");
    let connect = "From the start of a connection to the end of its login; more than 0s.";
    let timeout = "How long the server may work on one statement or wait for a lock; more than 0s.";
    let name = "What the server calls the connections, in pg_stat_activity and its log.";
    [
        ConfigurationKey::new(STATEMENT, ValueKind::Text, statement).required(),
        ConfigurationKey::new(PASSWORD, ValueKind::Text, password),
        ConfigurationKey::new(PASSWORD_SECRET, ValueKind::Text, secret),
        ConfigurationKey::new(MAX_BATCH, ValueKind::Number, &max_batch)
            .default_value(&DEFAULT_MAX_BATCH.to_string()),
        ConfigurationKey::new(CONNECT_TIMEOUT, ValueKind::Duration, connect)
            .default_value(&seconds(DEFAULT_CONNECT_TIMEOUT)),
        ConfigurationKey::new(STATEMENT_TIMEOUT, ValueKind::Duration, timeout)
            .default_value(&seconds(DEFAULT_STATEMENT_TIMEOUT)),
        ConfigurationKey::new(APPLICATION_NAME, ValueKind::Text, name)
            .default_value(DEFAULT_APPLICATION_NAME),
    ]
}

/// Reads the secret that a key, given first, names.
pub(crate) type ReadSecret<'a> = &'a dyn Fn(&str, &str) -> Result<String, ErrorInfo>;

/// The password of a handler or of a port, if it has one.
pub(crate) fn password(
    configuration: &Configuration,
    secret: ReadSecret<'_>,
) -> Result<Option<String>, ErrorInfo> {
    let (key, password) = match (
        configuration.text(PASSWORD),
        configuration.text(PASSWORD_SECRET),
    ) {
        (None, None) => return Ok(None),
        (Some(password), None) => (PASSWORD, password.to_owned()),
        (None, Some(name)) => (PASSWORD_SECRET, secret(PASSWORD_SECRET, name)?),
        (Some(_), Some(_)) => {
            let both = format!("{PASSWORD} and {PASSWORD_SECRET} are two passwords: remove one");
            return Err(error(both));
        }
    };
    match password.contains('\0') {
        true => Err(zero_byte(key)),
        false => Ok(Some(password)),
    }
}

impl Settings {
    /// Checks a port's address and configuration. `inherited` is the password of ports without one.
    pub(crate) fn parse(
        address: &str,
        port: &Configuration,
        inherited: Option<&str>,
        secret: ReadSecret<'_>,
    ) -> Result<Self, ErrorInfo> {
        let address = Address::parse(address)?;
        let statement = Statement::parse(port.required(STATEMENT)?)
            .map_err(|problem| error(format!("{STATEMENT} {problem}")))?;
        let max_batch = port.number(MAX_BATCH, 1..=u64::from(LARGEST_BATCH))?;
        let max_batch = max_batch.and_then(|most| u32::try_from(most).ok());
        let statement_timeout = timeout(port, STATEMENT_TIMEOUT, DEFAULT_STATEMENT_TIMEOUT)?;
        let patience = statement_timeout + GRACE;
        let application_name = text(port, APPLICATION_NAME)?.unwrap_or(DEFAULT_APPLICATION_NAME);
        Ok(Self {
            host: address.host,
            port: address.port,
            credentials: Credentials {
                user: address.user,
                database: address.database,
                password: password(port, secret)?.or_else(|| inherited.map(str::to_owned)),
                parameters: parameters(application_name, statement_timeout, patience),
            },
            statement,
            max_batch: max_batch.unwrap_or(DEFAULT_MAX_BATCH),
            connect_timeout: timeout(port, CONNECT_TIMEOUT, DEFAULT_CONNECT_TIMEOUT)?,
            patience,
        })
    }
}

/// The settings of a session.
fn parameters(
    application_name: &str,
    statement_timeout: Duration,
    patience: Duration,
) -> Vec<(String, String)> {
    let milliseconds = |length: Duration| length.as_millis().to_string();
    let parameters = [
        ("application_name", application_name.to_owned()),
        ("statement_timeout", milliseconds(statement_timeout)),
        // So that a transaction whose writer has vanished does not hold its locks for hours.
        (
            "idle_in_transaction_session_timeout",
            milliseconds(patience),
        ),
        // Warnings and notices have no reader here.
        ("client_min_messages", "error".to_owned()),
        // What the statement is read by.
        ("standard_conforming_strings", "on".to_owned()),
    ];
    parameters
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}

/// A text that the protocol can carry.
fn text<'a>(configuration: &'a Configuration, key: &str) -> Result<Option<&'a str>, ErrorInfo> {
    let text = configuration.text(key);
    match text.is_some_and(|text| text.contains('\0')) {
        true => Err(zero_byte(key)),
        false => Ok(text),
    }
}

fn zero_byte(key: &str) -> ErrorInfo {
    error(format!("{key} has a zero byte in it"))
}

fn timeout(port: &Configuration, key: &str, default: Duration) -> Result<Duration, ErrorInfo> {
    let length = port.duration(key)?.unwrap_or(default);
    if length.is_zero() {
        return Err(error(format!(
            "{key} is zero: nothing would ever be in time"
        )));
    }
    if length > LONGEST_TIMEOUT {
        return Err(error(format!("{key} is more than 24 days")));
    }
    Ok(length)
}

fn seconds(length: Duration) -> String {
    format!("{}s", length.as_secs())
}

fn error(text: String) -> ErrorInfo {
    ErrorInfo::new("configuration", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "postgres://app@db/orders";
    const INSERT: (&str, &str) = ("statement", "INSERT INTO t VALUES ($id)");

    fn read(entries: &[(&str, &str)]) -> Result<Settings, String> {
        let owned = entries
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let secret = |key: &str, name: &str| match name {
            "database" => Ok("s3cret of the database".to_owned()),
            _ => Err(error(format!("{key} names no secret that is granted"))),
        };
        let inherited = Some("of the handler");
        let settings = Settings::parse(ADDRESS, &owned.collect(), inherited, &secret);
        settings.map_err(|error| error.text)
    }

    fn parameter<'a>(settings: &'a Settings, name: &str) -> &'a str {
        let mut parameters = settings.credentials.parameters.iter();
        let (_, value) = parameters
            .find(|(key, _)| key == name)
            .expect("a parameter");
        value
    }

    #[test]
    fn nothing_configured_is_what_the_schema_says() {
        let settings = read(&[INSERT]).unwrap();
        let keys = port_schema();
        let defaults = keys
            .iter()
            .filter_map(|key| Some((key.name.as_str(), key.default.as_deref()?)));
        let all: Vec<_> = [INSERT].into_iter().chain(defaults).collect();
        let same = read(&all).unwrap();
        assert_eq!(format!("{same:?}"), format!("{settings:?}"));
        assert_eq!(same.credentials.parameters, settings.credentials.parameters);
        assert_eq!(settings.max_batch, 64);
        assert_eq!(settings.connect_timeout, Duration::from_secs(10));
        assert_eq!(parameter(&settings, "application_name"), "sendport");
    }

    #[test]
    fn every_key_is_read() {
        let settings = read(&[
            INSERT,
            ("password", "s3cret"),
            ("max-batch", "7"),
            ("connect-timeout", "1s"),
            ("statement-timeout", "1500ms"),
            ("application-name", "night shift"),
        ])
        .unwrap();
        assert_eq!(settings.statement.sql, "INSERT INTO t VALUES ($1)");
        assert_eq!(settings.credentials.password.as_deref(), Some("s3cret"));
        assert_eq!(settings.max_batch, 7);
        assert_eq!(settings.connect_timeout, Duration::from_secs(1));
        assert_eq!(settings.patience, Duration::from_millis(6500));
        assert_eq!(parameter(&settings, "statement_timeout"), "1500");
        assert_eq!(parameter(&settings, "application_name"), "night shift");
    }

    #[test]
    fn a_port_without_a_password_has_that_of_the_handler() {
        let settings = read(&[INSERT]).unwrap();
        let password = settings.credentials.password.as_deref();
        assert_eq!(password, Some("of the handler"));
    }

    #[test]
    fn a_password_may_be_a_secret_that_is_named() {
        let named = |name| [INSERT, ("password-secret", name)];
        let settings = read(&named("database")).unwrap();
        let password = settings.credentials.password.as_deref();
        assert_eq!(password, Some("s3cret of the database"));
        assert!(!format!("{settings:?}").contains("s3cret"));
        let unknown = read(&named("other")).unwrap_err();
        assert!(unknown.contains("password-secret"), "{unknown}");
        let both = [INSERT, ("password", "x"), ("password-secret", "database")];
        assert!(read(&both).unwrap_err().contains("remove one"));
    }

    #[test]
    fn a_password_is_not_shown() {
        let settings = read(&[INSERT, ("password", "s3cret")]).unwrap();
        assert!(!format!("{settings:?}").contains("s3cret"));
    }

    #[test]
    fn an_error_names_the_key() {
        let table = [
            ("statement", "", "statement is empty"),
            ("statement", "SELECT $foo", "statement names $foo"),
            (
                "max-batch",
                "0",
                "max-batch = \"0\": expected a whole number from 1 to 1024",
            ),
            ("connect-timeout", "0s", "connect-timeout is zero"),
            (
                "statement-timeout",
                "600h",
                "statement-timeout is more than 24 days",
            ),
            (
                "application-name",
                "a\0",
                "application-name has a zero byte",
            ),
        ];
        for (key, value, expected) in table {
            let entries = match key {
                STATEMENT => vec![(key, value)],
                _ => vec![INSERT, (key, value)],
            };
            let error = read(&entries).expect_err(key);
            assert!(error.starts_with(expected), "{error}");
        }
        let missing = read(&[]).unwrap_err();
        assert!(missing.starts_with("statement is missing"), "{missing}");
    }
}
