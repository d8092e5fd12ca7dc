//! Tries to reach the URL in the property `attack` with both clients.

use crate::attack::{Answer, Attack, found, order};
use crate::bindings::sendport::adapter::types::Message;
use crate::http::{get, post};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let url = order(&msg);
        let own = match post(&url, &msg).await {
            Ok(answer) => format!("answered {}", answer.status),
            Err(error) => error,
        };
        let standard = match get(&url).await {
            Ok(answer) => format!("answered {}", answer.get_status_code()),
            Err(error) => error,
        };
        found(&format!("own: {own}; standard: {standard}"))
    }
}
