//! Serving the API on a socket until told to stop.

use std::io;

use axum::serve::ListenerExt as _;
use axum::{Extension, Router};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Tells the requests that wait for something that the server stops. In the extensions of every request
/// that [`serve`] serves.
#[derive(Clone, Debug)]
pub(crate) struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// Ends when the server stops.
    pub(crate) async fn begun(mut self) {
        // The sender goes with the server: that it is gone says the same.
        drop(self.0.wait_for(|stopping| *stopping).await);
    }
}

/// Serves until `shutdown` ends, then finishes the requests that have begun; those that wait for a
/// response are answered with 503 at once.
///
/// A request that never ends keeps this from ending: the caller says how long to wait.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    // Answers are one small write each; Nagle's algorithm would hold some of them back for 40 ms.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
    });
    let (stop, stopping) = watch::channel(false);
    let router = router.layer(Extension(Stopping(stopping)));
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            shutdown.await;
            stop.send_replace(true);
        })
        .await
}
