//! The file adapter: real files, whole files, one per message.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::SystemTime;

use crate::fixture::{Process, Site, port};

const SOON: &str = "retry = { count = 1000, interval = \"50ms\" }";

/// A configuration whose port `orders` writes into the directory `out` beside it.
fn site(config: &str) -> Site {
    let more = format!("{SOON}\n{config}");
    let site = Site::new(&port("orders", "file-adapter", "./out", &more));
    fs::create_dir(site.path("out")).expect("a new directory");
    site
}

/// The same with a running host.
async fn writing(config: &str) -> (Site, Process) {
    let site = site(config);
    let host = site.start().await;
    (site, host)
}

/// Names and contents of everything in the directory, hidden or not.
fn content(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory).expect("the directory is there");
    let files = entries.map(|entry| {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a name in UTF-8");
        (
            name,
            fs::read(entry.path()).expect("a file that can be read"),
        )
    });
    files.collect()
}

/// A body long enough that half of it could be seen, and that shows whether it is whole.
fn order(n: usize) -> String {
    format!(
        "{{\"n\":{n},\"text\":\"{}\",\"end\":true}}",
        "x".repeat(20_000)
    )
}

/// A reader that looks at everything with a final name as quickly as it can.
struct Reader {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<Vec<PathBuf>>,
}

impl Reader {
    fn start(directory: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let mut halves = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                for entry in fs::read_dir(&directory).expect("the directory is there") {
                    let path = entry.expect("an entry").path();
                    let is_final = path
                        .extension()
                        .is_some_and(|extension| extension == "json");
                    if is_final && !fs::read(&path).expect("a file").ends_with(b"\"end\":true}") {
                        halves.push(path);
                    }
                }
            }
            halves
        });
        Self { stop, thread }
    }

    /// The files of which only a part was seen.
    fn halves(self) -> Vec<PathBuf> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the reader reads")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_messages_become_whole_files_and_nobody_ever_sees_half_of_one() {
    let (site, host) = writing("config = { file-name = \"%MessageID%.json\" }").await;
    let reader = Reader::start(site.path("out"));
    let orders: Vec<_> = (0..500).map(order).collect();
    let ids = host.api.bulk("orders", &orders).await;
    host.api.delivered("orders", 500).await;
    assert_eq!(reader.halves(), Vec::<PathBuf>::new());
    let names = ids.iter().map(|id| format!("{id}.json"));
    let expected: BTreeMap<_, _> = names
        .zip(orders.into_iter().map(String::into_bytes))
        .collect();
    let found = content(&site.path("out"));
    // Names first: a difference in contents would print ten megabytes.
    assert!(found.keys().eq(expected.keys()), "{:?}", found.keys());
    assert!(
        found == expected,
        "a file has another content than its message"
    );
}

/// Killed while it writes, again and again: in the end every message is one whole file under its name,
/// and what the killed attempts left is gone.
#[tokio::test(flavor = "multi_thread")]
async fn b103_a_redelivery_finds_its_own_file_and_leaves_one() {
    let (site, mut host) = writing("config = { file-name = \"%MessageID%.json\" }").await;
    let reader = Reader::start(site.path("out"));
    let mut expected = BTreeMap::new();
    for round in 0..6 {
        let orders: Vec<_> = (0..100).map(|n| order(round * 100 + n)).collect();
        let ids = host.api.bulk("orders", &orders).await;
        expected.extend(
            ids.iter()
                .map(|id| format!("{id}.json"))
                .zip(orders.into_iter().map(String::into_bytes)),
        );
        // Some are written, others are not: the middle of a batch is where it hurts.
        let some = expected.len() - 100 + 10 * round;
        host.api.delivered_at_least("orders", some).await;
        host.kill().await;
        host = site.start().await;
    }
    host.api.delivered("orders", expected.len()).await;
    assert_eq!(reader.halves(), Vec::<PathBuf>::new());
    assert_eq!(host.api.audit().await["suspended"], 0);
    let found = content(&site.path("out"));
    assert!(found.keys().eq(expected.keys()), "{:?}", found.keys());
    assert!(
        found == expected,
        "a file has another content than its message"
    );
}

