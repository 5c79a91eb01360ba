//! Which commit was current when a text was written, as sessions, the reflog and branches tell it.

use std::collections::{HashMap, HashSet};

use lichen_model::{AsOf, MessageId, Oid, RepoPath, StreamId, Timestamp};
use lichen_source::git::Repository;
use lichen_source::references::{Evidence, Heads, recorded};
use lichen_store::Reader;
use serde_json::Value;

use crate::Error;

/// Branches whose commits are followed: a repository may have thousands that sessions name.
const BRANCHES_MAX: usize = 16;
/// Files that a session had in hand last.
const TOUCHED_MAX: usize = 64;

/// What was seen of heads, and of what sessions had in hand.
#[derive(Default)]
pub(super) struct Seen {
    branches: HashMap<String, Heads>,
    /// Streams whose evidence was read.
    known: HashSet<StreamId>,
    /// What tools told of the commit that was checked out, by stream, the oldest first.
    told: HashMap<StreamId, Vec<(Timestamp, Oid)>>,
    told_in: HashMap<MessageId, Oid>,
    touched: HashMap<StreamId, Vec<(Timestamp, RepoPath)>>,
}

/// What a message says of its surroundings.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    pub(super) folder: Option<String>,
    branch: Option<String>,
    commit: Option<String>,
}

impl Surroundings {
    /// Of a message's further fields.
    pub(super) fn of(meta: &str) -> Self {
        if !["\"cwd\"", "\"gitBranch\"", "\"gitCommit\""].iter().any(|key| meta.contains(key)) {
            return Self::default();
        }
        let Ok(Value::Object(fields)) = serde_json::from_str(meta) else { return Self::default() };
        let text = |key: &str| fields.get(key).and_then(Value::as_str).map(str::to_owned);
        Self { folder: text("cwd"), branch: text("gitBranch"), commit: text("gitCommit") }
    }
}

impl Seen {
    /// Reads what tools told and touched in streams that were not seen yet.
    pub(super) fn learn(
        &mut self,
        store: &Reader,
        git: &Repository,
        streams: impl Iterator<Item = StreamId>,
    ) -> Result<(), Error> {
        let new: HashSet<StreamId> = streams.filter(|stream| self.known.insert(*stream)).collect();
        if new.is_empty() {
            return Ok(());
        }
        for answer in store.tool_answers(Some(&new))? {
            if !new.contains(&answer.stream) {
                continue;
            }
            let told = recorded(&answer.command, &answer.text);
            if let Some(commit) = told.and_then(|digits| git.commit(digits)) {
                self.told_in.insert(answer.message, commit.clone());
                self.told.entry(answer.stream).or_default().push((answer.at, commit));
            }
        }
        let touched = store.touched(Some(&new))?;
        self.touched.extend(touched.into_iter().filter(|(stream, _)| new.contains(stream)));
        Ok(())
    }

    /// The commit that was current when a message of a stream was sent; of a document when it was seen.
    pub(super) fn as_of(
        &mut self,
        git: &Repository,
        at: Timestamp,
        said: Option<(StreamId, MessageId)>,
        around: &Surroundings,
    ) -> Option<AsOf> {
        let told = said.and_then(|(stream, _)| {
            let told = self.told.get(&stream)?;
            told[..told.partition_point(|(time, _)| *time <= at)].last().cloned()
        });
        let began = || {
            let commit = git.commit(around.commit.as_deref()?)?;
            Some((Timestamp(i64::MIN), commit))
        };
        let evidence = Evidence {
            recorded: said.and_then(|(_, message)| self.told_in.get(&message).cloned()),
            session: told.or_else(began),
        };
        self.heads(git, around.branch.as_deref()).as_of(at, &evidence)
    }

    fn heads(&mut self, git: &Repository, branch: Option<&str>) -> &Heads {
        let known = branch.filter(|name| self.branches.contains_key(*name));
        let new = branch.filter(|_| self.branches.len() < BRANCHES_MAX);
        let branch = known.or(new);
        self.branches
            .entry(branch.unwrap_or_default().to_owned())
            .or_insert_with(|| Heads::new(git.checked_out(), git.chain(branch)))
    }

    /// The files that a stream had in hand by a time, the last ones.
    pub(super) fn in_hand(&self, stream: StreamId, at: Timestamp) -> Vec<RepoPath> {
        let Some(touched) = self.touched.get(&stream) else { return Vec::new() };
        let by_then = &touched[..touched.partition_point(|(time, _)| *time <= at)];
        let mut files: Vec<RepoPath> = Vec::new();
        for (_, path) in by_then.iter().rev() {
            if !files.contains(path) {
                files.push(path.clone());
            }
            if files.len() == TOUCHED_MAX {
                break;
            }
        }
        files
    }
}
