//! Collects as many messages as the property `attack` says and drops all of them at once.

use std::cell::RefCell;

use crate::attack::{Answer, Attack, order};
use crate::bindings::sendport::adapter::types::{Disposition, Message};

pub(crate) struct Guest;

thread_local! {
    static KEPT: RefCell<Vec<Message>> = const { RefCell::new(Vec::new()) };
}

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let enough = order(&msg).parse().unwrap_or(1);
        KEPT.with_borrow_mut(|kept| {
            kept.push(msg);
            if kept.len() >= enough {
                kept.clear();
            }
        });
        Ok(Disposition::Pending)
    }
}
