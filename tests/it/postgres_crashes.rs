//! `kill -9` of the host, of the database, and of both, at random and in every step of a transaction: every
//! message is one row, and nothing stays prepared.

use serde_json::{Value, json};

use crate::fixture::{BoxFile, Dice, LockedBox, Postgres, Process, Site, port, until};

const WITH_KEY: &str = "CREATE TABLE inbox (id text PRIMARY KEY, body text)";
/// Where a message that was written twice would be there twice.
const WITHOUT_KEY: &str = "CREATE TABLE inbox (id text, body text)";

/// Makes every row take a while, so that there is something to be interrupted.
const SLOWLY: &str = "\
    CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS \
    $$ BEGIN PERFORM pg_sleep(0.003); RETURN NEW; END $$; \
    CREATE TRIGGER slowly BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION slowly()";

/// Makes the server stop at a table, `gate`, in the middle of PREPARE TRANSACTION. The adapter has all
/// constraints checked at once; the table has another opinion.
const GATED: &str = "\
    CREATE TABLE gate (); \
    CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS \
    $$ BEGIN SET CONSTRAINTS pass DEFERRED; RETURN NEW; END $$; \
    CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS \
    $$ BEGIN LOCK TABLE gate IN ACCESS SHARE MODE; RETURN NULL; END $$; \
    CREATE TRIGGER late BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION late(); \
    CREATE CONSTRAINT TRIGGER pass AFTER INSERT ON inbox DEFERRABLE INITIALLY DEFERRED \
    FOR EACH ROW EXECUTE FUNCTION pass()";

/// A few messages in each transaction, and no time-out that would end one by itself.
const CONFIG: &str = "\
    instances = 2\n\
    retry = { count = 1000, interval = \"50ms\" }\n\
    config = { statement = \"INSERT INTO inbox (id, body) VALUES ($id, $body)\", \
    statement-timeout = \"1h\", max-batch = 7 }\n";
const PATIENT: &str = "delivery-timeout = \"1h\"\n";

const ROUNDS: usize = 6;
const ORDERS: usize = 60;

/// Somebody else's prepared transaction: it holds locks, and no recovery may end it.
const STRANGER: &str = "stranger";

/// A database server and a site whose port `orders` writes there.
struct World {
    server: Postgres,
    database: String,
    site: Site,
    /// Of all messages.
    ids: Vec<String>,
}

impl World {
    /// With a database in which that was carried out.
    async fn new(sql: &[&str]) -> Self {
        Self::with(sql, PATIENT).await
    }

    /// With further lines of the port.
    async fn with(sql: &[&str], more: &str) -> Self {
        let server = Postgres::start().await;
        let database = server.database().await;
        for sql in sql {
            server.query(&database, sql).await;
        }
        let (address, more) = (server.url(&database), format!("{more}{CONFIG}"));
        let site = Site::new(&port("orders", "postgres-adapter", &address, &more));
        Self {
            server,
            database,
            site,
            ids: Vec::new(),
        }
    }

    async fn publish(&mut self, host: &Process, count: usize) {
        let orders: Vec<_> = (0..count).map(|n| n.to_string()).collect();
        self.ids.extend(host.api.bulk("orders", &orders).await);
    }

    /// Publishes, and waits until some of it has been delivered: the moment to kill.
    async fn load(&mut self, host: &Process, dice: &mut Dice) {
        let delivered = host.api.delivered_so_far("orders").await;
        self.publish(host, ORDERS).await;
        let some = delivered + dice.throw(ORDERS - 1);
        host.api.delivered_at_least("orders", some).await;
    }

    async fn query(&self, sql: &str) -> Vec<String> {
        let rows = self.server.query(&self.database, sql).await;
        rows.into_iter().flatten().collect()
    }

    /// The names of the host's prepared transactions.
    async fn prepared(&self) -> Vec<String> {
        let sql = format!("SELECT gid FROM pg_prepared_xacts WHERE gid <> '{STRANGER}' ORDER BY 1");
        self.query(&sql).await
    }

    /// Keeps everybody else from a table.
    async fn lock(&self, table: &str) {
        let lock = format!(
            "BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; PREPARE TRANSACTION '{STRANGER}'"
        );
        self.query(&lock).await;
    }

    async fn unlock(&self) {
        let unlock = format!("ROLLBACK PREPARED '{STRANGER}'");
        self.query(&unlock).await;
    }

    /// Waits until so many sessions of the adapter wait for a lock in a statement that begins so.
    async fn blocked(&self, statement: &str, count: usize) {
        let sql = format!(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'sendport' \
             AND wait_event_type = 'Lock' AND query LIKE '{statement}%'"
        );
        until(
            &format!("{count} times a blocked {statement}"),
            async || (self.query(&sql).await.len() >= count).then_some(()),
        )
        .await;
    }

    async fn rows(&self) -> Vec<String> {
        let mut rows = self.query("SELECT id FROM inbox").await;
        rows.sort();
        rows
    }

