//! Writes messages to files: BizTalk's FILE adapter.
//!
//! Each message becomes one file of the granted directory, named by a template with macros, or is
//! appended to a file. The messages of a batch are written at the same time as far as they go to
//! different files, and count as delivered after one synchronisation of the directory.
//!
//! The port's address is what the host grants as the one directory of this adapter; the adapter itself
//! never looks at it.

#![forbid(unsafe_code)]

mod bindings;
mod body;
mod failure;
mod file_name;
mod folder;
mod lanes;
mod settings;

use futures::future::join_all;
use futures::lock::Mutex;
use jiff::Timestamp;
use sendport_guest::{
    BatchLimits, BatchSendAdapter, Configuration, ErrorInfo, Failure, Message, Outcome,
    PortSettings, TransportInfo,
};

use file_name::Facts;
use folder::{Folder, Names};
use lanes::{Lane, lanes};
use settings::{CopyMode, Settings};

/// One synchronisation of the directory pays for this many files.
const MESSAGES_PER_BATCH: u32 = 128;
/// Bounds what the pieces of one batch take of the instance's memory.
const BYTES_PER_BATCH: u64 = 8 * 1024 * 1024;

#[derive(Debug, Default)]
struct FileAdapter {
    ports: PortSettings<Settings>,
    /// Held while appending. Two batches can be open at once, and a message that is cut off again must
    /// not take another batch's with it.
    appending: Mutex<()>,
}

impl BatchSendAdapter for FileAdapter {
    fn describe() -> TransportInfo {
        TransportInfo::new("FILE", "File adapter", env!("CARGO_PKG_VERSION"))
            .description("Writes each message as a file, or appends it to one.")
            .prefix("file://")
            .prefix("/")
            .prefix("./")
            .ordered_delivery()
            .port_keys(settings::schema())
    }

    fn load(_handler: Configuration) -> Result<Self, ErrorInfo> {
        Ok(Self::default())
    }

    fn limits(&self) -> BatchLimits {
        BatchLimits {
            max_messages: MESSAGES_PER_BATCH,
            max_bytes: BYTES_PER_BATCH,
        }
    }

    async fn send_all(&self, messages: &[Message]) -> Vec<Outcome> {
        match self.write_all(messages).await {
            Ok(outcomes) => outcomes,
            Err(failure) => vec![Err(failure); messages.len()],
        }
    }
}

impl FileAdapter {
    /// Writes a batch. An error means that it took no message, or cannot say which.
    async fn write_all(&self, messages: &[Message]) -> Result<Vec<Outcome>, Failure> {
        // A batch is of one port, so the first message's settings are everybody's.
        let Some(first) = messages.first() else {
            return Ok(Vec::new());
        };
        let settings = self.ports.get(first, |port| Settings::parse(&port))?;
        let folder = Folder::granted()?;
        let now = now()?;

        let named: Vec<_> = messages
            .iter()
            .map(|message| name(&settings, message, now))
            .collect();
        let writable = named.iter().enumerate();
        let writable = writable.filter_map(|(place, name)| Some((place, name.clone().ok()?)));
        let lanes = lanes(writable);
        let written = lanes
            .iter()
            .map(|lane| self.write_lane(&folder, &settings, lane, messages));
        let written = join_all(written).await;
        folder.sync().await?;

        let mut outcomes: Vec<Outcome> = named.into_iter().map(|name| name.map(drop)).collect();
        for (place, outcome) in written.into_iter().flatten() {
            outcomes[place] = outcome;
        }
        Ok(outcomes)
    }

    /// Writes the messages for one file; the outcomes come with the messages' places in the batch.
    async fn write_lane(
        &self,
        folder: &Folder,
        settings: &Settings,
        lane: &Lane,
        messages: &[Message],
    ) -> Vec<(usize, Outcome)> {
        let places = lane.places.iter().copied();
        if settings.copy_mode == CopyMode::Append {
            let messages: Vec<_> = places.clone().map(|place| &messages[place]).collect();
            let _alone = self.appending.lock().await;
            let outcomes = folder.append(&lane.name, &messages).await;
            return places.zip(outcomes).collect();
        }
        let mut outcomes = Vec::with_capacity(lane.places.len());
        for place in places {
            let outcome = write(folder, settings, &lane.name, &messages[place]).await;
            outcomes.push((place, outcome));
        }
        outcomes
    }
}

async fn write(folder: &Folder, settings: &Settings, name: &str, message: &Message) -> Outcome {
    let (id, attempt) = (message.id(), message.attempt());
    let temporary = format!(".{id}.{attempt}{}", settings.temp_suffix);
    let names = Names {
        name,
        temporary: &temporary,
    };
    if settings.copy_mode == CopyMode::Overwrite {
        folder.replace(names, message).await
    } else {
        let is_own_name = settings.file_name.names_the_message();
        folder.create(names, message, is_own_name).await
    }
}

/// The message's file name. A message that makes no name never will: its properties do not change.
fn name(settings: &Settings, message: &Message, now: Timestamp) -> Result<String, Failure> {
    let facts = Facts {
        message_id: &message.id(),
        now,
        time_zone: &settings.time_zone,
        property: &|name| message.property(name),
    };
    let name = settings.file_name.name(&facts);
    name.map_err(|e| Failure::permanent(ErrorInfo::new("file-name", e.to_string())))
}

fn now() -> Result<Timestamp, Failure> {
    let now = bindings::system_clock::now();
    Timestamp::new(now.seconds, i32::try_from(now.nanoseconds).unwrap_or(0)).map_err(|e| {
        let text = format!("the host's clock is out of range: {e}");
        Failure::retryable(ErrorInfo::new("clock", text))
    })
}

sendport_guest::export_batch_send_adapter!(FileAdapter);
