//! Whatever an adapter says about its messages, each of them comes back exactly once.
//!
//! The adapter is a real component (`tests/guests/fuzzed-batch-adapter`): an input is the settings of its
//! port, what the engine answers to its outcome batches, and the messages, whose bodies are its programs.

mod engine;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use adapter_runtime::{
    Adapter, AdapterRuntime, Credentials, GrantedSecrets, Grants, Limits, PoolConfig,
    RuntimeConfig, Trust,
};
use arbitrary::Unstructured;
use bytes::Bytes;
use model::transmit::Delivery;
use model::{
    Body, EndpointConfiguration, Message, MessageId, PortName, Priority, Properties, Timestamp,
    TransportSlot,
};
use tokio::runtime::Runtime;

use engine::{Engine, Verdict};

const COMPONENT: &str = "fuzzed-batch-adapter.wasm";

/// Messages of an input, at most.
const MESSAGES: usize = 6;

/// Answers of the engine; the first comes again after the last.
const VERDICTS: usize = 3;

/// Bytes of a program, at most.
const LONGEST_PROGRAM: usize = 60;

/// How long messages may be out before the pool is terminated: an adapter that keeps some never says.
const PATIENCE: Duration = Duration::from_millis(20);

/// Nothing that this adapter does takes long; one that does not end by then does not end.
const DEADLINE: Duration = Duration::from_secs(5);

/// What is decoded from an input.
struct Input {
    max_messages: u8,
    max_bytes: u8,
    open_calls: usize,
    max_response: Option<usize>,
    verdicts: Vec<Verdict>,
    programs: Vec<Bytes>,
}

struct Bench {
    adapter: Adapter,
    runtime: AdapterRuntime,
    waiting: Runtime,
}

/// The messages are delivered by a pool of one instance, which is then terminated.
pub fn fuzz(data: &[u8]) {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    // Too short an input is one whose rest is zeros: nothing here fails.
    if let Ok(input) = Input::read(&mut Unstructured::new(data)) {
        BENCH.get_or_init(Bench::new).deliver(input);
    }
}

impl Input {
    fn read(data: &mut Unstructured<'_>) -> arbitrary::Result<Self> {
        let (max_messages, max_bytes) = (data.int_in_range(0..=9)?, data.int_in_range(0..=99)?);
        let open_calls = data.int_in_range(1..=8)?;
        let max_response = *data.choose(&[None, Some(0), Some(16), Some(1024)])?;
        let verdicts = (0..VERDICTS).map(|_| Verdict::read(data));
        let verdicts = verdicts.collect::<arbitrary::Result<_>>()?;
        let mut programs = Vec::new();
        while programs.len() < MESSAGES && !data.is_empty() {
            let longest = data.len().saturating_sub(1).min(LONGEST_PROGRAM);
            let length = usize::from(data.int_in_range(0..=LONGEST_PROGRAM as u8)?);
            programs.push(Bytes::copy_from_slice(data.bytes(length.min(longest))?));
        }
        Ok(Self {
            max_messages,
            max_bytes,
            open_calls,
            max_response,
            verdicts,
            programs,
        })
    }

    fn delivery(&self, nth: usize) -> Delivery {
        let message = Message {
            id: MessageId::new(1, nth as u64),
            port: PortName::new("port").expect("a name"),
            accepted: Timestamp(0),
            priority: Priority::default(),
            transport: TransportSlot::Primary,
            attempts: 0,
            earlier_attempts: 0,
            expires: None,
            lane: None,
            properties: Properties::default(),
            body: Body::Inline(self.programs[nth].clone()),
        };
        Delivery {
            message: Arc::new(message),
            address: "fuzzed://here".into(),
            configuration: Arc::default(),
            retries_left: 1,
            max_response: self.max_response,
            alone: false,
        }
    }
}

impl Bench {
    fn new() -> Self {
        // Only loading needs it.
        let cache = tempfile::tempdir().expect("a temporary directory");
        let runtime = AdapterRuntime::new(RuntimeConfig {
            threads: 1,
            cache_directory: cache.path().to_owned(),
            trust: Trust::default(),
            egress_log: None,
        });
        let runtime = runtime.expect("a runtime");
        let adapter = runtime.load(&component());
        let waiting = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        Self {
            adapter: adapter.expect("the adapter loads"),
            runtime,
            waiting: waiting.expect("a runtime to wait in"),
        }
    }

    fn deliver(&self, input: Input) {
        let ids = (0..input.programs.len()).map(|nth| MessageId::new(1, nth as u64));
        let engine = Engine::new(ids.collect(), input.verdicts.clone(), input.max_response);
        let engine = Arc::new(engine);
        let pool = self.runtime.pool(self.config(&input), engine.clone());
        let pool = pool.expect("a pool");
        self.waiting.block_on(async {
            pool.submit(
                (0..input.programs.len())
                    .map(|nth| input.delivery(nth))
                    .collect(),
            );
            // Either is fine: the end settles what is still out.
            drop(tokio::time::timeout(PATIENCE, engine.all_back()).await);
            let ending = pool.terminate(DEADLINE);
            let ended = tokio::time::timeout(2 * DEADLINE, ending).await;
            ended.expect("a pool that ends by its deadline");
        });
        engine.check_all_back();
    }

    fn config(&self, input: &Input) -> PoolConfig {
        let limit = |name: &str, value: u8| (name.to_owned(), value.to_string());
        PoolConfig {
            port: PortName::new("port").expect("a name"),
            adapter: self.adapter.clone(),
            handler_configuration: vec![
                limit("max-messages", input.max_messages),
                limit("max-bytes", input.max_bytes),
            ],
            grants: Grants::default(),
            credentials: Credentials::default(),
            secrets: GrantedSecrets::default(),
            address: "fuzzed://here".into(),
            configuration: Arc::new(EndpointConfiguration::default()),
            transaction_prefix: String::new(),
            instances: 1,
            open_calls: input.open_calls,
            linger: Duration::ZERO,
            delivery_timeout: 2 * DEADLINE,
            connections: 1,
            limits: Limits {
                memory: 16 * 1024 * 1024,
                ..Limits::default()
            },
        }
    }
}

/// The component as `cargo xtask` has built it.
fn component() -> PathBuf {
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/adapters");
    let directory = std::env::var_os("SENDPORT_ADAPTERS");
    let file = directory.map_or_else(|| PathBuf::from(built), PathBuf::from);
    let file = file.join(COMPONENT);
    assert!(
        file.exists(),
        "{} is missing: run `cargo xtask adapters`",
        file.display()
    );
    file
}