/// The moment between giving a file its name and taking its temporary one away, as a crash leaves it. To
/// write under the temporary name again would be to write into a file that readers see.
#[tokio::test(flavor = "multi_thread")]
async fn b103_a_file_that_has_its_name_is_not_written_to_again() {
    let site = site("config = { file-name = \"%MessageID%.json\" }");
    site.write("order.json", order(1));
    let published = site.run(&["publish", "orders", "order.json"]).await;
    let id = published.stdout.trim();
    let (name, temporary) = (format!("out/{id}.json"), format!("out/.{id}.1.tmp"));
    site.write(&name, order(1));
    fs::hard_link(site.path(&name), site.path(&temporary)).expect("a second name");
    let open = File::options()
        .write(true)
        .open(site.path(&name))
        .expect("the file");
    open.set_modified(SystemTime::UNIX_EPOCH).expect("a time");

    let host = site.start().await;
    host.api.delivered("orders", 1).await;
    let modified = open
        .metadata()
        .and_then(|about| about.modified())
        .expect("a time");
    assert_eq!(modified, SystemTime::UNIX_EPOCH, "the file was written to");
    let found = content(&site.path("out"));
    assert!(
        found.keys().eq([&format!("{id}.json")]),
        "{:?}",
        found.keys()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn macros_name_files_and_a_message_without_the_property_is_suspended() {
    let name =
        "%SourceFileName%_%DestinationParty%_%datetime%_%datetime_bts2000%_%MessageID%_100%%.xml";
    let (site, host) = writing(&format!("config = {{ file-name = \"{name}\" }}")).await;
    let properties = [
        ("sendport-property-source-file-name", "C:\\in\\order 7.edi"),
        ("sendport-property-destination-party", "Contoso"),
    ];
    let id = host
        .api
        .publish("orders", &properties, "<order/>")
        .await
        .ids()
        .remove(0);
    host.api.delivered("orders", 1).await;
    let files = content(&site.path("out"));
    let name = files.keys().next().expect("a file");
    let parts: Vec<_> = name.split('_').collect();
    let [source, party, datetime, bts2000, message, percent] = parts[..] else {
        panic!("{name}")
    };
    assert_eq!(
        [source, party, message, percent],
        ["order 7.edi", "Contoso", &id, "100%.xml"]
    );
    let shape = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "9");
    assert_eq!(
        [shape(datetime), shape(bts2000)],
        ["9999-99-99T999999", "999999999999999"]
    );

    host.api.accepted("orders", "<order/>").await;
    let suspended = host.api.suspended("orders", 1).await.remove(0);
    assert_eq!(suspended["code"], "file-name");
    let text = suspended["text"].as_str().expect("a text");
    assert!(
        text.contains("%SourceFileName%") && text.contains("source-file-name"),
        "{text}"
    );
}

/// A property cannot lead out of the granted directory.
#[tokio::test(flavor = "multi_thread")]
async fn b114_no_property_names_a_file_elsewhere() {
    let (site, host) = writing("config = { file-name = \"%DestinationParty%.xml\" }").await;
    for party in ["../escaped", "/tmp/escaped", "..\\escaped"] {
        let party = [("sendport-property-destination-party", party)];
        host.api.publish("orders", &party, "<order/>").await.ids();
    }
    host.api.suspended("orders", 3).await;
    assert_eq!(content(&site.path("out")), BTreeMap::new());
    assert!(!site.path("escaped.xml").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn create_new_waits_until_the_name_is_free() {
    let (site, host) = writing("config = { file-name = \"order.xml\" }").await;
    host.api.accepted("orders", "<first/>").await;
    host.api.delivered("orders", 1).await;
    host.api.accepted("orders", "<second/>").await;
    host.api.failed("orders", "file-exists").await;
    let file = site.path("out/order.xml");
    assert_eq!(fs::read(&file).expect("the first"), b"<first/>");
    // What a reader does who has fetched it.
    fs::remove_file(&file).expect("removed");
    host.api.delivered("orders", 2).await;
    assert_eq!(fs::read(&file).expect("the second"), b"<second/>");
}

#[tokio::test(flavor = "multi_thread")]
async fn overwrite_replaces_the_file() {
    let (site, host) =
        writing("config = { file-name = \"order.xml\", copy-mode = \"overwrite\" }").await;
    for (nth, body) in ["<a-long-first-order/>", "<second/>", ""]
        .into_iter()
        .enumerate()
    {
        host.api.accepted("orders", body).await;
        host.api.delivered("orders", nth + 1).await;
        let expected = [("order.xml".to_owned(), body.as_bytes().to_vec())];
        assert_eq!(content(&site.path("out")), expected.into());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn append_adds_every_message_whole() {
    let config = "instances = 1\nconfig = { file-name = \"orders.log\", copy-mode = \"append\" }";
    let (site, host) = writing(config).await;
    // No line ends of its own: the publisher's are part of the messages.
    let orders: Vec<_> = (0..200).map(|n| format!("<order n=\"{n:03}\"/>")).collect();
    let publish = orders
        .iter()
        .map(|order| host.api.accepted("orders", format!("{order}\n")));
    futures::future::join_all(publish).await;
    host.api.delivered("orders", orders.len()).await;
    let files = content(&site.path("out"));
    assert!(files.keys().eq(["orders.log"]), "{:?}", files.keys());
    let text = String::from_utf8_lossy(&files["orders.log"]);
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, orders);
}
