//! A message box that is not what it should be: left as it is, and the way out said.

use rusqlite::Connection;

use crate::fixture::{FAILURE, Receiver, Site};

#[tokio::test(flavor = "multi_thread")]
async fn a_box_of_a_newer_version_is_not_touched() {
    let receiver = Receiver::start().await;
    let site = Site::orders("", &receiver);
    let host = site.start().await;
    host.api.accepted("orders", "<order/>").await;
    host.api.delivered("orders", 1).await;
    host.terminate().await;
    let database = site.path("data/box.sqlite");
    let connection = Connection::open(&database).expect("the box is an SQLite database");
    connection
        .pragma_update(None, "user_version", 99)
        .expect("a newer version");
    connection.close().expect("closed");
    let before = std::fs::read(&database).expect("the box");

    let expected = [
        "box.sqlite has layout version 99",
        "use the program that wrote it",
        "nothing was changed",
    ];
    for command in ["run", "status"] {
        site.run(&[command]).await.refused(FAILURE, &expected);
    }
    assert!(
        std::fs::read(&database).expect("the box") == before,
        "the box was changed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_box_is_not_touched() {
    let receiver = Receiver::start().await;
    let site = Site::orders("", &receiver);
    std::fs::create_dir(site.path("data")).expect("a new directory");
    let diary = "Dear diary, today I was mistaken for a message box.\n".repeat(100);
    site.write("data/box.sqlite", &diary);
    site.run(&["run"]).await.refused(
        FAILURE,
        &[
            "box.sqlite is not a message box",
            "choose another directory",
        ],
    );
    assert_eq!(
        std::fs::read_to_string(site.path("data/box.sqlite")).expect("the diary"),
        diary
    );

    std::fs::remove_dir_all(site.path("data")).expect("removed");
    site.write("data", "a file where the directory should be");
    site.run(&["run"]).await.refused(
        FAILURE,
        &["cannot use", "for a message box", "give a directory"],
    );
}
