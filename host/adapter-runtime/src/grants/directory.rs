//! What a port lets its adapter do with files, through `wasi:filesystem`.

use std::fmt;
use std::path::PathBuf;

/// A directory of the host, and what the adapter calls it. Paths in it are resolved by the host and never
/// lead out of it, neither by `..` nor through symbolic links, wherever those came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryGrant {
    /// The adapter's name for it; `.` is where paths without a beginning of their own lead.
    pub guest: String,
    /// The host's path.
    pub path: PathBuf,
    /// What may be done in it.
    pub access: Access,
}

/// What may be done with the files of a directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// List and read.
    Read,
    /// Create, write, rename and remove as well.
    #[default]
    ReadWrite,
}

impl DirectoryGrant {
    /// The directory that an adapter finds without a name, `.`.
    pub fn working(path: PathBuf, access: Access) -> Self {
        Self {
            guest: ".".to_owned(),
            path,
            access,
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::ReadWrite => "read-write",
        })
    }
}

impl fmt::Display for DirectoryGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} as {:?} ({})",
            self.path.display(),
            self.guest,
            self.access
        )
    }
}
