//! Ends what is in doubt: the destination is asked what it has prepared, what was decided is committed,
//! the rest is rolled back (*presumed abort*, B86).

use std::collections::HashSet;

use model::ErrorInfo;

use crate::backoff::Backoff;
use crate::transactional::{Coordinator, Unfinished};
use crate::transactions::Transactions;

impl Coordinator<'_> {
    /// Until nothing is in doubt, or the instance leaves. An error is a trap.
    pub(crate) async fn recover(self) -> wasmtime::Result<()> {
        let mut backoff = Backoff::new();
        while self.memory.in_doubt() && !self.desk.is_leaving() {
            let error = match self.recover_once().await {
                Ok(()) => continue,
                Err(Unfinished::Trap(trap)) => return Err(trap),
                Err(Unfinished::Failed(error)) => error,
            };
            let text = format!(
                "nothing is sent until the transactions in doubt are recovered: {}",
                error.text
            );
            self.sink().error(ErrorInfo {
                code: error.code,
                text,
            });
            tokio::select! {
                () = tokio::time::sleep(backoff.pause()) => {}
                () = self.desk.left() => {}
            }
        }
        Ok(())
    }

    async fn recover_once(self) -> Result<(), Unfinished> {
        let recovery = tokio::select! {
            recovery = self.memory.recovery() => recovery,
            () = self.desk.left() => None,
        };
        let Some(recovery) = recovery else {
            return Ok(());
        };
        let sink = self.sink();
        // The order matters. What was decided before the destination was asked, and is not prepared
        // there, has been committed. What nobody is busy with after that, and is not decided then, will
        // never be.
        let decided = sink.decided_transactions().await?;
        let prefix = self.memory.prefix().to_owned();
        let prepared = self.guest.list_prepared(self.accessor, prefix);
        let prepared = self.within("list-prepared", prepared).await?;
        let mut plan = Plan::new(self.memory, &decided, prepared);
        if !plan.open.is_empty() {
            plan.decide(&sink.decided_transactions().await?);
        }
        for name in &plan.elsewhere {
            tracing::warn!(
                transaction = name,
                "decided, and not known here: it was for another address of the port. If that destination still has it prepared, commit it there"
            );
        }
        for name in &plan.commit {
            tracing::info!(transaction = name, "recovered: committing");
            self.commit_and_finish(name).await?;
        }
        for name in &plan.roll_back {
            tracing::info!(transaction = name, "recovered: rolling back");
            self.undo(name).await?;
        }
        for name in plan.finish {
            sink.finish_transaction(name).await?;
        }
        recovery.succeeded();
        Ok(())
    }
}

/// What is to be done about each transaction.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    /// Prepared, or perhaps about to be, and nobody is busy with it.
    open: Vec<String>,
    commit: Vec<String>,
    roll_back: Vec<String>,
    /// Decided and committed: only the record is left.
    finish: Vec<String>,
    /// Decided, but at another address.
    elsewhere: Vec<String>,
}

impl Plan {
    /// From what was decided before, and what is prepared at the destination now.
    fn new(memory: &Transactions, decided: &[String], prepared: Vec<String>) -> Self {
        let mut plan = Self::default();
        let known: HashSet<&str> = prepared.iter().map(String::as_str).collect();
        for name in decided {
            let is_ours = memory.is_ports(name) && !memory.is_live(name);
            if known.contains(name.as_str()) || !is_ours {
                continue;
            }
            match memory.is_own(name) {
                true => plan.finish.push(name.clone()),
                false => plan.elsewhere.push(name.clone()),
            }
        }
        // A word to prepare that nobody waited for may still be on its way to the destination: what this
        // process does not know to be decided is rolled back, listed or not.
        let doubtful = memory.doubtful().into_iter();
        let unlisted: Vec<_> = doubtful
            .filter(|name| !known.contains(name.as_str()) && !decided.contains(name))
            .collect();
        plan.open = prepared;
        plan.open.extend(unlisted);
        // An adapter that lists what is not ours must not make us end it.
        plan.open
            .retain(|name| memory.is_ports(name) && !memory.is_live(name));
        plan
    }

