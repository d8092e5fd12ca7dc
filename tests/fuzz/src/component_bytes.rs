//! Any file as an adapter: it is refused with a reason, or describes itself.
//!
//! An input that begins like a WebAssembly file is one. Any other is what lies in the memory of a small
//! adapter whose `describe` says that its answer is at address 0: what the host lifts out of there is as
//! wild as a guest can make it.

use std::fs;
use std::path::PathBuf;

use adapter_runtime::{AdapterRuntime, Error, RuntimeConfig, Trust};

/// The adapter whose memory an input is.
const ADAPTER: &str = include_str!("component_bytes/adapter.wat");

/// What stands in `adapter.wat` where the memory is to be.
const MEMORY: &str = "…memory…";

/// Bytes of an input that are taken into memory; the answer's own record has 60.
const LONGEST_MEMORY: usize = 512;

thread_local! {
    /// Starting an engine takes longer than loading a small component.
    static BENCH: Bench = Bench::new();
}

struct Bench {
    runtime: AdapterRuntime,
    /// A component with zeros where the memory is to be, and where that is.
    adapter: (Vec<u8>, usize),
    /// The file that is loaded.
    file: PathBuf,
    cache: PathBuf,
    _directory: tempfile::TempDir,
}

/// The file is loaded as the host does, through a cache of compiled components.
pub fn fuzz(data: &[u8]) {
    BENCH.with(|bench| {
        let component = match data.starts_with(b"\0asm") {
            true => data.to_vec(),
            false => bench.with_memory(data),
        };
        bench.load(&component);
    });
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let cache = directory.path().join("cache");
        let runtime = AdapterRuntime::new(RuntimeConfig {
            threads: 1,
            cache_directory: cache.clone(),
            trust: Trust::default(),
            egress_log: None,
        });
        Self {
            runtime: runtime.expect("a runtime"),
            adapter: adapter(),
            file: directory.path().join("adapter.wasm"),
            cache,
            _directory: directory,
        }
    }

    fn with_memory(&self, data: &[u8]) -> Vec<u8> {
        let (mut component, start) = self.adapter.clone();
        let data = &data[..data.len().min(LONGEST_MEMORY)];
        component[start..start + data.len()].copy_from_slice(data);
        component
    }

    fn load(&self, component: &[u8]) {
        fs::write(&self.file, component).expect("a file");
        match self.runtime.load(&self.file) {
            Ok(adapter) => assert_eq!(adapter.digest().len(), 64),
            Err(error) => self.check(component, &error),
        }
        self.clean_up();
    }

    /// The error names the file, and is of a kind that a file can be to blame for.
    fn check(&self, component: &[u8], error: &Error) {
        let text = error.to_string();
        assert!(text.contains(&*self.file.to_string_lossy()), "{text}");
        let begins_right = component.starts_with(b"\0asm");
        match error {
            Error::NotWasm { .. } => assert!(!begins_right || component.len() < 8, "{text}"),
            Error::CoreModule { .. }
            | Error::Invalid { .. }
            | Error::World { .. }
            | Error::Import { .. }
            | Error::Describe { .. } => assert!(begins_right, "{text}"),
            _ => panic!("not the file's fault: {text}"),
        }
    }

    /// Nothing is left lying around but compiled components; they go too, or the disk would be full.
    fn clean_up(&self) {
        for entry in fs::read_dir(&self.cache).expect("the cache") {
            let file = entry.expect("an entry").path();
            let is_artefact = file
                .extension()
                .is_some_and(|extension| extension == "cwasm");
            assert!(is_artefact, "left in the cache: {}", file.display());
            fs::remove_file(file).expect("it is ours");
        }
    }
}

/// Compiles `adapter.wat` with a memory that can be found in it, and empties that.
fn adapter() -> (Vec<u8>, usize) {
    let pattern: Vec<u8> = (0..LONGEST_MEMORY)
        .map(|n| (n * 7 % 251 + 1) as u8)
        .collect();
    let literal: String = pattern.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let text = ADAPTER.replace(MEMORY, &literal);
    let mut component = wat::parse_str(text).expect("adapter.wat is a component");
    let mut windows = component.windows(LONGEST_MEMORY);
    let start = windows.position(|window| window == pattern);
    let start = start.expect("the memory is in the component");
    component[start..start + LONGEST_MEMORY].fill(0);
    (component, start)
}
