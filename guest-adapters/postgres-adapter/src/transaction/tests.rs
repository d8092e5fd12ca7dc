//! What is said for a batch, and what a server's answers make of it.

use super::*;
use crate::session::tests::server::{
    closed_statement, command, error, message, parameter_types, ready, row, step,
};
use crate::session::tests::{kinds, ready_session};

const STATEMENT: &str = "INSERT INTO t VALUES ($1)";

fn name() -> Name {
    Name::new("sendport/orders/7").unwrap()
}

/// The server's answer to a row that it takes.
fn taken(first: bool) -> Vec<u8> {
    let undo = if first { Vec::new() } else { step("ROLLBACK") };
    let insert = [message(b'2', b""), command("INSERT 0 1")].concat();
    [
        undo,
        insert,
        step("RELEASE"),
        step("SAVEPOINT"),
        ready(b'T'),
    ]
    .concat()
}

/// The server's answer to a row that it refuses.
fn refused(first: bool, sqlstate: &str) -> Vec<u8> {
    let undo = if first { Vec::new() } else { step("ROLLBACK") };
    [undo, error(sqlstate, "no"), ready(b'E')].concat()
}

/// Writes as many rows as there are answers; the outcomes, and the transaction before its end.
fn rows(answers: &[Vec<u8>]) -> (Session, Rows, Vec<Result<(), String>>) {
    let (mut session, mut rows) = (ready_session(), Rows::default());
    for _ in answers {
        rows.write(&mut session, &[Value::Null]).unwrap();
    }
    session.receive(&answers.concat()).unwrap();
    let outcomes = answers.iter().map(|_| {
        let outcome = rows.outcome(&mut session).unwrap();
        outcome.map_err(|error| error.sqlstate)
    });
    let outcomes = outcomes.collect();
    session.outgoing();
    (session, rows, outcomes)
}

fn text_of(session: &mut Session) -> String {
    String::from_utf8_lossy(&session.outgoing()).into_owned()
}

#[test]
fn a_transaction_begins_with_its_lock_and_a_savepoint() {
    let mut session = ready_session();
    begin(&mut session, &name(), STATEMENT).unwrap();
    let text = text_of(&mut session);
    let beginning = "BEGIN; SET CONSTRAINTS ALL IMMEDIATE; SELECT pg_catalog.pg_advisory_xact_lock(\
                     pg_catalog.hashtextextended('sendport/orders/7', 0)); SAVEPOINT sendport_row\0";
    assert!(
        text.contains(beginning) && text.contains(STATEMENT),
        "{text}"
    );

    let bytes = [
        [
            command("BEGIN"),
            command("SET CONSTRAINTS"),
            row(&[Some("")]),
        ]
        .concat(),
        [command("SELECT 1"), command("SAVEPOINT"), ready(b'T')].concat(),
        [
            closed_statement(),
            parameter_types(&[2950, 17]),
            ready(b'T'),
        ]
        .concat(),
    ];
    session.receive(&bytes.concat()).unwrap();
    assert_eq!(begun(&mut session), Ok(vec![2950, 17]));
}

#[test]
fn a_statement_that_does_not_fit_the_database_is_told_apart() {
    let mut session = ready_session();
    begin(&mut session, &name(), STATEMENT).unwrap();
    let missing = error("42P01", "relation \"t\" does not exist");
    let bytes = [command("BEGIN"), ready(b'T'), missing, ready(b'E')];
    session.receive(&bytes.concat()).unwrap();
    let error = begun(&mut session).unwrap_err();
    assert!(matches!(error, TransactionError::Statement(_)), "{error}");

    begin(&mut session, &name(), STATEMENT).unwrap();
    let bytes = [error_of_begin(), ready(b'I'), error_of_begin(), ready(b'I')];
    session.receive(&bytes.concat()).unwrap();
    let error = begun(&mut session).unwrap_err().to_string();
    assert!(error.starts_with("cannot begin a transaction: "), "{error}");
}

fn error_of_begin() -> Vec<u8> {
    error("57014", "canceling statement due to statement timeout")
}

#[test]
fn every_row_but_the_first_begins_where_the_last_good_one_ended() {
    let (mut session, mut rows) = (ready_session(), Rows::default());
    rows.write(&mut session, &[Value::Null]).unwrap();
    let first = session.outgoing();
    assert_eq!(kinds(&first), "BEPBEPBES");
    rows.write(&mut session, &[Value::Null]).unwrap();
    let second = session.outgoing();
    assert_eq!(kinds(&second), "PBEBEPBEPBES");
    let (undo, rest) = second.split_at(second.len() - first.len());
    assert!(String::from_utf8_lossy(undo).contains(UNDO));
    assert_eq!(rest, first);
}

#[test]
fn a_bad_row_costs_only_itself() {
    let answers = [
        taken(true),
        refused(false, "23505"),
        taken(false),
        refused(false, "40001"),
    ];
    let (mut session, rows, outcomes) = rows(&answers);
    let no = |sqlstate: &str| Err(sqlstate.to_owned());
    assert_eq!(outcomes, [Ok(()), no("23505"), Ok(()), no("40001")]);

    // The last one has failed, so there is something to undo first.
    rows.finish(&mut session, &name()).unwrap();
    let text = text_of(&mut session);
    let (undo, prepare) = (
        text.find(UNDO),
        text.find("PREPARE TRANSACTION 'sendport/orders/7'\0"),
    );
    assert!(undo.is_some() && undo < prepare, "{text}");
    let bytes = [step("ROLLBACK"), step("PREPARE TRANSACTION"), ready(b'I')];
    session.receive(&bytes.concat()).unwrap();
    assert_eq!(rows.finished(&mut session), Ok(()));
    assert!(session.is_fresh());
}

