//! Ids that come from texts, derived anew for texts that change.

use std::collections::{HashMap, HashSet};

use duckdb::{Connection, OptionalExt};
use lichen_model::{
    DocumentId, DocumentVersion, Message, MessageId, StreamId, TextHash, Timestamp, VersionId,
};

use super::survey::{DOING, Survey};
use crate::append::existing;
use crate::error::{Doing, Result};
use crate::row::{self, Raw};

/// How many equal messages of one moment are told apart.
const EQUALS_MAX: u32 = 1 << 20;

/// What the id of a message comes from that has none of its own.
pub(super) struct MessageKey {
    id: u128,
    stream: StreamId,
    author: String,
    at: Timestamp,
    nth: u32,
}

impl MessageKey {
    /// The key of the stored message `id`, if its id comes from its text.
    pub(super) fn by_content(
        id: u128,
        (stream, external, author, at): (u128, &str, &str, Timestamp),
        text: &str,
    ) -> Option<Self> {
        let stream = StreamId::from_u128(stream);
        if !external.is_empty() && Message::id(stream, external, at).as_u128() == id {
            return None;
        }
        let derived = |nth| Message::id_by_content(stream, author, text, nth, at).as_u128();
        let nth = (0..EQUALS_MAX).find(|&nth| derived(nth) == id)?;
        Some(Self { id, stream, author: author.to_owned(), at, nth })
    }
}

/// New ids of messages whose texts change. Where two become equal, the later one counts on.
pub(super) fn messages(
    conn: &Connection,
    mut keys: Vec<MessageKey>,
    survey: &mut Survey,
) -> Result<()> {
    let derive = |key: &MessageKey, survey: &Survey| {
        let text = survey.messages.get(&key.id).and_then(|message| message.text.as_ref());
        let text = text.map_or("", |text| text.text.as_str());
        Message::id_by_content(key.stream, &key.author, text, key.nth, key.at).as_u128()
    };
    let mut given: HashSet<u128> = HashSet::new();
    while !keys.is_empty() {
        let ids: Vec<u128> = keys.iter().map(|key| derive(key, survey)).collect();
        let taken = existing(conn, "messages", "message_id", ids.iter().copied(), Some(u128::MAX))?;
        let mut again = Vec::new();
        for (mut key, new) in keys.into_iter().zip(ids) {
            if !taken.contains(&new) && given.insert(new) {
                survey.ids.insert(key.id, new);
            } else {
                key.nth += 1;
                again.push(key);
            }
        }
        keys = again;
    }
    Ok(())
}

/// New ids of edits and deletions whose texts change, or that replace what has a new id. `edits` are all of them, each
/// with what it replaces.
pub(super) fn edits(conn: &Connection, edits: &[(u128, u128)], survey: &mut Survey) -> Result<()> {
    let mut stored: HashMap<u128, String> = HashMap::new();
    // An edit may replace another: each round settles one more of a row of them.
    for _ in 0..=edits.len() {
        let mut changed = false;
        for &(edit, replaced) in edits {
            let base = survey.id_now(replaced);
            let new = survey.messages.get(&edit).and_then(|message| message.text.as_ref());
            if base == replaced && new.is_none() {
                continue;
            }
            let before = match stored.get(&edit) {
                Some(text) => text,
                None => stored.entry(edit).or_insert(text_of(conn, edit)?),
            };
            let text = new.map_or(before.as_str(), |new| new.text.as_str());
            let said = Message::id_of_edit(MessageId::from_u128(replaced), Some(before.as_str()))
                .as_u128();
            let text = (said == edit).then_some(text);
            let id = Message::id_of_edit(MessageId::from_u128(base), text).as_u128();
            changed |= survey.ids.insert(edit, id) != Some(id);
        }
        if !changed {
            break;
        }
    }
    Ok(())
}

fn text_of(conn: &Connection, message: u128) -> Result<String> {
    let sql =
        format!("SELECT text FROM messages WHERE message_id = '{}'::UUID", row::uuid(message));
    let text = conn.query_row(&sql, [], |row| row.get(0)).optional().doing(DOING)?;
    Ok(text.unwrap_or_default())
}

/// New ids of all versions from a changed text on, in the histories of `documents`.
pub(super) fn versions(
    conn: &Connection,
    documents: &HashSet<u128>,
    survey: &mut Survey,
) -> Result<()> {
    if documents.is_empty() {
        return Ok(());
    }
    let sql = "SELECT document_id, version_id, previous_id, text_hash FROM document_versions
               ORDER BY document_id, ord";
    let mut statement = conn.prepare(sql).doing(DOING)?;
    let mut rows = statement.query([]).doing(DOING)?;
    while let Some(row) = rows.next().doing(DOING)? {
        let id = |column: usize| row.get::<_, Raw>(column).map(|raw| raw.0).doing(DOING);
        let (document, version) = (id(0)?, id(1)?);
        if !documents.contains(&document) {
            continue;
        }
        let previous = row.get::<_, Option<Raw>>(2).doing(DOING)?;
        let previous = previous.map(|raw| VersionId::from_u128(survey.id_now(raw.0)));
        let new = survey.versions.get(&version).and_then(|version| version.text.as_ref());
        let hash = new.map_or(TextHash(id(3)?), |new| TextHash::of(&new.text));
        let derived = DocumentVersion::id(DocumentId::from_u128(document), previous, hash);
        if derived.as_u128() != version {
            survey.ids.insert(version, derived.as_u128());
        }
    }
    Ok(())
}
