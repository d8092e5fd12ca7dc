//! Guests that reach for what is not theirs: the network, files, the environment.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tokio::net::TcpListener;

use super::answers::Answers;
use super::arena::Arena;
use super::{Guest, guests};
use crate::fixture::{Answer, Receiver};

/// An answer that comes a byte at a time is an answer that does not come.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn slow_answer() {
    let answers = Answers::slow().await;
    let lines = format!("delivery-timeout = \"1s\"\n{}", answers.granted());
    let mut arena = Arena::with(guests::SLOW_ANSWER, &lines).await;
    arena.attack(&answers.url).await;
    arena.neighbour_goes_on().await;
    arena.suspended().await.says("delivery-timeout", &["1s"]);
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn denied_host() {
    let [granted, denied] = [Receiver::start().await, Receiver::start().await];
    let lines = format!("grants = {{ http = [\"{}\"] }}", granted.url("/in/"));
    // Another server, another path of the same one, and a way out of the path.
    for url in [
        denied.url("/"),
        granted.url("/out"),
        granted.url("/in/../out"),
    ] {
        let mut arena = Arena::with(guests::DENIED_HOST, &lines).await;
        arena.attack(&url).await;
        arena.neighbour_goes_on().await;
        let suspended = arena.suspended().await;
        suspended.says(
            "hostile",
            &[
                "own: HttpError::Denied",
                "standard: ErrorCode::HttpRequestDenied",
            ],
        );
        arena.survives().await;
    }
    assert_eq!((granted.connections(), denied.connections()), (0, 0));
}

/// A redirect is an answer like any other; whoever follows it asks again, and is asked again.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn follow_redirect() {
    let [granted, denied] = [Receiver::start().await, Receiver::start().await];
    let lines = format!("grants = {{ http = [\"{}\"] }}", granted.url("/in"));
    let metadata = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";
    let elsewhere: &'static str = denied.url("/").leak();
    for target in [metadata, elsewhere] {
        let redirect = Answer::With(307, vec![("location", target)]);
        granted.script("/in", [redirect]);
        let mut arena = Arena::with(guests::FOLLOW_REDIRECT, &lines).await;
        arena.attack(&granted.url("/in")).await;
        arena.neighbour_goes_on().await;
        arena.suspended().await.says("hostile", &[target, "Denied"]);
        arena.survives().await;
    }
    assert_eq!(granted.received("/in").len(), 2);
    assert_eq!(denied.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn denied_socket() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has an address");
    let mut arena = Arena::of(guests::DENIED_SOCKET).await;
    arena.attack(&address.port().to_string()).await;
    arena.neighbour_goes_on().await;
    let nothing = "connected: false, listens: false, datagram sent: false, name found: false";
    arena.suspended().await.says("hostile", &[nothing]);
    arena.survives().await;
}

/// A directory for the guest with a secret beside it: the secret's path, and the port's lines.
fn directory_beside_a_secret(root: &Path) -> (String, String) {
    let granted = root.join("granted");
    fs::create_dir_all(granted.join("inside")).expect("a directory");
    let secret = root.join("secret");
    fs::write(&secret, "secret").expect("a file");
    let lines = format!("grants = {{ directory = \"{}\" }}", granted.display());
    (secret.display().to_string(), lines)
}

async fn opens_nothing(guest: Guest, root: &Path) {
    let (secret, lines) = directory_beside_a_secret(root);
    let mut arena = Arena::with(guest, &lines).await;
    arena.attack(&secret).await;
    arena.neighbour_goes_on().await;
    arena.suspended().await.says("hostile", &["opened []"]);
    assert_eq!(fs::read(secret).expect("it is still there"), b"secret");
    arena.survives().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn path_escape() {
    let root = tempfile::tempdir().expect("a temporary directory");
    opens_nothing(guests::PATH_ESCAPE, root.path()).await;
}

/// Also links that somebody else has left there.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn symlink_escape() {
    let root = tempfile::tempdir().expect("a temporary directory");
    let (secret, _) = directory_beside_a_secret(root.path());
    let granted = root.path().join("granted");
    symlink(secret, granted.join("planted")).expect("a link");
    symlink(root.path(), granted.join("planted-directory")).expect("a link");
    opens_nothing(guests::SYMLINK_ESCAPE, root.path()).await;
}

/// Neither the variables of the host nor its arguments nor where it runs.
#[tokio::test(flavor = "multi_thread")]
pub(super) async fn read_environment() {
    let mut arena = Arena::of(guests::READ_ENVIRONMENT).await;
    arena.attack("").await;
    arena.neighbour_goes_on().await;
    arena.suspended().await.says("hostile", &["[] [] None"]);
    arena.survives().await;
}
