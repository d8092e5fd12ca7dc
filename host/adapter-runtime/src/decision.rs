//! The decision to commit a prepared transaction: made by the message box, and seen through even when
//! the instance that prepared it ends meanwhile.

use std::sync::Arc;

use model::transmit::{BatchFailureReason, OutcomeSink};
use model::{ErrorInfo, MessageId, Outcome};

use crate::transactions::Transaction;

/// How it went.
#[derive(Debug)]
pub(crate) enum Decision {
    /// The messages are delivered; the transaction must be committed, sooner or later.
    Commit(Transaction),
    /// Nothing took effect: the transaction must be rolled back.
    RollBack(Refused),
    /// The message box failed. Its record says whether anything took effect, so a recovery decides.
    Unknown(Refused),
    /// Nobody waited for the message box's answer, which may still come. Only the record that the next
    /// start finds can be trusted; the messages are delivered again then, unless they are.
    LeftToTheRestart(Transaction),
}

/// A transaction that was not decided, and its messages.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) transaction: Transaction,
    /// Gives the messages back when it is dropped.
    pub(crate) messages: HandBack,
    pub(crate) why: ErrorInfo,
}

/// Messages that belong to no instance any more. Dropping this gives them back undecided, so that they
/// come back even when nobody is there to take the decision.
pub(crate) struct HandBack {
    sink: Arc<dyn OutcomeSink>,
    messages: Vec<MessageId>,
}

/// Asks for the decision. To be run as a task of its own.
pub(crate) async fn decide(
    sink: Arc<dyn OutcomeSink>,
    transaction: Transaction,
    messages: Vec<MessageId>,
) -> Decision {
    let asked = sink.decide_transaction(transaction.name().to_owned(), messages.clone());
    let failure = match asked.await {
        Ok(()) => return Decision::Commit(transaction),
        Err(failure) => failure,
    };
    if failure.reason == BatchFailureReason::ShuttingDown {
        return Decision::LeftToTheRestart(transaction);
    }
    let innocent = |(place, _): &(usize, MessageId)| !failure.culprits.contains(place);
    let numbered = messages.into_iter().enumerate();
    let messages = numbered.filter(innocent).map(|(_, id)| id).collect();
    let refused = Refused {
        transaction,
        messages: HandBack { sink, messages },
        why: ErrorInfo::new("not-decided", failure.text),
    };
    match failure.reason {
        BatchFailureReason::Storage => Decision::Unknown(refused),
        _ => Decision::RollBack(refused),
    }
}

impl Drop for HandBack {
    fn drop(&mut self) {
        let messages = std::mem::take(&mut self.messages);
        if !messages.is_empty() {
            let returned = messages.into_iter().map(|id| (id, Outcome::Returned));
            self.sink.resolved(returned.collect());
        }
    }
}

impl std::fmt::Debug for HandBack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("HandBack").field(&self.messages).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording_sink::RecordingSink;
    use crate::transactions::{Registry, Transactions};

    fn ids() -> Vec<MessageId> {
        (0..3).map(|n| MessageId::new(1, n)).collect()
    }

    fn returned(sequences: &[u64]) -> Vec<(MessageId, Outcome)> {
        let one = |n: &u64| (MessageId::new(1, *n), Outcome::Returned);
        sequences.iter().map(one).collect()
    }

    async fn recovered() -> Arc<Transactions> {
        let memory = Arc::new(Registry::new()).memory("p:", "a");
        memory.recovery().await.expect("in doubt").succeeded();
        memory
    }

    #[tokio::test]
    async fn b81_a_decision_makes_the_commit_due() {
        let (sink, memory) = (Arc::new(RecordingSink::default()), recovered().await);
        let decision = decide(sink.clone(), memory.begin(), ids()).await;
        let Decision::Commit(transaction) = decision else {
            panic!("{decision:?}");
        };
        transaction.ended();
        assert!(!memory.in_doubt());
        assert_eq!(sink.take(), []);
    }

    #[tokio::test]
    async fn b82_what_is_not_decided_comes_back_but_for_the_culprits() {
        let sink = Arc::new(RecordingSink::refusing(BatchFailureReason::NotYours, &[1]));
        let memory = recovered().await;
        let decision = decide(sink.clone(), memory.begin(), ids()).await;
        let Decision::RollBack(Refused {
            transaction,
            messages,
            why,
        }) = decision
        else {
            panic!("{decision:?}");
        };
        assert!(why.text.contains("what the engine says"), "{why}");
        assert_eq!(sink.take(), [], "not before the roll-back");
        transaction.ended();
        drop(messages);
        assert_eq!(sink.take(), returned(&[0, 2]));
    }

    #[tokio::test]
    async fn an_instance_that_ends_meanwhile_loses_neither_message_nor_transaction() {
        let sink = Arc::new(RecordingSink::refusing(BatchFailureReason::Storage, &[]));
        let memory = recovered().await;
        let task = tokio::spawn(decide(sink.clone(), memory.begin(), ids()));
        // Nobody takes the decision: what it carries is dropped.
        drop(task.await.expect("no panic"));
        assert_eq!(sink.take(), returned(&[0, 1, 2]));
        assert!(memory.in_doubt() && memory.has_doubtful());
    }

    #[tokio::test]
    async fn b99_nothing_is_said_about_messages_while_the_host_shuts_down() {
        let sink = RecordingSink::refusing(BatchFailureReason::ShuttingDown, &[]);
        let (sink, memory) = (Arc::new(sink), recovered().await);
        let decision = decide(sink.clone(), memory.begin(), ids()).await;
        assert!(
            matches!(decision, Decision::LeftToTheRestart(_)),
            "not rolled back: the decision may be on its way to the disk: {decision:?}"
        );
        drop(decision);
        assert_eq!(sink.take(), []);
        assert!(memory.in_doubt());
    }

    #[tokio::test]
    async fn a_box_that_fails_is_asked_again_before_anything_is_rolled_back() {
        let sink = Arc::new(RecordingSink::refusing(BatchFailureReason::Storage, &[]));
        let memory = recovered().await;
        let decision = decide(sink.clone(), memory.begin(), ids()).await;
        assert!(matches!(decision, Decision::Unknown(_)), "{decision:?}");
    }
}
