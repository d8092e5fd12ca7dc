//! Commands about files. Directories are named as the port grants them; a command that goes well says
//! `ok`, or what it has read, and one that does not says why.

use crate::bindings::wasi::filesystem::preopens;
use crate::bindings::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags,
};
use crate::bindings::wit_stream;

/// Does what the words say; nothing when they are not about files.
pub(crate) async fn obey(words: &[&str]) -> Option<String> {
    let end = match *words {
        ["directories"] => Ok(names().join(",")),
        ["read", directory, path] => read(directory, path).await,
        ["write", directory, path, text] => write(directory, path, text).await,
        ["append", directory, path, text] => append(directory, path, text).await,
        ["truncate", directory, path] => truncate(directory, path).await,
        ["list", directory, path] => list(directory, path).await,
        ["stat", directory, path] => stat(directory, path).await,
        _ => match change(words).await? {
            Ok(()) => Ok("ok".to_owned()),
            Err(error) => Err(error),
        },
    };
    Some(end.unwrap_or_else(|error| format!("{error:?}")))
}

/// Commands that change names.
async fn change(words: &[&str]) -> Option<Result<(), ErrorCode>> {
    let text = |text: &str| text.to_owned();
    Some(match *words {
        ["symlink", directory, target, path] => {
            let directory = granted(directory);
            directory.symlink_at(text(target), text(path)).await
        }
        ["link", from, path, to, name] => {
            let (from, to) = (granted(from), granted(to));
            from.link_at(PathFlags::empty(), text(path), &to, text(name))
                .await
        }
        ["rename", from, path, to, name] => {
            let (from, to) = (granted(from), granted(to));
            from.rename_at(text(path), &to, text(name)).await
        }
        ["mkdir", directory, path] => granted(directory).create_directory_at(text(path)).await,
        ["remove", directory, path] => granted(directory).unlink_file_at(text(path)).await,
        _ => return None,
    })
}

fn names() -> Vec<String> {
    let directories = preopens::get_directories().into_iter();
    directories.map(|(_, name)| name).collect()
}

fn granted(name: &str) -> Descriptor {
    let mut directories = preopens::get_directories().into_iter();
    let found = directories.find(|(_, granted)| granted == name);
    found.unwrap_or_else(|| panic!("no directory {name}")).0
}

async fn open(
    directory: &str,
    path: &str,
    how: OpenFlags,
    mode: DescriptorFlags,
) -> Result<Descriptor, ErrorCode> {
    let links = PathFlags::SYMLINK_FOLLOW;
    granted(directory)
        .open_at(links, path.to_owned(), how, mode)
        .await
}

async fn read(directory: &str, path: &str) -> Result<String, ErrorCode> {
    let file = open(directory, path, OpenFlags::empty(), DescriptorFlags::READ).await?;
    let (content, end) = file.read_via_stream(0);
    let content = content.collect().await;
    end.await?;
    Ok(String::from_utf8_lossy(&content).into_owned())
}

async fn write(directory: &str, path: &str, text: &str) -> Result<String, ErrorCode> {
    let how = OpenFlags::CREATE | OpenFlags::TRUNCATE;
    let file = open(directory, path, how, DescriptorFlags::WRITE).await?;
    let (mut writer, reader) = wit_stream::new();
    let written = file.write_via_stream(reader, 0);
    writer.write_all(text.as_bytes().to_vec()).await;
    drop(writer);
    written.await?;
    Ok("ok".to_owned())
}

/// Opens for reading, and writes all the same.
async fn append(directory: &str, path: &str, text: &str) -> Result<String, ErrorCode> {
    let file = open(directory, path, OpenFlags::empty(), DescriptorFlags::READ).await?;
    let (mut writer, reader) = wit_stream::new();
    let written = file.append_via_stream(reader);
    writer.write_all(text.as_bytes().to_vec()).await;
    drop(writer);
    written.await?;
    Ok("ok".to_owned())
}

async fn truncate(directory: &str, path: &str) -> Result<String, ErrorCode> {
    let file = open(directory, path, OpenFlags::empty(), DescriptorFlags::READ).await?;
    file.set_size(0).await?;
    Ok("ok".to_owned())
}

async fn list(directory: &str, path: &str) -> Result<String, ErrorCode> {
    let directory = open(directory, path, OpenFlags::DIRECTORY, DescriptorFlags::READ).await?;
    let (entries, end) = directory.read_directory();
    let entries = entries.collect().await;
    end.await?;
    let mut names: Vec<_> = entries.into_iter().map(|entry| entry.name).collect();
    names.sort();
    Ok(names.join(","))
}

async fn stat(directory: &str, path: &str) -> Result<String, ErrorCode> {
    let links = PathFlags::SYMLINK_FOLLOW;
    let stat = granted(directory).stat_at(links, path.to_owned()).await?;
    Ok(format!("{} bytes", stat.size))
}
