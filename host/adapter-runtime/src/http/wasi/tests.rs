//! Destinations that answer late, slowly, too much, or not as HTTP has it.

use bytes::Bytes;
use http_body_util::Empty;
use model::PortName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::egress::recording::RecordingLog;
use crate::egress::{EgressRecord, EgressVerdict, Networks, Quota};

const BRIEF: Duration = Duration::from_millis(20);

/// A destination that does this with every connection once the head of a request has come.
async fn destination<F: Future<Output = ()> + Send + 'static>(
    answer: impl Fn(TcpStream) -> F + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else {
                    break;
                };
                head.push(byte);
            }
            tokio::spawn(answer(stream));
        }
    });
    format!("http://{address}/")
}

/// One that says this and then nothing more, with the connection open.
async fn saying(text: impl Into<Bytes>) -> String {
    let text: Bytes = text.into();
    destination(move |mut stream| {
        let text = text.clone();
        async move {
            // The client may have hung up.
            stream.write_all(&text).await.ok();
            std::future::pending().await
        }
    })
    .await
}

fn client(connections: usize) -> (Client, Quota) {
    let quota = Quota::new(connections);
    (
        Client::of_port(
            &Networks::default(),
            quota.clone(),
            1,
            &Credentials::default(),
        ),
        quota,
    )
}

fn request(url: &str) -> Request<WasiBody> {
    let body = Empty::<Bytes>::new().map_err(Error::from).boxed_unsync();
    let request = Request::post(url).body(body);
    request.expect("a well-formed request")
}

fn guest_request(url: &str) -> Request<RequestBody> {
    request(url).map(RequestBody::Guest)
}

fn error(failure: Failure) -> Error {
    let port = PortName::new("port").expect("a name");
    failure.tell(&Reporter::new(port, Arc::from("test 0"), None))
}

/// The whole body, or how it broke off.
async fn body(response: Response<StreamedBody>) -> Result<Bytes> {
    let collected = response.into_body().collect().await?;
    Ok(collected.to_bytes())
}

#[tokio::test]
async fn a_guest_waits_for_a_connection_for_as_long_as_it_says() {
    let url = saying("").await;
    let (client, quota) = client(1);
    let _taken = quota.try_acquire().expect("one is left");
    let options = RequestOptions {
        connect_timeout: Some(BRIEF),
        ..RequestOptions::default()
    };
    let failure = send(
        &client,
        guest_request(&url),
        false,
        options,
        (None, Arc::default()),
    )
    .await;
    let error = error(failure.err().expect("no connection is free"));
    assert!(matches!(error, Error::ConnectionTimeout), "{error}");
}

#[tokio::test]
async fn a_guest_waits_for_an_answer_for_as_long_as_it_says() {
    let url = saying("").await;
    let (client, quota) = client(1);
    let options = RequestOptions {
        connect_timeout: Some(Duration::from_secs(60)),
        first_byte_timeout: Some(BRIEF),
        ..RequestOptions::default()
    };
    let failure = send(
        &client,
        guest_request(&url),
        false,
        options,
        (None, Arc::default()),
    )
    .await;
    let error = error(failure.err().expect("nobody answers"));
    assert!(matches!(error, Error::ConnectionReadTimeout), "{error}");
    assert!(quota.try_acquire().is_some(), "the connection is given up");
}

#[tokio::test]
async fn a_guest_waits_between_two_pieces_for_as_long_as_it_says() {
    let url = saying("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npiece").await;
    let (client, _) = client(1);
    let options = RequestOptions {
        between_bytes_timeout: Some(BRIEF),
        ..RequestOptions::default()
    };
    let response = send(
        &client,
        guest_request(&url),
        false,
        options,
        (None, Arc::default()),
    )
    .await;
    let Ok(response) = response else {
        panic!("the head of the answer has come");
    };
    let error = body(response).await.expect_err("it is not complete");
    assert!(matches!(error, Error::ConnectionReadTimeout), "{error}");
}

#[tokio::test]
async fn a_connection_counts_until_its_answer_is_read_or_dropped() {
    // It says nothing more on a connection, so none may be kept.
    let whole = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\npiece";
    let whole = saying(whole).await;
    let empty = saying("HTTP/1.1 204 No Content\r\n\r\n").await;
    let (client, quota) = client(1);
    let options = RequestOptions::default();
    let answer = async |url: &str| {
        let response = send(
            &client,
            guest_request(url),
            false,
            options,
            (None, Arc::default()),
        )
        .await;
        response.ok().expect("an answer")
    };
    let response = answer(&whole).await;
    assert!(quota.try_acquire().is_none(), "it is to be read");
    assert_eq!(body(response).await.expect("whole"), "piece");
    assert!(quota.try_acquire().is_some(), "it has been read");

    let response = answer(&whole).await;
    drop(response);
    assert!(quota.try_acquire().is_some(), "nobody reads it");

    let _response = answer(&empty).await;
    assert!(quota.try_acquire().is_some(), "there is nothing to read");
}

