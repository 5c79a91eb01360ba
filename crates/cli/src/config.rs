//! Settings: the only reader of the environment and of the home directory.
#![expect(clippy::disallowed_methods, reason = "this is where the environment is read")]

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lichen_engine::{ApiKey, Config, EmbeddingConfig, Program, RemoteSettings, Service};
use serde::Deserialize;

use crate::args::Global;
use crate::failure::Refused;

/// Gemini's model and the dimensions asked of it, where the settings name none.
const GEMINI_MODEL: &str = "gemini-embedding-001";
const GEMINI_DIMENSIONS: usize = 768;

/// Whether the surroundings want colour: see no-color.org.
pub(crate) fn colour_allowed() -> bool {
    env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// A file of settings. Every table and key may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SettingsFile {
    store: StoreTable,
    documents: DocumentsTable,
    discover: DiscoverTable,
    embedding: EmbeddingTable,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StoreTable {
    memory_mib: Option<u64>,
    threads: Option<usize>,
    wait_seconds: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DocumentsTable {
    file_bytes_max: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DiscoverTable {
    enabled: Option<bool>,
    claude_code: Option<Vec<PathBuf>>,
    codex: Option<Vec<PathBuf>>,
    gemini: Option<Vec<PathBuf>>,
    opencode: Option<Vec<PathBuf>>,
    cursor: Option<Vec<PathBuf>>,
    aider: Option<Vec<PathBuf>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct EmbeddingTable {
    /// `built-in`, `openai` or `gemini`.
    service: Option<String>,
    url: Option<String>,
    model: Option<String>,
    dimensions: Option<usize>,
    /// The environment variable that holds the key.
    key_variable: Option<String>,
    batch: Option<usize>,
    requests_per_minute: Option<u32>,
    tokens_per_minute: Option<u32>,
}

/// The settings in force: defaults, then the file, then the environment, then the arguments.
pub(crate) fn load(global: &Global, store: Option<&Path>) -> anyhow::Result<Config> {
    let file = match settings_path(global, store) {
        Some(path) => read(&path)?,
        None => SettingsFile::default(),
    };
    let mut config = Config::default();
    apply_store(&mut config, &file, global)?;
    if let Some(bytes) = file.documents.file_bytes_max {
        config.documents.file_bytes_max = bytes;
    }
    // Blobs are parsed in processes of this very program.
    config.symbols.worker =
        env::current_exe().ok().map(|path| Program { path, args: vec!["symbols-worker".into()] });
    config.symbols.threads = std::thread::available_parallelism().map_or(2, usize::from);
    config.discover.enabled = file.discover.enabled.unwrap_or(true);
    config.discover.homes = homes(file.discover);
    config.embedding = embedding(file.embedding)?;
    Ok(config)
}

fn apply_store(config: &mut Config, file: &SettingsFile, global: &Global) -> anyhow::Result<()> {
    if let Some(mib) = file.store.memory_mib {
        config.store.memory_mib = mib.max(64);
    }
    if let Some(threads) = file.store.threads {
        config.store.threads = threads.max(1);
    }
    if let Some(seconds) = global.wait.or(file.store.wait_seconds) {
        config.store.wait = Duration::try_from_secs_f64(seconds).map_err(|_| {
            Refused::user(format!("`{seconds}` is not a number of seconds to wait"))
        })?;
    }
    Ok(())
}

fn settings_path(global: &Global, store: Option<&Path>) -> Option<PathBuf> {
    if let Some(path) = &global.config {
        return Some(path.clone());
    }
    let of_store = store.map(|dir| dir.join("config.toml"));
    let of_user = config_home().map(|dir| dir.join("lichen").join("config.toml"));
    [of_store, of_user].into_iter().flatten().find(|path| path.is_file())
}

fn read(path: &Path) -> anyhow::Result<SettingsFile> {
    let text = fs_err::read_to_string(path).map_err(|error| Refused::config(error.to_string()))?;
    toml::from_str(&text).map_err(|error| {
        Refused::config(format!("could not read the settings in `{}`: {error}", path.display()))
            .into()
    })
}

fn home() -> Option<PathBuf> {
    env::var_os("HOME")
        .or_else(|| env::var_os("USERPROFILE"))
        .filter(|home| !home.is_empty())
        .map(PathBuf::from)
}

fn config_home() -> Option<PathBuf> {
    dir("XDG_CONFIG_HOME").or_else(|| in_home(".config"))
}

/// Where the tools keep their transcripts: for each the variable `LICHEN_<TOOL>` (paths as in `PATH`; empty for nowhere),
/// the file, the tool's own variable, its usual place.
fn homes(table: DiscoverTable) -> BTreeMap<&'static str, Vec<PathBuf>> {
    let data = dir("XDG_DATA_HOME").or_else(|| in_home(".local/share"));
    let gemini = dir("GEMINI_CLI_HOME").or_else(home).map(|home| home.join(".gemini"));
    let history = dir("AIDER_CHAT_HISTORY_FILE").unwrap_or(".aider.chat.history.md".into());
    let one = |home: Option<PathBuf>| home.into_iter().collect();
    let tools: [(_, _, _, Vec<PathBuf>); 6] = [
        (
            "claude-code",
            "LICHEN_CLAUDE_CODE",
            table.claude_code,
            one(dir("CLAUDE_CONFIG_DIR").or_else(|| in_home(".claude"))),
        ),
        (
            "codex",
            "LICHEN_CODEX",
            table.codex,
            one(dir("CODEX_HOME").or_else(|| in_home(".codex"))),
        ),
        ("gemini", "LICHEN_GEMINI", table.gemini, one(gemini)),
        (
            "opencode",
            "LICHEN_OPENCODE",
            table.opencode,
            one(data.map(|data| data.join("opencode"))),
        ),
        ("cursor", "LICHEN_CURSOR", table.cursor, cursor_homes()),
        ("aider", "LICHEN_AIDER", table.aider, vec![history]),
    ];
    let homes = tools.into_iter().map(|(format, variable, file, usual)| {
        let given = env::var_os(variable).map(|paths| {
            env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()).collect()
        });
        let file = file.map(|paths| paths.into_iter().map(from_home).collect());
        (format, given.or(file).unwrap_or(usual))
    });
    homes.collect()
}

/// The editor's folder `User`, and that of its agents.
fn cursor_homes() -> Vec<PathBuf> {
    let settings = if cfg!(windows) {
        dir("APPDATA")
    } else if cfg!(target_os = "macos") {
        in_home("Library/Application Support")
    } else {
        config_home()
    };
    let user = settings.map(|dir| dir.join("Cursor").join("User"));
    user.into_iter().chain(in_home(".cursor")).collect()
}

/// The folder or file that a variable names.
fn dir(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|dir| !dir.is_empty()).map(PathBuf::from)
}

fn in_home(path: &str) -> Option<PathBuf> {
    home().map(|home| home.join(path))
}

fn from_home(path: PathBuf) -> PathBuf {
    match (path.strip_prefix("~"), home()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    }
}

fn embedding(table: EmbeddingTable) -> anyhow::Result<EmbeddingConfig> {
    let (service, usual) = match table.service.as_deref().unwrap_or("built-in") {
        "built-in" => return Ok(EmbeddingConfig::BuiltIn),
        "openai" => (Service::OpenAi, None),
        "gemini" => (Service::Gemini, Some((GEMINI_MODEL, GEMINI_DIMENSIONS))),
        other => {
            let what = format!(
                "`{other}` is no embedding service: choose `built-in`, `openai` or `gemini`"
            );
            return Err(Refused::config(what).into());
        }
    };
    let model =
        table.model.or(usual.map(|(model, _)| model.to_owned())).ok_or_else(|| missing("model"))?;
    let dims =
        table.dimensions.or(usual.map(|(_, dims)| dims)).ok_or_else(|| missing("dimensions"))?;
    let key = match table.key_variable {
        None => ApiKey::default(),
        Some(variable) => ApiKey::new(env::var(&variable).map_err(|_| {
            Refused::config(format!(
                "the variable `{variable}`, which `embedding.key_variable` names, is not set"
            ))
        })?),
    };
    let mut settings = RemoteSettings::new(service, model, dims, key);
    if let Some(url) = table.url {
        settings.url = url;
    }
    if let Some(batch) = table.batch {
        settings.batch_texts = batch.max(1);
    }
    settings.requests_per_minute = table.requests_per_minute.unwrap_or(0);
    settings.tokens_per_minute = table.tokens_per_minute.unwrap_or(0);
    Ok(EmbeddingConfig::Remote(Box::new(settings)))
}

fn missing(key: &str) -> Refused {
    Refused::config(format!("`embedding.{key}` is not set; the service `openai` needs it"))
}
