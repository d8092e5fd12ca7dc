//! The API on a socket: what happens to requests when the server is told to stop.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::{self, Next};
use model::TwoWay;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};

use super::fixture::{Host, port, post};
use crate::serve;

#[tokio::test]
async fn those_who_wait_are_told_at_once_that_the_server_stops() {
    let mut questions = port("questions");
    questions.two_way = Some(TwoWay {
        response_port: None,
        retention: Duration::from_secs(3600),
        max_response: 1 << 20,
    });
    let host = Host::serving(vec![questions]);
    let answer = host.send(post("questions", &[], "x")).await;
    let id = answer.json["ids"][0].as_str().unwrap().to_owned();

    // The server may only be stopped when it has the request.
    let arrived = Arc::new(Notify::new());
    let bell = arrived.clone();
    let ring = move |request: Request, next: Next| {
        bell.notify_one();
        next.run(request)
    };
    let router = host.router.clone().layer(middleware::from_fn(ring));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, router, async {
        drop(stopped.await);
    }));

    let mut client = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /v1/messages/{id}/response?wait=5m HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n"
    );
    client.write_all(request.as_bytes()).await.unwrap();
    arrived.notified().await;
    drop(stop);
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("retry-after: 5\r\n"), "{answer}");
    assert!(
        answer.contains("urn:sendport:problem:unavailable"),
        "{answer}"
    );
    server.await.unwrap().unwrap();
}
