//! Sets timers without end, none of which will ever ring.

use std::time::Duration;

use wit_bindgen::spawn_local;

use crate::attack::{Answer, Attack, sleep};
use crate::bindings::sendport::adapter::types::Message;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(_msg: Message) -> Answer {
        loop {
            for _ in 0..1000 {
                spawn_local(sleep(Duration::from_secs(1 << 30)));
            }
            wit_bindgen::yield_async().await;
        }
    }
}
