//! What feeds need of the engine: readers of messages at the positions that the store remembers, and where there may be
//! something new.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lichen_index::embed::StaticModel;
use lichen_model::Problem;
use lichen_source::messages::{self, Mapping, Source};
use lichen_source::{Read, documents, git};

use crate::ingest::{Input, absolute, repository_roots, unknown_format};
use crate::{Engine, Error, IngestPlan, Reader, Unobserved};

/// Lines on their way into batches, without their secrets.
pub use lichen_source::messages::jsonl::{Intake, Repeats};
/// Reads messages batch by batch.
pub type MessageReader = Box<dyn Read + Send>;

/// A file of messages, or a folder of them, that is kept up with.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageFile {
    /// Where it is.
    pub path: PathBuf,
    /// The session within it, for a file that holds many.
    pub part: Option<String>,
    /// What the store calls it.
    pub label: String,
    /// The name of its format.
    pub format: &'static str,
    /// Names of fields, for formats whose names vary.
    pub mapping: Mapping,
    /// The repository: paths of tools that lie in it are told relative to it.
    pub root: PathBuf,
}

impl MessageFile {
    /// The name under which the store remembers how far it was read.
    pub fn source(&self) -> String {
        format!("{}:{}", self.format, self.label)
    }
}

impl Reader {
    /// What the store calls a file of messages: its path, from the repository where it lies in it.
    /// The name of a session follows, for a file that holds many.
    pub(crate) fn label_of(&self, path: &Path, part: Option<&str>) -> String {
        let home = self.dir.parent().filter(|_| self.dir.ends_with(".lichen"));
        let path = home.and_then(|home| path.strip_prefix(home).ok()).unwrap_or(path);
        match part {
            Some(part) => format!("{}#{part}", path.to_string_lossy()),
            None => path.to_string_lossy().into_owned(),
        }
    }

    /// How far `source` was read; `None` where it never was.
    pub fn progress(&self, source: &str) -> Result<Option<String>, Error> {
        Ok(self.store.progress(source)?)
    }

    /// A file of messages to keep up with, which need not be there yet where its format is given.
    pub fn message_file(
        &self,
        root: &Path,
        path: &Path,
        format: Option<&str>,
        mapping: Mapping,
    ) -> Result<MessageFile, Error> {
        let format = match format {
            Some(name) => messages::format(name).ok_or_else(|| unknown_format(name))?,
            None => messages::sniff(path)?,
        };
        // A file that is to be made has no real path yet; its folder has.
        let path = match (absolute(path), path.parent(), path.file_name()) {
            (Ok(path), _, _) => path,
            (Err(_), Some(parent), Some(name)) => absolute(parent)?.join(name),
            (Err(error), _, _) => return Err(error),
        };
        let label = self.label_of(&path, None);
        let root = root.to_owned();
        Ok(MessageFile { path, part: None, label, format: format.name, mapping, root })
    }

    /// Opens a file of messages where it was read last; as `opened`, where it is open already.
    pub fn open_messages(
        &self,
        file: &MessageFile,
        opened: Option<Arc<fs_err::File>>,
        position: Option<String>,
    ) -> Result<MessageReader, Error> {
        let format = messages::format(file.format).ok_or_else(|| unknown_format(file.format))?;
        Ok((format.open)(&Source {
            path: file.path.clone(),
            part: file.part.clone(),
            opened,
            label: file.label.clone(),
            position,
            repo_roots: repository_roots(&file.root),
            mapping: file.mapping.clone(),
            line_bytes_max: 0,
            redactor: Some(Arc::clone(&self.redactor)),
        })?)
    }

    /// An intake of lines for the feed called `label`; those that name no stream belong to `stream`.
    pub fn intake(
        &self,
        label: &str,
        stream: &str,
        unit: &'static str,
        mapping: Mapping,
        repeats: Repeats,
        line_bytes_max: usize,
    ) -> Intake {
        let source = Source {
            label: label.to_owned(),
            mapping,
            line_bytes_max,
            redactor: Some(Arc::clone(&self.redactor)),
            ..Source::default()
        };
        Intake::new(source, stream, unit, repeats)
    }
}

/// What was taken of lines that were handed in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Appended {
    /// Messages, those that were known before included.
    pub messages: usize,
    /// What was wrong in the lines; the rest was taken.
    pub problems: Vec<Problem>,
}