/// What nobody reads stays where it is: the destination can send no more than fits between.
#[tokio::test]
async fn the_host_takes_no_more_of_an_answer_than_is_read() {
    let (tell, mut told) = tokio::sync::watch::channel(0_u64);
    let url = destination(move |mut stream| {
        let tell = tell.clone();
        async move {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).await.ok();
            let piece = [b"10000\r\n", &[b'x'; 0x10000][..], b"\r\n"].concat();
            while stream.write_all(&piece).await.is_ok() {
                tell.send_modify(|sent| *sent += 1);
            }
            tell.send_replace(u64::MAX);
        }
    })
    .await;
    let (client, _) = client(1);
    let options = RequestOptions::default();
    let response = send(
        &client,
        guest_request(&url),
        false,
        options,
        (None, Arc::default()),
    )
    .await;
    let mut body = response.ok().expect("an answer").into_body();
    // It sends until the sockets between are full, which has happened when nothing changes any more.
    loop {
        let before = *told.borrow_and_update();
        assert!(before * 0x10000 < 32 << 20, "{before} pieces are somewhere");
        let quiet = timeout(Duration::from_millis(200), told.changed()).await;
        if quiet.is_err() && before > 0 {
            break;
        }
    }
    let unread = *told.borrow() * 0x10000;
    // It was not stopped by anything else: more comes when it is read.
    let mut read = 0;
    while read < unread + (1 << 20) {
        let frame = body.frame().await.expect("more").expect("whole");
        read += frame.data_ref().map_or(0, |data| data.len() as u64);
    }
    drop(body);
    told.wait_for(|sent| *sent == u64::MAX)
        .await
        .expect("the connection is closed");
}

#[tokio::test]
async fn a_head_that_is_too_long_is_no_answer() {
    // What is read at a time comes on top of what is held.
    let long = format!("x-long: {}\r\n", "x".repeat(512 * 1024));
    let many: String = (0..101).map(|n| format!("x-{n}: x\r\n")).collect();
    for headers in [long, many] {
        let url = saying(format!("HTTP/1.1 200 OK\r\n{headers}\r\n")).await;
        let (client, quota) = client(1);
        let options = RequestOptions::default();
        let failure = send(
            &client,
            guest_request(&url),
            false,
            options,
            (None, Arc::default()),
        )
        .await;
        let error = error(failure.err().expect("too long"));
        assert!(matches!(error, Error::ConnectionTerminated), "{error}");
        assert!(quota.try_acquire().is_some());
    }
}

/// Hooks that allow the URL, and what they tell.
fn hooks(url: &str) -> (PooledHooks, Arc<RecordingLog>) {
    let log = Arc::new(RecordingLog::default());
    let port = PortName::new("port").expect("a name");
    let reporter = Reporter::new(port, Arc::from("test 0"), Some(log.clone()));
    let grants = [HttpGrant::parse(url).expect("a grant")];
    let hooks = PooledHooks::new(
        client(1).0,
        Arc::from(grants),
        Credentials::default(),
        Arc::new(reporter),
        Traffic::default(),
    );
    (hooks, log)
}

fn only(log: &RecordingLog) -> EgressRecord {
    let mut records = log.take();
    assert_eq!(records.len(), 1, "{records:?}");
    records.remove(0)
}

fn ask(
    hooks: &mut PooledHooks,
    request: Request<WasiBody>,
) -> impl Future<Output = Result<Response<WasiBody>>> {
    let rest: Rest = Box::new(async { Ok(()) });
    let answering = Box::into_pin(hooks.send_request(request, None, rest));
    async move { Ok(answering.await?.0) }
}

#[tokio::test]
async fn an_exchange_is_told_when_it_is_over_however_it_ends() {
    let whole = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\npiece";
    let url = saying(whole).await;
    let (mut hooks, log) = hooks(&url);
    let response = ask(&mut hooks, request(&url)).await.expect("an answer");
    assert_eq!(log.take(), [], "it is not over");
    response.into_body().collect().await.expect("whole");
    let record = only(&log);
    assert_eq!(
        (record.status, record.bytes_in, record.error),
        (Some(200), Some(5), None)
    );
    assert!(matches!(record.verdict, EgressVerdict::Allowed(_)));

    let response = ask(&mut hooks, request(&url)).await.expect("an answer");
    drop(response);
    let record = only(&log);
    assert_eq!((record.status, record.bytes_in), (Some(200), Some(0)));
    assert_eq!(record.error.as_deref(), Some("given up before its end"));

    drop(ask(&mut hooks, request(&url)));
    assert_eq!(only(&log).status, None);
}

#[tokio::test]
async fn b115_connect_is_denied_even_where_the_host_is_granted() {
    let url = saying("HTTP/1.1 200 OK\r\n\r\n").await;
    let (mut hooks, log) = hooks(&url);
    let mut connect = request(&url);
    *connect.method_mut() = Method::CONNECT;
    let error = ask(&mut hooks, connect).await.expect_err("denied");
    assert!(matches!(error, Error::HttpRequestDenied), "{error}");
    assert!(matches!(only(&log).verdict, EgressVerdict::Denied(_)));
}
