//! Reads the environment and the arguments of the host.

use crate::attack::{Answer, Attack, found};
use crate::bindings::sendport::adapter::types::Message;
use crate::bindings::wasi::cli::environment::{get_arguments, get_environment, get_initial_cwd};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(_msg: Message) -> Answer {
        let (variables, arguments) = (get_environment(), get_arguments());
        found(&format!("{variables:?} {arguments:?} {:?}", get_initial_cwd()))
    }
}
