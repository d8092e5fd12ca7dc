//! Posts to the URL in the property `attack` sixty times at once, and asks for all of answers that never
//! end.

use futures::future::join_all;

use crate::attack::{Answer, Attack, found, order};
use crate::bindings::sendport::adapter::types::Message;
use crate::http::post;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let url = order(&msg);
        let answers = join_all((0..60).map(|_| post(&url, &msg))).await;
        found(&format!("{} answers", answers.len()))
    }
}