    /// With what is decided by now.
    fn decide(&mut self, decided: &[String]) {
        let open = std::mem::take(&mut self.open);
        let is_decided = |name: &String| decided.contains(name);
        (self.commit, self.roll_back) = open.into_iter().partition(is_decided);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::transactions::Registry;

    const PREFIX: &str = "sendport:1:orders:";

    struct Case {
        memory: Arc<Transactions>,
        /// Names at this address, and one at another.
        own: Vec<String>,
        other: String,
    }

    /// Transactions of a process that has ended.
    fn case() -> Case {
        let before = Arc::new(Registry::new());
        let name = |address: &str| {
            let transaction = before.memory(PREFIX, address).begin();
            transaction.name().to_owned()
        };
        let own = (0..4).map(|_| name("here")).collect();
        Case {
            memory: Arc::new(Registry::new()).memory(PREFIX, "here"),
            own,
            other: name("there"),
        }
    }

    fn plan(case: &Case, decided: &[&str], prepared: &[&str]) -> Plan {
        let owned = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| (*name).to_owned()).collect()
        };
        let decided = owned(decided);
        let mut plan = Plan::new(&case.memory, &decided, owned(prepared));
        plan.decide(&decided);
        plan
    }

    #[test]
    fn b86_what_was_decided_is_committed_and_the_rest_rolled_back() {
        let case = case();
        let [decided, undecided, committed] = [0, 1, 2].map(|i| case.own[i].as_str());
        let plan = plan(&case, &[decided, committed], &[undecided, decided]);
        assert_eq!(plan.commit, [decided]);
        assert_eq!(plan.roll_back, [undecided]);
        assert_eq!(plan.finish, [committed], "it was committed before");
        assert!(plan.elsewhere.is_empty() && plan.open.is_empty());
    }

    #[test]
    fn what_is_decided_while_the_destination_is_asked_is_committed() {
        let case = case();
        let name = case.own[0].clone();
        let mut plan = Plan::new(&case.memory, &[], vec![name.clone()]);
        plan.decide(std::slice::from_ref(&name));
        assert_eq!((plan.commit, plan.roll_back), (vec![name], vec![]));
    }

    #[test]
    fn what_may_still_be_prepared_is_rolled_back_before_it_is_listed() {
        let case = case();
        let (lost, decided) = (case.memory.begin(), case.memory.begin());
        let names = [&lost, &decided].map(|transaction| transaction.name().to_owned());
        drop((lost, decided));
        let plan = plan(&case, &[&names[1]], &[]);
        assert_eq!(plan.roll_back, names[..1]);
        assert_eq!((plan.finish, plan.commit), (names[1..].to_vec(), vec![]));
    }

    #[test]
    fn nobody_ends_a_transaction_that_somebody_is_busy_with() {
        let case = case();
        let (one, two) = (case.memory.begin(), case.memory.begin());
        let plan = plan(&case, &[two.name()], &[one.name(), two.name()]);
        assert_eq!(plan, Plan::default());
        let plan = Plan::new(&case.memory, &[two.name().to_owned()], Vec::new());
        assert_eq!(plan, Plan::default(), "not even one that is just committed");
    }

    #[test]
    fn another_address_is_told_from_a_commit() {
        let case = case();
        let found = plan(&case, &[&case.other], &[]);
        assert_eq!(found.elsewhere, [case.other.as_str()]);
        assert!(found.finish.is_empty(), "its record must stay");
        let found = plan(&case, &[&case.other], &[&case.other]);
        assert_eq!(
            found.commit,
            [case.other.as_str()],
            "the same destination under another address"
        );
    }

    #[test]
    fn what_is_not_the_ports_is_left_alone() {
        let case = case();
        let strangers = ["sendport:1:other:00000000-0-1", "nightly", ""];
        assert_eq!(plan(&case, &strangers, &strangers), Plan::default());
    }
}
