//! Replacing one generation of a port by another while messages flow, and the proof that none was lost.
//!
//! A generation is a port with its settings and pools. The next one is made and warmed up beside the
//! present one; then the present one stops claiming, the next one begins with what it leaves (rate,
//! breakers), and the present one drains as if it were terminated. At any time at most one of them
//! claims, and each message is with one of them: what the old one hands back goes through the message
//! box to the new one. Nothing of this can be cancelled half way: it runs in a task of its own.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use model::transmit::TransmitterPool;
use model::{ErrorInfo, MessageId, PortName, SendPort, Timestamp};
use tokio::time::Instant;

use crate::drain::PortDrain;
use crate::port::{PoolFactory, Pools, Port};
use crate::refusal::ControlError;
use crate::{Dispatcher, clock};

/// How long the first settlement of the new generation is waited for, so that the pause that the switch
/// makes is known to its end.
const FIRST_BEAT: Duration = Duration::from_secs(1);

/// A port as it is to be from now on.
#[derive(Clone)]
pub struct Generation {
    /// Under the name of a port that is enlisted.
    pub settings: SendPort,
    /// Makes its pools.
    pub factory: Arc<dyn PoolFactory>,
}

/// How one generation took the place of another. `in_flight` = `settled` + `handed_over.len()` + `lost`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// The port.
    pub port: PortName,
    /// When the old generation claimed for the last time.
    pub switched: Timestamp,
    /// Messages that were with the old generation then.
    pub in_flight: usize,
    /// Of those, settled by the old generation.
    pub settled: usize,
    /// Of those, handed to the new one, without a charged retry.
    pub handed_over: Vec<MessageId>,
    /// Of those, neither.
    pub lost: usize,
    /// Of those handed over, the ones that the old generation may have sent: perhaps duplicated.
    pub perhaps_sent: Vec<MessageId>,
    /// The old generation did not drain in time, or trapped doing so.
    pub interrupted: bool,
    /// The longest time from the switch to the end of the drain in which messages waited and none was
    /// settled.
    pub longest_pause: Duration,
    /// From the switch to the end of the old generation.
    pub drained_in: Duration,
}

impl Dispatcher {
    /// Replaces the port's generation. Its pools are started first; when that fails nothing has changed.
    /// Ends when the old generation has ended. Swaps of one port wait for each other.
    ///
    /// A port that is terminated stays so, and has the new generation when it is started again; there is
    /// nothing to report then.
    pub async fn replace(
        &self,
        generation: Generation,
        deadline: Duration,
    ) -> Result<Option<Swap>, ControlError> {
        let dispatcher = self.clone();
        let task = tokio::spawn(async move { dispatcher.switch(generation, deadline).await });
        match task.await {
            Ok(result) => result,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime is going down, and the process with it.
            Err(_) => Err(ControlError::Terminating),
        }
    }

    async fn switch(
        self,
        generation: Generation,
        deadline: Duration,
    ) -> Result<Option<Swap>, ControlError> {
        let name = generation.settings.name.clone();
        let gate = self.entry(name.as_str())?.gate;
        let _turn = gate.lock().await;
        // Only now: the one before may have changed it.
        let entry = self.entry(name.as_str())?;
        let (old, settings) = (entry.port, Arc::new(generation.settings));
        let next = Arc::new(old.successor(settings, old.enlistment()));
        if old.is_terminated() {
            return self.renew(&name, next, generation.factory).map(|()| None);
        }
        let pools = self.warm(&next, &generation.factory).await?;
        old.pulse.watch(Instant::now());
        self.succeed(&name, &old, &next, generation.factory)?;
        let switched = clock::now();
        let began = Instant::now();
        let legacy = old.yield_to_next(deadline).await;
        let legacy = legacy.map(|legacy| legacy.of(&old.settings, &next.settings));
        self.begin(&self.roll(), &next, pools, legacy, false);
        tracing::info!(port = %name, "a new generation serves the port; the old one drains");
        let drain = old.terminate(deadline).await;
        let drained_in = began.elapsed();
        let is_busy = || next.board().unresolved > 0;
        if is_busy() {
            // It may end by its own time-out: then the pause is known as far as it has come.
            drop(tokio::time::timeout(FIRST_BEAT, next.pulse.next()).await);
        }
        let longest_pause = next.pulse.longest_pause(Instant::now(), is_busy());
        if let Some(entry) = self.roll().find_mut(name.as_str()) {
            entry.left(&old);
        }
        Ok(Some(Swap {
            switched,
            longest_pause,
            drained_in,
            ..Swap::of(drain)
        }))
    }

