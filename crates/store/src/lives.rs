//! Symbols through history: what was there at a position of a ref, and the life of each.

use std::collections::HashMap;
use std::fmt::Write as _;

use lichen_model::{
    CommitId, Oid, RefId, RepoPath, SymbolChangeKinds, SymbolId, SymbolKind, SymbolMatch, Zoned,
};

use crate::error::{Doing, Result};
use crate::filter::path_matches;
use crate::reader::Reader;
use crate::row::{self, At, OidBytes, Raw};
use crate::text_symbols::{KEY_COLUMNS, StoredKey, odd, open_at, path_ids, stored_key};

/// A symbol as it was at a position.
#[derive(Clone, Debug, PartialEq)]
pub struct SymbolThen {
    /// The symbol.
    pub id: SymbolId,
    /// Its number in the ref.
    pub symbol: u32,
    /// What it was called.
    pub key: StoredKey,
    /// Where it stood.
    pub path: RepoPath,
    /// The first position that has it so.
    pub from: u32,
    /// The first position that has it so no more.
    pub to: Option<u32>,
    /// The commit that made it so.
    pub origin: CommitId,
    /// What happened to it then.
    pub kinds: SymbolChangeKinds,
    /// Lines of the text that it stood on, where they are known.
    pub lines: Option<(u32, u32)>,
}

/// What a symbol was for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredVersion {
    /// What it was called.
    pub key: StoredKey,
    /// Where it stood.
    pub path: RepoPath,
    /// The first position that has it so.
    pub from: u32,
    /// The first position that has it so no more.
    pub to: Option<u32>,
    /// The commit that made it so.
    pub origin: CommitId,
    /// The commit of the chain that brought it.
    pub landed: CommitId,
    /// What happened.
    pub kinds: SymbolChangeKinds,
    /// What shows that it is the same symbol.
    pub method: SymbolMatch,
    /// How surely.
    pub score: f32,
}

/// A symbol with all that it was.
#[derive(Clone, Debug, PartialEq)]
pub struct SymbolLife {
    /// The symbol.
    pub id: SymbolId,
    /// Its number in the ref.
    pub symbol: u32,
    /// The commit that introduced it, or in which it was first seen.
    pub introduced: CommitId,
    /// How surely it did not exist before.
    pub introduced_confidence: f32,
    /// The number of the symbol it was copied or split from.
    pub predecessor: Option<u32>,
    /// The newest first.
    pub versions: Vec<StoredVersion>,
}

/// What a line about a commit says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitLine {
    /// The commit.
    pub id: CommitId,
    /// Its object id.
    pub oid: Oid,
    /// Its author, after the mailmap.
    pub author: String,
    /// When it was committed.
    pub committed: Zoned,
    /// The first line of its message.
    pub subject: String,
}

/// Which symbols to list.
#[derive(Clone, Debug, Default)]
pub struct SymbolsWanted {
    /// Only of this file, or of files in this folder; or a pattern as in [`crate::Filter::path`].
    pub path: Option<String>,
    /// Only of these kinds.
    pub kinds: Vec<SymbolKind>,
    /// Only those that were not so at this position.
    pub changed_after: Option<u32>,
    /// Only those whose name, or whole name, is this.
    pub name: Option<String>,
}

impl SymbolsWanted {
    /// Conditions on the path `p` and the key `k`, each after an AND.
    fn conditions(&self) -> Result<String> {
        let mut conditions = String::new();
        let mut add = |condition: &str| {
            conditions.push_str(" AND ");
            conditions.push_str(condition);
        };
        if let Some(path) = &self.path {
            add(&path_matches(path, "p.path")?);
        }
        if !self.kinds.is_empty() {
            let kinds: Vec<_> = self.kinds.iter().map(|kind| row::literal(kind.as_str())).collect();
            add(&format!("k.kind IN ({})", kinds.join(",")));
        }
        if let Some(name) = &self.name {
            add(&name_condition(name));
        }
        Ok(conditions)
    }
}

const DOING: &str = "read symbols";

/// Columns of a version and its symbol, as [`Reader::symbols_then`] reads them first.
const VERSION_COLUMNS: &str =
    "s.symbol_id, v.symbol, v.from_pos, v.to_pos, v.origin_commit, v.changes";

impl Reader {
    /// The symbols of a file at a position of a followed ref; without lines.
    pub fn symbols_of(
        &self,
        followed: RefId,
        pos: u32,
        path: &RepoPath,
    ) -> Result<Vec<SymbolThen>> {
        let sql = format!(
            "SELECT {VERSION_COLUMNS}, NULL, NULL, NULL, NULL, {KEY_COLUMNS}
             FROM symbol_versions AS v JOIN symbol_keys AS k USING (key_id)
             JOIN code_symbols AS s ON s.ref_id = v.ref_id AND s.symbol = v.symbol
             WHERE v.ref_id = '{0}'::UUID AND s.ref_id = '{0}'::UUID AND v.path_id IN ({1}) AND {2}",
            row::uuid(followed.as_u128()),
            path_ids(path),
            open_at("v", pos),
        );
        self.symbols_then(&sql, Some(path))
    }

