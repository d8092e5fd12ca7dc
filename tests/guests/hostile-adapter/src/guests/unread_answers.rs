//! Gets the URL in the property `attack` with the standard client, again and again, and reads none of the
//! answers, which never end.

use crate::attack::{Answer, Attack, found, order};
use crate::bindings::sendport::adapter::types::Message;
use crate::http::get;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let url = order(&msg);
        for n in 0..32 {
            match get(&url).await {
                Ok(answer) => std::mem::forget(answer),
                Err(error) => return found(&format!("{n}: {error}")),
            }
        }
        found("32 answers are open")
    }
}
