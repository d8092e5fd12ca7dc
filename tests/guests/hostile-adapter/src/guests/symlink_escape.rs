//! Makes, moves and follows links that lead out of its directory, to the file in the property `attack`.

use crate::attack::{Answer, Attack, found, order};
use crate::bindings::sendport::adapter::types::Message;
use crate::bindings::wasi::filesystem::preopens::get_directories;
use crate::bindings::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, OpenFlags, PathFlags,
};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let secret = order(&msg);
        let Some((here, _)) = get_directories().into_iter().next() else {
            return found("no directory");
        };
        let name = secret.rsplit('/').next().unwrap_or_default();
        // Links that lead out only from where they are moved to, and ones that were there before.
        here.create_directory_at("deep".to_owned()).await.ok();
        here.symlink_at(secret.clone(), "absolute".to_owned()).await.ok();
        here.symlink_at(format!("../{name}"), "deep/relative".to_owned()).await.ok();
        let moved = here.rename_at("deep/relative".to_owned(), &here, "moved".to_owned());
        moved.await.ok();
        here.symlink_at("..".to_owned(), "deep/up".to_owned()).await.ok();
        here.rename_at("deep/up".to_owned(), &here, "up".to_owned()).await.ok();
        let hard = here.link_at(PathFlags::empty(), format!("../{name}"), &here, "hard".to_owned());
        hard.await.ok();
        let out = here.rename_at(format!("../{name}"), &here, "taken".to_owned());
        out.await.ok();
        let mut opened = Vec::new();
        for path in ["absolute", "moved", "hard", "taken", "planted", "planted-directory/secret"] {
            if opens(&here, path).await {
                opened.push(path.to_owned());
            }
        }
        let up = format!("up/{name}");
        if opens(&here, &up).await {
            opened.push(up);
        }
        found(&format!("opened {opened:?}"))
    }
}

async fn opens(directory: &Descriptor, path: &str) -> bool {
    let (follow, flags) = (PathFlags::SYMLINK_FOLLOW, DescriptorFlags::READ);
    let opened = directory.open_at(follow, path.to_owned(), OpenFlags::empty(), flags);
    opened.await.is_ok()
}