    /// Waits until all is done; then every message must be one row, and the books must be in order.
    async fn settles(mut self, host: Process) {
        host.api.delivered("orders", self.ids.len()).await;
        until("no transaction that is prepared or decided", async || {
            let decided = BoxFile::of_site(&self.site).decided();
            (decided.is_empty() && self.prepared().await.is_empty()).then_some(())
        })
        .await;
        self.ids.sort();
        assert_eq!(self.rows().await, self.ids);
        host.terminate().await;
        let status = self.site.run(&["status", "--json"]).await;
        let status: Value = serde_json::from_str(&status.stdout).expect("JSON");
        let count = self.ids.len();
        let audit = json!({
            "accepted": count, "delivered": count, "routed": 0, "terminated": 0, "suspended": 0,
            "pending": 0, "holds": true
        });
        assert_eq!(status["audit"], audit);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b86_b101_b103_every_message_is_one_row_whenever_the_host_is_killed() {
    let mut world = World::new(&[WITHOUT_KEY, SLOWLY]).await;
    let mut dice = Dice::new();
    let mut host = world.site.start().await;
    for _ in 0..ROUNDS {
        world.load(&host, &mut dice).await;
        host.kill().await;
        host = world.site.start().await;
    }
    world.settles(host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b86_every_message_is_one_row_whenever_the_database_is_killed() {
    let mut world = World::new(&[WITHOUT_KEY, SLOWLY]).await;
    let mut dice = Dice::new();
    let host = world.site.start().await;
    for _ in 0..ROUNDS {
        world.load(&host, &mut dice).await;
        world.server.kill().await;
        world.server.restart().await;
    }
    world.settles(host).await;
}

/// In either order, and each comes back while the other one is down.
#[tokio::test(flavor = "multi_thread")]
async fn b86_b101_b103_every_message_is_one_row_whenever_both_are_killed() {
    let mut world = World::new(&[WITH_KEY, SLOWLY]).await;
    let mut dice = Dice::new();
    let mut host = world.site.start().await;
    for _ in 0..ROUNDS {
        world.load(&host, &mut dice).await;
        match dice.throw(2) {
            1 => {
                host.kill().await;
                world.server.kill().await;
                host = world.site.start().await;
                world.server.restart().await;
            }
            _ => {
                world.server.kill().await;
                host.kill().await;
                world.server.restart().await;
                host = world.site.start().await;
            }
        }
    }
    world.settles(host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b86_killed_while_rows_are_written_nothing_of_them_is_left() {
    let mut world = World::new(&[WITH_KEY]).await;
    let host = world.site.start().await;
    world.lock("inbox").await;
    world.publish(&host, 5).await;
    world.blocked("INSERT", 1).await;
    host.kill().await;
    world.unlock().await;

    let host = world.site.start().await;
    world.settles(host).await;
}

/// The word to prepare is on its way, and is carried out after the next host has asked what is prepared.
/// The messages that come again wait behind it: only another recovery can end that.
#[tokio::test(flavor = "multi_thread")]
async fn b86_killed_while_the_server_prepares_the_late_transaction_is_rolled_back() {
    let mut world = World::new(&[WITH_KEY, GATED]).await;
    let host = world.site.start().await;
    world.lock("gate").await;
    world.publish(&host, 5).await;
    world.blocked("PREPARE", 1).await;
    host.kill().await;

    let host = world.site.start().await;
    world.blocked("INSERT", 1).await;
    assert_eq!(world.prepared().await, Vec::<String>::new());
    world.unlock().await;
    world.settles(host).await;
}

/// The instance is gone, the host is not: it knows whose end is open, and sends nothing that would have to
/// wait behind it.
#[tokio::test(flavor = "multi_thread")]
async fn b86_a_prepare_that_nobody_waited_for_is_rolled_back_before_anything_is_sent() {
    let more = "delivery-timeout = \"5s\"\n";
    let mut world = World::with(&[WITH_KEY, GATED], more).await;
    let host = world.site.start().await;
    world.lock("gate").await;
    world.publish(&host, 1).await;
    world.blocked("PREPARE", 1).await;
    host.api.failed("orders", "delivery-timeout").await;
    host.api.failed("orders", "postgres-under-way").await;
    world.unlock().await;
    world.settles(host).await;
}

/// A host with one message, whose transaction is prepared; nothing can be decided before the lock is
/// dropped.
async fn prepared_and_undecided() -> (World, Process, LockedBox, Vec<String>) {
    let mut world = World::new(&[WITHOUT_KEY]).await;
    let host = world.site.start().await;
    world.lock("inbox").await;
    world.publish(&host, 1).await;
    world.blocked("INSERT", 1).await;
    let locked = BoxFile::of_site(&world.site).lock();
    world.unlock().await;
    let prepared = until("a prepared transaction", async || {
        let prepared = world.prepared().await;
        (!prepared.is_empty()).then_some(prepared)
    })
    .await;
    (world, host, locked, prepared)
}

#[tokio::test(flavor = "multi_thread")]
async fn b86_b103_killed_between_prepare_and_decision_it_is_rolled_back_and_sent_again() {
    let (world, host, locked, _) = prepared_and_undecided().await;
    host.kill().await;
    drop(locked);
    assert_eq!(world.rows().await, Vec::<String>::new());
    assert_eq!(
        BoxFile::of_site(&world.site).decided(),
        Vec::<String>::new()
    );

    let host = world.site.start().await;
    world.settles(host).await;
}

/// B102: what is decided is never sent again.
#[tokio::test(flavor = "multi_thread")]
async fn b86_b102_killed_between_decision_and_commit_it_is_committed_without_being_sent_again() {
    let (mut world, host, locked, prepared) = prepared_and_undecided().await;
    // Without a server nothing is committed, whatever is decided.
    world.server.kill().await;
    drop(locked);
    until("a decision", async || {
        (BoxFile::of_site(&world.site).decided() == prepared).then_some(())
    })
    .await;
    host.kill().await;
    world.server.restart().await;
    assert_eq!(world.rows().await, Vec::<String>::new());
    assert_eq!(world.prepared().await, prepared);

    let host = world.site.start().await;
    world.settles(host).await;
}
