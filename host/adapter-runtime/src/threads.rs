//! The threads that instances live on: one event loop each, one per core by default.
//!
//! A store and the connections of its port stay on one thread. Measured: handing a request from a
//! work-stealing runtime's thread to another costs more than the guest's whole share of a message.

use futures::future::LocalBoxFuture;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use crate::Error;

/// Makes the future of a job on the thread it will stay on, so the future need not be `Send`.
type Job = Box<dyn FnOnce() -> LocalBoxFuture<'static, ()> + Send>;

/// A fixed set of threads. They end when this is dropped and their jobs with them.
#[derive(Debug)]
pub(crate) struct InstanceThreads {
    jobs: Vec<mpsc::UnboundedSender<Job>>,
}

impl InstanceThreads {
    pub(crate) fn start(count: usize) -> Result<Self, Error> {
        let jobs = (0..count.max(1))
            .map(start_thread)
            .collect::<Result<_, _>>()?;
        Ok(Self { jobs })
    }

    pub(crate) fn count(&self) -> usize {
        self.jobs.len()
    }

    /// Runs a job on a thread; numbers beyond the last wrap around.
    pub(crate) fn spawn(
        &self,
        thread: usize,
        job: impl FnOnce() -> LocalBoxFuture<'static, ()> + Send + 'static,
    ) {
        // A closed channel means that the process is going down; there is nobody to run the job for.
        drop(self.jobs[thread % self.jobs.len()].send(Box::new(job)));
    }
}

fn start_thread(number: usize) -> Result<mpsc::UnboundedSender<Job>, Error> {
    let (sender, mut jobs) = mpsc::unbounded_channel::<Job>();
    let failed = |e: std::io::Error| Error::Start(format!("cannot start an instance thread: {e}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    let work = move || {
        let local = LocalSet::new();
        local.block_on(&runtime, async move {
            while let Some(job) = jobs.recv().await {
                tokio::task::spawn_local(job());
            }
        });
    };
    let name = format!("adapter-{number}");
    std::thread::Builder::new()
        .name(name)
        .spawn(work)
        .map_err(failed)?;
    Ok(sender)
}