impl Engine {
    /// Takes in JSON lines, a message each, of the feed called `label`; those that name no stream belong to `stream`. When it
    /// returns they cannot be lost, and are found.
    pub fn append_lines(
        &mut self,
        label: &str,
        stream: &str,
        lines: &[u8],
    ) -> Result<Appended, Error> {
        let mapping = Mapping::default();
        let mut intake = self.reader.intake(label, stream, "line", mapping, Repeats::Counted, 0);
        intake.lines(lines);
        let mut batch = intake.batch(None);
        let mut problems = std::mem::take(&mut batch.problems);
        let mut counter = StaticModel::builtin()?.token_counter();
        for message in &mut batch.messages {
            message.tokens = counter.count(&message.text);
        }
        let messages = batch.messages.len();
        if !batch.is_empty() {
            let receipt = self.store.append(&batch)?;
            problems.extend(receipt.problems);
            self.reader.derived.forget_directory();
            self.catch_up(&mut Unobserved)?;
            if receipt.edits > 0 {
                self.mask_superseded()?;
            }
        }
        Ok(Appended { messages, problems })
    }

    /// The files of messages that a plan comes to now: those it names, or those that discovery finds.
    pub fn message_files(&self, plan: &IngestPlan) -> Result<Vec<MessageFile>, Error> {
        // The folders of the plan are of no interest here, not even where they are no repositories.
        let plan = &IngestPlan { documents: true, ..plan.clone() };
        let inputs = self.inputs(plan, &mut Unobserved)?;
        let files = inputs.into_iter().filter_map(|input| match input {
            Input::Messages { path, part, format, .. } => Some(MessageFile {
                label: self.reader.label_of(&path, part.as_deref()),
                path,
                part,
                format: format.name,
                mapping: plan.mapping.clone(),
                root: plan.root.clone(),
            }),
            Input::Git { .. } | Input::Documents { .. } => None,
        });
        Ok(files.collect())
    }

    /// The repositories and folders that a plan comes to, to look whether anything in them has changed.
    pub fn folders(&self, plan: &IngestPlan) -> Result<Folders, Error> {
        let is_folder = |path: &PathBuf| {
            plan.format.is_none() && path.is_dir() && messages::sniff(path).is_err()
        };
        let paths: Vec<PathBuf> =
            plan.paths.iter().filter(|path| is_folder(path)).cloned().collect();
        let none = paths.is_empty() && !plan.paths.is_empty();
        let plan = IngestPlan { discover: false, paths, ..plan.clone() };
        let inputs = if none { Vec::new() } else { self.inputs(&plan, &mut Unobserved)? };
        let folders = inputs.into_iter().filter_map(|input| match input {
            Input::Git { folder, .. } => Some(Folder::Git(folder)),
            Input::Documents { folder, .. } => Some(Folder::Documents(folder)),
            Input::Messages { .. } => None,
        });
        Ok(Folders { all: folders.collect(), plan, seen: None })
    }
}

enum Folder {
    Git(PathBuf),
    Documents(PathBuf),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Git(path) | Self::Documents(path) => path,
        }
    }
}

/// Repositories and folders, and how they were when they were looked at last.
pub struct Folders {
    all: Vec<Folder>,
    plan: IngestPlan,
    seen: Option<String>,
}

impl Folders {
    /// What takes in their commits and documents, and no messages.
    pub const fn plan(&self) -> &IngestPlan {
        &self.plan
    }

    /// What they are called where they are told of.
    pub fn name(&self) -> String {
        let name = |folder: &Folder| {
            folder.path().file_name().map(|name| name.to_string_lossy().into_owned())
        };
        let mut names: Vec<String> = self.all.iter().filter_map(name).collect();
        names.dedup();
        names.join(", ")
    }

    /// Whether refs point elsewhere, or files have other sizes or times, than at the last look. The first look finds
    /// everything changed. Reads no commit and opens no file of the work tree.
    pub fn changed(&mut self) -> Result<bool, Error> {
        if self.all.is_empty() {
            return Ok(false);
        }
        let mut now = String::new();
        for folder in &self.all {
            now += &match folder {
                Folder::Git(folder) => git::Repository::open(folder, "")?.state()?,
                Folder::Documents(folder) => documents::state(folder)?,
            };
            now.push(' ');
        }
        let changed = self.seen.as_ref() != Some(&now);
        self.seen = Some(now);
        Ok(changed)
    }
}

/// Whether `position` was reached in this file; `None` where it tells nothing of the kind.
pub fn continues(file: &fs_err::File, position: &str) -> Result<Option<bool>, Error> {
    Ok(messages::continues(file, position)?)
}
