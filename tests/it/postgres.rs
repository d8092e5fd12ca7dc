//! The PostgreSQL adapter and a real server: rows, what the server refuses, and what is set up wrongly.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use adapter_runtime::{Secret, Secrets};
use model::{ErrorInfo, MessageId};

use crate::fixture::{Host, PortSpec, Postgres, message, until};

const INSERT: &str = "INSERT INTO inbox (id, body) VALUES ($id, $body)";
const WITH_KEY: &str = "CREATE TABLE inbox (id text PRIMARY KEY, body text NOT NULL)";
/// Where a message that was written twice would be there twice.
const WITHOUT_KEY: &str = "CREATE TABLE inbox (id text, body text)";

const SOON: Duration = Duration::from_millis(20);
const PATIENT: u32 = 10_000;

fn port(address: String, settings: &[(&str, &str)]) -> PortSpec {
    let owned = settings
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    PortSpec {
        address,
        endpoint: owned.collect(),
        ..PortSpec::of("postgres-adapter").retrying(PATIENT, SOON)
    }
}

/// A server and a database of this test's own in which that was carried out.
async fn database(sql: &str) -> (Arc<Postgres>, String) {
    let server = Postgres::shared().await;
    let database = server.database().await;
    server.query(&database, sql).await;
    (server, database)
}

/// A message for every body.
async fn publish(host: &Host, bodies: &[String]) -> Vec<MessageId> {
    let messages = bodies.iter().map(|body| message(&[], body.clone()));
    host.publish_messages("port", messages.collect()).await
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("<order n=\"{n}\"/>")).collect()
}

/// Waits until nothing is prepared in the database; then its rows are these, each once.
async fn holds(server: &Postgres, database: &str, ids: &[MessageId], bodies: &[String]) {
    let count = format!("SELECT 1 FROM pg_prepared_xacts WHERE database = '{database}'");
    until("every transaction to be committed", async || {
        server
            .query(database, &count)
            .await
            .is_empty()
            .then_some(())
    })
    .await;
    let mut rows = server.query(database, "SELECT id, body FROM inbox").await;
    rows.sort();
    let expected = ids.iter().map(ToString::to_string).zip(bodies.to_owned());
    let expected: BTreeMap<_, _> = expected.collect();
    let expected: Vec<_> = expected.into_iter().map(|(id, body)| [id, body]).collect();
    assert_eq!(rows, expected);
}

