//! Traps when its batch is to be sent.

use crate::attack::{Attack, Done, trap};
use crate::bindings::sendport::adapter::types::Message;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn done(_messages: Vec<Message>) -> Done {
        trap();
    }
}
