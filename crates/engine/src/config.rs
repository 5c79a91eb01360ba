//! What can be set. Values only: the program reads them from files, the environment and its arguments.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use lichen_index::embed::remote::RemoteSettings;
use lichen_source::symbols::Program;

/// Everything that can be set. The defaults need no file.
#[derive(Clone, Debug)]
pub struct Config {
    /// How the store is opened.
    pub store: StoreConfig,
    /// What is taken in from a work tree.
    pub documents: DocumentsConfig,
    /// How symbols are read.
    pub symbols: SymbolsConfig,
    /// Where agents' transcripts are looked for.
    pub discover: DiscoverConfig,
    /// Which model embeds passages and questions.
    pub embedding: EmbeddingConfig,
}

/// How the store is opened.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// DuckDB's memory limit, in MiB.
    pub memory_mib: u64,
    /// DuckDB's threads.
    pub threads: usize,
    /// How long to wait for another process that has the store open.
    pub wait: Duration,
    /// Bytes of messages that may wait to be taken in; above that who sends more is told to come again.
    pub backlog_bytes_max: u64,
}

/// What is taken in from a work tree.
#[derive(Clone, Debug)]
pub struct DocumentsConfig {
    /// Larger files are left out, in bytes.
    pub file_bytes_max: u64,
}

/// How symbols are read.
#[derive(Clone, Debug)]
pub struct SymbolsConfig {
    /// The program whose processes read blobs: it has to serve `lichen_source::symbols::worker` on its standard streams. Without one
    /// blobs are read in this process, which a crash in a grammar ends.
    pub worker: Option<Program>,
    /// How many processes, and threads beside them.
    pub threads: usize,
    /// A transaction ends after so many symbols, or changes of symbols.
    pub batch: usize,
}

/// Where agents' transcripts are looked for.
#[derive(Clone, Debug)]
pub struct DiscoverConfig {
    /// Whether an ingest looks for transcripts of the repository.
    pub enabled: bool,
    /// Where each tool keeps them, by the name of its format: its home folders; for `aider`, whose history lies in the
    /// repository, the history's paths from the root of a work tree. A format that is not named is looked for nowhere.
    pub homes: BTreeMap<&'static str, Vec<PathBuf>>,
}

/// Which model embeds passages and questions.
#[derive(Clone, Debug)]
pub enum EmbeddingConfig {
    /// The static model inside the program.
    BuiltIn,
    /// A service.
    Remote(Box<RemoteSettings>),
}

impl Default for Config {
    fn default() -> Self {
        Self {
            store: StoreConfig {
                memory_mib: 512,
                threads: 1,
                wait: Duration::from_secs(1),
                backlog_bytes_max: 4 << 30,
            },
            documents: DocumentsConfig { file_bytes_max: 1 << 20 },
            symbols: SymbolsConfig { worker: None, threads: 2, batch: 60_000 },
            discover: DiscoverConfig { enabled: true, homes: BTreeMap::new() },
            embedding: EmbeddingConfig::BuiltIn,
        }
    }
}
