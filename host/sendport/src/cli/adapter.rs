//! What the commands about component files take.

use std::path::PathBuf;

use adapter_runtime::KeyAlgorithm;
use clap::{Args, ValueEnum};
use model::PortName;

use super::value;

#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// The component's file; with --port it is looked at in place of the port's own adapter
    #[arg(required_unless_present = "port")]
    pub(crate) component: Option<PathBuf>,
    /// Say what it can do that this other component cannot, such as the one it is to replace
    #[arg(long, value_name = "COMPONENT", conflicts_with = "port")]
    pub(crate) against: Option<PathBuf>,
    /// Say what it may do on this port of the configuration
    #[arg(long, value_parser = value::port_name)]
    pub(crate) port: Option<PortName>,
    /// The configuration file, for its ports and the keys that sign components; sendport.toml with --port
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SignArguments {
    /// The component's file
    pub(crate) component: PathBuf,
    /// The private key, in PEM (PKCS#8, not encrypted)
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// Where the signature goes; beside the component, with '.sig' added to its name, when not given
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct KeygenArguments {
    /// The files to write, without '.key' and '.pub'
    pub(crate) name: PathBuf,
    /// The kind of key
    #[arg(long, value_enum, default_value_t = Algorithm::Ed25519)]
    pub(crate) algorithm: Algorithm,
}

/// The kinds of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Algorithm {
    /// Short, and quick to check
    Ed25519,
    /// What cosign makes and reads
    EcdsaP256,
}

impl From<Algorithm> for KeyAlgorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Ed25519 => Self::Ed25519,
            Algorithm::EcdsaP256 => Self::EcdsaP256,
        }
    }
}
