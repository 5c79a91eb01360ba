//! A chat as one JSON document, which the tool writes anew after every turn.

use std::io::BufReader;

use fs_err::File;

use super::{Chat, NAME};
use crate::messages::Source;
use crate::messages::agent::growing::{Told, entitle, take};
use crate::messages::agent::object;
use crate::messages::json_stream::{Begin, Fault, JsonStream, Next};
use crate::messages::parts::Draft;
use crate::messages::record::utf8;
use crate::messages::whole::{self, Export, Whole};
use crate::{Error, Result};

/// Opens a chat that is read as a whole.
pub(super) fn open(source: &Source) -> Result<Whole<Document>> {
    let (bytes, fingerprint) = whole::fingerprint(&source.path)?;
    let input = BufReader::new(File::open(&source.path).map_err(Error::ReadFile)?);
    let document = Document {
        label: source.label.clone(),
        json: JsonStream::new(input, whole::value_bytes_max(source)),
        chat: Chat::new(source),
        within: Within::Nothing,
        messages: 0,
        bytes,
    };
    Ok(Whole::new(NAME, source, bytes, fingerprint, document))
}

/// How deep the reading is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Nothing,
    Chat,
    Messages,
    End,
}

pub(super) struct Document {
    label: String,
    json: JsonStream<BufReader<File>>,
    chat: Chat,
    within: Within,
    messages: u64,
    bytes: u64,
}

impl Document {
    fn advance(&mut self, draft: &mut Draft) -> Result<(), Fault> {
        match self.within {
            Within::Nothing => {
                if self.json.begin()? != Begin::Object {
                    return Err(Fault::Damaged("is no chat".to_owned()));
                }
                self.json.enter()?;
                self.within = Within::Chat;
            }
            Within::Chat => match self.json.next()? {
                Next::Key(key) if key == "messages" && self.json.begin()? == Begin::Array => {
                    self.json.enter()?;
                    self.within = Within::Messages;
                }
                Next::Key(key) => {
                    let mut value = Vec::new();
                    if self.json.value(&mut value)? {
                        let value = String::from_utf8_lossy(&value);
                        // One entry at a time, as the lines of the newer shape tell it.
                        let name = serde_json::Value::String(key);
                        if let Ok(about) = object(&format!("{{{name}:{value}}}")) {
                            self.chat.about(&about);
                        }
                    }
                }
                Next::Item => {}
                Next::End => self.within = Within::End,
            },
            Within::Messages => match self.json.next()? {
                Next::End => self.within = Within::Chat,
                Next::Key(_) | Next::Item => {
                    let mut value = Vec::new();
                    let fits = self.json.value(&mut value)?;
                    self.messages += 1;
                    self.message(draft, &value, fits);
                }
            },
            Within::End => {}
        }
        Ok(())
    }

    fn message(&mut self, draft: &mut Draft, value: &[u8], fits: bool) {
        let mut told = Told::default();
        let (text, whole) = utf8(value);
        if !fits {
            told.problems.push("is longer than the limit; skipped".to_owned());
        } else if let Err(refused) =
            object(&text).and_then(|record| self.chat.record(&record, &mut told))
        {
            let (super::Refused::Damaged(what) | super::Refused::Unknown(what)) = refused;
            told.problems.push(what);
        }
        if !whole {
            told.problems.push("is not UTF-8; unreadable bytes were replaced".to_owned());
        }
        for what in told.problems {
            draft.problems.at(&self.label, format!("message {}", self.messages), what);
        }
        take(draft, &self.chat.session, told.messages);
    }
}

impl Export for Document {
    fn step(&mut self, draft: &mut Draft) -> Result<bool> {
        if let Err(fault) = self.advance(draft) {
            let what = format!("is damaged from here on: {}", whole::told(fault)?);
            draft.problems.at(&self.label, format!("message {}", self.messages + 1), what);
            self.within = Within::End;
        }
        if self.within == Within::End {
            entitle(draft, &self.chat.session);
        }
        Ok(self.within != Within::End)
    }

    fn offset(&self) -> u64 {
        self.json.offset.min(self.bytes)
    }
}
