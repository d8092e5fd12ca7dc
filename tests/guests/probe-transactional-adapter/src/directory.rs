//! The granted directory: small files that are written, renamed, removed and listed.

use sendport_guest::{ErrorInfo, Failure};

use crate::bindings::{
    Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags, preopens, wit_stream,
};

pub(crate) struct Directory(Descriptor);

impl Directory {
    pub(crate) fn granted() -> Result<Self, Failure> {
        let granted = preopens::get_directories().into_iter().next();
        let (directory, _) =
            granted.ok_or_else(|| failed("open", "the directory", "none is granted"))?;
        Ok(Self(directory))
    }

    /// Writes a file, in the place of one that is there.
    pub(crate) async fn write(&self, name: &str, content: Vec<u8>) -> Result<(), Failure> {
        let how = OpenFlags::CREATE | OpenFlags::TRUNCATE;
        let written = async {
            let file = self.open(name, how).await?;
            let (mut writer, reader) = wit_stream::new();
            let written = file.write_via_stream(reader, 0);
            writer.write_all(content).await;
            drop(writer);
            written.await?;
            file.sync().await
        };
        written.await.map_err(|e| failed("write", name, e))
    }

    /// Creates an empty file. False when it is there already.
    pub(crate) async fn create(&self, name: &str) -> Result<bool, Failure> {
        match self
            .open(name, OpenFlags::CREATE | OpenFlags::EXCLUSIVE)
            .await
        {
            Ok(_) => Ok(true),
            Err(ErrorCode::Exist) => Ok(false),
            Err(error) => Err(failed("create", name, error)),
        }
    }

    /// Gives a file another name. False when it is not there.
    pub(crate) async fn rename(&self, from: &str, to: &str) -> Result<bool, Failure> {
        let renamed = self
            .0
            .rename_at(from.to_owned(), &self.0, to.to_owned())
            .await;
        was_there(renamed).map_err(|e| failed("rename", from, e))
    }

    /// Removes a file. False when it is not there.
    pub(crate) async fn remove(&self, name: &str) -> Result<bool, Failure> {
        let removed = self.0.unlink_file_at(name.to_owned()).await;
        was_there(removed).map_err(|e| failed("remove", name, e))
    }

    /// The names of all files.
    pub(crate) async fn names(&self) -> Result<Vec<String>, Failure> {
        let (entries, end) = self.0.read_directory();
        let entries = entries.collect().await;
        end.await.map_err(|e| failed("read", "the directory", e))?;
        Ok(entries.into_iter().map(|entry| entry.name).collect())
    }

    async fn open(&self, name: &str, how: OpenFlags) -> Result<Descriptor, ErrorCode> {
        let (links, mode) = (PathFlags::empty(), DescriptorFlags::WRITE);
        self.0.open_at(links, name.to_owned(), how, mode).await
    }
}

fn was_there(done: Result<(), ErrorCode>) -> Result<bool, ErrorCode> {
    match done {
        Ok(()) => Ok(true),
        Err(ErrorCode::NoEntry) => Ok(false),
        Err(error) => Err(error),
    }
}

fn failed(doing: &str, name: &str, why: impl std::fmt::Debug) -> Failure {
    let text = format!("cannot {doing} {name}: {why:?}");
    Failure::retryable(ErrorInfo::new("probe-directory", text))
}
