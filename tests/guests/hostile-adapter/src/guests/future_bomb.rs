//! Makes futures without end and keeps both ends of each.

use crate::attack::{Answer, Attack};
use crate::bindings::sendport::adapter::types::Message;
use crate::bindings::wasi::http::types::{ErrorCode, Trailers};
use crate::bindings::wit_future;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(_msg: Message) -> Answer {
        loop {
            let ends = wit_future::new::<Result<Option<Trailers>, ErrorCode>>(|| Ok(None));
            std::mem::forget(ends);
        }
    }
}
