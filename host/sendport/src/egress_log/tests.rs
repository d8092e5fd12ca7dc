//! The egress log as a file: what its lines say, and what becomes of those there is no room for.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, SystemTime};

use adapter_runtime::{EgressLog as _, EgressRecord, EgressVerdict, EgressWay};
use model::{MessageId, PortName};
use serde_json::{Value, json};

use super::file::RotatingFile;
use super::writer::Writer;
use super::{EgressLog, Letter};
use crate::config;

const LARGE: u64 = 1 << 20;

fn record(target: &str) -> EgressRecord {
    EgressRecord {
        at: SystemTime::UNIX_EPOCH + Duration::from_millis(1_772_798_400_123),
        port: PortName::new("orders").expect("a name"),
        adapter: Arc::from("HTTP adapter 1.0 sha256:0123"),
        message: Some(MessageId::new(1, 2)),
        way: EgressWay::HttpClient,
        method: Some(Arc::from("POST")),
        target: Arc::from(target),
        address: Some([192, 0, 2, 1].into()),
        verdict: EgressVerdict::Allowed(Arc::from("http://h:80/orders")),
        bytes_out: Some(1024),
        bytes_in: Some(0),
        status: Some(200),
        error: None,
        duration: Duration::from_micros(1_250),
    }
}

fn denied() -> EgressRecord {
    EgressRecord {
        message: None,
        way: EgressWay::Tcp,
        method: None,
        address: None,
        verdict: EgressVerdict::Denied("because".to_owned()),
        bytes_out: None,
        bytes_in: None,
        status: None,
        ..record("192.0.2.1:25")
    }
}

fn lines(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).expect("the log can be read");
    let line = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
    text.lines().map(line).collect()
}

fn targets(file: &Path) -> Vec<String> {
    let lines = lines(file).into_iter();
    lines
        .map(|line| line["target"].as_str().unwrap_or("none").to_owned())
        .collect()
}

/// A log whose queue nobody empties yet, and the way out of it.
fn unread(room: usize) -> (EgressLog, Receiver<Letter>) {
    let (queue, letters) = sync_channel(room);
    let log = EgressLog {
        queue,
        missing: Arc::default(),
        writer: Mutex::new(None),
    };
    (log, letters)
}

fn writer(file: &Path, missing: &Arc<AtomicU64>) -> Writer {
    let file = RotatingFile::open(file, LARGE, 0).expect("the file opens");
    Writer::new(file, missing.clone())
}

#[test]
fn a_line_says_what_is_known_and_leaves_out_the_rest() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("deep/egress.jsonl");
    let log = EgressLog::open(&config::EgressLog {
        file: file.clone(),
        max_size: LARGE,
        keep: 1,
    });
    let log = log.expect("the log opens");
    log.record(record("http://h/orders"));
    log.record(denied());
    // Everything that was recorded before is there then.
    log.close();
    log.close();
    let expected = [
        json!({
            "time": "2026-03-06T12:00:00.123Z", "port": "orders",
            "adapter": "HTTP adapter 1.0 sha256:0123",
            "message": MessageId::new(1, 2).to_string(), "way": "http-client", "method": "POST",
            "target": "http://h/orders", "address": "192.0.2.1", "verdict": "allowed",
            "rule": "http://h:80/orders", "bytes_out": 1024, "bytes_in": 0, "status": 200,
            "milliseconds": 1.25,
        }),
        json!({
            "time": "2026-03-06T12:00:00.123Z", "port": "orders",
            "adapter": "HTTP adapter 1.0 sha256:0123", "way": "tcp", "target": "192.0.2.1:25",
            "verdict": "denied", "rule": "because", "milliseconds": 1.25,
        }),
    ];
    assert_eq!(lines(&file), expected);
}

#[test]
fn what_finds_no_room_is_counted_and_told() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("egress.jsonl");
    let (log, letters) = unread(2);
    for nth in 0..5 {
        log.record(record(&nth.to_string()));
    }
    let writer = writer(&file, &log.missing);
    drop(log);
    writer.run(&letters);
    let lines = lines(&file);
    assert_eq!(lines[0]["missing"], 3, "{lines:?}");
    assert_eq!(
        (&lines[1]["target"], &lines[2]["target"]),
        (&json!("0"), &json!("1"))
    );
    assert_eq!(lines.len(), 3);
}

#[test]
fn after_the_end_nothing_waits_and_nothing_fails() {
    let (log, letters) = unread(1);
    drop(letters);
    log.record(record("late"));
    assert_eq!(log.missing.load(Ordering::Relaxed), 1);
}

/// Linux has a file that is always full.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_missing_until_it_can_be_told() {
    let (log, letters) = unread(9);
    let missing = log.missing.clone();
    for nth in 0..4 {
        log.record(record(&nth.to_string()));
    }
    drop(log);
    writer(Path::new("/dev/full"), &missing).run(&letters);
    assert_eq!(missing.load(Ordering::Relaxed), 4);
    // The disk has room again.
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("egress.jsonl");
    let (log, letters) = unread(9);
    log.record(record("5"));
    drop(log);
    writer(&file, &missing).run(&letters);
    assert_eq!(lines(&file)[0]["missing"], 4);
    assert_eq!(targets(&file), ["none", "5"]);
}

#[test]
fn a_full_file_is_put_aside_and_the_oldest_goes() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("egress.jsonl");
    let mut log = RotatingFile::open(&file, 30, 2).expect("the file opens");
    for nth in 0..10 {
        // Three of them fit.
        log.write(format!("{nth} 3456789\n").as_bytes())
            .expect("written");
    }
    log.flush().expect("written");
    let first = |name: &str| {
        let text = fs::read_to_string(directory.path().join(name)).ok()?;
        Some(
            text.lines()
                .map(|line| line[..1].to_owned())
                .collect::<String>(),
        )
    };
    let names = [
        "egress.jsonl",
        "egress.jsonl.1",
        "egress.jsonl.2",
        "egress.jsonl.3",
    ];
    let [now, one, two, three] = names.map(first);
    assert_eq!(
        (now.as_deref(), one.as_deref(), two.as_deref(), three),
        (Some("9"), Some("678"), Some("345"), None)
    );
}

#[test]
fn without_files_to_keep_there_is_one_file() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("egress.jsonl");
    let mut log = RotatingFile::open(&file, 20, 0).expect("the file opens");
    for nth in 0..5 {
        log.write(format!("{nth} 3456789\n").as_bytes())
            .expect("written");
    }
    log.flush().expect("written");
    assert_eq!(
        fs::read_to_string(&file).expect("it is there"),
        "4 3456789\n"
    );
    assert_eq!(
        fs::read_dir(directory.path()).expect("a directory").count(),
        1
    );
}

#[test]
fn a_file_that_is_there_is_gone_on_with_also_after_half_a_line() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("egress.jsonl");
    for (text, expected) in [("", "x\n"), ("whole\n", "whole\nx\n"), ("hal", "hal\nx\n")] {
        fs::write(&file, text).expect("written");
        let mut log = RotatingFile::open(&file, LARGE, 0).expect("the file opens");
        log.write(b"x\n").expect("written");
        log.flush().expect("written");
        assert_eq!(fs::read_to_string(&file).expect("it is there"), expected);
    }
}