/// Waits until the port has failed with that code; says how.
async fn failed(host: &Host, code: &str) -> ErrorInfo {
    until(code, async || {
        let (_, error) = host.status("port").last_error?;
        (error.code.as_deref() == Some(code)).then_some(error)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn b81_every_message_is_one_row_with_its_id_and_body() {
    for table in [WITH_KEY, WITHOUT_KEY] {
        let (server, database) = database(table).await;
        let settings = [("statement", INSERT), ("max-batch", "16")];
        let host = Host::with(&PortSpec {
            instances: 2,
            ..port(server.url(&database), &settings)
        });
        let bodies = numbers(300);
        let ids = publish(&host, &bodies).await;
        host.delivered("port", 300).await;
        holds(&server, &database, &ids, &bodies).await;
        let status = host.status("port");
        assert_eq!((status.retried, status.returned), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_may_use_everything_of_a_message() {
    let table = "CREATE TABLE parts \
                 (id uuid, port text, attempt int, customer bigint, note text, body bytea)";
    let (server, database) = database(table).await;
    let statement = "INSERT INTO parts VALUES ($id, $port, $attempt, $property.customer, \
                     $property.\"a note\", $body) -- in this order";
    let host = Host::with(&port(server.url(&database), &[("statement", statement)]));
    let whole = message(
        &[("customer", "4711"), ("a note", "it's; $1 -- \\")],
        &b"\0\xff'"[..],
    );
    let bare = message(&[], "");
    let ids = host.publish_messages("port", vec![whole, bare]).await;
    host.delivered("port", 2).await;
    let query = "SELECT id, port, attempt, coalesce(customer, -1), coalesce(note, 'nothing'), \
                 encode(body, 'hex') || '.' FROM parts ORDER BY customer";
    let rows = until("two rows", async || {
        let rows = server.query(&database, query).await;
        (rows.len() == 2).then_some(rows)
    })
    .await;
    let [first, second] = [ids[0], ids[1]].map(|id| id.to_string());
    assert_eq!(
        rows,
        [
            [&first, "port", "1", "4711", "it's; $1 -- \\", "00ff27."],
            [&second, "port", "1", "-1", "nothing", "."],
        ]
    );
}

/// B111, and B83: the others of its transaction are committed.
#[tokio::test(flavor = "multi_thread")]
async fn b83_b111_one_bad_row_among_a_hundred_is_suspended_with_the_servers_words() {
    let table = "CREATE TABLE inbox (id text PRIMARY KEY, body text, \
                 CONSTRAINT no_nonsense CHECK (body <> 'nonsense'))";
    let (server, database) = database(table).await;
    let settings = [("statement", INSERT), ("max-batch", "100")];
    let host = Host::with(&port(server.url(&database), &settings));
    let mut bodies = numbers(100);
    bodies[50] = "nonsense".to_owned();
    let mut ids = publish(&host, &bodies).await;
    let suspended = host.suspended(1).await.remove(0);
    assert_eq!((suspended.id, suspended.attempts), (ids[50], 1));
    let error = suspended.error;
    assert_eq!(error.code.as_deref(), Some("postgres-23514"), "{error}");
    assert!(error.text.contains("violates check constraint"), "{error}");
    assert!(error.text.contains("no_nonsense"), "{error}");

    host.delivered("port", 99).await;
    assert_eq!(host.status("port").retried, 0, "it costs only itself");
    ids.remove(50);
    bodies.remove(50);
    holds(&server, &database, &ids, &bodies).await;
}

/// Another one's row is in the way: a constraint that the adapter knows nothing of.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_there_already_is_refused_as_the_server_says() {
    let table = "CREATE TABLE inbox (id text, body text UNIQUE); \
                 INSERT INTO inbox VALUES ('before', 'taken')";
    let (server, database) = database(table).await;
    let host = Host::with(&port(server.url(&database), &[("statement", INSERT)]));
    let bodies = ["free", "taken"].map(str::to_owned);
    publish(&host, &bodies).await;
    let error = host.suspended(1).await.remove(0).error;
    assert_eq!(error.code.as_deref(), Some("postgres-23505"), "{error}");
    assert!(error.text.contains("duplicate key value"), "{error}");
    host.delivered("port", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_wait_for_a_table_that_is_missing() {
    let (server, database) = database("SELECT 1").await;
    let host = Host::with(&port(server.url(&database), &[("statement", INSERT)]));
    let bodies = numbers(3);
    let ids = publish(&host, &bodies).await;
    let error = failed(&host, "postgres-42p01").await;
    assert!(
        error.text.contains("relation \"inbox\" does not exist"),
        "{error}"
    );
    assert_eq!(host.audit().await.pending, 3);

    server.query(&database, WITH_KEY).await;
    host.delivered("port", 3).await;
    holds(&server, &database, &ids, &bodies).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_wait_for_the_right_password() {
    let (server, database) = database(WITH_KEY).await;
    let (address, user) = server.guarded_url(&database);
    let create =
        format!("CREATE ROLE {user} LOGIN PASSWORD 'another'; GRANT ALL ON inbox TO {user}");
    server.query(&database, &create).await;
    let settings = [("statement", INSERT), ("password-secret", "database")];
    let secret = ("database".to_owned(), Secret::new("s3cret".to_owned()));
    let secrets: Secrets = [secret].into_iter().collect();
    let host = Host::with(&PortSpec {
        secrets: secrets.grant(["database"]),
        ..port(address, &settings)
    });
    let bodies = numbers(3);
    let ids = publish(&host, &bodies).await;
    let error = failed(&host, "postgres-28p01").await;
    assert!(
        error.text.contains("password authentication failed"),
        "{error}"
    );
    assert!(!error.text.contains("s3cret"), "{error}");
    assert_eq!(host.audit().await.pending, 3);

    let change = format!("ALTER ROLE {user} PASSWORD 's3cret'");
    server.query(&database, &change).await;
    host.delivered("port", 3).await;
    holds(&server, &database, &ids, &bodies).await;
    assert_eq!(host.status("port").retried, 0, "no message was at fault");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_wait_for_a_server_that_cannot_prepare() {
    let mut server = Postgres::start().await;
    let database = server.database().await;
    server.query(&database, WITH_KEY).await;
    server.kill().await;
    server.restart_with(&["max_prepared_transactions=0"]).await;
    let host = Host::with(&port(server.url(&database), &[("statement", INSERT)]));
    let bodies = numbers(3);
    let ids = publish(&host, &bodies).await;
    let error = failed(&host, "postgres-55000").await;
    assert!(
        error.text.contains("needs max_prepared_transactions > 0"),
        "{error}"
    );
    let audit = host.audit().await;
    assert_eq!((audit.pending, audit.delivered), (3, 0));

    server.kill().await;
    server.restart().await;
    host.delivered("port", 3).await;
    holds(&server, &database, &ids, &bodies).await;
}
