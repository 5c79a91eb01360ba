//! The files of an export, in an archive or in a folder: one after the other, as often as they are needed.

use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use crate::Result;
use crate::messages::folder::Folder;
use crate::messages::json_stream::Fault;
use crate::messages::whole;
use crate::tar_file::{self, TarFile};
use crate::zip_file;

/// Tables of an organization and of a user, and of attachments.
const TABLES: [&str; 2] = ["realm.json", "user.json"];
const ATTACHMENTS: &str = "attachment.json";
/// How the folder in an archive is named.
const FOLDER: &str = "zulip-export";
/// Bytes of an archive that are looked at to tell whether it is an export.
const SNIFF_BYTES: u64 = 1 << 30;

/// Whether a file of that name holds messages: `messages-000001.json`.
pub(super) fn is_messages(name: &str) -> bool {
    let number = name.strip_prefix("messages-").and_then(|name| name.strip_suffix(".json"));
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The folder and the name of a file that is read.
fn wanted(path: &str) -> Option<(&str, &str)> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let known = TABLES.contains(&name) || name == ATTACHMENTS || is_messages(name);
    (known && !folder.contains('/')).then_some((folder, name))
}

/// An export.
pub(super) enum Files {
    Folder { folder: Box<Folder>, prefix: String, problems: Vec<(String, String)> },
    Tar { path: PathBuf },
}

impl Files {
    pub(super) fn sniff(path: &Path, head: &[u8]) -> bool {
        if path.is_dir() || zip_file::is_zip(head) {
            return Folder::open(path).is_ok_and(|(folder, _)| prefix(&folder).is_some());
        }
        (tar_file::is_gzip(head) || tar_file::is_tar(head)) && sniff_tar(path)
    }

    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut head = Vec::new();
        if !path.is_dir() {
            let file = fs_err::File::open(path).map_err(crate::Error::ReadFile)?;
            file.take(512).read_to_end(&mut head).map_err(crate::Error::ReadFile)?;
        }
        if path.is_dir() || zip_file::is_zip(&head) {
            let (folder, problems) = Folder::open(path)?;
            let prefix = prefix(&folder).unwrap_or_default();
            return Ok(Self::Folder { folder: Box::new(folder), prefix, problems });
        }
        Ok(Self::Tar { path: path.to_owned() })
    }

    /// Tells whether the files are still the same ones.
    pub(super) fn fingerprint(&self) -> Result<String> {
        Ok(match self {
            Self::Folder { folder, .. } => folder.fingerprint()?,
            Self::Tar { path } => whole::fingerprint(path)?.1,
        })
    }

    /// What is wrong with files that are left out.
    pub(super) fn problems(&mut self) -> Vec<(String, String)> {
        match self {
            Self::Folder { problems, .. } => std::mem::take(problems),
            Self::Tar { .. } => Vec::new(),
        }
    }

    /// Begins to read the files.
    pub(super) fn pass(&self) -> Result<Pass> {
        let from = match self {
            Self::Folder { folder, prefix, .. } => {
                let of_export = |name: &str| {
                    let name = name.strip_prefix(prefix.as_str())?;
                    wanted(name)
                        .is_some_and(|(folder, _)| folder.is_empty())
                        .then(|| name.to_owned())
                };
                let files = folder.files.iter();
                let mut rest: Vec<_> = files
                    .filter_map(|(name, bytes)| Some((of_export(name)?, name.clone(), *bytes)))
                    .collect();
                rest.reverse();
                From::Folder { folder: folder.again(), rest, now: String::new() }
            }
            Self::Tar { path } => {
                From::Tar { tar: Some(Box::new(TarFile::open(path)?)), folder: None }
            }
        };
        Ok(Pass { from, bytes: 0 })
    }
}

fn prefix(folder: &Folder) -> Option<String> {
    folder.prefix(&TABLES, &["messages-000001.json"])
}

fn sniff_tar(path: &Path) -> bool {
    let limits = tar_file::Limits { total_bytes: SNIFF_BYTES, ..tar_file::Limits::default() };
    let Ok(mut tar) = TarFile::open_within(path, limits) else { return false };
    while let Ok(Some(entry)) = tar.next() {
        let named = || entry.name.starts_with(FOLDER) && entry.name.contains('/');
        let told = wanted(&entry.name).is_some_and(|(_, name)| name != ATTACHMENTS);
        if told || named() {
            return true;
        }
    }
    false
}

/// One reading of the files.
pub(super) struct Pass {
    from: From,
    /// Of the file that was told.
    bytes: u64,
}

enum From {
    Folder {
        folder: Folder,
        /// Files to come with their paths and sizes, the next one last.
        rest: Vec<(String, String, u64)>,
        now: String,
    },
    Tar {
        tar: Option<Box<TarFile>>,
        /// Where the first file stands: those of other folders are none of this export.
        folder: Option<String>,
    },
}

impl Pass {
    /// Goes to the next file that is read, and tells its name.
    pub(super) fn next(&mut self) -> Result<Option<String>, Fault> {
        match &mut self.from {
            From::Folder { rest, now, .. } => {
                let Some((name, path, bytes)) = rest.pop() else { return Ok(None) };
                (*now, self.bytes) = (path, bytes);
                Ok(Some(name))
            }
            From::Tar { tar, folder } => {
                let Some(tar) = tar else { return Ok(None) };
                loop {
                    let Some(entry) = tar.next()? else { return Ok(None) };
                    let Some((at, name)) = wanted(&entry.name) else { continue };
                    if folder.get_or_insert_with(|| at.to_owned()) == at {
                        self.bytes = entry.bytes;
                        return Ok(Some(name.to_owned()));
                    }
                }
            }
        }
    }

    /// The content of the file that was told.
    pub(super) fn content(&mut self) -> Result<Content> {
        let empty = || Content::File(Box::new(io::empty()));
        Ok(match &mut self.from {
            From::Folder { folder, now, .. } => folder.read(now)?.map_or_else(empty, Content::File),
            From::Tar { tar, .. } => tar.take().map_or_else(empty, Content::Tar),
        })
    }

    /// Takes a content back: what is left of it is passed over.
    pub(super) fn give_back(&mut self, content: Content) {
        if let (From::Tar { tar, .. }, Content::Tar(back)) = (&mut self.from, content) {
            *tar = Some(back);
        }
    }

    /// Entries that are not read, and why.
    pub(super) fn refused(&mut self) -> Vec<(String, &'static str)> {
        match &mut self.from {
            From::Tar { tar: Some(tar), .. } => std::mem::take(&mut tar.refused),
            From::Tar { .. } | From::Folder { .. } => Vec::new(),
        }
    }

    /// Bytes of the file that was told.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// The content of a file.
pub(super) enum Content {
    File(Box<dyn BufRead + Send>),
    Tar(Box<TarFile>),
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(input) => input.read(buffer),
            Self::Tar(input) => input.read(buffer),
        }
    }
}

impl BufRead for Content {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::File(input) => input.fill_buf(),
            Self::Tar(input) => input.fill_buf(),
        }
    }

    fn consume(&mut self, bytes: usize) {
        match self {
            Self::File(input) => input.consume(bytes),
            Self::Tar(input) => input.consume(bytes),
        }
    }
}
