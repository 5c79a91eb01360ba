//! Documents: the texts of a work tree, as versions that follow those known.
//!
//! Opening lists the files that `.gitignore`, `.git/info/exclude` and `.lichenignore` leave over and compares sizes
//! and times with those of the last reading; only files that may have changed are opened. Symbolic links, nested
//! repositories, `.git` and `.lichen` are left out.

mod commit;
mod encoding;
mod front_matter;
mod language;
mod notebook;
mod position;
mod text;
mod walk;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err as fs;
use lichen_model::{
    Batch, Document, DocumentVersion, Owner, PassageKind, Problem, Progress, Repo, RepoPath, Tag,
    TextHash, Timestamp, VersionId,
};

use crate::passage;
use crate::redact::{self, Redactor};
use crate::{Estimate, Read, Result, Unit};

pub use commit::{CommitDocument, of_commit, one_of_commit};
use language::Class;
use position::{Position, Stamp};
pub(crate) use text::is_generated;
pub(crate) use walk::{file_path, repo_path};

/// A batch ends after this many files that were opened,
const BATCH_FILES: usize = 200;
/// or this many bytes of them, whichever comes first.
const BATCH_BYTES: u64 = 4 << 20;
/// Larger files are left out where no setting says otherwise.
pub const BYTES_MAX: u64 = 1 << 20;

/// What is read, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Takes secrets out of everything that is read; `None` keeps texts as they are.
    pub redactor: Option<Arc<Redactor>>,
    /// The repository or plain folder whose documents these are.
    pub repo: Repo,
    /// Larger files are left out.
    pub bytes_max: u64,
    /// The present: when new versions are seen.
    pub now: Timestamp,
}

impl Options {
    /// The documents of `repo`, seen at `now`.
    pub const fn new(repo: Repo, now: Timestamp) -> Self {
        Self { redactor: None, repo, bytes_max: BYTES_MAX, now }
    }
}

/// The current version of a document that has been taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    /// The version.
    pub version: VersionId,
    /// Hash of its text; zero where the document is gone.
    pub text_hash: TextHash,
    /// The document, as the version names it.
    pub document: Document,
}

impl Latest {
    fn is_gone(&self) -> bool {
        self.text_hash == TextHash::default()
    }
}

/// What is known of a folder's documents before it is read; empty for the first time.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The current versions by path.
    pub latest: HashMap<RepoPath, Latest>,
    /// The position of the last progress.
    pub position: Option<String>,
}

/// What stands where a document was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Now {
    /// This text.
    Text(String),
    /// Nothing: the folder is there, the file is not.
    Gone,
    /// It cannot be told: the folder is not there, or the file cannot be read as a document any more.
    Unknown,
}

/// What stands now in `folder` where `document` was taken in, without its secrets where `redactor` is the one that it
/// was read with: stored texts can be compared with nothing else.
pub fn now(folder: &Path, document: &Document, redactor: Option<&Redactor>) -> Now {
    match fs::read(walk::file_path(folder, &document.path)) {
        Ok(bytes) => text::read(&bytes, document.kind, redactor)
            .map_or(Now::Unknown, |read| Now::Text(read.text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && folder.is_dir() => Now::Gone,
        Err(_) => Now::Unknown,
    }
}

/// What tells this state of a folder's documents from another: their paths, sizes and times. Opens none of them.
pub fn state(folder: &Path) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    for found in walk::files(folder, "")?.files {
        if language::classify(&found.path).is_some() {
            hasher.update(format!("{:?} {:?}\n", found.path, found.stamp).as_bytes());
        }
    }
    Ok(hasher.finalize().to_hex()[..32].to_owned())
}

/// Whether `text` looks like source code: most of its lines begin or end as lines of code do.
pub fn looks_like_code(text: &str) -> bool {
    const BEGINS: [&str; 16] = [
        "def ",
        "class ",
        "import ",
        "from ",
        "fn ",
        "pub ",
        "func ",
        "function ",
        "public ",
        "private ",
        "#include",
        "const ",
        "let ",
        "var ",
        "return ",
        "@",
    ];
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let of_code = |line: &&&str| {
        BEGINS.iter().any(|begin| line.starts_with(begin))
            || line.ends_with(['{', '}', ';', ':', '(', ')', ',', ']'])
    };
    !lines.is_empty() && lines.iter().filter(of_code).count() * 3 >= lines.len()
}

/// The language of a file's text by its name: a programming language's, or `markdown`; `None` for data and what nobody knows.
pub(crate) fn language(path: &RepoPath) -> Option<&'static str> {
    let class = language::classify(path)?;
    match class.kind {
        lichen_model::DocumentKind::Markdown => Some("markdown"),
        _ => class.language.filter(|_| class.bytes_max == u64::MAX),
    }
}

