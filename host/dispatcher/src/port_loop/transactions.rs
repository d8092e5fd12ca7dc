//! Decisions about prepared transactions: the deletions and the word to commit are one transaction of
//! the message box, all of it or nothing (B81–B86). What happens at the destination is the pool's.

use model::transmit::{BatchFailure, BatchFailureReason};
use model::{MessageId, Outcome, Timestamp};

use super::batches::not_yours_text;
use super::{Finished, PortLoop};
use crate::clock;
use crate::inbox::Prepared;
use crate::settle::{Decision, TransactionEnd};
use crate::sink;
use crate::unresolved::Held;

impl PortLoop {
    pub(super) fn begin_transaction(&mut self, prepared: Prepared, now: Timestamp) {
        let Prepared {
            transaction,
            ids,
            answer,
        } = prepared;
        if self.hears_no_more() {
            return self.answer(answer, Err(sink::shutting_down(&self.port.settings.name)));
        }
        let taken = self.unresolved.take_batch(&ids);
        let places = taken.iter().enumerate().filter(|(_, held)| held.is_none());
        let culprits: Vec<usize> = places.map(|(place, _)| place).collect();
        let held: Vec<Held> = taken.into_iter().flatten().collect();
        if !culprits.is_empty() {
            for held in &held {
                self.give_back(held);
            }
            let failure = BatchFailure {
                reason: BatchFailureReason::NotYours,
                text: not_yours_text(&ids, &culprits),
                culprits,
            };
            return self.answer(answer, Err(failure));
        }
        let decide = |held| self.decision(held, Outcome::Delivered, now);
        let decisions: Vec<Decision> = held.iter().map(decide).collect();
        self.settling.batches += 1;
        let (message_box, port) = (self.message_box.clone(), self.port.settings.name.clone());
        self.begin(async move {
            let end = TransactionEnd::of(&message_box, &port, &transaction, decisions, answer);
            Finished::TransactionSettled(end.await)
        });
    }

    pub(super) fn transaction_ended(&mut self, end: TransactionEnd) {
        self.settling.batches -= 1;
        let result = match end.result {
            Ok(()) => {
                self.count(&end.decisions);
                self.storage_worked();
                Ok(())
            }
            Err(error) => {
                let is_lost = |id: &MessageId| matches!(&error, message_box::Error::NotLeased { ids } if ids.contains(id));
                let places = end.decisions.iter().enumerate();
                let culprits = places.filter(|(_, d)| is_lost(&d.id));
                let culprits: Vec<usize> = culprits.map(|(place, _)| place).collect();
                let (lost, ours): (Vec<_>, Vec<_>) =
                    end.decisions.into_iter().partition(|d| is_lost(&d.id));
                self.forget(&lost);
                let reason = match lost.is_empty() {
                    true => BatchFailureReason::Storage,
                    false => BatchFailureReason::NotYours,
                };
                if lost.is_empty() {
                    self.storage_failed(&error);
                }
                for decision in ours {
                    let deferred = self.unresolved.give_back(decision.id, decision.lease);
                    if let Some(outcome) = deferred {
                        self.resolve(decision.id, outcome, clock::now());
                    }
                }
                Err(BatchFailure {
                    reason,
                    text: format!("the transaction was not decided: {error}"),
                    culprits,
                })
            }
        };
        self.answer(end.answer, result);
    }

    fn give_back(&mut self, held: &Held) {
        let id = held.message.id;
        if let Some(outcome) = self.unresolved.give_back(id, held.lease) {
            self.resolve(id, outcome, clock::now());
        }
    }
}
