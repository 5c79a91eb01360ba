//! The commits that last changed documents' paths.

use std::collections::HashMap;

use lichen_model::{CommitId, Document, DocumentId, Oid, Zoned};

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