/// A plain folder as a fact: what stands for the repository where there is none.
pub fn folder(path: &Path, key: &str) -> Repo {
    let name =
        path.file_name().map_or_else(|| key.to_owned(), |name| name.to_string_lossy().into_owned());
    Repo { id: Repo::id(key), key: key.to_owned(), name, object_format: None, shallow: false }
}

/// A file that may be a new version.
struct Candidate {
    path: RepoPath,
    file: PathBuf,
    class: Class,
    stamp: Stamp,
}

/// What a file turned out to be.
enum Outcome {
    Document(text::Document),
    NoDocument,
    /// It cannot be read: what is known stays as it is, and it is tried again next time.
    Unknown,
}

/// The documents of a folder, batch by batch.
pub struct Reader {
    options: Options,
    known: Known,
    candidates: std::vec::IntoIter<Candidate>,
    total: usize,
    /// Paths of documents that are gone.
    gone: Vec<RepoPath>,
    position: Position,
    /// What was wrong with the folder as a whole.
    problems: Vec<Problem>,
    done: bool,
}

impl Reader {
    /// Lists the files under `root` and compares them with what is known.
    pub fn open(root: &Path, options: Options, known: Known) -> Result<Self> {
        // Texts read with other rules of what is secret are looked at again.
        let rules = if options.redactor.is_some() { redact::VERSION } else { 0 };
        let before = known
            .position
            .as_deref()
            .and_then(|text| Position::parse(text, options.bytes_max, rules));
        let before =
            before.unwrap_or_else(|| Position::new(options.bytes_max, rules, Timestamp(i64::MIN)));
        let mut position = Position::new(options.bytes_max, rules, options.now);
        let listed = walk::files(root, &options.repo.key)?;
        let mut candidates = Vec::new();
        for found in listed.files {
            let Some(class) = language::classify(&found.path) else { continue };
            let alive = known.latest.get(&found.path).is_some_and(|latest| !latest.is_gone());
            if before.trusts(&found.path, found.stamp, alive) {
                position.insert(found.path, Stamp { document: alive, ..found.stamp });
            } else {
                candidates.push(Candidate {
                    path: found.path,
                    file: found.file,
                    class,
                    stamp: found.stamp,
                });
            }
        }
        let coming: HashSet<_> = candidates.iter().map(|candidate| &candidate.path).collect();
        let stays = |path: &RepoPath| {
            let unreadable =
                || listed.unreadable.iter().any(|folder| path.0.starts_with(&folder.0));
            position.contains(path) || coming.contains(path) || unreadable()
        };
        let alive =
            known.latest.iter().filter(|(_, latest)| !latest.is_gone()).map(|(path, _)| path);
        let mut gone: Vec<_> = alive.filter(|path| !stays(path)).cloned().collect();
        gone.sort_unstable();
        let done = candidates.is_empty() && gone.is_empty() && position.same_files(&before);
        Ok(Self {
            total: candidates.len(),
            candidates: candidates.into_iter(),
            options,
            known,
            gone,
            position,
            problems: listed.problems,
            done,
        })
    }

    fn file(&mut self, candidate: Candidate, batch: &mut Batch) {
        let Candidate { path, file, class, mut stamp } = candidate;
        match self.read(&path, &file, class, stamp, &mut batch.problems) {
            Outcome::Unknown => return,
            Outcome::NoDocument => self.end(&path, batch),
            Outcome::Document(read) => {
                stamp.document = true;
                self.version(&path, class, read, batch);
            }
        }
        self.position.insert(path, stamp);
    }

