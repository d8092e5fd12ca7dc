//! A thread with a connection that only reads, so that nobody who looks ever makes the writer wait.
//!
//! Every job is one short read: SQLite's log cannot shrink while a read is going on.

use std::convert::Infallible;
use std::io;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::Error;
use crate::files::Location;

/// A handle to the thread. It ends when it is stopped, not when the handles are gone: the bodies of
/// messages that somebody still holds must not keep the database open.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    jobs: Sender<Job>,
    location: Location,
}

enum Job {
    Read(Box<dyn FnOnce(&Connection) + Send>),
    /// Dropped when the connection is closed.
    Stop(oneshot::Sender<Infallible>),
}

impl Reader {
    /// Starts the thread.
    pub(crate) fn start(
        name: &str,
        connection: Connection,
        location: &Location,
    ) -> io::Result<(Self, JoinHandle<()>)> {
        let (jobs, queue) = mpsc::channel();
        let thread = thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || {
            while let Ok(job) = queue.recv() {
                match job {
                    Job::Read(read) => read(&connection),
                    Job::Stop(stopped) => {
                        drop(connection);
                        drop(stopped);
                        return;
                    }
                }
            }
        })?;
        let location = location.clone();
        Ok((Self { jobs, location }, thread))
    }

    /// Runs a read on the thread.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Read(Box::new(move |connection| {
            // A caller that has gone away needs no answer.
            drop(reply.send(read(connection)));
        }));
        self.jobs.send(job).map_err(|_| Error::Closed)?;
        let result = answer.await.map_err(|_| Error::Closed)?;
        result.map_err(|error| self.location.error(error))
    }

    /// Ends the thread after what is queued; ready when its connection is closed.
    pub(crate) fn stop(&self) -> impl Future<Output = ()> + use<> {
        let (stopped, ended) = oneshot::channel();
        // A thread that has ended already drops the job, which is heard just the same.
        drop(self.jobs.send(Job::Stop(stopped)));
        async move { drop(ended.await) }
    }
}
