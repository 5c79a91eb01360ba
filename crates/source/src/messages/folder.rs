//! The JSON files of an export, in an archive or in a folder.

use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err as fs;

use crate::zip_file::ZipFile;
use crate::{Error, Result};

/// Files of a folder that are looked at: as many as of an archive.
const FILES_MAX: usize = 100_000;

/// An export's files, sorted: names with `/` between their parts, and sizes.
pub(super) struct Folder {
    root: Root,
    pub(super) files: Vec<(String, u64)>,
}

#[derive(Clone)]
enum Root {
    Folder(PathBuf),
    Zip(Arc<ZipFile>),
}

impl Folder {
    /// Lists the files, and tells what is wrong with those that are left out.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<(String, String)>)> {
        if !path.is_dir() {
            let mut zip = ZipFile::open(path)?;
            let refused = std::mem::take(&mut zip.refused);
            let problems = refused.into_iter().map(|(name, why)| (name, why.to_owned())).collect();
            let files = zip.entries.iter().map(|entry| (entry.name.clone(), entry.bytes)).collect();
            return Ok((Self { root: Root::Zip(Arc::new(zip)), files }, problems));
        }
        let (mut files, mut problems) = (Vec::new(), Vec::new());
        list(path, "", &mut files)?;
        if files.len() >= FILES_MAX {
            problems.push((
                String::new(),
                format!("has {FILES_MAX} files or more; the rest is skipped"),
            ));
        }
        files.sort_unstable();
        Ok((Self { root: Root::Folder(path.to_owned()), files }, problems))
    }

    /// Where a file of one of these names stands beside one of the others: at the root, or in the one folder that was
    /// packed. `None` where this is no such export.
    pub(super) fn prefix(&self, first: &[&str], beside: &[&str]) -> Option<String> {
        let has = |prefix: &str| beside.iter().any(|name| self.has(&format!("{prefix}{name}")));
        let roots = self.files.iter().filter_map(|(name, _)| {
            let (folder, file) = name.rsplit_once('/').map_or(("", &**name), |parts| parts);
            let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            first.contains(&file).then_some(prefix)
        });
        roots.filter(|prefix| has(prefix)).min_by_key(String::len)
    }

    /// The same files, to be read beside these.
    pub(super) fn again(&self) -> Self {
        Self { root: self.root.clone(), files: self.files.clone() }
    }

    fn has(&self, name: &str) -> bool {
        self.files.binary_search_by(|(file, _)| (**file).cmp(name)).is_ok()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, bytes)| bytes).sum()
    }

    /// A file's content; `None` where there is none of that name.
    pub(super) fn read(&self, name: &str) -> Result<Option<Box<dyn BufRead + Send>>> {
        if !self.has(name) {
            return Ok(None);
        }
        Ok(match &self.root {
            Root::Folder(root) => {
                let file = fs::File::open(root.join(name)).map_err(Error::ReadFile)?;
                Some(Box::new(BufReader::with_capacity(1 << 16, file)))
            }
            Root::Zip(zip) => match zip.entry(name) {
                Some(entry) => Some(Box::new(zip.read(entry)?)),
                None => None,
            },
        })
    }

    /// Tells whether the files are still the same ones.
    pub(super) fn fingerprint(&self) -> Result<String> {
        let root = match &self.root {
            Root::Zip(zip) => return Ok(zip.fingerprint()),
            Root::Folder(root) => root,
        };
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; 1 << 16];
        for (name, _) in &self.files {
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
            let mut file = fs::File::open(root.join(name)).map_err(Error::ReadFile)?;
            let mut bytes = 0_u64;
            loop {
                let read = file.read(&mut buffer).map_err(Error::ReadFile)?;
                if read == 0 {
                    break;
                }
                hasher.update(&buffer[..read]);
                bytes += read as u64;
            }
            hasher.update(&bytes.to_le_bytes());
        }
        Ok(hasher.finalize().to_hex()[..32].to_owned())
    }
}

/// Lists the JSON files at a folder's root and in the folders there. Links are not followed.
fn list(folder: &Path, prefix: &str, files: &mut Vec<(String, u64)>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::ReadFile)? {
        let entry = entry.map_err(Error::ReadFile)?;
        let kind = entry.file_type().map_err(Error::ReadFile)?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if files.len() >= FILES_MAX {
            return Ok(());
        }
        if kind.is_dir() && prefix.is_empty() {
            list(&entry.path(), &format!("{name}/"), files)?;
        } else if kind.is_file() && crate::zip_file::has_extension(&name, "json") {
            let bytes = entry.metadata().map_err(Error::ReadFile)?.len();
            files.push((format!("{prefix}{name}"), bytes));
        }
    }
    Ok(())
}
