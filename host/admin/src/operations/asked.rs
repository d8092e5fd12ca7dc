//! What the queries of these requests may say.

use std::time::Duration;

use model::CanaryShare;
use serde::Deserialize;

use super::Which;
use crate::control::deadline;
use crate::problem::Problem;

/// Records that are shown when nobody says how many.
const SHOWN: usize = 20;
const MOST_SHOWN: usize = 1000;

/// The query of a deployment, a roll-back, a promotion or a reload.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    adapter: Option<String>,
    pub(super) accept: Option<bool>,
    deadline: Option<String>,
    /// Messages in a hundred, 1 to 99.
    canary: Option<u8>,
    /// So many messages at the beginning.
    canary_first: Option<u64>,
}

/// The query of the record of swaps.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct History {
    pub(super) port: Option<String>,
    limit: Option<usize>,
}

impl Asked {
    pub(super) fn which(&self, port: String) -> Result<Which, Problem> {
        Ok(Which {
            port,
            adapter: self.adapter.clone(),
            deadline: self.deadline()?,
        })
    }

    pub(super) fn deadline(&self) -> Result<Duration, Problem> {
        deadline(self.deadline.as_deref())
    }

    pub(super) fn canary(&self) -> Result<Option<CanaryShare>, Problem> {
        match (self.canary, self.canary_first) {
            (None, None) => Ok(None),
            (Some(percent @ 1..=99), None) => Ok(Some(CanaryShare::Percent(percent))),
            (Some(_), None) => Err(Problem::malformed(
                "canary: give 1 to 99 messages in a hundred",
            )),
            (None, Some(0)) => Err(Problem::malformed(
                "canary_first: give at least one message",
            )),
            (None, Some(count)) => Ok(Some(CanaryShare::First(count))),
            (Some(_), Some(_)) => Err(Problem::malformed("give canary or canary_first, not both")),
        }
    }
}

impl History {
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        match self.limit.unwrap_or(SHOWN) {
            limit @ 1..=MOST_SHOWN => Ok(limit),
            _ => Err(Problem::malformed(format!("limit: give 1 to {MOST_SHOWN}"))),
        }
    }
}
