//! Prepares requests without end, each with as many headers as it can, and keeps all of them.

use crate::attack::{Answer, Attack, found, order};
use crate::bindings::sendport::adapter::http_client::RequestTemplate;
use crate::bindings::sendport::adapter::types::Message;
use crate::http::options;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let mut options = options(&order(&msg));
        let value = "x".repeat(60 * 1024);
        options.headers = vec![("x-large".to_owned(), value)];
        loop {
            match RequestTemplate::open(&options) {
                Ok(template) => std::mem::forget(template),
                Err(error) => return found(&format!("{error:?}")),
            }
        }
    }
}