    /// The symbols at a position of a followed ref that are wanted, by path and line.
    pub fn symbols_at(
        &self,
        followed: RefId,
        pos: u32,
        wanted: &SymbolsWanted,
    ) -> Result<Vec<SymbolThen>> {
        let mut conditions = format!(
            "v.ref_id = '{}'::UUID AND {} {}",
            row::uuid(followed.as_u128()),
            open_at("v", pos),
            wanted.conditions()?,
        );
        if let Some(after) = wanted.changed_after {
            write!(conditions, " AND v.from_pos > {after}")
                .expect("a string takes all that is written");
        }
        let sql = format!(
            "SELECT {VERSION_COLUMNS}, b.start_line, b.end_line, p.path, p.path_raw, {KEY_COLUMNS}
             FROM symbol_versions AS v JOIN symbol_keys AS k USING (key_id) JOIN paths AS p USING (path_id)
             JOIN code_symbols AS s ON s.ref_id = v.ref_id AND s.symbol = v.symbol
             LEFT JOIN file_versions AS f ON f.ref_id = v.ref_id AND f.path_id = v.path_id AND {}
             LEFT JOIN blob_symbols AS b ON b.blob_id = f.known_blob_id AND b.key_id = v.key_id
             WHERE {} ORDER BY p.path, b.ord, k.qualified_name",
            open_at("f", pos),
            conditions,
        );
        self.symbols_then(&sql, None)
    }

    /// The symbols of a followed ref that were there at position `before` and are there no more at `pos`, as they were last.
    pub fn symbols_gone(
        &self,
        followed: RefId,
        before: u32,
        pos: u32,
        wanted: &SymbolsWanted,
    ) -> Result<Vec<SymbolThen>> {
        let ref_id = row::uuid(followed.as_u128());
        let conditions = wanted.conditions()?;
        let sql = format!(
            "SELECT {VERSION_COLUMNS}, NULL, NULL, p.path, p.path_raw, {KEY_COLUMNS}
             FROM symbol_versions AS v JOIN symbol_keys AS k USING (key_id) JOIN paths AS p USING (path_id)
             JOIN code_symbols AS s ON s.ref_id = v.ref_id AND s.symbol = v.symbol
             WHERE v.ref_id = '{ref_id}'::UUID AND v.to_pos > {before} AND v.to_pos <= {pos} AND s.from_pos <= {before}
                 AND v.symbol NOT IN (
                     SELECT symbol FROM symbol_versions AS o WHERE o.ref_id = '{ref_id}'::UUID AND {})
                 {conditions}
             QUALIFY row_number() OVER (PARTITION BY v.symbol ORDER BY v.from_pos DESC) = 1
             ORDER BY p.path, k.qualified_name, v.symbol",
            open_at("o", pos),
        );
        self.symbols_then(&sql, None)
    }

    /// Every symbol of a followed ref that was ever called so, or that is, by when it was so last.
    pub fn symbols_named(&self, followed: RefId, name: &str) -> Result<Vec<SymbolThen>> {
        let sql = format!(
            "SELECT {VERSION_COLUMNS}, NULL, NULL, p.path, p.path_raw, {KEY_COLUMNS}
             FROM symbol_versions AS v JOIN symbol_keys AS k USING (key_id) JOIN paths AS p USING (path_id)
             JOIN code_symbols AS s ON s.ref_id = v.ref_id AND s.symbol = v.symbol
             WHERE v.ref_id = '{}'::UUID AND {}
             QUALIFY row_number() OVER (PARTITION BY v.symbol ORDER BY v.from_pos DESC) = 1
             ORDER BY v.to_pos DESC NULLS FIRST, p.path, k.qualified_name, v.symbol",
            row::uuid(followed.as_u128()),
            name_condition(name),
        );
        self.symbols_then(&sql, None)
    }

