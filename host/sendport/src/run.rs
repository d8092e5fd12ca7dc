//! `sendport run`: the host from its start to its orderly end.

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use admin::AdminState;
use anyhow::{Context as _, bail};
use dispatcher::Dispatcher;
use message_box::MessageBox;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::config::{Config, Destination, Transport};
use crate::limits::limits;
use crate::signals::Signals;
use crate::table::Table;
use crate::wiring::Adapters;
use crate::{output, storage};

/// How long requests that have begun may still take once the ports are drained. They can only be
/// uploads that will be refused.
const REQUESTS_GRACE: Duration = Duration::from_secs(2);

pub(crate) async fn run(file: &Path) -> anyhow::Result<()> {
    let config = Config::load(file)?;
    // First of all, because a second host on the same box is the commonest mistake of all.
    let message_box = storage::open(&config)?;
    let result = host(&config, &message_box).await;
    let closed = message_box.close().await;
    result?;
    closed.context("the message box was not closed properly; nothing is lost")
}

async fn host(config: &Config, message_box: &MessageBox) -> anyhow::Result<()> {
    let adapters = Adapters::load(config)?;
    let address = config.host.listen;
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}; stop what listens there, or change 'listen' in [host]")
    })?;
    // Until here a signal just ends the process; from here on there is something to drain.
    let mut signals = Signals::catch()?;
    let dispatcher = Dispatcher::new(message_box.clone());
    adapters
        .start(config, &dispatcher, message_box.box_id())
        .await?;
    let address = listener
        .local_addr()
        .context("cannot tell where it listens")?;
    let mut server = Server::start(listener, config, &dispatcher, message_box);
    output::print(&format!("{}listening on http://{address}\n", ports(config)))?;
    tokio::select! {
        () = signals.first() => {}
        result = &mut server.task => {
            result.context("the HTTP server failed")??;
            bail!("the HTTP server ended by itself");
        }
    }
    signals.end_at_second();
    output::complain(&format!(
        "stopping: waiting up to {} for messages in flight; a second signal ends it at once",
        crate::config::written(config.host.drain_deadline)
    ));
    let report = dispatcher.terminate(config.host.drain_deadline).await;
    server.stop().await;
    output::print(&format!("{report}\n"))
}

/// What answers HTTP, also while the ports drain: it says 503 to publishers then, and shows the status.
struct Server {
    task: JoinHandle<std::io::Result<()>>,
    /// Dropping it is the word to stop.
    stop: oneshot::Sender<Infallible>,
}

impl Server {
    fn start(
        listener: TcpListener,
        config: &Config,
        dispatcher: &Dispatcher,
        message_box: &MessageBox,
    ) -> Self {
        let router = admin::router(AdminState {
            dispatcher: dispatcher.clone(),
            message_box: message_box.clone(),
            limits: limits(config),
            version: env!("CARGO_PKG_VERSION"),
        });
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            // Nothing can be sent: that the sender is gone is the message.
            drop(stopped.await);
        };
        Self {
            task: tokio::spawn(admin::serve(listener, router, stopped)),
            stop,
        }
    }

    async fn stop(self) {
        drop(self.stop);
        let abort = self.task.abort_handle();
        if tokio::time::timeout(REQUESTS_GRACE, self.task)
            .await
            .is_err()
        {
            abort.abort();
        }
    }
}

fn ports(config: &Config) -> String {
    let mut table = Table::new(&["port", "adapter", "address"]);
    for port in &config.ports {
        let name = port.name.to_string();
        match &port.destination {
            Destination::Static { primary, backup } => {
                table.row(row(name, primary));
                if let Some(backup) = backup {
                    table.row(row("  backup".to_owned(), backup));
                }
            }
            Destination::Dynamic(dynamic) => {
                let adapters = dynamic.adapters.iter().map(|a| a.value.as_str());
                let adapters = adapters.collect::<Vec<_>>().join(", ");
                table.row([name, adapters, "of each message".to_owned()]);
            }
        }
    }
    table.render()
}

fn row(name: String, transport: &Transport) -> [String; 3] {
    let Transport {
        adapter, address, ..
    } = transport;
    [name, adapter.value.clone(), address.value.to_string()]
}
