//! Forged handles and strings: what Rust's types would keep a guest from having.

#![expect(unsafe_code, reason = "the tests are what the host does about it")]

use std::mem::ManuallyDrop;

use crate::bindings::sendport::adapter::types::Message;

/// Another handle of the same number.
pub(crate) fn copy(msg: &Message) -> Message {
    stolen(msg.handle())
}

/// A handle of that number, whoever it belongs to.
pub(crate) fn stolen(number: u32) -> Message {
    // SAFETY: not sound as Rust sees it; a handle is only a number to the host, which checks it.
    unsafe { Message::from_handle(number) }
}

/// The same text so many times, which costs a guest next to nothing however long it is. To be forgotten.
pub(crate) fn alias(text: &str, times: usize) -> ManuallyDrop<Vec<(String, String)>> {
    let (start, length) = (text.as_ptr().cast_mut(), text.len());
    // SAFETY: never written to, grown or freed, only read while `text` is there.
    let again = || unsafe { String::from_raw_parts(start, length, length) };
    ManuallyDrop::new((0..times).map(|n| (n.to_string(), again())).collect())
}