    /// The pools of the next generation, with instances that are ready for messages.
    async fn warm(
        &self,
        next: &Arc<Port>,
        factory: &Arc<dyn PoolFactory>,
    ) -> Result<Pools, ControlError> {
        let failed = |error: ErrorInfo| ControlError::Start {
            port: next.settings.name.clone(),
            error,
        };
        let pools = factory.pools(self.sink(next)).map_err(failed)?;
        let all: Vec<&Arc<dyn TransmitterPool>> =
            pools.primary.iter().chain(&pools.backup).collect();
        let started = join_all(all.into_iter().map(|pool| pool.start())).await;
        let started: Result<(), ErrorInfo> = started.into_iter().collect();
        started.map_err(failed)?;
        Ok(pools)
    }

    /// From here on the port is the next generation's, which claims as soon as the old one does not.
    fn succeed(
        &self,
        name: &PortName,
        old: &Arc<Port>,
        next: &Arc<Port>,
        factory: Arc<dyn PoolFactory>,
    ) -> Result<(), ControlError> {
        let mut roll = self.roll();
        if roll.terminating {
            return Err(ControlError::Terminating);
        }
        if old.is_terminating() {
            return Err(ControlError::StillTerminating { port: name.clone() });
        }
        // What the operator said while the pools were warming up.
        next.set_enlistment(roll.enlistment(name));
        self.directory().enter(&next.settings);
        if let Some(entry) = roll.find_mut(name.as_str()) {
            entry.succeed(next.clone(), factory);
        }
        Ok(())
    }

    /// A terminated port stays so under its next generation.
    fn renew(
        &self,
        name: &PortName,
        next: Arc<Port>,
        factory: Arc<dyn PoolFactory>,
    ) -> Result<(), ControlError> {
        let mut roll = self.roll();
        if roll.terminating {
            return Err(ControlError::Terminating);
        }
        next.end_unstarted();
        self.directory().enter(&next.settings);
        if let Some(entry) = roll.find_mut(name.as_str()) {
            entry.revive(next);
            entry.factory = Some(factory);
        }
        Ok(())
    }

    /// Drains a port and forgets it. Its messages stay in the message box.
    pub async fn remove(&self, port: &str, deadline: Duration) -> Result<PortDrain, ControlError> {
        let gate = self.entry(port)?.gate;
        let _turn = gate.lock().await;
        let entry = self.entry(port)?;
        let drain = entry.port.terminate(deadline).await;
        self.roll().strike(port);
        self.directory().leave(port);
        Ok(drain)
    }
}

impl Swap {
    fn of(drain: PortDrain) -> Self {
        let accounted = drain.settled + drain.handed_back.len();
        Self {
            port: drain.port,
            switched: Timestamp::default(),
            in_flight: drain.in_flight,
            settled: drain.settled,
            lost: drain.in_flight.saturating_sub(accounted),
            handed_over: drain.handed_back,
            perhaps_sent: drain.perhaps_sent,
            interrupted: drain.interrupted,
            longest_pause: Duration::ZERO,
            drained_in: Duration::ZERO,
        }
    }
}

impl std::fmt::Debug for Generation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Generation")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
