//! `sendport run`: the host from its start to its orderly end.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use admin::{AdminState, Operations as _, Reload};
use anyhow::{Context as _, bail};
use dispatcher::Dispatcher;
use message_box::MessageBox;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::config::{Config, Destination, Host, Transport};
use crate::egress_log::EgressLog;
use crate::limits::limits;
use crate::operator::Operator;
use crate::signals::{Asked, Signals};
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
    let result = logged(config, &message_box).await;
    let closed = message_box.close().await;
    result?;
    closed.context("the message box was not closed properly; nothing is lost")
}

/// The host with its egress log, if it has one, which is closed after everything that writes to it.
async fn logged(config: Config, message_box: &MessageBox) -> anyhow::Result<()> {
    let Some(egress_log) = &config.host.egress_log else {
        return host(config, message_box, None).await;
    };
    let egress_log = Arc::new(EgressLog::open(egress_log)?);
    let result = host(config, message_box, Some(egress_log.clone())).await;
    tokio::task::block_in_place(|| egress_log.close());
    result
}

async fn host(
    config: Config,
    message_box: &MessageBox,
    egress_log: Option<Arc<EgressLog>>,
) -> anyhow::Result<()> {
    let egress_log = egress_log.map(|log| log as Arc<dyn adapter_runtime::EgressLog>);
    let adapters = Adapters::load(&config, egress_log).await?;
    for note in adapters.notes() {
        tracing::warn!("{note}");
    }
    let Host {
        listen: address,
        drain_deadline,
        ..
    } = config.host.clone();
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}; stop what listens there, or change 'listen' in [host]")
    })?;
    // Until here a signal just ends the process; from here on there is something to drain.
    let mut signals = Signals::catch()?;
    let dispatcher = Dispatcher::new(message_box.clone());
    let (table, limits) = (ports(&config), limits(&config));
    let operator = Operator::start(config, adapters, &dispatcher, message_box).await?;
    let address = listener
        .local_addr()
        .context("cannot tell where it listens")?;
    let state = AdminState {
        dispatcher: dispatcher.clone(),
        message_box: message_box.clone(),
        operations: Some(Arc::new(operator.clone())),
        limits,
        version: env!("CARGO_PKG_VERSION"),
    };
    let mut server = Server::start(listener, state);
    output::print(&format!("{table}listening on http://{address}\n"))?;
    loop {
        tokio::select! {
            signal = signals.next() => match signal {
                Asked::Stop => break,
                Asked::Reload => reload(&operator, drain_deadline),
            },
            result = &mut server.task => {
                result.context("the HTTP server failed")??;
                bail!("the HTTP server ended by itself");
            }
        }
    }
    signals.end_at_second();
    output::complain(&format!(
        "stopping: waiting up to {} for messages in flight; a second signal ends it at once",
        crate::config::written(drain_deadline)
    ));
    let report = dispatcher.terminate(drain_deadline).await;
    server.stop().await;
    output::print(&format!("{report}\n"))
}

/// Reads the configuration again, beside everything else that goes on.
fn reload(operator: &Operator, deadline: Duration) {
    let operator = operator.clone();
    tokio::spawn(async move {
        // New capabilities need a person's word, and a signal has none.
        let reload = Reload {
            accept: false,
            deadline,
        };
        match operator.reload(reload).await {
            Ok(reloaded) => output::complain(crate::reload::describe(&reloaded).trim_end()),
            Err(error) => output::complain(&format!("nothing was changed: {error}")),
        }
    });
}

/// What answers HTTP, also while the ports drain: it says 503 to publishers then, and shows the status.
struct Server {
    task: JoinHandle<std::io::Result<()>>,
    /// Dropping it is the word to stop.
    stop: oneshot::Sender<Infallible>,
}

impl Server {
    fn start(listener: TcpListener, state: AdminState) -> Self {
        let router = admin::router(state);
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