    fn read(
        &self,
        path: &RepoPath,
        file: &Path,
        class: Class,
        stamp: Stamp,
        problems: &mut Vec<Problem>,
    ) -> Outcome {
        let key = self.options.repo.key.as_str();
        let mut tell = |what: String| problems.push(Problem::new(key, path.to_text(), what));
        if stamp.bytes > self.options.bytes_max {
            tell(format!(
                "has {} bytes, more than the limit of {}; left out",
                stamp.bytes, self.options.bytes_max
            ));
            return Outcome::NoDocument;
        }
        // A limit of the kind is no news: data files are expected to be large.
        if stamp.bytes > class.bytes_max {
            return Outcome::NoDocument;
        }
        let bytes = match fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Outcome::NoDocument;
            }
            Err(error) => {
                tell(format!("cannot be read ({}); left as it was", error.kind()));
                return Outcome::Unknown;
            }
        };
        match text::read(&bytes, class.kind, self.options.redactor.as_deref()) {
            Ok(mut read) => {
                for mut what in read.problems.drain(..) {
                    if let Some(redactor) = &self.options.redactor {
                        redactor.apply(&mut what);
                    }
                    tell(what);
                }
                Outcome::Document(read)
            }
            Err(text::Refused::NoText) => Outcome::NoDocument,
            Err(text::Refused::Damaged(what)) => {
                tell(what);
                Outcome::NoDocument
            }
        }
    }

    /// A document's text, if it is not the one known.
    fn version(&self, path: &RepoPath, class: Class, read: text::Document, batch: &mut Batch) {
        let text_hash = TextHash::of(&read.text);
        let latest = self.known.latest.get(path);
        if latest.is_some_and(|latest| latest.text_hash == text_hash) {
            return;
        }
        let repo = self.options.repo.id;
        let document = Document {
            id: Document::id(repo, path),
            repo,
            path: path.clone(),
            kind: class.kind,
            language: class.language.map(ToOwned::to_owned),
        };
        let previous = latest.map(|latest| latest.version);
        let id = DocumentVersion::id(document.id, previous, text_hash);
        let name = path.to_text();
        let title =
            read.title.unwrap_or_else(|| name.rsplit('/').next().unwrap_or_default().to_owned());
        let pieces = passage::cut_document(class.kind, &read.text);
        batch.passages.extend(passage::passages(
            Owner::Version(id),
            PassageKind::Doc,
            &name,
            pieces,
        ));
        batch.tags.extend(read.tags.into_iter().map(|name| Tag { thing: document.id.any(), name }));
        batch.versions.push(DocumentVersion {
            id,
            document,
            previous,
            text: Some(read.text),
            text_hash,
            title,
            meta: read.meta,
            seen: self.options.now,
        });
    }

    /// The end of a document that is alive.
    fn end(&self, path: &RepoPath, batch: &mut Batch) {
        let Some(latest) = self.known.latest.get(path).filter(|latest| !latest.is_gone()) else {
            return;
        };
        let text_hash = TextHash::default();
        let name = path.to_text();
        batch.versions.push(DocumentVersion {
            id: DocumentVersion::id(latest.document.id, Some(latest.version), text_hash),
            document: latest.document.clone(),
            previous: Some(latest.version),
            text: None,
            text_hash,
            title: name.rsplit('/').next().unwrap_or_default().to_owned(),
            meta: String::new(),
            seen: self.options.now,
        });
    }
}

impl Read for Reader {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        if self.done {
            return Ok(None);
        }
        let mut batch = Batch { repos: vec![self.options.repo.clone()], ..Batch::default() };
        let (mut files, mut bytes) = (0, 0);
        while files < BATCH_FILES && bytes < BATCH_BYTES {
            let Some(candidate) = self.candidates.next() else { break };
            files += 1;
            bytes += candidate.stamp.bytes.min(self.options.bytes_max);
            self.file(candidate, &mut batch);
        }
        if self.candidates.as_slice().is_empty() {
            self.done = true;
            for path in std::mem::take(&mut self.gone) {
                self.end(&path, &mut batch);
            }
            batch.problems.append(&mut self.problems);
            let source = format!("documents:{}", self.options.repo.key);
            batch.progress.push(Progress { source, position: self.position.to_string() });
        }
        Ok(Some(batch))
    }

    fn estimate(&self) -> Estimate {
        let left = self.candidates.as_slice().len();
        Estimate { total: self.total as u64, done: (self.total - left) as u64, unit: Unit::Files }
    }
}
