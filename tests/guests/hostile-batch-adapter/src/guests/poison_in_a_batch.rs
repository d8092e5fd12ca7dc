//! Panics over the one message that has the property `attack`, with the others of its batch in its hands.

use crate::attack::{Attack, Done, is_ordered};
use crate::bindings::sendport::adapter::types::Message;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn done(messages: Vec<Message>) -> Done {
        let poison = messages.iter().find(|msg| is_ordered(msg));
        panic!("poisoned by {:?}", poison.map(Message::id));
    }
}
