//! Commits, their parents, and the paths they changed.

use std::collections::HashSet;

use duckdb::{Connection, params};
use lichen_model::{ChangeStatus, Commit, Oid, Owner};

use crate::append::{Known, Owners, Receipt, existing};
use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::reader::Reader;
use crate::row::{self, OidBytes, Raw};

/// The word that `file_changes.status` keeps for `status`.
pub(crate) const fn status_word(status: ChangeStatus) -> &'static str {
    match status {
        ChangeStatus::Added => "added",
        ChangeStatus::Modified => "modified",
        ChangeStatus::Deleted => "deleted",
        ChangeStatus::Renamed => "renamed",
        ChangeStatus::TypeChanged => "type_changed",
    }
}

/// The status that `file_changes.status` keeps as `word`.
pub(crate) fn status_of(word: &str) -> Option<ChangeStatus> {
    use ChangeStatus::{Added, Deleted, Modified, Renamed, TypeChanged};
    [Added, Modified, Deleted, Renamed, TypeChanged]
        .into_iter()
        .find(|&status| status_word(status) == word)
}

/// Appends those of `commits` that are new.
pub(crate) fn append<'a>(
    conn: &Connection,
    commits: &'a [Commit],
    known: &mut Known,
    owners: &mut Owners<'a>,
    receipt: &mut Receipt,
) -> Result<()> {
    let ids = commits.iter().map(|commit| commit.id.as_u128());
    let mut seen = existing(conn, "git_commits", "commit_id", ids, known.newest_commit)?;
    let whole: Vec<&Commit> = commits
        .iter()
        .filter(|commit| !commit.boundary && seen.contains(&commit.id.as_u128()))
        .collect();
    complete(conn, &whole)?;
    let mut new: Vec<&Commit> =
        commits.iter().filter(|commit| seen.insert(commit.id.as_u128())).collect();
    new.sort_by_key(|commit| commit.id);
    let Some(newest) = new.last() else { return Ok(()) };
    known.newest_commit = known.newest_commit.max(Some(newest.id.as_u128()));
    owners.extend(new.iter().map(|commit| (Owner::Commit(commit.id), commit.message.as_str())));
    receipt.commits = new.len();

    Columns::default()
        .ids("commit_id", new.iter().map(|commit| commit.id.as_u128()))
        .ids("repo_id", new.iter().map(|commit| commit.repo.as_u128()))
        .blobs("oid", new.iter().map(|commit| commit.oid.0.as_slice()))
        .blobs("tree", new.iter().map(|commit| commit.tree.0.as_slice()))
        .ids("author_id", new.iter().map(|commit| commit.author.as_u128()))
        .times("authored_at", new.iter().map(|commit| commit.authored.at))
        .i16s("authored_offset", new.iter().map(|commit| commit.authored.offset_minutes))
        .ids("committer_id", new.iter().map(|commit| commit.committer.as_u128()))
        .times("committed_at", new.iter().map(|commit| commit.committed.at))
        .i16s("committed_offset", new.iter().map(|commit| commit.committed.offset_minutes))
        .texts("message", new.iter().map(|commit| commit.message.as_str()))
        .bools("boundary", new.iter().map(|commit| commit.boundary))
        .bools("changes_known", new.iter().map(|commit| commit.changes.is_some()))
        .append(conn, "git_commits")
        .doing("store commits")?;
    append_parents(conn, &new)?;
    append_changes(conn, &new)
}

