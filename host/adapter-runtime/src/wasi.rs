//! What a guest gets of WASI: what its port grants, made up where it may not have the real thing, and
//! nothing else. No arguments, no standard input; see [`crate::sockets`] for the network.

mod clock;
mod random;

use std::sync::Arc;

use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder};

use crate::context::Sandbox;
use crate::egress::Reporter;
use crate::grants::{Access, DirectoryGrant};
use crate::guest_output::{GuestOutput, Stream};
use crate::{Error, sockets};

/// Bytes of one request for random numbers: the host makes them in one piece, outside of the guest's
/// memory. Keys need some dozens.
const MOST_RANDOM_BYTES: u64 = 1 << 20;

/// The WASI of one instance, whose output goes to `output`.
pub(crate) fn context(
    sandbox: &Sandbox,
    output: &GuestOutput,
    reporter: &Arc<Reporter>,
) -> Result<WasiCtx, Error> {
    let grants = &sandbox.grants;
    let mut builder = WasiCtxBuilder::new();
    for directory in &grants.directories {
        open(&mut builder, directory).map_err(|reason| Error::Grant {
            port: sandbox.port.to_string(),
            reason,
        })?;
    }
    builder.envs(&grants.environment);
    builder.stdout(output.stream(Stream::Output));
    builder.stderr(output.stream(Stream::Error));
    builder.max_random_size(MOST_RANDOM_BYTES);
    clock::grant(&mut builder, grants.clock);
    random::grant(&mut builder, grants.random);
    sockets::grant(&mut builder, sandbox, reporter);
    Ok(builder.build())
}

fn open(builder: &mut WasiCtxBuilder, directory: &DirectoryGrant) -> Result<(), String> {
    let DirectoryGrant {
        guest,
        path,
        access,
    } = directory;
    let permissions = match access {
        Access::Read => FsPerms::ReadOnly,
        Access::ReadWrite => FsPerms::ReadWrite,
    };
    match builder.preopened_dir(path, guest, permissions) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!(
            "cannot open the granted directory {}: {error:#}; create it, or correct `address`, \
             `grants.directory` or `grants.directories`",
            path.display()
        )),
    }
}
