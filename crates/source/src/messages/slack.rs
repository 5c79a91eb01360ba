//! Slack exports: the archive that a workspace's owner downloads, or the folder it was unpacked to.
//!
//! Indexes at the root tell the channels and people; each conversation has a folder with one file a day. Every
//! conversation is a stream. Names of authors are looked up; in texts, mentions stay as Slack writes them (`<@U…>`),
//! and the three characters that Slack escapes are put back.

mod message;

use std::collections::{HashMap, HashSet};
use std::io::BufRead;
use std::path::Path;

use lichen_model::{MessageId, Stream, StreamKind};

use super::folder::Folder;
use super::json_stream::{Begin, JsonStream, Next};
use super::parts::Draft;
use super::record::{Record, utf8};
use super::whole::{self, Export, Whole};
use super::{Format, Source};
use crate::{Result, zip_file};

/// The name of the format.
pub const NAME: &str = "slack";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff,
    open: |source| {
        let (folder, problems) = Folder::open(&source.path)?;
        let (bytes, fingerprint) = (folder.bytes(), folder.fingerprint()?);
        let slack = Slack::open(source, folder, problems)?;
        Ok(Box::new(Whole::new(NAME, source, bytes, fingerprint, slack)))
    },
    discover: None,
};

/// The indexes of conversations.
const INDEXES: [&str; 4] = ["channels.json", "groups.json", "dms.json", "mpims.json"];
/// Those of people; the second in exports of an organisation.
const PEOPLE: [&str; 2] = ["users.json", "org_users.json"];

fn sniff(path: &Path, head: &[u8]) -> bool {
    (path.is_dir() || zip_file::is_zip(head))
        && Folder::open(path).is_ok_and(|(folder, _)| folder.prefix(&PEOPLE, &INDEXES).is_some())
}

/// A conversation as the indexes tell it.
#[derive(Clone)]
struct Conversation {
    id: String,
    title: String,
}

/// What is read, file by file.
struct Slack {
    label: String,
    folder: Folder,
    limit: usize,
    /// Files still to read, the next one last.
    days: Vec<(String, u64)>,
    day: Option<Day>,
    /// By the name of their folder, and by id.
    conversations: HashMap<String, Conversation>,
    people: HashMap<String, String>,
    problems: Vec<(String, String)>,
    /// Bytes of the files that have been read.
    before: u64,
    buffer: Vec<u8>,
}

/// One file.
struct Day {
    name: String,
    stream: JsonStream<Box<dyn BufRead + Send>>,
    stream_of: Stream,
    bytes: u64,
    messages: u64,
    entered: bool,
    seen: HashSet<MessageId>,
}

impl Slack {
    fn open(source: &Source, folder: Folder, problems: Vec<(String, String)>) -> Result<Self> {
        let prefix = folder.prefix(&PEOPLE, &INDEXES).unwrap_or_default();
        let mut days: Vec<_> = folder
            .files
            .iter()
            .filter(|(name, _)| name.strip_prefix(&prefix).is_some_and(is_day))
            .cloned()
            .collect();
        days.sort_unstable();
        days.reverse();
        let mut slack = Self {
            label: source.label.clone(),
            folder,
            limit: whole::value_bytes_max(source),
            days,
            day: None,
            conversations: HashMap::new(),
            people: HashMap::new(),
            problems,
            before: 0,
            buffer: Vec::new(),
        };
        for name in PEOPLE {
            slack.index(&format!("{prefix}{name}"), Self::person)?;
        }
        for name in INDEXES {
            slack.index(&format!("{prefix}{name}"), Self::conversation)?;
        }
        Ok(slack)
    }

