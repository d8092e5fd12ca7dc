//! Waiting, for asynchronous adapters: a component has no clock behind `std`.
//!
//! A component that calls these functions imports `wasi:clocks`, which every host grants.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::raw::wasi::{monotonic_clock, system_clock};

/// The time was up first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time was up")]
pub struct Elapsed;

/// Time since 1970-01-01T00:00:00Z by the host's clock, which may be set back or forth.
pub fn since_1970() -> Duration {
    let now = system_clock::now();
    // A clock before 1970 is not set at all.
    Duration::new(u64::try_from(now.seconds).unwrap_or(0), now.nanoseconds)
}

/// Waits. Other tasks of the instance go on.
pub async fn sleep(length: Duration) {
    let nanoseconds = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
    monotonic_clock::wait_for(nanoseconds).await;
}

/// Waits for a future, but not longer than `limit`; then the future is dropped. A future that is ready
/// at once costs no timer.
pub async fn timeout<T>(limit: Duration, future: impl Future<Output = T>) -> Result<T, Elapsed> {
    first(future, sleep(limit)).await
}

/// The future, unless the timer is first. When both are ready, the future wins.
async fn first<T>(
    future: impl Future<Output = T>,
    timer: impl Future<Output = ()>,
) -> Result<T, Elapsed> {
    let (mut future, mut timer) = (pin!(future), pin!(timer));
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        timer.as_mut().poll(context).map(|()| Err(Elapsed))
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::task::{Context, Waker};

    use super::*;

    fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn what_is_ready_first_decides() {
        assert_eq!(poll(first(ready(7), pending())), Poll::Ready(Ok(7)));
        assert_eq!(
            poll(first(pending::<u8>(), ready(()))),
            Poll::Ready(Err(Elapsed))
        );
        assert!(poll(first(pending::<u8>(), pending())).is_pending());
    }

    #[test]
    fn a_future_that_is_ready_in_time_is_never_too_late() {
        assert_eq!(poll(first(ready(7), ready(()))), Poll::Ready(Ok(7)));
    }
}
