//! Carrying decisions to the message box: in one transaction when it can be, in as many as it takes
//! when it cannot.
//!
//! Nothing here waits between two tries or gives a decision up; what could not be committed goes back
//! to the loop.

use std::collections::HashSet;
use std::sync::Arc;

use message_box::{Error, Lease, MessageBox, Settlement};
use model::transmit::BatchFailure;
use model::{Conclusion, MessageId, PortName, Timestamp, Verdict};
use tokio::sync::oneshot;

use crate::clock;

/// What is to become of one message.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(crate) id: MessageId,
    pub(crate) lease: Lease,
    /// The route by which it went.
    pub(crate) route: usize,
    pub(crate) conclusion: Conclusion,
    /// How long an answer of it is kept.
    pub(crate) answer_until: Timestamp,
    /// The adapter that had it, for the record of a suspension.
    pub(crate) adapter: Option<Arc<str>>,
    /// Its time was over before it was handed to an adapter.
    pub(crate) expired: bool,
}

impl Decision {
    /// A message that was leased and not handed to anybody.
    pub(crate) fn release(id: MessageId, lease: Lease, route: usize, alone: bool) -> Self {
        Self {
            id,
            lease,
            route,
            conclusion: Conclusion::only(Verdict::Release { alone }),
            answer_until: Timestamp::default(),
            adapter: None,
            expired: false,
        }
    }

    pub(crate) fn verdict(&self) -> &Verdict {
        &self.conclusion.verdict
    }

    fn settlement(&self) -> Settlement {
        let Conclusion {
            verdict,
            answer,
            emissions,
        } = self.conclusion.clone();
        Settlement {
            answer,
            answer_until: self.answer_until,
            emissions,
            adapter: self.adapter.clone(),
            ..Settlement::new(self.id, self.lease, verdict)
        }
    }
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
        let is_deletion = |d: &Decision| matches!(d.verdict(), Verdict::Delete);
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
    decisions.iter().map(Decision::settlement).collect()
}

/// An adapter's outcome batch on its way to the disk. What cannot be carried out is taken out of it and
/// named; the rest is committed together, however often that has to be tried.
#[derive(Debug)]
pub(crate) struct Batch {
    /// What is still to be committed, in the adapter's order.
    pub(crate) decisions: Vec<Decision>,
    /// The ids of all its operations, in the adapter's order.
    pub(crate) ids: Vec<MessageId>,
    /// Places of operations about messages that are not the adapter's.
    pub(crate) not_yours: Vec<usize>,
    /// Places of moves to a transport that there is not.
    pub(crate) no_next: Vec<usize>,
    /// Where the adapter waits.
    pub(crate) answer: oneshot::Sender<Result<(), BatchFailure>>,
}

/// How one try to commit a batch ended.
#[derive(Debug)]
pub(crate) struct BatchEnd {
    pub(crate) batch: Batch,
    /// Of its decisions, those whose lease turned out to be somebody else's.
    pub(crate) gone: Vec<Decision>,
    /// `Ok` when what is left in the batch is committed.
    pub(crate) result: Result<(), Error>,
}

impl Batch {
    /// Settles the batch in one transaction.
    pub(crate) async fn settle(mut self, message_box: &MessageBox) -> BatchEnd {
        let mut round = Round::default();
        round
            .attempt(message_box, std::mem::take(&mut self.decisions))
            .await;
        let gone: HashSet<_> = round.gone.iter().map(|d| d.id).collect();
        let places = self
            .ids
            .iter()
            .enumerate()
            .filter(|(_, id)| gone.contains(id));
        self.not_yours.extend(places.map(|(place, _)| place));
        let result = match round.error {
            Some(error) => {
                self.decisions = round.left;
                Err(error)
            }
            None => {
                self.decisions = round.settled;
                Ok(())
            }
        };
        BatchEnd {
            batch: self,
            gone: round.gone,
            result,
        }
    }
}

/// How the decision about a prepared transaction ended.
#[derive(Debug)]
pub(crate) struct TransactionEnd {
    pub(crate) decisions: Vec<Decision>,
    /// All of it, or nothing.
    pub(crate) result: Result<(), Error>,
    /// Where the adapter waits.
    pub(crate) answer: oneshot::Sender<Result<(), BatchFailure>>,
}

impl TransactionEnd {
    /// Commits the deletions and the decision: one transaction, one try. When it fails, the
    /// destination's side is rolled back, so trying again is not ours.
    pub(crate) async fn of(
        message_box: &MessageBox,
        port: &PortName,
        transaction: &str,
        decisions: Vec<Decision>,
        answer: oneshot::Sender<Result<(), BatchFailure>>,
    ) -> Self {
        let settlements = settlements(&decisions);
        let now = clock::now();
        let settled = message_box.settle_transaction(port, transaction, settlements, now);
        Self {
            result: settled.await,
            decisions,
            answer,
        }
    }
}
