//! The refs whose symbols are followed: how far they are, and at which position a commit stands.

use lichen_model::{CommitId, Oid, RefId, RepoId, Timestamp};

use crate::error::{Doing, Result};
use crate::reader::Reader;
use crate::row::{self, At, OidBytes, Raw};

/// A ref whose symbols are followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowedRef {
    /// The ref.
    pub id: RefId,
    /// Its repository.
    pub repo: RepoId,
    /// Its full name.
    pub name: String,
    /// The last commit of its chain.
    pub tip: Oid,
    /// How long the chain is.
    pub positions: u32,
    /// The version of the extractor that read it.
    pub extractor: u16,
    /// The version of the rules by which its symbols were matched.
    pub matcher: u16,
    /// When it was brought there.
    pub finished: Timestamp,
}

/// Where a commit stands, seen from a chain of first parents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The position that has it, or that brought it.
    pub pos: u32,
    /// Whether it is a commit of the chain, not one that was merged into it.
    pub on_chain: bool,
}

const DOING: &str = "read which refs are followed";

impl Reader {
    /// The refs whose symbols are followed, by name.
    pub fn followed(&self) -> Result<Vec<FollowedRef>> {
        let sql = "SELECT i.ref_id, i.repo_id, r.name, i.tip, i.positions, i.extractor, i.matcher, i.finished_at
             FROM symbol_index AS i JOIN git_refs AS r USING (ref_id) ORDER BY r.name";
        let mut statement = self.conn.prepare(sql).doing(DOING)?;
        let rows = statement.query_map([], |row| {
            Ok(FollowedRef {
                id: RefId::from_u128(row.get::<_, Raw>(0)?.0),
                repo: RepoId::from_u128(row.get::<_, Raw>(1)?.0),
                name: row.get(2)?,
                tip: row.get::<_, OidBytes>(3)?.0,
                positions: row.get(4)?,
                extractor: row.get(5)?,
                matcher: row.get(6)?,
                finished: row.get::<_, At>(7)?.0,
            })
        });
        rows.and_then(Iterator::collect).doing(DOING)
    }

    /// Where a commit stands in a followed ref; `None` where the chain neither has it nor brought it.
    pub fn position(&self, followed: RefId, commit: CommitId) -> Result<Option<Position>> {
        let sql = format!(
            "SELECT b.pos, c.pos IS NOT NULL FROM ref_commits AS b
             LEFT JOIN ref_chain AS c ON c.ref_id = b.ref_id AND c.pos = b.pos AND c.commit_id = b.commit_id
             WHERE b.ref_id = '{}'::UUID AND b.commit_id = '{}'::UUID",
            row::uuid(followed.as_u128()),
            row::uuid(commit.as_u128()),
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let Some(row) = rows.next().doing(DOING)? else { return Ok(None) };
        let (pos, on_chain) = (row.get(0).doing(DOING)?, row.get(1).doing(DOING)?);
        Ok(Some(Position { pos, on_chain }))
    }

    /// Commits of a chain with their positions, as object ids: all of them, the oldest first.
    pub fn chain(&self, followed: RefId) -> Result<Vec<Oid>> {
        let sql = format!(
            "SELECT c.oid FROM ref_chain AS r JOIN git_commits AS c USING (commit_id)
             WHERE r.ref_id = '{}'::UUID ORDER BY r.pos",
            row::uuid(followed.as_u128()),
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let rows = statement.query_map([], |row| Ok(row.get::<_, OidBytes>(0)?.0));
        rows.and_then(Iterator::collect).doing(DOING)
    }
}
