//! Carrying decisions to the message box: in one transaction when it can be, in as many as it takes
//! when it cannot.
//!
//! Nothing here waits between two tries or gives a decision up; what could not be committed goes back
//! to the loop.

use std::collections::HashSet;

use message_box::{Error, Lease, MessageBox, Settlement};
use model::transmit::BatchFailure;
use model::{MessageId, Verdict};
use tokio::sync::oneshot;

use crate::clock;

/// What is to become of one message.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(crate) id: MessageId,
    pub(crate) lease: Lease,
    pub(crate) verdict: Verdict,
}

/// How a round of settling ended. Every decision of the round is in exactly one of the lists.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// Committed.
    pub(crate) settled: Vec<Decision>,
    /// Refused for good: the lease is not ours any more.
    pub(crate) gone: Vec<Decision>,
    /// To be tried again.
    pub(crate) left: Vec<Decision>,
    /// Why something is left.
    pub(crate) error: Option<Error>,
}

impl Round {
    /// Settles everything in one transaction.
    pub(crate) async fn at_once(message_box: &MessageBox, decisions: Vec<Decision>) -> Self {
        let mut round = Self::default();
        round.attempt(message_box, decisions).await;
        round
    }

    /// Settles the deletions first and the rest on its own: on a full disk a deletion still works and
    /// makes the room that the rest needs.
    pub(crate) async fn deletions_first(
        message_box: &MessageBox,
        decisions: Vec<Decision>,
    ) -> Self {
        let is_deletion = |d: &Decision| matches!(d.verdict, Verdict::Delete);
        let (deletions, rest) = decisions.into_iter().partition(is_deletion);
        let mut round = Self::default();
        round.attempt(message_box, deletions).await;
        round.attempt(message_box, rest).await;
        round
    }

    async fn attempt(&mut self, message_box: &MessageBox, mut decisions: Vec<Decision>) {
        while !decisions.is_empty() {
            match message_box
                .settle(settlements(&decisions), clock::now())
                .await
            {
                Ok(()) => return self.settled.append(&mut decisions),
                Err(Error::NotLeased { ids }) if names_one_of(&decisions, &ids) => {
                    let ids: HashSet<_> = ids.into_iter().collect();
                    let (gone, ours) = decisions.into_iter().partition(|d| ids.contains(&d.id));
                    self.gone.extend::<Vec<_>>(gone);
                    decisions = ours;
                }
                Err(error) => {
                    self.error = Some(error);
                    return self.left.append(&mut decisions);
                }
            }
        }
    }
}

/// True when leaving these ids out leaves less to settle, so that trying again comes to an end.
fn names_one_of(decisions: &[Decision], ids: &[MessageId]) -> bool {
    decisions.iter().any(|d| ids.contains(&d.id))
}

fn settlements(decisions: &[Decision]) -> Vec<Settlement> {
    let settlement = |d: &Decision| Settlement {
        id: d.id,
        lease: d.lease,
        verdict: d.verdict.clone(),
    };
    decisions.iter().map(settlement).collect()
}

/// How settling an adapter's outcome batch ended.
#[derive(Debug)]
pub(crate) struct BatchEnd {
    /// The batch, in the adapter's order.
    pub(crate) decisions: Vec<Decision>,
    /// All of it, or nothing.
    pub(crate) result: Result<(), Error>,
    /// Where the adapter waits.
    pub(crate) answer: oneshot::Sender<Result<(), BatchFailure>>,
}

impl BatchEnd {
    /// Settles the batch: one transaction, one try. Whether to try again is the adapter's to say.
    pub(crate) async fn of(
        message_box: &MessageBox,
        decisions: Vec<Decision>,
        answer: oneshot::Sender<Result<(), BatchFailure>>,
    ) -> Self {
        let settlements = settlements(&decisions);
        let result = message_box.settle(settlements, clock::now()).await;
        Self {
            decisions,
            result,
            answer,
        }
    }
}
