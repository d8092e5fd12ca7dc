//! Opens the file in the property `attack` by every kind of path that leads out of its directory.

use crate::attack::{Answer, Attack, found, order};
use crate::bindings::sendport::adapter::types::Message;
use crate::bindings::wasi::filesystem::preopens::get_directories;
use crate::bindings::wasi::filesystem::types::{DescriptorFlags, OpenFlags, PathFlags};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let secret = order(&msg);
        let Some((directory, _)) = get_directories().into_iter().next() else {
            return found("no directory");
        };
        let name = secret.rsplit('/').next().unwrap_or_default();
        let root = format!("{}{secret}", "../".repeat(40));
        let mut opened = Vec::new();
        for path in [
            secret.clone(),
            format!("../{name}"),
            format!("./../{name}"),
            format!("inside/../../{name}"),
            format!("..//{name}"),
            format!("inside/../..\\{name}"),
            root,
        ] {
            let (follow, flags) = (PathFlags::SYMLINK_FOLLOW, DescriptorFlags::READ);
            let there = directory.open_at(follow, path.clone(), OpenFlags::empty(), flags);
            if there.await.is_ok() {
                opened.push(path);
            }
        }
        found(&format!("opened {opened:?}"))
    }
}
