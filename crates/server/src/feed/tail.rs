//! A file that grows: read on where it was read last, through truncation, rotation and deletion.
//!
//! The file is held open while it is written to. One that is renamed or deleted is read to its end before the one that took
//! its place. Where nobody held it, as after a restart, the rest is looked for in files of a similar name: a position tells
//! which file it was reached in.

mod rotated;

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lichen_engine::{MessageFile, MessageReader, Reader};
use lichen_model::Batch;

use super::Feeder;
use super::feeder::blocking;
use crate::Result;

/// Looks after which a file that nobody writes to is closed.
const IDLE_LOOKS: u32 = 240;

/// A file that is followed. Opens nothing before the first look.
pub struct Tail {
    file: MessageFile,
    /// How far it was read.
    position: Option<String>,
    held: Option<Held>,
    /// How the file was when it was closed for being idle.
    closed: Option<(Identity, Stamp)>,
}

/// A file that is open.
struct Held {
    /// `None` for a folder.
    opened: Option<Arc<fs_err::File>>,
    identity: Identity,
    /// How it was just before its reader looked how long it is: what is written later changes it.
    stamp: Stamp,
    /// Its reader has come to the end that it had then.
    drained: bool,
    reader: MessageReader,
    /// It has lost its name, and was read to its end once since.
    leaving: bool,
    idle: u32,
}

/// Which file it is, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

/// What changes when something is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    seconds: i64,
    nanos: i64,
}

impl Tail {
    /// Follows `file` from the position that the store has.
    pub const fn new(file: MessageFile, position: Option<String>) -> Self {
        Self { file, position, held: None, closed: None }
    }

    /// The file.
    pub const fn file(&self) -> &MessageFile {
        &self.file
    }

    /// The next batch of what is there; `None` when all of it was read. Readers of the engine read it, `reader` opens them.
    ///
    /// # Errors
    /// What the system says of the file. Looked at again, it goes on where it was.
    pub fn next(&mut self, reader: &Reader) -> Result<Option<Batch>> {
        loop {
            let Some(held) = &mut self.held else {
                if self.open(reader)? {
                    continue;
                }
                return Ok(None);
            };
            if !held.drained {
                if let Some(batch) = held.reader.next_batch().map_err(lichen_engine::Error::from)? {
                    if let Some(progress) = batch.progress.last() {
                        self.position = Some(progress.position.clone());
                    }
                    return Ok(Some(batch));
                }
                held.drained = true;
            }
            let stamp = held.stamp(&self.file.path);
            let stamp = stamp.map_err(|source| failed(&self.file, source))?;
            if held.stamp != stamp {
                self.read_on(reader)?;
            } else if !self.leave() {
                return Ok(None);
            }
        }
    }

    /// The held file has changed.
    fn read_on(&mut self, reader: &Reader) -> Result<()> {
        let path = self.file.path.clone();
        let Some(held) = &mut self.held else { return Ok(()) };
        let stamp = held.stamp(&path);
        let grown = held.reader.grown().map_err(lichen_engine::Error::from)?;
        (held.drained, held.idle) = (false, 0);
        if grown {
            held.stamp = stamp.map_err(|source| failed(&self.file, source))?;
            return Ok(());
        }
        // Its reader cannot read on, or what it had read is not there any more.
        let (opened, leaving) = (held.opened.clone(), held.leaving);
        self.held = None;
        match opened {
            Some(opened) => self.hold(reader, opened, leaving),
            None => Ok(()),
        }
    }

    /// The held file is read to its end. Whether to look for another one at its name.
    fn leave(&mut self) -> bool {
        let Some(held) = &mut self.held else { return true };
        match Identity::of_path(&self.file.path) {
            // Its writer may still write, and nobody has its name.
            None => false,
            Some(named) if named == held.identity => {
                held.idle += 1;
                if held.idle > IDLE_LOOKS {
                    self.closed = Some((named, held.stamp));
                    self.held = None;
                }
                false
            }
            // Its writer may write a last line after the rename: it is looked at once more.
            Some(_) if !held.leaving => {
                held.leaving = true;
                false
            }
            Some(_) => {
                self.held = None;
                self.position = None;
                true
            }
        }
    }

