//! Sends one message a million times with a single call.

use crate::attack::{Answer, Attack, found, order};
use crate::bindings::sendport::adapter::http_client::{self, Request, RequestTemplate};
use crate::bindings::sendport::adapter::types::Message;
use crate::http::options;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let template = match RequestTemplate::open(&options(&order(&msg))) {
            Ok(template) => template,
            Err(error) => return found(&format!("{error:?}")),
        };
        let request = || Request {
            template: &template,
            headers: Vec::new(),
            body: &msg,
        };
        let requests = std::iter::repeat_with(request).take(1_000_000);
        let answers = http_client::send_all(requests.collect()).await;
        let first = answers.iter().find_map(|answer| answer.as_ref().err());
        found(&format!("{} answers, {first:?}", answers.len()))
    }
}
