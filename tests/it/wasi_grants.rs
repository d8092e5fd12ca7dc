//! What an adapter gets of WASI: the files, variables, clocks and numbers that its port grants, and
//! nothing that leads further.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

use adapter_runtime::{Access, Capabilities, Capability, ClockGrant, DirectoryGrant, RandomGrant};

use crate::fixture::{Host, PortSpec, Site, component, port, runtime};

/// What came of the commands, which have `;` between them.
async fn said(spec: &PortSpec, script: &str) -> Vec<String> {
    let host = Host::with(spec);
    host.publish("port", &[&[("script", script)]]).await;
    let text = host.failure().await;
    let ends: Vec<_> = text.split(" | ").map(str::to_owned).collect();
    assert_eq!(ends.len(), script.split(';').count(), "{text}");
    ends
}

/// A secret, and beside it what is granted: `out`, to be written to and found as `.`, and `read`, to be
/// read and found as `templates`. Links that lead out of `out` are there already.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        let tree = Self(tempfile::tempdir().expect("a directory"));
        for directory in ["out", "read"] {
            fs::create_dir(tree.path(directory)).expect("a directory");
        }
        for file in ["secret.txt", "out/inside.txt", "read/template.txt"] {
            fs::write(tree.path(file), format!("content of {file}")).expect("written");
        }
        let secret = tree.path("secret.txt");
        for (target, link) in [
            (Path::new("../secret.txt"), "out/up"),
            (secret.as_path(), "out/absolute"),
            (Path::new(".."), "out/parent"),
            (Path::new("/"), "out/root"),
            (Path::new("../read/template.txt"), "out/neighbour"),
        ] {
            symlink(target, tree.path(link)).expect("a link");
        }
        tree
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn spec(&self, adapter: &'static str) -> PortSpec {
        PortSpec {
            directory: Some(self.path("out")),
            directories: vec![DirectoryGrant {
                guest: "templates".to_owned(),
                path: self.path("read"),
                access: Access::Read,
            }],
            ..PortSpec::of(adapter)
        }
    }

    /// Nothing is changed but what is in `out`.
    fn is_as_it_was(&self) {
        let names = |directory: &str| {
            let entries = fs::read_dir(self.path(directory)).expect("it is there");
            let mut names: Vec<_> = entries
                .map(|entry| entry.expect("an entry").file_name())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(""), ["out", "read", "secret.txt"]);
        assert_eq!(names("read"), ["template.txt"]);
        for file in ["secret.txt", "read/template.txt"] {
            let content = fs::read_to_string(self.path(file)).expect("it is there");
            assert_eq!(content, format!("content of {file}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b115_without_grants_there_are_no_files_no_variables_and_no_arguments() {
    let spec = PortSpec::of("probe-wasi-adapter");
    let ends = said(&spec, "directories; environment; arguments").await;
    assert_eq!(ends, ["", "", ""]);
}

/// Each of these would have to be refused for another reason: `..`, absolute paths, links that were there,
/// links that the adapter makes, names for what is outside, and what is outside under other names.
#[tokio::test(flavor = "multi_thread")]
async fn b115_no_path_leads_out_of_a_granted_directory() {
    let tree = Tree::new();
    let secret = tree.path("secret.txt");
    let secret = secret.display();
    let script = [
        "read . ../secret.txt".to_owned(),
        format!("read . {secret}"),
        "read . up".to_owned(),
        "read . absolute".to_owned(),
        "read . parent/secret.txt".to_owned(),
        format!("read . root{secret}"),
        "read . neighbour".to_owned(),
        "read . inside.txt/../../secret.txt".to_owned(),
        "read templates ../secret.txt".to_owned(),
        "list . ..".to_owned(),
        "list . parent".to_owned(),
        "stat . ../secret.txt".to_owned(),
        "write . ../planted x".to_owned(),
        "write . up x".to_owned(),
        "write . neighbour x".to_owned(),
        "write . parent/planted x".to_owned(),
        "mkdir . ../planted".to_owned(),
        "remove . ../secret.txt".to_owned(),
        "rename . inside.txt . ../planted".to_owned(),
        "rename . ../secret.txt . stolen".to_owned(),
        "rename . parent/secret.txt . stolen".to_owned(),
        "link . ../secret.txt . stolen".to_owned(),
        "link . parent/secret.txt . stolen".to_owned(),
        "link . inside.txt . ../planted".to_owned(),
        format!("symlink . {secret} made"),
    ];
    let ends = said(&tree.spec("probe-wasi-adapter"), &script.join("; ")).await;
    for (command, end) in script.iter().zip(&ends) {
        assert!(end.starts_with("ErrorCode::"), "{command}: {end}");
    }
    tree.is_as_it_was();
}

/// A link that points out may be made, since it is only a text; nobody gets anywhere by it.
#[tokio::test(flavor = "multi_thread")]
async fn b115_links_and_directories_that_an_adapter_makes_and_moves_lead_nowhere() {
    let tree = Tree::new();
    let ends = said(
        &tree.spec("probe-wasi-adapter"),
        "mkdir . a; mkdir . a/b; symlink . ../../../secret.txt a/b/link; read . a/b/link; \
         symlink . ../.. a/b/out; read . a/b/out/secret.txt; list . a/b/out; \
         rename . a/b . c; read . c/link; read . c/out/secret.txt; list . c/out; \
         link . up . hard; read . hard; write . c/out/planted x",
    )
    .await;
    for (nth, end) in ends.iter().enumerate() {
        assert!(!end.contains("content of secret"), "{nth}: {ends:?}");
        assert!(!end.contains("secret.txt"), "{nth}: {ends:?}");
    }
    for refused in [3, 9, 12, 13] {
        assert!(
            ends[refused].starts_with("ErrorCode::"),
            "{refused}: {ends:?}"
        );
    }
    tree.is_as_it_was();
}

#[tokio::test(flavor = "multi_thread")]
async fn b115_what_is_granted_for_reading_is_not_changed_under_any_name() {
    let tree = Tree::new();
    let ends = said(
        &tree.spec("probe-wasi-adapter"),
        "directories; read templates template.txt; list templates .; \
         write . new.txt text; read . new.txt; rename . new.txt . newer.txt; read . newer.txt",
    )
    .await;
    assert_eq!(
        ends,
        [
            ".,templates",
            "content of read/template.txt",
            "template.txt",
            "ok",
            "text",
            "ok",
            "text"
        ]
    );
    let script = "write templates template.txt x; write templates new.txt x; \
         append templates template.txt x; truncate templates template.txt; mkdir templates a; \
         remove templates template.txt; rename templates template.txt templates b; \
         rename templates template.txt . b; rename . inside.txt templates b; \
         link templates template.txt . b; link . inside.txt templates b; symlink templates a b";
    let ends = said(&tree.spec("probe-wasi-adapter"), script).await;
    for (command, end) in script.split(';').zip(&ends) {
        assert!(end.starts_with("ErrorCode::"), "{command}: {end}");
    }
    tree.is_as_it_was();
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_are_those_that_the_port_grants() {
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let spec = PortSpec {
        environment: vec![variable("LANG", "C"), variable("TZ", "UTC")],
        ..PortSpec::of("probe-wasi-adapter")
    };
    assert_eq!(said(&spec, "environment").await, ["LANG=C,TZ=UTC"]);
}

/// A number and the step it comes in, both in nanoseconds.
fn time(end: &str) -> (u128, u128) {
    let (now, step) = end.split_once(' ').expect("two numbers");
    let number = |text: &str| text.parse().expect("a number");
    (number(now), number(step))
}

fn nanoseconds(time: SystemTime) -> u128 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.expect("a time after 1970").as_nanos()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_is_told_the_time_as_exactly_as_its_port_grants() {
    const STEP: u128 = 1_000_000;
    let told = async |clock| {
        let spec = PortSpec {
            clock,
            ..PortSpec::of("probe-wasi-adapter")
        };
        let ends = said(&spec, "date; clock; wait 20; clock").await;
        let clocks = [time(&ends[1]), time(&ends[3])];
        // All of them measure: the wait took as long as it should, to the step.
        let waited = clocks[1].0 - clocks[0].0;
        assert!(waited + STEP >= 20 * STEP, "{clock:?}: {ends:?}");
        (time(&ends[0]), clocks[0])
    };
    let before = nanoseconds(SystemTime::now());
    let (date, clock) = told(ClockGrant::Coarse).await;
    assert!((before - STEP..=nanoseconds(SystemTime::now())).contains(&date.0));
    assert_eq!((date.0 % STEP, date.1), (0, STEP));
    assert_eq!((clock.0 % STEP, clock.1), (0, STEP));

    let (date, clock) = told(ClockGrant::Fine).await;
    assert!((before..=nanoseconds(SystemTime::now())).contains(&date.0));
    assert!(date.1 < STEP && clock.1 < STEP, "{date:?} {clock:?}");

    let (date, clock) = told(ClockGrant::None).await;
    assert_eq!(date, (0, STEP));
    // Not the time since the machine was started, which would be a date of a kind.
    assert!(clock.0 < Duration::from_secs(60).as_nanos(), "{clock:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn random_numbers_are_unpredictable_unless_the_port_fixes_them() {
    let drawn = async |random| {
        let spec = PortSpec {
            random,
            ..PortSpec::of("probe-wasi-adapter")
        };
        said(&spec, "random; random; insecure; seed").await
    };
    let fixed = drawn(RandomGrant::Fixed).await;
    assert_eq!(fixed, drawn(RandomGrant::Fixed).await);
    assert_ne!(fixed[0], fixed[1]);
    let (one, other) = (
        drawn(RandomGrant::System).await,
        drawn(RandomGrant::System).await,
    );
    for nth in 0..4 {
        assert_ne!(one[nth], other[nth]);
        assert_ne!(one[nth], fixed[nth]);
    }
}

/// Through the program: what an adapter writes to its standard streams is in the host's log with the port's
/// name, the last line without an end as well; a silenced port's is nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn the_standard_streams_of_an_adapter_go_to_the_hosts_log_or_nowhere() {
    let once = "retry = { count = 0 }";
    let silent = format!("{once}\ngrants = {{ log = false }}");
    let site = Site::new(&format!(
        "{}{}{}",
        port("loud", "probe-wasi-adapter", "probe://here", once),
        port("silent", "probe-wasi-adapter", "probe://here", &silent),
        port("std", "probe-std-adapter", "probe://here", once),
    ));
    let host = site.start().await;
    for (port, script) in [
        ("loud", "say out of loud; complain help of loud"),
        ("silent", "say out of silent; complain help of silent"),
        ("std", "say out of std; panic over std"),
    ] {
        let script = [("sendport-property-script", script)];
        host.api.publish(port, &script, "<order/>").await.ids();
        host.api.suspended(port, 1).await;
    }
    let ended = host.terminate().await;
    for (port, said) in [
        ("loud", "out of loud"),
        ("loud", "help of loud"),
        ("std", "out of std"),
        ("std", "over std"),
    ] {
        let port = format!("port=\"{port}\"");
        let mut lines = ended.stderr.lines();
        assert!(
            lines.any(|line| line.contains(said) && line.contains(&port)),
            "{said} is missing: {}",
            ended.stderr
        );
    }
    assert!(!ended.stderr.contains("of silent"), "{}", ended.stderr);
}

/// What most authors will bring: a component of Rust's standard library for `wasm32-wasip2`. It imports
/// more than it uses, and has the same rights as all others.
#[tokio::test(flavor = "multi_thread")]
async fn b115_a_component_of_the_standard_library_has_the_same_rights() {
    let tree = Tree::new();
    let spec = PortSpec {
        environment: vec![("LANG".to_owned(), "C".to_owned())],
        ..tree.spec("probe-std-adapter")
    };
    let script = "read inside.txt; write made.txt text; read templates/template.txt; variables; \
         arguments; sleep; read ../secret.txt; read up; read absolute; read parent/secret.txt; \
         write ../planted x; write templates/template.txt x; link templates/template.txt b; \
         rename inside.txt ../planted; connect 127.0.0.1:1";
    let ends = said(&spec, script).await;
    assert_eq!(
        ends[..6],
        [
            "content of out/inside.txt",
            "ok",
            "content of read/template.txt",
            "LANG=C",
            "",
            "true"
        ]
    );
    for (command, end) in script.split(';').zip(&ends).skip(6) {
        assert!(end != "ok" && !end.contains("content"), "{command}: {end}");
    }
    tree.is_as_it_was();

    let host = Host::with(&PortSpec::of("probe-std-adapter"));
    host.publish("port", &[&[("script", "exit")]]).await;
    let failure = host.failure().await;
    assert!(failure.contains("exit"), "{failure}");
}

#[test]
fn what_a_component_of_the_standard_library_can_do_is_told_from_its_imports() {
    let adapter = runtime()
        .load(&component("probe-std-adapter"))
        .expect("it loads");
    let capabilities = Capabilities::of(&adapter);
    for capability in [Capability::Files, Capability::Environment, Capability::Log] {
        assert!(capabilities.has(capability), "{capability}");
    }
    assert!(!capabilities.has(Capability::Http));
    assert_eq!(capabilities.unknown().collect::<Vec<_>>(), [""; 0]);
}