    /// Reads an index, if there is one.
    fn index(&mut self, name: &str, take: fn(&mut Self, &Record<'_>)) -> Result<()> {
        let Some(input) = self.folder.read(name)? else { return Ok(()) };
        let mut stream = JsonStream::new(input, self.limit);
        let mut buffer = Vec::new();
        let mut step = || -> Result<bool, super::json_stream::Fault> {
            if stream.offset == 0 {
                stream.enter()?;
            }
            if stream.next()? == Next::End {
                return Ok(false);
            }
            if stream.value(&mut buffer)?
                && let Ok(record) = Record::parse(&utf8(&buffer).0)
            {
                take(self, &record);
            }
            Ok(true)
        };
        loop {
            match step() {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(fault) => {
                    self.problems.push((name.to_owned(), whole::told(fault)?));
                    return Ok(());
                }
            }
        }
    }

    fn person(&mut self, record: &Record<'_>) {
        let profile = record.record("profile");
        let in_profile = |name: &str| profile.as_ref().and_then(|profile| profile.owned(name));
        let name = in_profile("display_name")
            .or_else(|| in_profile("real_name"))
            .or_else(|| record.owned("real_name"))
            .or_else(|| record.owned("name"));
        let Some(name) = name else { return };
        for id in [record.owned("id"), in_profile("bot_id")].into_iter().flatten() {
            self.people.insert(id, name.clone());
        }
    }

    fn conversation(&mut self, record: &Record<'_>) {
        let Some(id) = record.owned("id") else { return };
        let name = record.owned("name");
        let among_some =
            record.is_true("is_mpim") || name.as_ref().is_none_or(|name| name.starts_with("mpdm-"));
        let title = match &name {
            Some(name) if !among_some => format!("#{name}"),
            _ => {
                let members = record.items("members").into_iter().filter_map(super::parts::string);
                members.map(|id| self.name_of(&id)).collect::<Vec<_>>().join(", ")
            }
        };
        // The folder has the name; that of a conversation of two, which has none, the id.
        let conversation = Conversation { id: id.clone(), title };
        if let Some(name) = name {
            self.conversations.insert(name, conversation.clone());
        }
        self.conversations.insert(id, conversation);
    }

    fn name_of(&self, id: &str) -> String {
        self.people.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    fn stream(&self, folder: &str) -> Stream {
        let (name, title) = self.conversations.get(folder).map_or_else(
            || (folder.to_owned(), format!("#{folder}")),
            |known| (known.id.clone(), known.title.clone()),
        );
        Stream {
            id: Stream::id(NAME, &name),
            source: NAME.to_owned(),
            name,
            kind: StreamKind::Chat,
            title,
        }
    }

    /// Opens the next file.
    fn next_day(&mut self) -> Result<bool> {
        let Some((name, bytes)) = self.days.pop() else { return Ok(false) };
        let folder = name.rsplit('/').nth(1).unwrap_or_default();
        let stream_of = self.stream(folder);
        if let Some(input) = self.folder.read(&name)? {
            let stream = JsonStream::new(input, self.limit);
            let (messages, entered, seen) = (0, false, HashSet::new());
            self.day = Some(Day { name, stream, stream_of, bytes, messages, entered, seen });
        }
        Ok(true)
    }

    /// Reads the next message of the open file.
    fn message(&mut self, draft: &mut Draft) -> Result<bool> {
        let Some(mut day) = self.day.take() else { return Ok(false) };
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut read = || {
            if !day.entered {
                if day.stream.begin()? != Begin::Array {
                    return Err(super::json_stream::Fault::Damaged("is no array".to_owned()));
                }
                day.stream.enter()?;
                day.entered = true;
            }
            Ok(match day.stream.next()? {
                Next::End => None,
                Next::Key(_) | Next::Item => Some(day.stream.value(&mut buffer)?),
            })
        };
        let read = read();
        let place = |day: &Day| format!("{}, message {}", day.name, day.messages);
        match read {
            Ok(None) => self.before += day.bytes,
            Ok(Some(whole)) => {
                day.messages += 1;
                let (text, utf8) = utf8(&buffer);
                let told = if whole {
                    message::read(self, &mut day, &text, draft)
                } else {
                    Some("is longer than the limit; skipped".to_owned())
                };
                let replaced = "is not UTF-8; unreadable bytes were replaced";
                for what in told.into_iter().chain((!utf8).then(|| replaced.to_owned())) {
                    draft.problems.at(&self.label, place(&day), what);
                }
                self.day = Some(day);
            }
            Err(fault) => {
                let what = format!("is damaged from here on: {}", whole::told(fault)?);
                draft.problems.at(&self.label, place(&day), what);
                self.before += day.bytes;
            }
        }
        self.buffer = buffer;
        Ok(true)
    }
}

/// Whether a path is that of a day in a folder: `general/2024-01-31.json`.
fn is_day(name: &str) -> bool {
    let Some((folder, file)) = name.split_once('/') else { return false };
    let Some(date) = file.strip_suffix(".json") else { return false };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<_> = date.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    !folder.is_empty()
        && [year.len(), month.len(), day.len()] == [4, 2, 2]
        && [year, month, day].into_iter().all(digits)
}

impl Export for Slack {
    fn step(&mut self, draft: &mut Draft) -> Result<bool> {
        for (place, what) in std::mem::take(&mut self.problems) {
            draft.problems.at(&self.label, place, what);
        }
        Ok(self.message(draft)? || self.next_day()?)
    }

    fn offset(&self) -> u64 {
        self.before + self.day.as_ref().map_or(0, |day| day.stream.offset.min(day.bytes))
    }
}
