//! What a store holds, how fresh it is, and how large.

use std::path::{Path, PathBuf};

use lichen_source::git;
use lichen_store::{Counts, Store};

use crate::directory::SeenHead;
use crate::open::INDEX;
use crate::{Error, Reader};

/// The state of a store.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The store's folder.
    pub dir: PathBuf,
    /// Rows by table, in the order of the schema.
    pub counts: Vec<(String, u64)>,
    /// The heads of the repositories as they were taken in.
    pub heads: Vec<HeadStatus>,
    /// The index.
    pub index: IndexStatus,
    /// Bytes on disk by part: the database, its log, the journal, the index.
    pub sizes: Vec<(String, u64)>,
}

/// The head of a repository as it was taken in.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadStatus {
    /// What the store calls the repository.
    pub repo: String,
    /// The branch, or `HEAD` where it is detached.
    pub name: String,
    /// Where it points, in full.
    pub oid: String,
    /// Commits of the repository's head that are not taken in; `None` where it cannot be asked.
    pub lag: Option<u64>,
}

/// The state of the index.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexStatus {
    /// The model it searches with.
    pub model: String,
    /// Passages in it.
    pub indexed: u64,
    /// Passages of the store that are not in it yet.
    pub lag: u64,
    /// `ready`, or why it will be derived anew.
    pub state: String,
}

impl Reader {
    /// What the store holds, how fresh it is, and how large.
    pub fn status(&self) -> Result<Status, Error> {
        let store = &self.store;
        let passages = store.passage_count()?;
        let index = self.index();
        let indexed = u64::from(index.watermark());
        let state = self
            .derived
            .damage()
            .map_or_else(|| "ready".to_owned(), |why| format!("damaged ({why})"));
        let index = IndexStatus {
            model: index.model().to_string(),
            indexed,
            lag: passages.saturating_sub(indexed),
            state,
        };
        if self.is_limited() {
            return self.limited_status(index);
        }
        let [database, log] = Store::files(&self.dir);
        let sizes = vec![
            ("database".to_owned(), file_bytes(&database)),
            ("log".to_owned(), file_bytes(&log)),
            ("journal".to_owned(), folder_bytes(&self.dir.join("journal"))),
            ("index".to_owned(), folder_bytes(&self.dir.join(INDEX))),
        ];
        Ok(Status {
            dir: self.dir.clone(),
            counts: counts(store.counts()?),
            heads: self.heads()?,
            index,
            sizes,
        })
    }

    /// The same for who sees some streams only: what would tell of the others is left out.
    fn limited_status(&self, index: IndexStatus) -> Result<Status, Error> {
        let streams = self.streams()?;
        let told = ["repos", "people", "git_commits", "documents", "document_versions"];
        let mut counts = counts(self.store.counts()?);
        counts.retain(|(table, _)| told.contains(&table.as_str()));
        counts.push(("streams".to_owned(), streams.len() as u64));
        counts.push(("messages".to_owned(), streams.iter().map(|one| one.messages).sum()));
        let passages = self.seen_passages()?.unwrap_or_default();
        let indexed = passages.iter().filter(|seq| u64::from(*seq) < index.indexed).count() as u64;
        let lag = passages.len() - indexed;
        Ok(Status {
            dir: self.dir.clone(),
            counts,
            heads: self.heads()?,
            index: IndexStatus { indexed, lag, ..index },
            sizes: Vec::new(),
        })
    }

    /// The heads of all repositories, that of the store's own first.
    pub(crate) fn heads(&self) -> Result<Vec<HeadStatus>, Error> {
        let head = |head: &SeenHead| {
            let repository = git::Repository::open(&self.folder_of(&head.repo), &head.repo).ok();
            HeadStatus {
                repo: head.repo.clone(),
                name: head.name.clone(),
                oid: head.oid.to_string(),
                lag: repository.and_then(|repository| repository.behind(&head.oid)),
            }
        };
        Ok(self.directory()?.heads.iter().map(head).collect())
    }

    /// Where the repository that the store calls `key` stands.
    pub(crate) fn folder_of(&self, key: &str) -> PathBuf {
        if key == "." {
            self.dir.parent().unwrap_or(&self.dir).to_owned()
        } else {
            PathBuf::from(key)
        }
    }
}

fn counts(counts: Counts) -> Vec<(String, u64)> {
    let pairs = [
        ("repos", counts.repos),
        ("people", counts.people),
        ("git_commits", counts.commits),
        ("documents", counts.documents),
        ("document_versions", counts.versions),
        ("streams", counts.streams),
        ("messages", counts.messages),
        ("tool_calls", counts.tool_calls),
        ("passages", counts.passages),
        ("tags", counts.tags),
        ("runs", counts.runs),
        ("embeddings", counts.embeddings),
        ("blobs", counts.blobs),
        ("symbol_changes", counts.symbol_changes),
        ("code_symbols", counts.symbols),
        ("symbol_versions", counts.symbol_versions),
        ("code_references", counts.references),
    ];
    pairs.into_iter().map(|(table, rows)| (table.to_owned(), rows)).collect()
}

fn file_bytes(path: &Path) -> u64 {
    fs_err::metadata(path).map_or(0, |metadata| metadata.len())
}

fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs_err::read_dir(folder) else { return 0 };
    let bytes = entries.flatten().map(|entry| {
        let path = entry.path();
        if path.is_dir() { folder_bytes(&path) } else { file_bytes(&path) }
    });
    bytes.sum()
}
