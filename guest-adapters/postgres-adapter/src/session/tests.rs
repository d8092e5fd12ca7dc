//! The session against a server made of bytes.

mod scram;
pub(crate) mod server;

use super::*;
use server::{
    auth, closed_statement, command, error, fatal, notice, parameter_types, ready, row, welcome,
};

fn credentials(password: Option<&str>) -> Credentials {
    Credentials {
        user: "app".to_owned(),
        database: "orders".to_owned(),
        password: password.map(str::to_owned),
        parameters: vec![("application_name".to_owned(), "sendport".to_owned())],
    }
}

/// A session that has sent its first message.
fn begun(password: Option<&str>) -> Session {
    let mut session = Session::begin(credentials(password)).unwrap();
    assert!(!session.outgoing().is_empty());
    session
}

/// A session that is logged in.
pub(crate) fn ready_session() -> Session {
    let mut session = begun(None);
    session.receive(&welcome()).unwrap();
    assert!(session.is_fresh());
    session
}

/// The kinds of the messages in these bytes.
pub(crate) fn kinds(mut bytes: &[u8]) -> String {
    let mut kinds = String::new();
    while let [kind, a, b, c, d, ..] = *bytes {
        kinds.push(char::from(kind));
        bytes = &bytes[1 + u32::from_be_bytes([a, b, c, d]) as usize..];
    }
    assert!(bytes.is_empty(), "half a message");
    kinds
}

#[test]
fn a_session_begins_by_saying_who_it_is() {
    let mut session = Session::begin(credentials(None)).unwrap();
    let text = "user\0app\0database\0orders\0client_encoding\0UTF8\0application_name\0sendport\0\0";
    let mut expected = vec![0, 0, 0, 8 + text.len() as u8, 0, 3, 0, 0];
    expected.extend_from_slice(text.as_bytes());
    assert_eq!(session.outgoing(), expected);
    assert!(!session.is_ready());
}

#[test]
fn a_server_that_trusts_lets_us_in() {
    let mut session = begun(None);
    // Byte by byte, as a network may deliver it.
    for byte in welcome() {
        assert!(!session.is_ready());
        session.receive(&[byte]).unwrap();
    }
    assert!(session.is_fresh());
    assert_eq!(session.outgoing(), b"");
}

#[test]
fn a_password_is_sent_as_the_server_asks() {
    let mut session = begun(Some("password"));
    session.receive(&auth(3, b"")).unwrap();
    assert_eq!(session.outgoing(), b"p\0\0\0\x0dpassword\0");
    session.receive(&welcome()).unwrap();
    assert!(session.is_ready());

    // The test vector of the library, for the user md5_user.
    let mut session = Session::begin(Credentials {
        user: "md5_user".to_owned(),
        ..credentials(Some("password"))
    });
    let session = session.as_mut().unwrap();
    session.outgoing();
    session
        .receive(&auth(5, &[0x2a, 0x3d, 0x8f, 0xe0]))
        .unwrap();
    let hash = b"p\0\0\0\x28md562af4dd09bbb41884907a838a3233294\0";
    assert_eq!(session.outgoing(), hash);
}

#[test]
fn a_login_that_cannot_be_says_why() {
    let table: [(Vec<u8>, &str); 6] = [
        (
            auth(3, b""),
            "cannot log in: the server asks for a password: set the key password-secret or password",
        ),
        (
            auth(10, b"SCRAM-SHA-256\0\0"),
            "set the key password-secret",
        ),
        (
            auth(10, b"SCRAM-SHA-512\0\0"),
            "offers SCRAM-SHA-512; this adapter knows SCRAM-SHA-256",
        ),
        (
            auth(7, b""),
            "wants to authenticate by GSSAPI; this adapter knows passwords",
        ),
        (
            auth(99, b""),
            "does not keep to the protocol: unknown authentication tag",
        ),
        (
            fatal("28P01", "password authentication failed for user \"app\""),
            "the server ended the connection: password authentication failed for user \"app\" \
             (SQLSTATE 28P01)",
        ),
    ];
    for (bytes, expected) in table {
        let broken = begun(None).receive(&bytes).unwrap_err().to_string();
        assert!(broken.contains(expected), "{broken}");
    }
}

#[test]
fn answers_come_in_the_order_of_the_exchanges() {
    let mut session = ready_session();
    session.query("BEGIN").unwrap();
    session.query("SELECT x").unwrap();
    session.query("ROLLBACK").unwrap();
    assert_eq!(kinds(&session.outgoing()), "QQQ");
    assert!(!session.is_ready());
    let bytes = [
        command("BEGIN"),
        ready(b'T'),
        notice("careful"),
        error("42703", "column \"x\" does not exist"),
        ready(b'E'),
        command("ROLLBACK"),
    ];
    session.receive(&bytes.concat()).unwrap();

    let begin = session.next_answer().unwrap();
    assert_eq!(begin.commands, ["BEGIN"]);
    assert_eq!(begin.status, Status::Transaction);
    let select = session.next_answer().unwrap();
    assert_eq!(select.status, Status::Failed);
    let select = select.ok().unwrap_err();
    assert_eq!((select.sqlstate.as_str(), select.class()), ("42703", "42"));
    assert_eq!(session.next_answer(), None, "not ready yet");
    session.receive(&ready(b'I')).unwrap();
    assert!(session.is_ready() && !session.is_fresh());
    assert_eq!(session.next_answer().unwrap().commands, ["ROLLBACK"]);
    assert!(session.is_fresh());
}

