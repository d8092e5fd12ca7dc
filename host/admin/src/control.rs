//! `POST /v1/ports/{port}/start`, `stop`, `unenlist` and `terminate`, `POST /v1/adapters/{name}/terminate`:
//! what an operator wants of ports.
//!
//! The types are public because the command line reads and prints them.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use dispatcher::{DrainReport, PortDrain};
use model::Enlistment;
use serde::{Deserialize, Serialize};

use crate::AdminState;
use crate::problem::Problem;
use crate::time;

/// How long messages in flight may take when nobody says.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(30);

/// A request should not be open for longer.
const LONGEST_DEADLINE: Duration = Duration::from_secs(3600);

/// What a port was told.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Enlisted {
    /// The port.
    pub port: String,
    /// `started`, `stopped` or `unenlisted`: remembered over restarts.
    pub enlistment: String,
}

/// How a drain went.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Drained {
    /// Port by port.
    pub ports: Vec<DrainedPort>,
    /// From the request to the end of the last port, in milliseconds.
    pub took_ms: u64,
}

/// How the drain of one port went: in flight = settled + handed back.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct DrainedPort {
    /// The port.
    pub port: String,
    /// Messages that were with its adapter when the drain began.
    pub in_flight: usize,
    /// Of those, delivered, scheduled again or suspended during the drain.
    pub settled: usize,
    /// Of those, not resolved: delivered again when the port is started.
    pub handed_back: Vec<String>,
    /// Of those handed back, the ones that may have been sent already.
    pub perhaps_sent: Vec<String>,
    /// The adapter did not terminate in time, or trapped doing so.
    pub interrupted: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Terminate {
    deadline: Option<String>,
}

pub(crate) async fn start(
    state: State<AdminState>,
    port: Result<Path<String>, PathRejection>,
) -> Result<Json<Enlisted>, Problem> {
    set(state, port, Enlistment::Started).await
}

pub(crate) async fn stop(
    state: State<AdminState>,
    port: Result<Path<String>, PathRejection>,
) -> Result<Json<Enlisted>, Problem> {
    set(state, port, Enlistment::Stopped).await
}

pub(crate) async fn unenlist(
    state: State<AdminState>,
    port: Result<Path<String>, PathRejection>,
) -> Result<Json<Enlisted>, Problem> {
    set(state, port, Enlistment::Unenlisted).await
}

async fn set(
    State(state): State<AdminState>,
    port: Result<Path<String>, PathRejection>,
    to: Enlistment,
) -> Result<Json<Enlisted>, Problem> {
    let Path(port) = port?;
    state.dispatcher.set_enlistment(&port, to).await?;
    Ok(Json(Enlisted {
        port,
        enlistment: to.to_string(),
    }))
}

pub(crate) async fn terminate_port(
    State(state): State<AdminState>,
    port: Result<Path<String>, PathRejection>,
    terminate: Result<Query<Terminate>, QueryRejection>,
) -> Result<Json<Drained>, Problem> {
    let (Path(port), Query(terminate)) = (port?, terminate?);
    let report = state
        .dispatcher
        .terminate_port(&port, terminate.deadline()?);
    Ok(Json(report.await?.into()))
}

pub(crate) async fn terminate_adapter(
    State(state): State<AdminState>,
    name: Result<Path<String>, PathRejection>,
    terminate: Result<Query<Terminate>, QueryRejection>,
) -> Result<Json<Drained>, Problem> {
    let (Path(name), Query(terminate)) = (name?, terminate?);
    let deadline = terminate.deadline()?;
    let report = state.dispatcher.terminate_adapter(&name, deadline);
    Ok(Json(report.await?.into()))
}

impl Terminate {
    fn deadline(&self) -> Result<Duration, Problem> {
        deadline(self.deadline.as_deref())
    }
}

/// How long messages in flight may take, as a query says it.
pub(crate) fn deadline(text: Option<&str>) -> Result<Duration, Problem> {
    let Some(text) = text else {
        return Ok(DEFAULT_DEADLINE);
    };
    let deadline = time::parse_duration(text);
    let deadline = deadline.map_err(|e| Problem::malformed(format!("deadline: {e}")))?;
    if deadline > LONGEST_DEADLINE {
        let longest = humantime::format_duration(LONGEST_DEADLINE);
        let detail = format!("deadline is {text}; use at most {longest}");
        return Err(Problem::malformed(detail));
    }
    Ok(deadline)
}

impl From<DrainReport> for Drained {
    fn from(report: DrainReport) -> Self {
        Self {
            ports: report.ports.into_iter().map(DrainedPort::from).collect(),
            took_ms: u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

impl From<PortDrain> for DrainedPort {
    fn from(drain: PortDrain) -> Self {
        let texts = |ids: Vec<model::MessageId>| ids.iter().map(ToString::to_string).collect();
        Self {
            port: drain.port.to_string(),
            in_flight: drain.in_flight,
            settled: drain.settled,
            handed_back: texts(drain.handed_back),
            perhaps_sent: texts(drain.perhaps_sent),
            interrupted: drain.interrupted,
        }
    }
}