#[test]
fn when_all_rows_are_bad_nothing_is_prepared() {
    for answers in [
        vec![],
        vec![refused(true, "22P02"), refused(false, "22P02")],
    ] {
        let (mut session, rows, _) = rows(&answers);
        rows.finish(&mut session, &name()).unwrap();
        assert_eq!(session.outgoing(), b"Q\0\0\0\x0dROLLBACK\0");
        session
            .receive(&[command("ROLLBACK"), ready(b'I')].concat())
            .unwrap();
        assert_eq!(rows.finished(&mut session), Ok(()));
    }
}

#[test]
fn a_statement_that_ends_the_transaction_is_found_out() {
    let commit = [message(b'2', b""), command("COMMIT")].concat();
    let answers = [
        [
            commit,
            error(
                "25P01",
                "RELEASE SAVEPOINT can only be used in transaction blocks",
            ),
        ]
        .concat(),
        error("2D000", "invalid transaction termination"),
    ];
    for answer in answers {
        let (mut session, mut rows) = (ready_session(), Rows::default());
        rows.write(&mut session, &[]).unwrap();
        session.receive(&[answer, ready(b'I')].concat()).unwrap();
        let outcome = rows.outcome(&mut session);
        assert_eq!(outcome, Err(TransactionError::Strays));
    }
}

#[test]
fn a_transaction_that_is_not_prepared_is_an_error() {
    let prepared = |bytes: Vec<u8>| {
        let (mut session, rows, _) = rows(&[taken(true)]);
        rows.finish(&mut session, &name()).unwrap();
        session.receive(&[bytes, ready(b'I')].concat()).unwrap();
        rows.finished(&mut session)
    };
    assert_eq!(prepared(step("PREPARE TRANSACTION")), Ok(()));
    // This is how a server says that it has rolled back instead.
    let instead = prepared(step("ROLLBACK")).unwrap_err();
    assert_eq!(
        instead,
        TransactionError::NotPrepared(vec!["ROLLBACK".to_owned()])
    );
    let disabled = prepared(error("55000", "prepared transactions are disabled")).unwrap_err();
    let text = disabled.to_string();
    assert!(text.contains("max_prepared_transactions > 0"), "{text}");
    let full = prepared(error(
        "53200",
        "maximum number of prepared transactions reached",
    ));
    assert!(
        matches!(full, Err(TransactionError::Refused { .. })),
        "{full:?}"
    );
}

#[test]
fn a_transaction_that_is_not_there_was_committed_before() {
    let commit = |bytes: Vec<u8>| {
        let mut session = ready_session();
        commit_prepared(&mut session, &name()).unwrap();
        let text = text_of(&mut session);
        assert!(
            text.ends_with("COMMIT PREPARED 'sendport/orders/7'\0"),
            "{text}"
        );
        session.receive(&[bytes, ready(b'I')].concat()).unwrap();
        committed(&mut session)
    };
    assert_eq!(commit(command("COMMIT PREPARED")), Ok(()));
    assert_eq!(commit(error("42704", "does not exist")), Ok(()));
    let busy = commit(error("55000", "is busy")).unwrap_err().to_string();
    assert!(
        busy.starts_with("cannot commit the prepared transaction: is busy"),
        "{busy}"
    );
}

#[test]
fn a_rollback_is_done_when_nobody_can_prepare_any_more() {
    let roll_back = |bytes: Vec<u8>, lock: &str| {
        let mut session = ready_session();
        roll_back_prepared(&mut session, &name()).unwrap();
        let text = text_of(&mut session);
        assert!(
            text.contains("ROLLBACK PREPARED 'sendport/orders/7'\0"),
            "{text}"
        );
        let lock = [step("SELECT 1"), row(&[Some(lock)])].concat();
        session
            .receive(&[bytes, ready(b'I'), lock, ready(b'I')].concat())
            .unwrap();
        rolled_back(&mut session)
    };
    let gone = || error("42704", "does not exist");
    assert_eq!(roll_back(command("ROLLBACK PREPARED"), "t"), Ok(true));
    assert_eq!(roll_back(gone(), "t"), Ok(true), "it never was");
    assert_eq!(roll_back(gone(), "f"), Ok(false), "it is on its way");
    assert!(roll_back(error("55000", "is busy"), "f").is_err());
}

#[test]
fn prepared_transactions_are_listed() {
    let mut session = ready_session();
    list_prepared(&mut session, "sendport/").unwrap();
    let bytes = session.outgoing();
    assert_eq!(kinds(&bytes), "CPDBES");
    assert!(String::from_utf8_lossy(&bytes).contains("sendport/"));
    let names = [row(&[Some("sendport/1")]), row(&[Some("sendport/2")])];
    session
        .receive(&[names.concat(), step("SELECT 2"), ready(b'I')].concat())
        .unwrap();
    assert_eq!(listed(&mut session).unwrap(), ["sendport/1", "sendport/2"]);
}

#[test]
fn a_name_is_quoted_and_has_a_length() {
    let literal = |name: &str| Name::new(name).map(|name| name.0).ok();
    let quoted = |text: &str| Some(text.to_owned());
    assert_eq!(literal("a'b"), quoted("'a''b'"));
    assert_eq!(literal(r"a\b"), quoted(r"E'a\\b'"));
    assert_eq!(
        literal(&"x".repeat(199)),
        quoted(&format!("'{}'", "x".repeat(199)))
    );
    for wrong in ["", "a\0b", &"x".repeat(200)] {
        assert_eq!(literal(wrong), None, "{wrong:?}");
    }
}
