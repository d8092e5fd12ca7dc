//! Until when the messages of a request are worth delivering, from its headers.

use std::time::Duration;

use axum::http::HeaderMap;
use model::Timestamp;

use crate::header::text;
use crate::problem::Problem;
use crate::time;

const EXPIRES: &str = "sendport-expires";
const TIME_TO_LIVE: &str = "sendport-time-to-live";

/// When the messages expire; `None` leaves it to the port.
///
/// A time that has passed is refused, except in a request that may be a repetition: that one should get
/// the ids of the first time.
pub(super) fn expiry(
    headers: &HeaderMap,
    now: Timestamp,
    may_be_repeated: bool,
) -> Result<Option<Timestamp>, Problem> {
    match (headers.get(EXPIRES), headers.get(TIME_TO_LIVE)) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            let detail = format!("{EXPIRES} and {TIME_TO_LIVE} exclude each other; send one");
            Err(Problem::malformed(detail).with("header", TIME_TO_LIVE))
        }
        (Some(value), None) => {
            let problem = |detail: String| Problem::malformed(detail).with("header", EXPIRES);
            let expires = time::parse(text(EXPIRES, value)?);
            let expires = expires.map_err(|error| problem(format!("{EXPIRES}: {error}")))?;
            if expires <= now && !may_be_repeated {
                let (expires, now) = (time::rfc3339(expires), time::rfc3339(now));
                let detail = format!("{EXPIRES} is {expires}, which has passed: it is {now} here");
                return Err(problem(detail));
            }
            Ok(Some(expires))
        }
        (None, Some(value)) => {
            let problem = |detail: String| Problem::malformed(detail).with("header", TIME_TO_LIVE);
            let time = time::parse_duration(text(TIME_TO_LIVE, value)?);
            let time = time.map_err(|error| problem(format!("{TIME_TO_LIVE}: {error}")))?;
            if time < Duration::from_millis(1) {
                let detail = format!("{TIME_TO_LIVE} is nothing; use 1ms or more");
                return Err(problem(detail));
            }
            Ok(Some(now.after(time)))
        }
    }
}
