//! Why a message was not written, and whether trying again can help.

use sendport_guest::{ErrorInfo, Failure};

use crate::bindings::ErrorCode;

/// A file system operation failed. `doing` reads like "write the file a.xml".
pub(crate) fn failed(doing: &str, error: &ErrorCode) -> Failure {
    let (code, why, retry) = classify(error);
    let error = ErrorInfo::new(code, format!("cannot {doing}: {why}"));
    if retry {
        Failure::retryable(error)
    } else {
        Failure::permanent(error)
    }
}

/// The meaning of an error of the file system. Only what lies in the name or the size of this very
/// message is permanent; disks are emptied, permissions corrected and directories mounted. A name that
/// is taken is free again when the reader has fetched the file, so that is retried as well, as BizTalk does.
fn classify(error: &ErrorCode) -> (&'static str, &'static str, bool) {
    match error {
        ErrorCode::InsufficientSpace => ("file-no-space", "the disk is full", true),
        ErrorCode::Quota => ("file-quota", "the disk quota is used up", true),
        ErrorCode::Access | ErrorCode::NotPermitted => {
            let why = "the host may not do that there; check the directory's owner and mode";
            ("file-access", why, true)
        }
        ErrorCode::ReadOnly => ("file-read-only", "the file system is read-only", true),
        ErrorCode::NoEntry | ErrorCode::NotDirectory | ErrorCode::NoDevice => {
            ("file-not-found", "the directory is not there", true)
        }
        ErrorCode::Exist => ("file-exists", "a file of that name is there", true),
        ErrorCode::IsDirectory => ("file-exists", "a directory has that name", true),
        ErrorCode::Loop => ("file-exists", "a symbolic link has that name", true),
        ErrorCode::Unsupported | ErrorCode::CrossDevice | ErrorCode::TooManyLinks => {
            let why = "the file system does not support that";
            ("file-unsupported", why, true)
        }
        ErrorCode::Busy | ErrorCode::TextFileBusy | ErrorCode::Deadlock | ErrorCode::NoLock => {
            ("file-busy", "it is in use", true)
        }
        ErrorCode::Io | ErrorCode::NotRecoverable => {
            ("file-io", "the disk reported an error", true)
        }
        ErrorCode::InsufficientMemory => ("file-no-memory", "the host is out of memory", true),
        ErrorCode::FileTooLarge | ErrorCode::Overflow => {
            let why = "the file would be too large for the file system";
            ("file-too-large", why, false)
        }
        ErrorCode::NameTooLong => {
            let why = "the name is too long for the file system";
            ("file-name", why, false)
        }
        ErrorCode::IllegalByteSequence => {
            let why = "the name has characters the file system cannot store";
            ("file-name", why, false)
        }
        _ => {
            let why = "the file system refused and did not say why";
            ("file-error", why, true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_and_the_size_of_the_message_are_permanent() {
        let table = [
            (ErrorCode::InsufficientSpace, "file-no-space", true),
            (ErrorCode::Quota, "file-quota", true),
            (ErrorCode::Access, "file-access", true),
            (ErrorCode::NotPermitted, "file-access", true),
            (ErrorCode::ReadOnly, "file-read-only", true),
            (ErrorCode::NoEntry, "file-not-found", true),
            (ErrorCode::Exist, "file-exists", true),
            (ErrorCode::Unsupported, "file-unsupported", true),
            (ErrorCode::Other(None), "file-error", true),
            (ErrorCode::FileTooLarge, "file-too-large", false),
            (ErrorCode::NameTooLong, "file-name", false),
        ];
        for (error, code, retry) in table {
            let failure = failed("write the file a.xml", &error);
            assert_eq!(failure.error().code.as_deref(), Some(code));
            assert_eq!(matches!(failure, Failure::Retryable(_)), retry, "{code}");
            assert!(
                failure
                    .error()
                    .text
                    .starts_with("cannot write the file a.xml: ")
            );
        }
    }
}
