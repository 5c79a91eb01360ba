//! Which passages a question may be answered from.

use std::collections::HashSet;
use std::fmt::Write;

use lichen_model::{CommitId, Id, Kind, PassageKind, RepoId, StreamId, Timestamp};

use crate::columns::micros;
use crate::error::{Doing, Error, Result};
use crate::reader::Reader;
use crate::row::{self, Raw};

/// The point in history that a question is asked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// At this time.
    Time(Timestamp),
    /// At this commit: of commits, those it is built on; of everything else, what was there when it was committed.
    Commit(CommitId),
}

/// Limits on passages; all of those that are set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Kinds of text; empty for all.
    pub kinds: Vec<PassageKind>,
    /// The repository of commits and documents; messages belong to none.
    pub repo: Option<RepoId>,
    /// A path of the document, among those the commit changed, or among those the message's tools named: the path
    /// itself or a folder above it; or with `*`, `?` or `[...]` a pattern as in `.gitignore`, where `**` crosses
    /// folders and a pattern without `/` is matched with the file's name.
    pub path: Option<String>,
    /// Labels of the passage, its owner, or the owner's document or stream; each must be there.
    pub tags: Vec<String>,
    /// Fields of the message or document and the value they must have, or hold in a list. `a.b` is a field of a
    /// field.
    pub fields: Vec<(String, String)>,
    /// The name or title of the stream.
    pub stream: Option<String>,
    /// Messages of these streams alone; what are no messages pass.
    pub streams: Option<Vec<StreamId>>,
    /// Not before: when sent, committed, or first seen.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// At this point in history.
    pub as_of: Option<AsOf>,
    /// No documents of these repositories: they are asked elsewhere.
    pub without_documents_of: Vec<RepoId>,
}

impl Filter {
    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

const DOING: &str = "find the passages to search";

impl Reader {
    /// The numbers of the passages that `filter` lets through, ascending. Passages of superseded versions are among
    /// them, save where `as_of` asks for a point in history: then exactly the versions of that time are.
    pub fn filter(&self, filter: &Filter) -> Result<Vec<u32>> {
        let mut sql = String::from("SELECT p.seq FROM passages AS p WHERE true");
        let time = match filter.as_of {
            Some(AsOf::Time(at)) => Some(at),
            Some(AsOf::Commit(commit)) => Some(commit.0.at()),
            None => None,
        };
        for condition in conditions(filter, time)? {
            write!(sql, "\n    AND ({condition})").expect("a string takes all that is written");
        }
        sql.push_str("\nORDER BY p.seq");
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let rows = statement.query_map([], |row| row.get::<_, u32>(0)).doing(DOING)?;
        let seqs: Vec<u32> = rows.collect::<duckdb::Result<_>>().doing(DOING)?;
        match filter.as_of {
            Some(AsOf::Commit(commit)) => self.without_strangers(seqs, commit),
            _ => Ok(seqs),
        }
    }

    /// `seqs` without the passages of commits that `commit` is not built on.
    fn without_strangers(&self, mut seqs: Vec<u32>, commit: CommitId) -> Result<Vec<u32>> {
        let ancestors = self.ancestors(commit)?;
        let mut statement = self
            .conn
            .prepare("SELECT seq, owner_id FROM passages WHERE owner_kind = 'commit'")
            .doing(DOING)?;
        let rows = statement
            .query_map([], |row| {
                Ok((row.get::<_, u32>(0)?, CommitId::from_u128(row.get::<_, Raw>(1)?.0)))
            })
            .doing(DOING)?;
        let mut strangers = HashSet::new();
        for row in rows {
            let (seq, commit) = row.doing(DOING)?;
            if !ancestors.contains(&commit) {
                strangers.insert(seq);
            }
        }
        seqs.retain(|seq| !strangers.contains(seq));
        Ok(seqs)
    }

    /// The numbers of the passages of versions that are not their document's current one, ascending: what a search of
    /// the present leaves out.
    pub fn superseded_passages(&self) -> Result<Vec<u32>> {
        let doing = "find superseded passages";
        let mut statement = self
            .conn
            .prepare(
                "SELECT seq FROM passages WHERE owner_kind = 'version' AND owner_id NOT IN (
                     SELECT arg_max(version_id, ord) FROM document_versions GROUP BY document_id
                 ) OR owner_kind = 'message' AND owner_id IN (SELECT message_id FROM replaced_messages) ORDER BY seq",
            )
            .doing(doing)?;
        let rows = statement.query_map([], |row| row.get(0));
        rows.and_then(Iterator::collect).doing(doing)
    }
}

