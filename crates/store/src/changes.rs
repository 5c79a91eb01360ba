//! The commits that last changed documents' paths.

use std::collections::HashMap;

use lichen_model::{CommitId, Document, DocumentId, Oid, RepoId, RepoPath, Zoned};

use crate::error::{Doing, Result};
use crate::reader::Reader;
use crate::row::{self, At, OidBytes, Raw};

/// The last commit that changed a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastChange {
    /// The commit.
    pub commit: CommitId,
    /// Its object id.
    pub oid: Oid,
    /// When it was committed.
    pub committed: Zoned,
}

const DOING: &str = "find the last changes of documents";

impl Reader {
    /// The last commit of the documents' repositories, by commit time, that changed each document's path. Documents whose
    /// path no known commit changed are left out.
    pub fn last_changes(&self, documents: &[&Document]) -> Result<HashMap<DocumentId, LastChange>> {
        if documents.is_empty() {
            return Ok(HashMap::new());
        }
        let paths: Vec<String> =
            documents.iter().map(|document| row::literal(&document.path.to_text())).collect();
        let sql = format!(
            "SELECT f.path, c.repo_id, max(c.commit_id), arg_max(c.oid, c.commit_id),
                 arg_max(c.committed_at, c.commit_id), arg_max(c.committed_offset, c.commit_id)
             FROM file_changes AS f JOIN git_commits AS c USING (commit_id)
             WHERE f.path IN ({}) GROUP BY f.path, c.repo_id",
            paths.join(",")
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let mut changes = HashMap::new();
        while let Some(row) = rows.next().doing(DOING)? {
            let path: String = row.get(0).doing(DOING)?;
            let repo: Raw = row.get(1).doing(DOING)?;
            let commit: Raw = row.get(2).doing(DOING)?;
            let oid: OidBytes = row.get(3).doing(DOING)?;
            let at: At = row.get(4).doing(DOING)?;
            let change = LastChange {
                commit: CommitId::from_u128(commit.0),
                oid: oid.0,
                committed: Zoned { at: at.0, offset_minutes: row.get(5).doing(DOING)? },
            };
            for document in documents {
                if document.path.to_text() == path && document.repo.as_u128() == repo.0 {
                    changes.insert(document.id, change.clone());
                }
            }
        }
        Ok(changes)
    }
}

impl Reader {
    /// The commits of a repository that changed a path, and the paths that it was renamed from, the newest first.
    pub fn path_commits(&self, repo: RepoId, path: &RepoPath) -> Result<Vec<CommitId>> {
        const DOING: &str = "find the commits that changed a file";
        /// More names than any file of people has had.
        const NAMES_MAX: usize = 50;
        let (mut names, mut commits) = (vec![path.to_text().into_owned()], Vec::new());
        let mut next = 0;
        while next < names.len() && next < NAMES_MAX {
            let sql = format!(
                "SELECT f.commit_id, f.old_path FROM file_changes AS f JOIN git_commits AS c USING (commit_id)
                 WHERE f.path = {} AND c.repo_id = '{}'::UUID",
                row::literal(&names[next]),
                row::uuid(repo.as_u128()),
            );
            let mut statement = self.conn.prepare(&sql).doing(DOING)?;
            let mut rows = statement.query([]).doing(DOING)?;
            while let Some(row) = rows.next().doing(DOING)? {
                commits.push(CommitId::from_u128(row.get::<_, Raw>(0).doing(DOING)?.0));
                let old: Option<String> = row.get(1).doing(DOING)?;
                names.extend(old.filter(|old| !names.contains(old)));
            }
            next += 1;
        }
        // Ids sort by time.
        commits.sort_unstable_by(|a, b| b.cmp(a));
        commits.dedup();
        Ok(commits)
    }
}
