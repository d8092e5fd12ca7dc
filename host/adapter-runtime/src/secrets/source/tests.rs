//! What is read of each kind of source, and what is said when it cannot be.

use std::fs;

use super::*;

async fn of_file(content: &[u8]) -> Result<String, String> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("secret");
    fs::write(&path, content).expect("the file is written");
    said(&SecretSource::File(path)).await
}

async fn of_command(line: &[&str]) -> Result<String, String> {
    let line = line.iter().map(|part| (*part).to_owned()).collect();
    said(&SecretSource::Command(line)).await
}

async fn said(source: &SecretSource) -> Result<String, String> {
    let read = source.read().await;
    read.map(|secret| secret.expose().to_owned())
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn one_line_break_at_the_end_is_no_part_of_a_secret() {
    for (content, secret) in [
        ("s3cret", "s3cret"),
        ("s3cret\n", "s3cret"),
        ("s3cret\r\n", "s3cret"),
        ("s3cret\n\n", "s3cret\n"),
        (" s3cret \n", " s3cret "),
        ("two\nlines\n", "two\nlines"),
    ] {
        assert_eq!(of_file(content.as_bytes()).await, Ok(secret.to_owned()));
    }
    assert_eq!(
        of_command(&["echo", "s3cret"]).await,
        Ok("s3cret".to_owned())
    );
}

#[tokio::test]
async fn what_is_no_secret_is_refused_without_being_repeated() {
    let large = "s3cret".repeat(20_000);
    for (content, problem) in [
        (&b""[..], "it is empty"),
        (b"\n", "it is empty"),
        (b"s3cret\xff", "it is not text"),
        (large.as_bytes(), "it is larger than 65536 bytes"),
    ] {
        let error = of_file(content).await.expect_err(problem);
        assert!(error.starts_with(problem), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}

#[tokio::test]
async fn a_source_that_is_not_there_is_named() {
    let file = said(&SecretSource::File("/nowhere/at-all".into())).await;
    let error = file.expect_err("there is no such file");
    assert!(
        error.starts_with("cannot read the file /nowhere/at-all: "),
        "{error}"
    );
    let unset = SecretSource::Environment("SENDPORT_TEST_NOT_SET".to_owned());
    let error = said(&unset).await.expect_err("there is no such variable");
    assert!(error.contains("SENDPORT_TEST_NOT_SET"), "{error}");
    let path = std::env::var("PATH").expect("every machine has one");
    let set = SecretSource::Environment("PATH".to_owned());
    assert_eq!(said(&set).await, Ok(path));
}

#[tokio::test]
async fn a_command_that_fails_is_named_and_what_it_printed_is_not() {
    let failed = of_command(&["sh", "-c", "echo s3cret; echo s3cret >&2; exit 3"]).await;
    let error = failed.expect_err("it failed");
    assert_eq!(
        error,
        "sh failed (exit status: 3); run it by hand to see what it says"
    );
    let missing = of_command(&["/nowhere/at-all"])
        .await
        .expect_err("no such program");
    assert!(
        missing.starts_with("cannot run /nowhere/at-all: "),
        "{missing}"
    );
    assert_eq!(
        of_command(&[]).await,
        Err("the command names no program".to_owned())
    );
    // No shell: what would be a second command is an argument.
    assert_eq!(
        of_command(&["echo", "a; echo b", "$PATH"]).await,
        Ok("a; echo b $PATH".to_owned())
    );
}

#[tokio::test]
async fn a_command_that_does_not_end_is_killed() {
    let line = ["sleep", "1000"].map(str::to_owned);
    let error = run(&line, Duration::from_millis(50))
        .await
        .expect_err("it sleeps");
    assert!(
        error
            .to_string()
            .starts_with("sleep did not end within 50ms"),
        "{error}"
    );
    // It asks for input, and there is none: it ends at once, with nothing.
    let asked = of_command(&["cat"]).await;
    assert_eq!(asked, Err("it is empty".to_owned()));
    let endless = of_command(&["sh", "-c", "exec cat /dev/zero"]).await;
    let error = endless.expect_err("it prints without end");
    assert!(error.starts_with("it is larger than"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_everybody_can_read_is_warned_about() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("secret");
    fs::write(&path, "x").expect("the file is written");
    let source = SecretSource::File(path.clone());
    for (mode, warned) in [(0o600, false), (0o640, false), (0o644, true), (0o604, true)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("the rights are set");
        assert_eq!(source.warning().is_some(), warned, "{mode:o}");
    }
    assert_eq!(SecretSource::Environment("PATH".to_owned()).warning(), None);
}