fn conditions(filter: &Filter, as_of: Option<Timestamp>) -> Result<Vec<String>> {
    let mut all = Vec::new();
    if !filter.kinds.is_empty() {
        let words: Vec<String> =
            filter.kinds.iter().map(|kind| row::literal(kind.name())).collect();
        all.push(format!("p.kind IN ({})", words.join(", ")));
    }
    if let Some(repo) = filter.repo {
        let repo = row::uuid(repo.as_u128());
        all.push(format!(
            "p.owner_kind = 'message'
             OR p.owner_id IN (SELECT commit_id FROM git_commits WHERE repo_id = '{repo}'::UUID)
             OR p.owner_id IN (SELECT version_id FROM document_versions JOIN documents USING (document_id)
                 WHERE repo_id = '{repo}'::UUID)"
        ));
    }
    if let Some(path) = &filter.path {
        all.push(at_path(path)?);
    }
    all.extend(filter.tags.iter().map(|tag| with_tag(tag)));
    all.extend(filter.fields.iter().map(|(field, value)| with_field(field, value)));
    if let Some(stream) = &filter.stream {
        let name = row::literal(stream);
        all.push(format!(
            "p.owner_id IN (SELECT message_id FROM messages JOIN streams USING (stream_id)
                 WHERE {name} IN (streams.name, streams.title))"
        ));
    }
    if let Some(streams) = &filter.streams {
        let list = row::uuid_list(streams.iter().map(|stream| stream.as_u128()));
        all.push(format!(
            "p.owner_kind <> 'message'
             OR p.owner_id IN (SELECT message_id FROM messages WHERE stream_id IN ({list}))"
        ));
    }
    if let Some(at) = filter.since {
        all.push(in_time(Side::From, at));
    }
    if let Some(at) = filter.until {
        all.push(in_time(Side::Before, at));
    }
    if !filter.without_documents_of.is_empty() {
        let repos: Vec<String> = filter
            .without_documents_of
            .iter()
            .map(|repo| format!("'{}'::UUID", row::uuid(repo.as_u128())))
            .collect();
        all.push(format!(
            "p.owner_kind <> 'version' OR p.owner_id NOT IN (
                 SELECT version_id FROM document_versions JOIN documents USING (document_id) WHERE repo_id IN ({}))",
            repos.join(", ")
        ));
    }
    if let Some(at) = as_of {
        all.push(in_time(Side::UpTo, at));
        let at = micros(at);
        all.push(format!(
            "p.owner_kind <> 'version' OR p.owner_id IN (
                 SELECT arg_max(version_id, ord) FROM document_versions WHERE seen_at <= make_timestamp({at})
                 GROUP BY document_id)"
        ));
    }
    Ok(all)
}

/// How an owner's time compares with a given one.
#[derive(Clone, Copy)]
enum Side {
    From,
    Before,
    UpTo,
}

/// That the owner's time is on that side of `at`. Ids of messages and commits begin with their time, so those need no
/// look at their tables; only before 1970 all ids begin alike.
fn in_time(side: Side, at: Timestamp) -> String {
    let (sign, micros) = match side {
        Side::From => (">=", micros(at)),
        Side::Before => ("<", micros(at)),
        Side::UpTo => ("<=", micros(at)),
    };
    let seen = format!(
        "SELECT version_id FROM document_versions WHERE seen_at {sign} make_timestamp({micros})"
    );
    if at.millis() <= 0 {
        return format!(
            "p.owner_id IN (SELECT message_id FROM messages WHERE sent_at {sign} make_timestamp({micros}) UNION ALL
                 SELECT commit_id FROM git_commits WHERE committed_at {sign} make_timestamp({micros}) UNION ALL {seen})"
        );
    }
    let (sign, first) = match side {
        Side::From => (">=", at),
        Side::Before => ("<", at),
        Side::UpTo => ("<", Timestamp(at.millis().saturating_add(1))),
    };
    // The least id of that time.
    let bound = Id::derive(Kind::Message, first, &[]);
    let bound = row::uuid(bound.as_u128() - bound.hash_bits());
    format!(
        "(p.owner_kind <> 'version' AND p.owner_id {sign} '{bound}'::UUID)
         OR (p.owner_kind = 'version' AND p.owner_id IN ({seen}))"
    )
}

/// The condition that a column holds a path that [`Filter::path`] lets through.
pub(crate) fn path_matches(path: &str, column: &str) -> Result<String> {
    let path = path.strip_prefix("./").unwrap_or(path).trim_end_matches('/');
    if path.contains(['*', '?', '[']) {
        Ok(format!("regexp_full_match({column}, {})", row::literal(&pattern(path)?)))
    } else {
        let (own, folder) = (row::literal(path), row::literal(&format!("{path}/")));
        Ok(format!("({column} = {own} OR starts_with({column}, {folder}))"))
    }
}

/// What [`Filter::path`] lets through, for paths that stand in no table.
#[derive(Debug)]
pub struct PathFilter {
    wanted: String,
    regex: Option<regex::Regex>,
}