#[test]
fn a_pipeline_is_one_exchange() {
    let mut session = ready_session();
    let values = [
        Value::Null,
        Value::Text(b"7".to_vec()),
        Value::Binary(vec![0, 255]),
    ];
    let pipeline = session.pipeline().keep_rows();
    let pipeline = pipeline.prepare("s", "SELECT $1, $2, $3", &[25]).unwrap();
    pipeline
        .execute("s", &values)
        .unwrap()
        .command("COMMIT")
        .unwrap()
        .end();
    let bytes = session.outgoing();
    assert_eq!(kinds(&bytes), "CPDBEPBES");
    let parse = b"s\0SELECT $1, $2, $3\0\0\x01\0\0\0\x19D";
    assert!(bytes.windows(parse.len()).any(|window| window == parse));
    let bind = b"\0s\0\0\x03\0\0\0\0\0\x01\0\x03\xff\xff\xff\xff\0\0\0\x017\0\0\0\x02\0\xff\0\0E";
    assert!(bytes.windows(bind.len()).any(|window| window == bind));

    let bytes = [
        closed_statement(),
        parameter_types(&[25, 23, 17]),
        row(&[Some("a"), None]),
        row(&[Some(""), Some("ü")]),
        command("SELECT 2"),
        command("COMMIT"),
        ready(b'I'),
    ];
    session.receive(&bytes.concat()).unwrap();
    let answer = session.next_answer().unwrap();
    assert_eq!(answer.parameters, [25, 23, 17]);
    assert_eq!(answer.commands, ["SELECT 2", "COMMIT"]);
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(answer.rows, [[text("a"), None], [text(""), text("ü")]]);
}

#[test]
fn rows_that_nobody_asked_for_are_not_kept() {
    let mut session = ready_session();
    session.query("SELECT 1").unwrap();
    let bytes = [row(&[Some("1")]), command("SELECT 1"), ready(b'I')];
    session.receive(&bytes.concat()).unwrap();
    assert_eq!(session.next_answer().unwrap().rows, [[]; 0]);
}

#[test]
fn an_error_is_told_with_all_that_helps() {
    let mut session = ready_session();
    session.query("INSERT").unwrap();
    let fields = [
        (b'S', "FEHLER"),
        (b'V', "ERROR"),
        (b'C', "23505"),
        (b'M', "duplicate key"),
        (b'D', "Key (id)=(1) already exists."),
        (b'H', "Take another."),
        (b'n', "orders_pkey"),
    ];
    let bytes = [server::report(b'E', &fields), ready(b'I')].concat();
    session.receive(&bytes).unwrap();
    let error = session.next_answer().unwrap().ok().unwrap_err();
    assert_eq!(
        error.to_string(),
        "duplicate key (SQLSTATE 23505). Key (id)=(1) already exists. Take another"
    );
    assert!(!error.fatal);
}

#[test]
fn the_servers_last_words_end_the_session() {
    let words = fatal(
        "57P01",
        "terminating connection due to administrator command",
    );
    let expected = "the server ended the connection: terminating connection due to administrator \
                    command (SQLSTATE 57P01)";
    let mut busy = ready_session();
    busy.query("SELECT 1").unwrap();
    for mut session in [busy, ready_session()] {
        let broken = session.receive(&words).unwrap_err();
        assert_eq!(broken.to_string(), expected);
    }
}

#[test]
fn what_is_not_the_protocol_is_refused() {
    let table: [(Vec<u8>, &str); 6] = [
        (
            b"HTTP/1.1 400 Bad Request\r\n".to_vec(),
            "a message of 1414811695 bytes",
        ),
        (b"Z\0\0\0\x03I".to_vec(), "header length < 4"),
        (b"Z\0\0\0\x05X".to_vec(), "an unknown status 0x58"),
        (b"?\0\0\0\x04".to_vec(), "unknown message tag"),
        (b"G\0\0\0\x07\0\0\0".to_vec(), "the statement begins a COPY"),
        (auth(0, b""), "a message came where none belongs"),
    ];
    for (bytes, expected) in table {
        let mut session = ready_session();
        session.query("SELECT 1").unwrap();
        let broken = session.receive(&bytes).unwrap_err().to_string();
        assert!(broken.contains(expected), "{broken}");
    }
    let broken = ready_session().receive(&ready(b'I')).unwrap_err();
    assert!(
        broken
            .to_string()
            .contains("an answer came where none belongs")
    );
}

#[test]
fn what_no_message_can_carry_is_not_sent() {
    let broken = ready_session().query("SELECT '\0'").unwrap_err();
    assert!(matches!(broken, Broken::Unsendable(_)), "{broken}");
    let values = vec![Value::Null; 65_536];
    let mut session = ready_session();
    let broken = session.pipeline().execute("s", &values).map(drop);
    assert!(matches!(broken, Err(Broken::Unsendable(_))), "{broken:?}");
}

#[test]
fn a_farewell_is_written() {
    let mut session = ready_session();
    session.terminate();
    assert_eq!(session.outgoing(), b"X\0\0\0\x04");
}
