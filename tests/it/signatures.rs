//! Components that are signed, approved, neither, or changed since.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use crate::fixture::{BAD_INPUT, Ended, FAILURE, Receiver, Site, component, digest, port};

/// A site with a component of its own, `x.wasm`. `host` is more of `[host]`, `adapter` of the adapter.
fn site(receiver: &Receiver, host: &str, adapter: &str) -> Site {
    let site = Site::of_text(&format!(
        "[host]\nlisten = \"127.0.0.1:0\"\n{host}\n[adapters.x]\ncomponent = \"x.wasm\"\n{adapter}\n{}",
        port("orders", "x", &receiver.url("/orders"), "")
    ));
    put(&site, "http-adapter");
    site
}

/// Makes `x.wasm` the component of that name.
fn put(site: &Site, name: &str) {
    fs::copy(component(name), site.path("x.wasm")).expect("copied");
}

async fn done(site: &Site, arguments: &[&str]) -> Ended {
    let ended = site.run(arguments).await;
    assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
    ended
}

fn sha256(site: &Site) -> String {
    let bytes = fs::read(site.path("x.wasm")).expect("the component");
    digest(&bytes)
}

const REQUIRED: &str = "signatures = { required = true, keys = [\"other.pub\", \"release.pub\"] }";

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_component_runs_and_a_changed_one_is_refused_by_digest_and_keys() {
    let receiver = Receiver::start().await;
    let site = site(&receiver, REQUIRED, "");
    done(&site, &["adapter", "keygen", "other"]).await;
    done(
        &site,
        &["adapter", "keygen", "release", "--algorithm", "ecdsa-p256"],
    )
    .await;
    let signed = done(
        &site,
        &["adapter", "sign", "x.wasm", "--key", "release.key"],
    )
    .await;
    assert_eq!(signed.stdout, "x.wasm.sig\n");

    let host = site.start().await;
    host.api.accepted("orders", "<order/>").await;
    host.api.delivered("orders", 1).await;
    host.kill().await;
    let told = done(
        &site,
        &["adapter", "inspect", "x.wasm", "--config", "sendport.toml"],
    )
    .await;
    assert!(
        told.stdout
            .contains("signed by    release.pub (ecdsa-p256 sha256:"),
        "{told:?}"
    );

    // Another adapter under the signature of this one, and one byte more at the end of it.
    put(&site, "http-batch-adapter");
    let refused = site.run(&["run"]).await;
    let sha = format!("sha256:{}", sha256(&site));
    let parts = [
        &sha,
        "adapters.x.component",
        "x.wasm.sig",
        "other.pub (ed25519",
        "release.pub (ecdsa-p256",
    ];
    refused.refused(BAD_INPUT, &parts);
    // The right bytes and another key's signature.
    put(&site, "http-adapter");
    done(&site, &["adapter", "keygen", "stranger"]).await;
    done(
        &site,
        &["adapter", "sign", "x.wasm", "--key", "stranger.key"],
    )
    .await;
    let refused = site.run(&["check"]).await;
    refused.refused(
        BAD_INPUT,
        &["none of the keys tried", "add the key to 'signatures'"],
    );
}

/// What has been compiled without keys is no way around them.
#[tokio::test(flavor = "multi_thread")]
async fn a_compiled_component_in_the_cache_needs_its_signature_too() {
    let receiver = Receiver::start().await;
    let free = site(&receiver, "", "");
    done(&free, &["check"]).await;
    let compiled = fs::read_dir(free.path("data/cache"))
        .expect("the cache")
        .count();
    assert_eq!(compiled, 1);
    let cache = free.path("data/cache");
    let host = format!("cache-directory = \"{}\"\n{REQUIRED}", cache.display());
    let strict = site(&receiver, &host, "");
    for name in ["other", "release"] {
        done(&strict, &["adapter", "keygen", name]).await;
    }
    let refused = strict.run(&["check"]).await;
    let sha = format!("sha256:{}", sha256(&strict));
    refused.refused(
        BAD_INPUT,
        &[
            &sha,
            "it is not signed",
            "x.wasm.sig",
            "sendport adapter sign",
            "cosign sign-blob",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_none_is_required_a_missing_signature_is_a_warning_and_a_wrong_one_is_refused() {
    let receiver = Receiver::start().await;
    let site = site(&receiver, "signatures = { keys = [\"release.pub\"] }", "");
    done(&site, &["adapter", "keygen", "release"]).await;
    let checked = done(&site, &["check"]).await;
    assert!(
        checked.stderr.contains("the adapter is not signed"),
        "{checked:?}"
    );
    done(
        &site,
        &["adapter", "sign", "x.wasm", "--key", "release.key"],
    )
    .await;
    let checked = done(&site, &["check"]).await;
    assert!(!checked.stderr.contains("not signed"), "{checked:?}");
    site.write("x.wasm.sig", "");
    let refused = site.run(&["check"]).await;
    refused.refused(BAD_INPUT, &["x.wasm.sig cannot be used: it is empty"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_digest_is_checked_and_the_refusal_names_both() {
    let receiver = Receiver::start().await;
    let bytes = fs::read(component("http-adapter")).expect("the component");
    let pinned = digest(&bytes);
    let right = site(&receiver, "", &format!("digest = \"sha256:{pinned}\""));
    done(&right, &["check"]).await;
    put(&right, "http-batch-adapter");
    let refused = right.run(&["check"]).await;
    let is = format!("(sha256:{}) is refused", sha256(&right));
    let expected = format!("sha256:{pinned} is pinned");
    refused.refused(BAD_INPUT, &[&is, &expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_none_are_mistakes_at_their_line() {
    let receiver = Receiver::start().await;
    let keys = "signatures = { keys = [\"missing.pub\", \"release.key\"] }";
    let site = site(&receiver, keys, "");
    done(&site, &["adapter", "keygen", "release"]).await;
    let refused = site.run(&["check"]).await;
    refused.refused(
        BAD_INPUT,
        &[
            "sendport.toml:3:24: key 'host.signatures.keys': missing.pub",
            "sendport.toml:3:39: key 'host.signatures.keys': release.key",
            "keep it secret",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_never_written_over_and_signing_needs_a_key_and_a_component() {
    let site = Site::of_text("");
    let made = done(&site, &["adapter", "keygen", "release"]).await;
    assert_eq!(made.stdout, "release.key\nrelease.pub\n");
    let key = fs::metadata(site.path("release.key")).expect("the key");
    assert_eq!(key.mode() & 0o777, 0o600);
    let before = fs::read(site.path("release.key")).expect("the key");
    let again = site.run(&["adapter", "keygen", "release"]).await;
    again.refused(FAILURE, &["cannot write release.key", "exists"]);
    assert_eq!(fs::read(site.path("release.key")).expect("the key"), before);

    site.write("x.wasm", "no component");
    let sign = ["adapter", "sign", "x.wasm", "--key"];
    let ended = site.run(&[&sign[..], &["release.key"]].concat()).await;
    ended.refused(FAILURE, &["x.wasm is not a component"]);
    let ended = site.run(&[&sign[..], &["release.pub"]].concat()).await;
    ended.refused(FAILURE, &["cannot sign with release.pub", "PUBLIC KEY"]);
    let ended = site.run(&[&sign[..], &["none.key"]].concat()).await;
    ended.refused(FAILURE, &["cannot read the key none.key"]);
}
