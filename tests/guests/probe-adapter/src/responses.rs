//! Behaviours that leave a response with the host: the property `body`, and `answered-by: probe`.

use wit_bindgen::spawn_local;

use crate::bindings::sendport::adapter::types::{Disposition, Failure, Message, Response};
use crate::probe::permanent;
use crate::reports;

/// A response that is refused fails the message for good, with the host's words.
pub(crate) fn respond(probe: &str, msg: Message) -> Result<Disposition, Failure> {
    let response = Response {
        properties: vec![("answered-by".to_owned(), "probe".to_owned())],
        body: msg.property("body").unwrap_or_default().into_bytes(),
    };
    msg.submit_response(&response).map_err(Failure::Permanent)?;
    match probe {
        "respond-pending" => {
            spawn_local(reports::delete(vec![msg]));
            Ok(Disposition::Pending)
        }
        "respond-then-fail" => Err(permanent("the probe was told to fail after its response")),
        _ => Ok(Disposition::Transmitted),
    }
}