impl PathFilter {
    /// A file, a folder or a pattern.
    pub fn new(wanted: &str) -> Result<Self> {
        let wanted = wanted.strip_prefix("./").unwrap_or(wanted).trim_end_matches('/').to_owned();
        let regex = if wanted.contains(['*', '?', '[']) {
            let whole = regex::Regex::new(&format!("^(?:{})$", pattern(&wanted)?));
            Some(whole.map_err(|_| Error::Pattern(wanted.clone()))?)
        } else {
            None
        };
        Ok(Self { wanted, regex })
    }

    /// Whether it lets a path through.
    pub fn fits(&self, path: &str) -> bool {
        let Some(regex) = &self.regex else {
            let below = path.strip_prefix(self.wanted.as_str());
            return below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        };
        regex.is_match(path)
    }
}

fn at_path(path: &str) -> Result<String> {
    let matches = |column: &str| path_matches(path, column);
    Ok(format!(
        "p.owner_id IN (SELECT version_id FROM document_versions JOIN documents USING (document_id) WHERE {})
         OR p.owner_id IN (SELECT commit_id FROM file_changes WHERE {} OR {})
         OR p.owner_id IN (SELECT message_id FROM (SELECT message_id, unnest(paths) AS path FROM tool_calls) WHERE {})",
        matches("path")?,
        matches("path")?,
        matches("old_path")?,
        matches("path")?,
    ))
}

/// A path pattern as a regular expression.
fn pattern(glob: &str) -> Result<String> {
    let mut regex = String::new();
    let mut rest = match glob.strip_prefix('/') {
        Some(rooted) => rooted,
        None if glob.contains('/') => glob,
        None => {
            regex.push_str("(.*/)?");
            glob
        }
    };
    while let Some(char) = rest.chars().next() {
        rest = &rest[char.len_utf8()..];
        match char {
            '*' if rest.starts_with("*/") => {
                regex.push_str("(.*/)?");
                rest = &rest[2..];
            }
            '*' if rest.starts_with('*') => {
                regex.push_str(".*");
                rest = &rest[1..];
            }
            '*' => regex.push_str("[^/]*"),
            '?' => regex.push_str("[^/]"),
            '[' => {
                // A `]` that comes first is one of the characters.
                let first = rest.char_indices().find(|&(_, c)| c != '!' && c != '^');
                let skip = first.map_or(0, |(at, c)| at + c.len_utf8());
                let end = rest.get(skip..).and_then(|tail| tail.find(']')).map(|at| at + skip);
                let end = end.ok_or_else(|| Error::Pattern(glob.to_owned()))?;
                let set = &rest[..end];
                let (not, set) = match set.strip_prefix(['!', '^']) {
                    Some(set) => ("^/", set),
                    None => ("", set),
                };
                write!(
                    regex,
                    "[{not}{}]",
                    set.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
                )
                .expect("a string takes all that is written");
                rest = &rest[end + 1..];
            }
            plain if plain.is_alphanumeric() || plain == '/' || plain == '_' => regex.push(plain),
            other if other.is_ascii() => {
                regex.push('\\');
                regex.push(other);
            }
            other => regex.push(other),
        }
    }
    // A folder stands for all that is in it.
    regex.push_str("(/.*)?");
    Ok(regex)
}

fn with_tag(tag: &str) -> String {
    let tag = row::literal(tag);
    let things = |kind: &str| {
        format!("SELECT thing_id FROM tags WHERE name = {tag} AND thing_kind = '{kind}'")
    };
    format!(
        "p.passage_id IN ({}) OR (p.owner_kind = 'commit' AND p.owner_id IN ({}))
         OR (p.owner_kind = 'message' AND p.owner_id IN ({} UNION ALL
             SELECT message_id FROM messages WHERE stream_id IN ({})))
         OR (p.owner_kind = 'version' AND p.owner_id IN ({} UNION ALL
             SELECT version_id FROM document_versions WHERE document_id IN ({})))",
        things("passage"),
        things("commit"),
        things("message"),
        things("stream"),
        things("version"),
        things("document"),
    )
}

fn with_field(field: &str, value: &str) -> String {
    let names: Vec<String> =
        field.split('.').map(|name| format!("\"{}\"", name.replace('"', "\\\""))).collect();
    let place = format!("$.{}", names.join("."));
    let (one, each) = (row::literal(&place), row::literal(&format!("{place}[*]")));
    let value = row::literal(value);
    // Text that is no JSON object gives NULL, which lets nothing through.
    let holds = format!(
        "CASE WHEN json_valid(meta) THEN coalesce(json_extract_string(meta, {one}) = {value}, false)
             OR list_contains(json_extract_string(meta, {each}), {value}) ELSE false END"
    );
    format!(
        "p.owner_id IN (SELECT message_id FROM messages WHERE {holds})
         OR p.owner_id IN (SELECT version_id FROM document_versions WHERE {holds})"
    )
}

#[cfg(test)]
mod tests;
