//! The chats of a file or an archive, one after the other.

use std::io::Read as _;
use std::sync::Arc;

use fs_err::File;
use lichen_model::{Batch, Progress};

use super::{Input, NAME, Reader, chat_entries};
use crate::messages::Source;
use crate::zip_file::{self, ZipFile};
use crate::{Error, Estimate, Read, Result, Unit};

/// Opens what is there: a chat goes on where the last reading stopped, several of them are read again once their
/// archive has changed.
pub(super) fn open(source: &Source) -> Result<Box<dyn Read + Send>> {
    let mut head = Vec::new();
    let file = File::open(&source.path).map_err(Error::ReadFile)?;
    file.take(4).read_to_end(&mut head).map_err(Error::ReadFile)?;
    if !zip_file::is_zip(&head) {
        return Ok(Box::new(Reader::open(source.clone(), Input::File, Vec::new())?));
    }
    let mut zip = ZipFile::open(&source.path)?;
    let mut refused = std::mem::take(&mut zip.refused);
    let chats: Vec<_> = chat_entries(&zip).into_iter().cloned().collect();
    let fingerprint = zip.fingerprint();
    let zip = Arc::new(zip);
    if let [chat] = &chats[..] {
        let input = Input::Zip(zip, chat.clone());
        return Ok(Box::new(Reader::open(source.clone(), input, refused)?));
    }
    if chats.is_empty() {
        let what = "it holds no chat".to_owned();
        return Err(Error::Archive { path: source.path.clone(), what });
    }
    let done = source.position.as_deref() == Some(fingerprint.as_str());
    let mut readers = Vec::new();
    for chat in chats.into_iter().filter(|_| !done) {
        let label = format!("{}/{}", source.label, chat.name);
        let source = Source { label, position: None, ..source.clone() };
        let input = Input::Zip(Arc::clone(&zip), chat);
        readers.push(Reader::open(source, input, std::mem::take(&mut refused))?);
    }
    readers.reverse();
    let total = readers.iter().map(|reader| reader.estimate().total).sum();
    let source = format!("{NAME}:{}", source.label);
    Ok(Box::new(Several { source, fingerprint, readers, total, done, before: 0 }))
}

/// Chats that are still to be read, the next one last.
struct Several {
    source: String,
    fingerprint: String,
    readers: Vec<Reader>,
    total: u64,
    before: u64,
    done: bool,
}

impl Read for Several {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        while let Some(reader) = self.readers.last_mut() {
            if let Some(mut batch) = reader.next_batch()? {
                // The archive has a position as a whole only.
                batch.progress.clear();
                return Ok(Some(batch));
            }
            self.before += reader.estimate().total;
            self.readers.pop();
        }
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        let progress = Progress { source: self.source.clone(), position: self.fingerprint.clone() };
        Ok(Some(Batch { progress: vec![progress], ..Batch::default() }))
    }

    fn estimate(&self) -> Estimate {
        let now = self.readers.last().map_or(0, |reader| reader.estimate().done);
        let done = (self.before + now).min(self.total);
        Estimate { total: self.total, done, unit: Unit::Bytes }
    }
}