/// Completes those of `commits`, which are all stored, that were first read where a shallow clone cut history: what
/// they changed was not known then.
fn complete(conn: &Connection, commits: &[&Commit]) -> Result<()> {
    let doing = "complete commits that history was cut at";
    if commits.is_empty() {
        return Ok(());
    }
    let mut statement =
        conn.prepare("SELECT commit_id FROM git_commits WHERE boundary").doing(doing)?;
    let rows = statement.query_map([], |row| row.get::<_, Raw>(0));
    let cut: HashSet<u128> =
        rows.and_then(|rows| rows.map(|raw| raw.map(|raw| raw.0)).collect()).doing(doing)?;
    let mut whole: Vec<&Commit> =
        commits.iter().copied().filter(|commit| cut.contains(&commit.id.as_u128())).collect();
    whole.sort_by_key(|commit| commit.id);
    whole.dedup_by_key(|commit| commit.id);
    for commit in &whole {
        conn.execute(
            "UPDATE git_commits SET boundary = false, changes_known = ? WHERE commit_id = ?::UUID",
            params![commit.changes.is_some(), row::uuid(commit.id.as_u128())],
        )
        .doing(doing)?;
    }
    append_changes(conn, &whole)
}

fn append_parents(conn: &Connection, commits: &[&Commit]) -> Result<()> {
    let parents: Vec<(u128, u16, &Oid)> = commits
        .iter()
        .flat_map(|commit| {
            (0_u16..).zip(&commit.parents).map(|(ord, oid)| (commit.id.as_u128(), ord, oid))
        })
        .collect();
    Columns::default()
        .ids("commit_id", parents.iter().map(|parent| parent.0))
        .u16s("ord", parents.iter().map(|parent| parent.1))
        .blobs("parent_oid", parents.iter().map(|parent| parent.2.0.as_slice()))
        .append(conn, "commit_parents")
        .doing("store parents of commits")
}

fn append_changes(conn: &Connection, commits: &[&Commit]) -> Result<()> {
    let rows = commits.iter().flat_map(|commit| {
        let changes = commit.changes.iter().flatten();
        (0_u32..).zip(changes).map(|(ord, change)| (commit.id.as_u128(), ord, change))
    });
    let changes: Vec<_> = rows.collect();
    let bytes = |oid: &'_ Option<Oid>| -> Option<Vec<u8>> { oid.as_ref().map(|oid| oid.0.clone()) };
    let old: Vec<_> = changes.iter().map(|row| bytes(&row.2.old_oid)).collect();
    let new: Vec<_> = changes.iter().map(|row| bytes(&row.2.new_oid)).collect();
    Columns::default()
        .ids("commit_id", changes.iter().map(|row| row.0))
        .u32s("ord", changes.iter().map(|row| row.1))
        .u16s("parent", changes.iter().map(|row| row.2.parent))
        .paths("path", changes.iter().map(|row| Some(&row.2.path)))
        .paths("old_path", changes.iter().map(|row| row.2.old_path.as_ref()))
        .texts("status", changes.iter().map(|row| status_word(row.2.status)))
        .blobs_opt("old_oid", old.iter().map(Option::as_deref))
        .blobs_opt("new_oid", new.iter().map(Option::as_deref))
        .u32s("old_mode", changes.iter().map(|row| row.2.old_mode))
        .u32s("new_mode", changes.iter().map(|row| row.2.new_mode))
        .append(conn, "file_changes")
        .doing("store changed paths")
}

impl Reader {
    /// The object ids of every commit: what a source need not read again.
    pub fn known_commits(&self) -> Result<HashSet<Oid>> {
        let doing = "list the known commits";
        let mut statement = self.conn.prepare("SELECT oid FROM git_commits").doing(doing)?;
        let rows = statement.query_map([], |row| row.get::<_, OidBytes>(0));
        rows.and_then(|rows| rows.map(|oid| oid.map(|oid| oid.0)).collect()).doing(doing)
    }

    /// The object ids of the commits that were read where a shallow clone cuts history.
    pub fn boundary_commits(&self) -> Result<Vec<Oid>> {
        let doing = "list the commits that history was cut at";
        let mut statement = self
            .conn
            .prepare("SELECT oid FROM git_commits WHERE boundary ORDER BY oid")
            .doing(doing)?;
        let rows = statement.query_map([], |row| row.get::<_, OidBytes>(0));
        rows.and_then(|rows| rows.map(|oid| oid.map(|oid| oid.0)).collect()).doing(doing)
    }
}
