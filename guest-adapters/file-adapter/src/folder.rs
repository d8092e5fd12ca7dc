//! The one granted directory, and the three ways of putting a message into it.
//!
//! A reader of the directory never sees half a file: a new file is written under a temporary name,
//! synchronised, and then linked or renamed to its final one. What is linked or renamed is on disk only
//! after [`Folder::sync`]; no message counts as delivered before. Appending cannot be hidden from a
//! reader; there, a message that could not be added completely is cut off again.
//!
//! Nothing here knows templates or settings.

use sendport_guest::{ErrorInfo, Failure, Message};

use crate::bindings::{Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags, preopens};
use crate::body::{self, Place};
use crate::failure::failed;

/// The granted directory.
pub(crate) struct Folder(Descriptor);

/// A new file and the name it has until it is complete.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a> {
    /// What readers see.
    pub(crate) name: &'a str,
    /// Belongs to one attempt of one message, so that two attempts never write into one file.
    pub(crate) temporary: &'a str,
}

impl Folder {
    /// The first directory the host granted.
    pub(crate) fn granted() -> Result<Self, Failure> {
        match preopens::get_directories().into_iter().next() {
            Some((directory, _)) => Ok(Self(directory)),
            None => Err(Failure::retryable(ErrorInfo::new(
                "file-no-directory",
                "the port grants no directory; its address must be a directory that exists",
            ))),
        }
    }

    /// Makes what was created or renamed survive a power failure.
    pub(crate) async fn sync(&self) -> Result<(), Failure> {
        let synced = self.0.sync().await;
        synced.map_err(|e| failed("synchronise the directory", &e))
    }

    /// Writes a new file, never in the place of another.
    ///
    /// A hard link is the one operation that gives a complete file its name and fails when the name is
    /// taken. `is_own_name` says that no other message has that name: then a file with the same content
    /// is this message, written by an attempt whose outcome was lost.
    pub(crate) async fn create(
        &self,
        Names { name, temporary }: Names<'_>,
        message: &Message,
        is_own_name: bool,
    ) -> Result<(), Failure> {
        self.write_temporary(temporary, message).await?;
        let from = temporary.to_owned();
        let linked = self
            .0
            .link_at(PathFlags::empty(), from, &self.0, name.to_owned())
            .await;
        self.discard(temporary).await;
        match linked {
            Err(ErrorCode::Exist) if is_own_name && self.holds(name, message).await => Ok(()),
            linked => linked.map_err(|e| failed(&format!("create the file {name:?}"), &e)),
        }
    }

    /// Writes a file, in the place of another if there is one.
    pub(crate) async fn replace(
        &self,
        Names { name, temporary }: Names<'_>,
        message: &Message,
    ) -> Result<(), Failure> {
        self.write_temporary(temporary, message).await?;
        let from = temporary.to_owned();
        let renamed = self.0.rename_at(from, &self.0, name.to_owned()).await;
        if renamed.is_err() {
            self.discard(temporary).await;
        }
        renamed.map_err(|e| failed(&format!("write the file {name:?}"), &e))
    }

    /// Adds messages to the end of a file in their order, and synchronises it once. One result per message.
    pub(crate) async fn append(
        &self,
        name: &str,
        messages: &[&Message],
    ) -> Vec<Result<(), Failure>> {
        let doing = format!("append to the file {name:?}");
        let appended = async {
            let file = self.open(name, OpenFlags::CREATE).await?;
            let before = file.stat().await?.size;
            let results = append_each(&file, before, messages, &doing).await;
            if let Err(error) = file.sync().await {
                // What a failed synchronisation leaves behind is unknown, so none of it may stay. Where
                // even the cut fails, the messages come twice, which is better than not at all.
                file.set_size(before).await.ok();
                return Err(error);
            }
            Ok(results)
        };
        match appended.await {
            Ok(results) => results,
            Err(error) => vec![Err(failed(&doing, &error)); messages.len()],
        }
    }

    async fn write_temporary(&self, temporary: &str, message: &Message) -> Result<(), Failure> {
        let doing = format!("write the file {temporary:?}");
        let opened = self.open_new(temporary).await;
        let file = opened.map_err(|e| failed(&doing, &e))?;
        let mut written = body::write(&file, Place::Start, message, &doing).await;
        if written.is_ok() {
            written = file.sync().await.map_err(|e| failed(&doing, &e));
        }
        if written.is_err() {
            self.discard(temporary).await;
        }
        written
    }

    /// Opens a file that is nobody else's. A crash may have left one of the same attempt. It is removed and
    /// not written into: it may have its final name already, and a reader would see it become empty.
    async fn open_new(&self, temporary: &str) -> Result<Descriptor, ErrorCode> {
        let new = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
        match self.open(temporary, new).await {
            Err(ErrorCode::Exist) => {
                self.discard(temporary).await;
                self.open(temporary, new).await
            }
            opened => opened,
        }
    }

    /// Removes a temporary name. When that fails there is nothing more to do: the name is not one that
    /// readers look at, and the outcome of the message does not depend on it.
    async fn discard(&self, temporary: &str) {
        self.0.unlink_file_at(temporary.to_owned()).await.ok();
    }

    /// Opens a file for writing. Symbolic links are not followed: they could lead to another file than
    /// the one that was named.
    async fn open(&self, name: &str, how: OpenFlags) -> Result<Descriptor, ErrorCode> {
        let name = name.to_owned();
        self.0
            .open_at(PathFlags::empty(), name, how, DescriptorFlags::WRITE)
            .await
    }

    /// True when the file has the message's body and nothing else. An unreadable file is a different one.
    async fn holds(&self, name: &str, message: &Message) -> bool {
        let (links, how) = (PathFlags::empty(), OpenFlags::empty());
        let opened = self
            .0
            .open_at(links, name.to_owned(), how, DescriptorFlags::READ)
            .await;
        let Ok(file) = opened else { return false };
        match file.stat().await {
            Ok(stat) if stat.size == message.size() => body::is_in(&file, message).await,
            _ => false,
        }
    }
}

/// Appends message by message and cuts off what could not be added completely. When that fails too, the
/// rest is not tried, because it would stand after a fragment.
async fn append_each(
    file: &Descriptor,
    mut end: u64,
    messages: &[&Message],
    doing: &str,
) -> Vec<Result<(), Failure>> {
    let mut results = Vec::with_capacity(messages.len());
    for message in messages {
        let written = body::write(file, Place::End, message, doing).await;
        match &written {
            Ok(()) => end += message.size(),
            Err(_) => {
                if let Err(error) = file.set_size(end).await {
                    let doing = format!("cut off what was left when it failed to {doing}");
                    results.resize(messages.len(), Err(failed(&doing, &error)));
                    return results;
                }
            }
        }
        results.push(written);
    }
    results
}
