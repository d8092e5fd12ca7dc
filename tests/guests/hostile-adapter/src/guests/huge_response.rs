//! Answers with twenty megabytes, and then with a million properties.

use crate::attack::{Answer, Attack, found};
use crate::bindings::sendport::adapter::types::{Message, Response};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let body = msg.submit_response(&Response {
            properties: Vec::new(),
            body: vec![b'x'; 20 * 1024 * 1024],
        });
        let named = (0..200_000).map(|n| (format!("{n:x}"), String::new()));
        let properties = msg.submit_response(&Response {
            properties: named.collect(),
            body: Vec::new(),
        });
        let nameless = vec![(String::new(), String::new()); 500_000];
        let nameless = msg.submit_response(&Response {
            properties: nameless,
            body: Vec::new(),
        });
        found(&format!("{body:?} {properties:?} {nameless:?}"))
    }
}