    /// Opens what has the file's name; tells whether there is anything to read.
    fn open(&mut self, reader: &Reader) -> Result<bool> {
        let path = self.file.path.clone();
        let found = match fs_err::metadata(&path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed(&self.file, error)),
        };
        let seen = (Identity::of(&found), Stamp::of(&found).with_log_of(&path));
        if found.is_dir() {
            let stamp =
                rotated::stamp_of_folder(&path).map_err(|error| failed(&self.file, error))?;
            if self.closed == Some((seen.0, stamp)) {
                return Ok(false);
            }
            let opened = reader.open_messages(&self.file, None, self.position.clone())?;
            self.held = Some(Held::new(None, seen.0, stamp, opened));
            return Ok(true);
        }
        if self.closed == Some(seen) {
            return Ok(false);
        }
        self.closed = None;
        let opened = match fs_err::File::open(&path) {
            Ok(opened) => Arc::new(opened),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed(&self.file, error)),
        };
        self.hold(reader, opened, false)?;
        Ok(true)
    }

    /// Reads `opened` on, or first the rest of the file that stood in its place where the position was reached in that.
    fn hold(&mut self, reader: &Reader, opened: Arc<fs_err::File>, leaving: bool) -> Result<()> {
        let mut opened = opened;
        if let Some(position) = &self.position
            && lichen_engine::continues(&opened, position)? == Some(false)
            && let Some(rest) = rotated::find(&self.file.path, position)
        {
            opened = Arc::new(rest);
        }
        let metadata = opened.metadata().map_err(|source| failed(&self.file, source))?;
        let read =
            reader.open_messages(&self.file, Some(Arc::clone(&opened)), self.position.clone())?;
        let stamp = Stamp::of(&metadata).with_log_of(&self.file.path);
        let held = Held::new(Some(opened), Identity::of(&metadata), stamp, read);
        self.held = Some(Held { leaving, ..held });
        Ok(())
    }
}

impl Held {
    const fn new(
        opened: Option<Arc<fs_err::File>>,
        identity: Identity,
        stamp: Stamp,
        reader: MessageReader,
    ) -> Self {
        Self { opened, identity, stamp, drained: false, reader, leaving: false, idle: 0 }
    }

    fn stamp(&self, path: &Path) -> io::Result<Stamp> {
        match &self.opened {
            Some(opened) => Ok(Stamp::of(&opened.metadata()?).with_log_of(path)),
            None => rotated::stamp_of_folder(path),
        }
    }
}

impl Identity {
    fn of(metadata: &std::fs::Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }

    fn of_path(path: &Path) -> Option<Self> {
        fs_err::metadata(path).ok().map(|metadata| Self::of(&metadata))
    }
}

impl Stamp {
    fn of(metadata: &std::fs::Metadata) -> Self {
        Self { bytes: metadata.len(), seconds: metadata.mtime(), nanos: metadata.mtime_nsec() }
    }

    /// A database writes into a log beside its file first.
    fn with_log_of(self, path: &Path) -> Self {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let Ok(log) = std::fs::metadata(log).map(|log| Self::of(&log)) else { return self };
        let (seconds, nanos) = (self.seconds, self.nanos).max((log.seconds, log.nanos));
        Self { bytes: self.bytes.wrapping_add(log.bytes), seconds, nanos }
    }
}

fn failed(file: &MessageFile, source: io::Error) -> crate::Error {
    crate::Error::read(&file.source(), source)
}

/// Follows a file until it is to end, looking every `interval`.
pub async fn tail(file: MessageFile, interval: Duration, feeder: &Feeder) -> Result<()> {
    let feed = file.source();
    let position = feeder.position(&feed).await?;
    let mut tails = vec![Tail::new(file, position)];
    let mut told = Vec::new();
    while !feeder.stop().is_stopped() {
        tails = look(tails, &mut told, feeder).await?;
        if feeder.pause(interval).await {
            break;
        }
    }
    Ok(())
}

/// Takes in what is new in all of them. A file that cannot be read is told of once, in `told`, and looked at again next
/// time.
pub(super) async fn look(
    mut tails: Vec<Tail>,
    told: &mut Vec<String>,
    feeder: &Feeder,
) -> Result<Vec<Tail>> {
    let mut at = 0;
    while at < tails.len() && !feeder.stop().is_stopped() {
        let (found, from) = (feeder.clone(), at);
        let (back, place, next) = blocking(move || {
            let mut place = from;
            let next = found.live().read(|reader| {
                while let Some(tail) = tails.get_mut(place) {
                    match tail.next(reader) {
                        Ok(None) => place += 1,
                        next => return Ok(Some(next)),
                    }
                }
                Ok(None)
            });
            (tails, place, next)
        })
        .await;
        (tails, at) = (back, place);
        match next? {
            None => break,
            Some(Ok(Some(batch))) => {
                let feed = tails[at].file.source();
                told.retain(|known| *known != feed);
                if feeder.append(&feed, batch).await?.is_none() {
                    break;
                }
            }
            Some(Ok(None)) => at += 1,
            Some(Err(error)) => {
                let feed = tails[at].file.source();
                if !told.contains(&feed) {
                    feeder.report().note(&format!("{feed}: {}", describe(&error)));
                    told.push(feed);
                }
                at += 1;
            }
        }
    }
    Ok(tails)
}

/// An error with its causes on one line.
pub(super) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
