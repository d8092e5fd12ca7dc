//! `POST /v1/ports/{port}/adapter` and below, `POST /v1/reload`, `GET /v1/swaps`: replacing adapters and
//! configuration while messages flow.
//!
//! What they mean is behind [`Operations`], which the program implements: only it has the configuration and
//! the adapters. The types of the answers are public because the command line reads and prints them.

mod asked;
mod report;

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use model::transmit::BoxFuture;
use model::{CanaryShare, PortName};

use crate::AdminState;
use crate::problem::Problem;

pub use report::{
    CanaryReport, Deployed, PortChange, Reloaded, SwapReport, Switched, VersionReport,
};

use asked::{Asked, History};

/// The header that brings a detached signature along: base64, as `sendport adapter sign` and
/// `cosign sign-blob` write it.
pub const SIGNATURE_HEADER: &str = "sendport-signature";

/// What an operator can have done to a running host.
pub trait Operations: Send + Sync {
    /// Puts a component in the place of the one that serves a port.
    fn deploy(&self, deploy: Deploy) -> BoxFuture<Result<Deployed, OperationError>>;

    /// Puts the component back that was replaced last, or ends a canary in favour of the old version.
    fn roll_back(&self, which: Which) -> BoxFuture<Result<Deployed, OperationError>>;

    /// Ends a canary in favour of the new version.
    fn promote(&self, which: Which) -> BoxFuture<Result<Deployed, OperationError>>;

    /// How the canary of a port is doing; nothing when it has none.
    fn canary(&self, port: String) -> BoxFuture<Result<Option<CanaryReport>, OperationError>>;

    /// Reads the configuration again and changes what has changed in it.
    fn reload(&self, reload: Reload) -> BoxFuture<Result<Reloaded, OperationError>>;
}

/// A component for a port.
#[derive(Clone, Debug)]
pub struct Deploy {
    /// Which one it replaces.
    pub which: Which,
    /// The component's bytes.
    pub component: Bytes,
    /// Its detached signature.
    pub signature: Option<String>,
    /// Capabilities that the running component does not have are agreed to.
    pub accept: bool,
    /// Only a part of the messages goes to it, and it is watched: rolled back when it does worse than the old
    /// version. After the first so many it takes over, with a percentage it waits for `promote`.
    pub canary: Option<CanaryShare>,
}

/// A port's adapter.
#[derive(Clone, Debug)]
pub struct Which {
    /// The port.
    pub port: String,
    /// The adapter's name in the configuration, for a port that has several.
    pub adapter: Option<String>,
    /// How long what is in flight may take.
    pub deadline: Duration,
}

/// How to read the configuration again.
#[derive(Clone, Copy, Debug)]
pub struct Reload {
    /// New capabilities of components are agreed to.
    pub accept: bool,
    /// How long what is in flight may take, on each port that is replaced.
    pub deadline: Duration,
}

/// Why an operation was not carried out. Whatever it says, the old version goes on.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum OperationError {
    /// No such port, adapter or earlier version.
    #[error("{0}")]
    Unknown(String),
    /// It cannot be done like this: what is wrong, and what to do.
    #[error("{0}")]
    Refused(String),
    /// The new version can do what the old one could not, and nobody has agreed to that.
    #[error(
        "the new version can do what the running one cannot: {}; look at it with 'sendport adapter inspect', and deploy it with --accept if that is right",
        .0.join("; ")
    )]
    NotAccepted(Vec<String>),
    /// The new version did not start.
    #[error("{0}")]
    NotStarted(String),
    /// The host is stopping, or something is under way that excludes it.
    #[error("{0}")]
    NotNow(String),
}

pub(crate) async fn deploy(
    State(state): State<AdminState>,
    port: Result<Path<String>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
    component: Result<Bytes, BytesRejection>,
) -> Result<Json<Deployed>, Problem> {
    let (Path(port), Query(asked), component) = (port?, asked?, component?);
    let signature = match headers.get(SIGNATURE_HEADER) {
        Some(value) => Some(value.to_str().map(str::to_owned).map_err(|_| {
            Problem::malformed(format!("the header {SIGNATURE_HEADER} is no base64 text"))
        })?),
        None => None,
    };
    let deploy = Deploy {
        which: asked.which(port)?,
        component,
        signature,
        accept: asked.accept.unwrap_or_default(),
        canary: asked.canary()?,
    };
    Ok(Json(operations(&state)?.deploy(deploy).await?))
}

pub(crate) async fn roll_back(
    State(state): State<AdminState>,
    port: Result<Path<String>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Deployed>, Problem> {
    let (Path(port), Query(asked)) = (port?, asked?);
    let which = asked.which(port)?;
    Ok(Json(operations(&state)?.roll_back(which).await?))
}

pub(crate) async fn promote(
    State(state): State<AdminState>,
    port: Result<Path<String>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Deployed>, Problem> {
    let (Path(port), Query(asked)) = (port?, asked?);
    let which = asked.which(port)?;
    Ok(Json(operations(&state)?.promote(which).await?))
}

pub(crate) async fn canary(
    State(state): State<AdminState>,
    port: Result<Path<String>, PathRejection>,
) -> Result<Json<CanaryReport>, Problem> {
    let Path(port) = port?;
    match operations(&state)?.canary(port.clone()).await? {
        Some(report) => Ok(Json(report)),
        None => {
            let unknown = format!("send port {port} tries no other version of its adapter");
            Err(OperationError::Unknown(unknown).into())
        }
    }
}

pub(crate) async fn reload(
    State(state): State<AdminState>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Reloaded>, Problem> {
    let Query(asked) = asked?;
    let reload = Reload {
        accept: asked.accept.unwrap_or_default(),
        deadline: asked.deadline()?,
    };
    Ok(Json(operations(&state)?.reload(reload).await?))
}

pub(crate) async fn swaps(
    State(state): State<AdminState>,
    history: Result<Query<History>, QueryRejection>,
) -> Result<Json<Vec<SwapReport>>, Problem> {
    let Query(history) = history?;
    let port = history.port.as_deref().map(PortName::new).transpose();
    let port = port.map_err(|error| Problem::malformed(error.to_string()))?;
    let swaps = state
        .message_box
        .swaps(port.as_ref(), history.limit()?)
        .await?;
    Ok(Json(swaps.into_iter().map(SwapReport::from).collect()))
}

fn operations(state: &AdminState) -> Result<&dyn Operations, Problem> {
    let none = || Problem::unavailable("this host does not change while it runs");
    state.operations.as_deref().ok_or_else(none)
}

impl From<OperationError> for Problem {
    fn from(error: OperationError) -> Self {
        let detail = error.to_string();
        match error {
            OperationError::Unknown(_) => {
                Self::new(StatusCode::NOT_FOUND, "unknown", "There is none", detail)
            }
            OperationError::Refused(_) => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                Self::new(status, "refused", "It cannot be done like this", detail)
            }
            OperationError::NotAccepted(capabilities) => {
                let title = "The new version can do more";
                Self::new(StatusCode::CONFLICT, "not-accepted", title, detail)
                    .with("capabilities", capabilities)
            }
            OperationError::NotStarted(_) => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                Self::new(
                    status,
                    "not-started",
                    "The new version does not start",
                    detail,
                )
            }
            OperationError::NotNow(_) => Self::unavailable(detail),
        }
    }
}
