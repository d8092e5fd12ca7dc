//! Sends a request with more headers than the host's map of them can hold.

use crate::attack::{Answer, Attack, found, order};
use crate::bindings::sendport::adapter::http_client::{self, RequestTemplate};
use crate::bindings::sendport::adapter::types::Message;
use crate::http::options;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let template = match RequestTemplate::open(&options(&order(&msg))) {
            Ok(template) => template,
            Err(error) => return found(&format!("{error:?}")),
        };
        let headers = (0..50_000).map(|n| (format!("x-{n}"), String::new()));
        match http_client::send(&template, headers.collect(), &msg).await {
            Ok(answer) => found(&format!("answered {}", answer.status)),
            Err(error) => found(&format!("{error:?}")),
        }
    }
}
