//! The shape of history: what a revision names, and which commits lie behind it.

use std::collections::{HashMap, HashSet};

use lichen_model::{CommitId, Oid, RepoId};

use crate::error::{Doing, Result};
use crate::reader::Reader;
use crate::row::{self, OidBytes, Raw};

const DOING: &str = "read the history";

impl Reader {
    /// The commits that `text` may name in `repo`: `HEAD`, a branch, tag or remote branch as last seen, a full ref
    /// name, or at least four digits of an object id. None: unknown; several: ambiguous.
    pub fn resolve_rev(&self, repo: RepoId, text: &str) -> Result<Vec<(CommitId, Oid)>> {
        let names = [text.to_owned()].into_iter().chain(
            ["refs/", "refs/tags/", "refs/heads/", "refs/remotes/"]
                .map(|place| format!("{place}{text}")),
        );
        let refs = self.refs(repo)?;
        for name in names {
            let target = refs.iter().find(|seen| seen.state.reference.name == name);
            if let Some(oid) = target.and_then(|seen| seen.state.target.as_ref()) {
                return self.commits_between(oid, oid);
            }
        }
        match bounds(text) {
            Some((low, high)) => self.commits_between(&low, &high),
            None => Ok(Vec::new()),
        }
    }

    /// The commits whose object ids lie from `low` to `high`, both included.
    fn commits_between(&self, low: &Oid, high: &Oid) -> Result<Vec<(CommitId, Oid)>> {
        let (low, high) = (row::blob_literal(&low.0), row::blob_literal(&high.0));
        let sql = format!(
            "SELECT commit_id, oid FROM git_commits WHERE oid BETWEEN {low} AND {high} ORDER BY oid"
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let rows = statement.query_map([], |row| {
            Ok((CommitId::from_u128(row.get::<_, Raw>(0)?.0), row.get::<_, OidBytes>(1)?.0))
        });
        rows.and_then(Iterator::collect).doing(DOING)
    }

    /// The known commits that `commit` is built on, itself included.
    pub fn ancestors(&self, commit: CommitId) -> Result<HashSet<CommitId>> {
        let mut parents: HashMap<CommitId, Vec<CommitId>> = HashMap::new();
        let mut statement = self
            .conn
            .prepare(
                "SELECT p.commit_id, c.commit_id FROM commit_parents AS p JOIN git_commits AS c ON c.oid = p.parent_oid",
            )
            .doing(DOING)?;
        let rows = statement.query_map([], |row| {
            Ok((
                CommitId::from_u128(row.get::<_, Raw>(0)?.0),
                CommitId::from_u128(row.get::<_, Raw>(1)?.0),
            ))
        });
        for row in rows.doing(DOING)? {
            let (child, parent) = row.doing(DOING)?;
            parents.entry(child).or_default().push(parent);
        }
        let mut found = HashSet::from([commit]);
        let mut open = vec![commit];
        while let Some(commit) = open.pop() {
            let new =
                parents.get(&commit).into_iter().flatten().filter(|&&parent| found.insert(parent));
            open.extend(new);
        }
        Ok(found)
    }
}

/// The least and the greatest object id that begins with the hexadecimal digits of `text`.
fn bounds(text: &str) -> Option<(Oid, Oid)> {
    const MIN: usize = 4;
    const MAX: usize = 64;
    if !(MIN..=MAX).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let filled = |digit: char| {
        let digits: String =
            text.chars().chain(std::iter::repeat_n(digit, MAX - text.len())).collect();
        let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        (0..MAX).step_by(2).map(byte).collect::<Option<Vec<u8>>>().map(Oid)
    };
    let mut low = filled('0')?;
    // A shorter blob that is a prefix of a longer one sorts before it.
    while low.0.len() > text.len().div_ceil(2) && low.0.last() == Some(&0) {
        low.0.pop();
    }
    Some((low, filled('f')?))
}
