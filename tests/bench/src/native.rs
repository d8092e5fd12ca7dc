//! The HTTP adapters' logic without the sandbox: the same decisions (`http-delivery`), the same client,
//! the same threads and limits, behind the same border. What it is faster by is the sandbox's price.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use adapter_runtime::{Client, Credentials, HttpError, HttpGrant, RequestOptions, RequestTemplate};
use anyhow::Result;
use futures::future::{LocalBoxFuture, join_all};
use futures::stream::{FuturesUnordered, StreamExt};
use http_delivery::{ANSWER_EXCERPT, ANSWER_HEADERS, Answer, Settings, Unanswered};
use model::transmit::{BoxFuture, Delivery, OutcomeSink, PoolStatus, Terminated, TransmitterPool};
use model::{ErrorInfo, Failure, MessageId, Outcome};
use tokio::sync::mpsc;

/// One message at a time or many at once, as the two adapters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Native {
    pub(crate) threads: usize,
    /// Messages open on each thread.
    pub(crate) open: usize,
    /// Messages sent with one call.
    pub(crate) batch: usize,
}

/// Threads with an event loop each, as the runtime's instance threads.
pub(crate) struct NativePool {
    threads: Vec<mpsc::UnboundedSender<Vec<Delivery>>>,
    next: AtomicUsize,
}

struct Adapter {
    client: Client,
    settings: Settings,
    template: RequestTemplate,
}

impl NativePool {
    pub(crate) fn new(native: Native, url: &str, sink: Arc<dyn OutcomeSink>) -> Result<Arc<Self>> {
        let settings = Settings::default();
        let options = RequestOptions {
            method: settings.method.clone(),
            url: url.to_owned(),
            headers: settings.headers.clone(),
            timeout: settings.timeout,
            answer_headers: ANSWER_HEADERS.map(str::to_owned).to_vec(),
            answer_excerpt: ANSWER_EXCERPT,
            answer_body: 0,
        };
        let template =
            RequestTemplate::open(options, &[HttpGrant::parse(url)?], &Credentials::default())?;
        let mut threads = Vec::new();
        for _ in 0..native.threads {
            let (sender, mail) = mpsc::unbounded_channel();
            let (settings, template) = (settings.clone(), template.clone());
            let sink = sink.clone();
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            std::thread::spawn(move || {
                let adapter = Adapter {
                    client: Client::new(),
                    settings,
                    template,
                };
                runtime.block_on(serve(&adapter, native, mail, &*sink));
            });
            threads.push(sender);
        }
        Ok(Arc::new(Self {
            threads,
            next: AtomicUsize::new(0),
        }))
    }
}

impl TransmitterPool for NativePool {
    fn start(&self) -> BoxFuture<Result<(), ErrorInfo>> {
        Box::pin(async { Ok(()) })
    }

    fn submit(&self, mut deliveries: Vec<Delivery>) {
        while !deliveries.is_empty() {
            let rest = deliveries.split_off(deliveries.len().min(64));
            let thread = self.next.fetch_add(1, Ordering::Relaxed) % self.threads.len();
            // The threads live as long as this pool.
            drop(self.threads[thread].send(deliveries));
            deliveries = rest;
        }
    }

    fn terminate(&self, _: Duration) -> BoxFuture<Terminated> {
        Box::pin(async { Terminated::default() })
    }

    fn status(&self) -> PoolStatus {
        PoolStatus::default()
    }

    fn version(&self) -> Arc<str> {
        Arc::from("native")
    }
}

type Sending<'a> = FuturesUnordered<LocalBoxFuture<'a, Vec<(MessageId, Outcome)>>>;

async fn serve(
    adapter: &Adapter,
    native: Native,
    mut mail: mpsc::UnboundedReceiver<Vec<Delivery>>,
    sink: &dyn OutcomeSink,
) {
    let mut queue = std::collections::VecDeque::new();
    let mut sending = Sending::new();
    let mut open = 0;
    loop {
        while !queue.is_empty() && open < native.open {
            let count = native.batch.min(queue.len());
            let batch: Vec<Delivery> = queue.drain(..count).collect();
            open += count;
            sending.push(Box::pin(adapter.send(batch)));
        }
        tokio::select! {
            letter = mail.recv() => match letter {
                Some(deliveries) => queue.extend(deliveries),
                None => return,
            },
            Some(mut outcomes) = sending.next(), if !sending.is_empty() => {
                // Whatever else has finished goes with it.
                while let Some(Some(more)) = futures::FutureExt::now_or_never(sending.next()) {
                    outcomes.extend(more);
                }
                open -= outcomes.len();
                sink.resolved(outcomes);
            }
        }
    }
}

impl Adapter {
    async fn send(&self, batch: Vec<Delivery>) -> Vec<(MessageId, Outcome)> {
        let send = async |delivery: &Delivery| (delivery.message.id, self.send_one(delivery).await);
        join_all(batch.iter().map(send)).await
    }

    async fn send_one(&self, delivery: &Delivery) -> Outcome {
        let message = &delivery.message;
        let id = message.id.to_string();
        let headers = match self
            .settings
            .request_headers(&id, message.properties.iter())
        {
            Ok(headers) => headers,
            Err(error) => return Outcome::Suspend(ErrorInfo::new("header", error.to_string())),
        };
        let verdict = match self.client.send(&self.template, &headers, message).await {
            Ok(answer) => {
                let header = |name: &str| {
                    let found = answer.headers.iter().find(|(n, _)| n == name);
                    found.map(|(_, value)| value.as_str())
                };
                self.settings.classify(&Answer {
                    status: answer.status,
                    retry_after: header("retry-after"),
                    date: header("date"),
                    location: header("location"),
                    excerpt: &answer.excerpt,
                })
            }
            Err(error) => Err(unanswered(error).into()),
        };
        match verdict {
            Ok(()) => Outcome::Delivered,
            Err(verdict) => {
                let error = ErrorInfo::new(&verdict.code, verdict.text);
                Outcome::Failed(Failure::retryable(error))
            }
        }
    }
}

fn unanswered(error: HttpError) -> Unanswered {
    match error {
        HttpError::Invalid(text) => Unanswered::Invalid(text),
        HttpError::Denied(text) => Unanswered::Denied(text),
        HttpError::Connect(text) => Unanswered::Connect(text),
        HttpError::Timeout => Unanswered::Timeout,
        HttpError::Broken(text) => Unanswered::Broken(text),
        HttpError::Body(text) => Unanswered::Body(text),
    }
}