    fn symbols_then(&self, sql: &str, path: Option<&RepoPath>) -> Result<Vec<SymbolThen>> {
        let mut statement = self.conn.prepare(sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let mut symbols = Vec::new();
        while let Some(row) = rows.next().doing(DOING)? {
            let lines: (Option<u32>, Option<u32>) =
                (row.get(6).doing(DOING)?, row.get(7).doing(DOING)?);
            let path = match path {
                Some(path) => path.clone(),
                None => row::path(row.get(8).doing(DOING)?, row.get(9).doing(DOING)?),
            };
            symbols.push(SymbolThen {
                id: SymbolId::from_u128(row.get::<_, Raw>(0).doing(DOING)?.0),
                symbol: row.get(1).doing(DOING)?,
                from: row.get(2).doing(DOING)?,
                to: row.get(3).doing(DOING)?,
                origin: CommitId::from_u128(row.get::<_, Raw>(4).doing(DOING)?.0),
                kinds: SymbolChangeKinds::from_bits(row.get(5).doing(DOING)?),
                lines: lines.0.zip(lines.1),
                path,
                key: stored_key(row, 10)?,
            });
        }
        Ok(symbols)
    }

    /// The lives of symbols of a followed ref, in the order of their numbers.
    pub fn lives(&self, followed: RefId, symbols: &[u32]) -> Result<Vec<SymbolLife>> {
        let sql = format!(
            "SELECT s.symbol, s.symbol_id, s.introduced_commit, s.introduced_confidence, s.predecessor, v.from_pos, v.to_pos,
                 v.origin_commit, l.commit_id, v.changes, v.method::VARCHAR, v.score, p.path, p.path_raw, {KEY_COLUMNS}
             FROM symbol_versions AS v
             JOIN code_symbols AS s ON s.ref_id = v.ref_id AND s.symbol = v.symbol
             JOIN symbol_keys AS k USING (key_id) JOIN paths AS p USING (path_id)
             JOIN ref_chain AS l ON l.ref_id = v.ref_id AND l.pos = v.from_pos
             WHERE v.ref_id = '{0}'::UUID AND v.symbol IN ({1}) AND s.ref_id = '{0}'::UUID AND s.symbol IN ({1})
             ORDER BY s.symbol, v.from_pos DESC",
            row::uuid(followed.as_u128()),
            row::number_list(symbols.iter().map(|symbol| u64::from(*symbol))),
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let mut lives: Vec<SymbolLife> = Vec::new();
        while let Some(row) = rows.next().doing(DOING)? {
            let symbol: u32 = row.get(0).doing(DOING)?;
            if lives.last().is_none_or(|life| life.symbol != symbol) {
                lives.push(SymbolLife {
                    id: SymbolId::from_u128(row.get::<_, Raw>(1).doing(DOING)?.0),
                    symbol,
                    introduced: CommitId::from_u128(row.get::<_, Raw>(2).doing(DOING)?.0),
                    introduced_confidence: row.get(3).doing(DOING)?,
                    predecessor: row.get(4).doing(DOING)?,
                    versions: Vec::new(),
                });
            }
            let method: String = row.get(10).doing(DOING)?;
            let version = StoredVersion {
                from: row.get(5).doing(DOING)?,
                to: row.get(6).doing(DOING)?,
                origin: CommitId::from_u128(row.get::<_, Raw>(7).doing(DOING)?.0),
                landed: CommitId::from_u128(row.get::<_, Raw>(8).doing(DOING)?.0),
                kinds: SymbolChangeKinds::from_bits(row.get(9).doing(DOING)?),
                method: SymbolMatch::parse(&method).ok_or_else(|| odd("symbol_versions.method"))?,
                score: row.get(11).doing(DOING)?,
                path: row::path(row.get(12).doing(DOING)?, row.get(13).doing(DOING)?),
                key: stored_key(row, 14)?,
            };
            lives.last_mut().expect("one was pushed").versions.push(version);
        }
        Ok(lives)
    }

    /// The symbol with an id, if it is one of a ref that is still followed: the ref and its number there.
    pub fn symbol_of(&self, symbol: SymbolId) -> Result<Option<(RefId, u32)>> {
        let sql = format!(
            "SELECT ref_id, symbol FROM code_symbols WHERE symbol_id = '{}'::UUID",
            row::uuid(symbol.as_u128())
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let Some(row) = rows.next().doing(DOING)? else { return Ok(None) };
        let id = RefId::from_u128(row.get::<_, Raw>(0).doing(DOING)?.0);
        Ok(Some((id, row.get(1).doing(DOING)?)))
    }

    /// What lines about commits say, by commit; what is not known is left out.
    pub fn commit_lines(&self, commits: &[CommitId]) -> Result<HashMap<CommitId, CommitLine>> {
        if commits.is_empty() {
            return Ok(HashMap::new());
        }
        let sql = format!(
            "SELECT c.commit_id, c.oid, p.name, c.committed_at, c.committed_offset, split_part(c.message, chr(10), 1)
             FROM git_commits AS c
             LEFT JOIN people AS r ON r.person_id = c.author_id LEFT JOIN people AS p ON p.person_id = r.canonical_id
             WHERE c.commit_id IN ({})",
            row::uuid_list(commits.iter().map(|commit| commit.as_u128())),
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let mut lines = HashMap::new();
        while let Some(row) = rows.next().doing(DOING)? {
            let id = CommitId::from_u128(row.get::<_, Raw>(0).doing(DOING)?.0);
            let at: At = row.get(3).doing(DOING)?;
            let line = CommitLine {
                id,
                oid: row.get::<_, OidBytes>(1).doing(DOING)?.0,
                author: row.get::<_, Option<String>>(2).doing(DOING)?.unwrap_or_default(),
                committed: Zoned { at: at.0, offset_minutes: row.get(4).doing(DOING)? },
                subject: row.get(5).doing(DOING)?,
            };
            lines.insert(id, line);
        }
        Ok(lines)
    }
}

/// The whole name, its end at a dot, or the name alone.
fn name_condition(name: &str) -> String {
    let dotted = name.replace("::", ".").replace('#', ".");
    let (whole, end) = (row::literal(&dotted), row::literal(&format!(".{dotted}")));
    if dotted.contains('.') {
        format!("(k.qualified_name = {whole} OR ends_with(k.qualified_name, {end}))")
    } else {
        // Names of headings have dots of their own.
        format!("k.name = {whole}")
    }
}
