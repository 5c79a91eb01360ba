//! How far symbols are indexed, and what could not be read.

use std::collections::HashMap;

use lichen_model::{ExtractionStatus, Oid, RefId};

use super::ids::each;
use crate::error::Result;
use crate::reader::Reader;
use crate::row::{self, OidBytes};

/// How the symbols of a ref were indexed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedBefore {
    /// The commit the ref pointed to.
    pub tip: Oid,
    /// Version of the extractor.
    pub extractor: u16,
    /// Version of the rules by which symbols are matched.
    pub matcher: u16,
}

/// A commit whose changes of symbols are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownCommit {
    /// It was compared with nothing, because history is cut there.
    pub boundary: bool,
    /// The position of the ref that brought it.
    pub landed: Option<u32>,
    /// Its position in the ref's chain.
    pub position: Option<u32>,
}

/// A blob whose symbols are not known, or only in part, for a reason that somebody should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadBlob {
    /// Its object id.
    pub oid: Oid,
    /// Why.
    pub status: ExtractionStatus,
    /// A file that had it, where that is known.
    pub path: Option<String>,
}

impl Reader {
    /// How the symbols of refs were indexed.
    pub fn symbol_index(&self) -> Result<HashMap<RefId, IndexedBefore>> {
        let mut all = HashMap::new();
        each(&self.conn, "SELECT ref_id, tip, extractor, matcher FROM symbol_index", |row| {
            let reference = RefId::from_u128(row.get::<_, row::Raw>(0)?.0);
            let tip = row.get::<_, OidBytes>(1)?.0;
            let (extractor, matcher) = (row.get(2)?, row.get(3)?);
            all.insert(reference, IndexedBefore { tip, extractor, matcher });
            Ok(())
        })?;
        Ok(all)
    }

    /// The commits whose changes of symbols are known, as a ref knows them.
    pub fn indexed_commits(&self, reference: RefId) -> Result<HashMap<Oid, KnownCommit>> {
        let id = row::uuid(reference.as_u128());
        let sql = format!(
            "SELECT c.oid, i.boundary, r.pos, h.pos FROM indexed_commits AS i
             JOIN git_commits AS c ON c.commit_id = i.commit_id
             LEFT JOIN ref_commits AS r ON r.commit_id = i.commit_id AND r.ref_id = '{id}'::UUID
             LEFT JOIN ref_chain AS h ON h.commit_id = i.commit_id AND h.ref_id = '{id}'::UUID"
        );
        let mut commits = HashMap::new();
        each(&self.conn, &sql, |row| {
            let known =
                KnownCommit { boundary: row.get(1)?, landed: row.get(2)?, position: row.get(3)? };
            commits.insert(row.get::<_, OidBytes>(0)?.0, known);
            Ok(())
        })?;
        Ok(commits)
    }

    /// The blobs that were not in their repositories when they were to be read.
    pub fn missing_blobs(&self) -> Result<Vec<Oid>> {
        let mut missing = Vec::new();
        each(&self.conn, "SELECT DISTINCT oid FROM blobs WHERE status = 'missing'", |row| {
            missing.push(row.get::<_, OidBytes>(0)?.0);
            Ok(())
        })?;
        Ok(missing)
    }

    /// The blobs that could not be read for a reason that somebody should know, the worst first.
    pub fn bad_blobs(&self) -> Result<Vec<BadBlob>> {
        let sql = "SELECT b.oid, b.status::VARCHAR, min(f.path) FROM blobs AS b
             LEFT JOIN file_changes AS f ON f.new_oid = b.oid
             WHERE b.status IN ('crashed', 'timeout', 'too_large', 'too_deep', 'missing')
             GROUP BY b.oid, b.status
             ORDER BY list_position(['crashed', 'timeout', 'too_large', 'too_deep', 'missing'], b.status::VARCHAR), 3, 1";
        let mut bad = Vec::new();
        each(&self.conn, sql, |row| {
            let oid = row.get::<_, OidBytes>(0)?.0;
            let status = ExtractionStatus::parse(&row.get::<_, String>(1)?);
            if let Some(status) = status {
                bad.push(BadBlob { oid, status, path: row.get(2)? });
            }
            Ok(())
        })?;
        Ok(bad)
    }
}
