//! References on their way into the store, and what of code they mean by its own numbers.

use std::collections::{HashMap, HashSet};

use duckdb::Connection;
use lichen_model::{
    AsOf, Detector, Oid, Progress, RefId, Reference, ReferenceRule, RepoId, RepoPath, Rung, Target,
};

use super::SymbolIds;
use super::ids::{Numbers, each};
use super::rows;
use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::journal::Step;
use crate::open::Store;
use crate::reader::Reader;
use crate::row::{self, Raw};
use crate::{CATALOG, progress};

const DOING: &str = "store references";

/// Which table holds a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReferenceSource {
    /// `git_commits`.
    Commit,
    /// `messages`.
    Message,
    /// `document_versions`.
    Version,
    /// `tool_calls`.
    ToolCall,
}

impl ReferenceSource {
    /// The word for it in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Message => "message",
            Self::Version => "version",
            Self::ToolCall => "tool_call",
        }
    }
}

/// A reference in a text.
#[derive(Clone, Debug)]
pub struct FoundReference {
    /// The table of its text.
    pub source: ReferenceSource,
    /// The id of its text.
    pub id: u128,
    /// The field of a tool's call; empty for a text.
    pub field: &'static str,
    /// The words.
    pub raw: String,
    /// What they mean.
    pub reference: Reference,
    /// The commit that was current, and what tells it.
    pub as_of: Option<AsOf>,
    /// An address of what it means.
    pub permalink: Option<String>,
}

/// References that were found: one transaction.
#[derive(Clone, Debug, Default)]
pub struct ReferenceBatch {
    /// Texts whose references are all in this batch: those from before go.
    pub anew: Vec<u128>,
    /// References, those of one text together and in order. They follow those that the text has.
    pub references: Vec<FoundReference>,
    /// How far references were looked for once this is taken in.
    pub progress: Option<Progress>,
}

/// The repository that references speak of, and what is followed of it.
#[derive(Clone, Copy, Debug)]
pub struct ReferenceGround {
    /// The repository.
    pub repo: RepoId,
    /// The ref whose symbols are followed, where one is.
    pub followed: Option<RefId>,
}

impl Store {
    /// Takes in references that were found, in one transaction.
    pub fn append_references(
        &mut self,
        ground: ReferenceGround,
        ids: &mut SymbolIds,
        batch: &ReferenceBatch,
    ) -> Result<()> {
        const PER_ROW: usize = 256;
        self.ensure_attached()?;
        self.guard((batch.references.len() * PER_ROW) as u64)?;
        self.write_references(ground, ids, batch).map_err(|error| {
            // Numbers that were given may not have been stored.
            *ids = SymbolIds::default();
            self.recover(error)
        })
    }

    /// Forgets the references in texts of a repository and how far they were looked for, and where it is the one that conversations speak of, in these.
    pub fn forget_references(&mut self, repo: RepoId, conversations: bool) -> Result<()> {
        let repo = row::uuid(repo.as_u128());
        let said = if conversations { "OR source_kind IN ('message', 'tool_call')" } else { "" };
        let sql = format!(
            "DELETE FROM code_references WHERE
                 (source_kind = 'commit' AND source_id IN (SELECT commit_id FROM git_commits WHERE repo_id = '{repo}'::UUID))
                 OR (source_kind = 'version' AND source_id IN (
                     SELECT v.version_id FROM document_versions AS v JOIN documents AS d USING (document_id)
                     WHERE d.repo_id = '{repo}'::UUID)) {said};
             DELETE FROM ingest_progress WHERE source IN (
                 SELECT 'references:' || key FROM repos WHERE repo_id = '{repo}'::UUID)"
        );
        self.ensure_attached()?;
        let done = self.conn.execute_batch(&sql).doing("forget references");
        done.map_err(|error| self.recover(error))
    }

    fn write_references(
        &self,
        ground: ReferenceGround,
        ids: &mut SymbolIds,
        batch: &ReferenceBatch,
    ) -> Result<()> {
        let conn = &self.conn;
        // Rolls back when dropped before the commit.
        let transaction = conn.unchecked_transaction().doing("begin a transaction")?;
        if !batch.anew.is_empty() {
            crate::append::stage(conn, batch.anew.iter().copied())?;
            let sql = format!(
                "DELETE FROM {CATALOG}.main.code_references WHERE source_id IN (SELECT id FROM temp.staged)"
            );
            conn.execute_batch(&sql).doing(DOING)?;
        }
        if !batch.references.is_empty() {
            append(conn, ids.numbers(conn)?, ground, batch)?;
        }
        progress::append(conn, batch.progress.as_slice())?;
        self.step(Step::Apply)?;
        transaction.commit().doing("commit references")
    }
}

fn append(
    conn: &Connection,
    numbers: &mut Numbers,
    ground: ReferenceGround,
    batch: &ReferenceBatch,
) -> Result<()> {
    let found = &batch.references;
    numbers.find_commits(conn, commits_of(found))?;
    let paths = found.iter().filter_map(|one| path_of(one.reference.target()?));
    rows::append_paths(conn, numbers, paths)?;
    let symbols = symbols_of(conn, numbers, ground, found)?;
    let ords = ords(conn, batch)?;
    let target = |one: &FoundReference| one.reference.target().cloned();
    let targets: Vec<Option<Target>> = found.iter().map(target).collect();
    let targets = || targets.iter().map(Option::as_ref);
    let commit = |oid: &Oid| numbers.known_commit(oid);
    let as_of = |one: &FoundReference| one.as_of.clone();
    let candidates: Vec<Vec<RepoPath>> = found.iter().map(candidates).collect();
    let references = || found.iter().map(|one| &one.reference);
    let lines = |target: Option<&Target>| match target {
        Some(Target::File { lines, .. }) => *lines,
        _ => None,
    };
    Columns::default()
        .texts("source_kind", found.iter().map(|one| one.source.as_str()))
        .ids("source_id", found.iter().map(|one| one.id))
        .u32s("ord", ords.into_iter())
        .texts("field", found.iter().map(|one| one.field))
        .u32s("start_byte", references().map(|one| one.span.start))
        .u32s("end_byte", references().map(|one| one.span.end))
        .texts("raw", found.iter().map(|one| one.raw.as_str()))
        .texts("detector", references().map(|one| one.detector.as_str()))
        .texts("kind", found.iter().map(|one| kind(&one.reference)))
        .texts("status", references().map(|one| one.status.as_str()))
        .texts("rule", references().map(|one| one.rule.as_str()))
        .u32s("candidate_count", references().map(|one| one.candidate_count))
        .path_lists("candidates", candidates.iter().map(Vec::as_slice))
        .f32s("confidence", found.iter().map(confidence))
        .ids_opt("repo_id", references().map(|one| repo_of(one, ground.repo)))
        .ids_opt("as_of_commit", found.iter().map(|one| commit(&as_of(one)?.commit)))
        .texts("as_of_rule", found.iter().map(|one| as_of_rule(one.as_of.as_ref())))
        .f32s(
            "as_of_confidence",
            found.iter().map(|one| one.as_of.as_ref().map_or(0.0, |as_of| as_of.rung.confidence())),
        )
        .u32s_opt("path_id", targets().map(|target| numbers.paths.get(path_of(target?)?)))
        .u32s_opt("first_line", targets().map(|target| Some(lines(target)?.first)))
        .u32s_opt("last_line", targets().map(|target| Some(lines(target)?.last)))
        .ids_opt("commit_id", targets().map(|target| commit(named_commit(target?)?)))
        .ids_opt("symbol_id", (0..found.len()).map(|nth| Some(symbols.get(&nth)?.0)))
        .u32s_opt("key_id", (0..found.len()).map(|nth| Some(symbols.get(&nth)?.1)))
        .u64s_opt("issue", targets().map(|target| issue(target?)))
        .texts_opt("permalink", found.iter().map(|one| one.permalink.as_deref()))
        .append(conn, "code_references")
        .doing(DOING)
}

/// The places of references among those of their texts: behind those that stay.
fn ords(conn: &Connection, batch: &ReferenceBatch) -> Result<Vec<u32>> {
    let mut next: HashMap<u128, u32> = batch.anew.iter().map(|id| (*id, 0)).collect();
    let unknown: HashSet<u128> =
        batch.references.iter().map(|one| one.id).filter(|id| !next.contains_key(id)).collect();
    if !unknown.is_empty() {
        crate::append::stage(conn, unknown.iter().copied())?;
        let sql = format!(
            "SELECT source_id, max(ord) + 1 FROM {CATALOG}.main.code_references
             WHERE source_id IN (SELECT id FROM temp.staged) GROUP BY source_id"
        );
        each(conn, &sql, |row| {
            next.insert(row.get::<_, Raw>(0)?.0, row.get(1)?);
            Ok(())
        })?;
    }
    let mut number = |id: u128| {
        let next = next.entry(id).or_default();
        *next += 1;
        *next - 1
    };
    Ok(batch.references.iter().map(|one| number(one.id)).collect())
}

/// The symbols that references name, or on whose lines they lie, and what those were called, by the places of references.
fn symbols_of(
    conn: &Connection,
    numbers: &Numbers,
    ground: ReferenceGround,
    found: &[FoundReference],
) -> Result<HashMap<usize, (u128, u32)>> {
    let mut symbols = HashMap::new();
    let Some(followed) = ground.followed else { return Ok(symbols) };
    stage_places(conn, numbers, found)?;
    let followed = row::uuid(followed.as_u128());
    // Of a commit that the chain neither has nor brought, what is there now counts.
    let then =
        "(p.pos IS NOT NULL AND v.from_pos <= p.pos AND (v.to_pos IS NULL OR v.to_pos > p.pos))";
    let placed = format!(
        "placed AS (
             SELECT n.*, r.pos FROM temp.references_named AS n
             LEFT JOIN {CATALOG}.main.ref_commits AS r ON r.ref_id = '{followed}'::UUID AND r.commit_id = n.at_commit)"
    );
    let named = format!(
        "WITH {placed}
         SELECT p.nth, s.symbol_id, v.key_id FROM placed AS p
         JOIN {CATALOG}.main.symbol_keys AS k ON k.qualified_name = p.qualified_name AND k.kind::VARCHAR = p.kind
         JOIN {CATALOG}.main.symbol_versions AS v ON v.key_id = k.key_id AND v.path_id = p.path_id
             AND v.ref_id = '{followed}'::UUID
         JOIN {CATALOG}.main.code_symbols AS s ON s.ref_id = v.ref_id AND s.symbol = v.symbol
         WHERE p.qualified_name IS NOT NULL
         QUALIFY row_number() OVER (
             PARTITION BY p.nth ORDER BY {then} DESC, v.to_pos IS NULL DESC, v.from_pos DESC, k.duplicate, s.symbol) = 1"
    );
    let lined = format!(
        "WITH {placed}
         SELECT p.nth, s.symbol_id, v.key_id FROM placed AS p
         JOIN {CATALOG}.main.file_versions AS f ON f.ref_id = '{followed}'::UUID AND f.path_id = p.path_id
             AND f.from_pos <= p.pos AND (f.to_pos IS NULL OR f.to_pos > p.pos) AND f.known_blob_id = f.blob_id
         JOIN {CATALOG}.main.blob_symbols AS b ON b.blob_id = f.blob_id
             AND b.start_line <= p.first_line AND b.end_line >= p.last_line
         JOIN {CATALOG}.main.symbol_versions AS v ON v.ref_id = f.ref_id AND v.path_id = f.path_id
             AND v.key_id = b.key_id AND {then}
         JOIN {CATALOG}.main.code_symbols AS s ON s.ref_id = v.ref_id AND s.symbol = v.symbol
         WHERE p.first_line IS NOT NULL
         QUALIFY row_number() OVER (PARTITION BY p.nth ORDER BY b.end_line - b.start_line, b.ord DESC) = 1"
    );
    for sql in [named, lined] {
        each(conn, &sql, |row| {
            symbols.insert(row.get(0)?, (row.get::<_, Raw>(1)?.0, row.get(2)?));
            Ok(())
        })?;
    }
    Ok(symbols)
}

/// Puts what names a symbol or lines where statements can join with it: `temp.references_named`.
fn stage_places(conn: &Connection, numbers: &Numbers, found: &[FoundReference]) -> Result<()> {
    conn.execute_batch(
        "CREATE OR REPLACE TEMP TABLE references_named (
             nth UBIGINT, at_commit UUID, path_id UINTEGER, kind VARCHAR, qualified_name VARCHAR, first_line UINTEGER,
             last_line UINTEGER)",
    )
    .doing(DOING)?;
    let targets = found.iter().enumerate().filter_map(|(nth, one)| {
        let target = one.reference.target()?;
        let path = numbers.paths.get(path_of(target)?)?;
        let (Target::File { at, lines: Some(_), .. } | Target::Symbol { at, .. }) = target else {
            return None;
        };
        Some((nth as u64, numbers.known_commit(at), path, target))
    });
    let named: Vec<_> = targets.collect();
    let symbol = |target: &Target| match target {
        Target::Symbol { kind, qualified_name, .. } => Some((*kind, qualified_name.clone())),
        _ => None,
    };
    let names: Vec<_> = named.iter().map(|(.., target)| symbol(target)).collect();
    let lines = |target: &Target| match target {
        Target::File { lines, .. } => *lines,
        _ => None,
    };
    Columns::default()
        .u64s_opt("nth", named.iter().map(|one| Some(one.0)))
        .ids_opt("at_commit", named.iter().map(|one| one.1))
        .u32s("path_id", named.iter().map(|one| one.2))
        .texts_opt("kind", names.iter().map(|name| Some(name.as_ref()?.0.as_str())))
        .texts_opt("qualified_name", names.iter().map(|name| Some(name.as_ref()?.1.as_str())))
        .u32s_opt("first_line", named.iter().map(|one| Some(lines(one.3)?.first)))
        .u32s_opt("last_line", named.iter().map(|one| Some(lines(one.3)?.last)))
        .append_to(conn, "temp", "references_named")
        .doing(DOING)
}

/// The commits that references name.
fn commits_of(found: &[FoundReference]) -> HashSet<&Oid> {
    let mut commits = HashSet::new();
    for one in found {
        commits.extend(one.as_of.as_ref().map(|as_of| &as_of.commit));
        if let Some(Target::Commit(at) | Target::File { at, .. } | Target::Symbol { at, .. }) =
            one.reference.target()
        {
            commits.insert(at);
        }
    }
    commits
}

const fn path_of(target: &Target) -> Option<&RepoPath> {
    match target {
        Target::File { path, .. } | Target::Symbol { path, .. } => Some(path),
        Target::Commit(_) | Target::Issue { .. } => None,
    }
}

const fn named_commit(target: &Target) -> Option<&Oid> {
    match target {
        Target::Commit(oid) => Some(oid),
        Target::File { .. } | Target::Symbol { .. } | Target::Issue { .. } => None,
    }
}

const fn issue(target: &Target) -> Option<u64> {
    match target {
        Target::Issue { number, .. } => Some(*number),
        _ => None,
    }
}

/// What a reference names: of one that means nothing certain, what such words name.
fn kind(reference: &Reference) -> &'static str {
    match (reference.candidates.first(), reference.detector) {
        (Some(Target::Commit(_)), _) | (None, Detector::Commit) => "commit",
        (Some(Target::Issue { .. }), _) | (None, Detector::Issue) => "issue",
        (Some(Target::Symbol { .. }), _) | (None, Detector::Symbol) => "symbol",
        (Some(Target::File { lines: Some(_), .. }), _)
        | (None, Detector::PathLine | Detector::Frame | Detector::Hunk) => "lines",
        (Some(Target::File { lines: None, .. }), _) | (None, Detector::Path) => "path",
        (None, Detector::Link) => "ref",
    }
}

/// The candidates for people; of one that means one thing the columns tell it.
fn candidates(found: &FoundReference) -> Vec<RepoPath> {
    found.reference.candidates.iter().map(|target| RepoPath::from(shown(target).as_str())).collect()
}

fn shown(target: &Target) -> String {
    match target {
        Target::Commit(oid) => oid.to_string(),
        Target::Issue { number, .. } => format!("#{number}"),
        Target::Symbol { path, qualified_name, .. } => {
            format!("{}::{qualified_name}", path.to_text())
        }
        Target::File { path, lines: None, .. } => path.to_text().into_owned(),
        Target::File { path, lines: Some(lines), .. } if lines.first == lines.last => {
            format!("{}:{}", path.to_text(), lines.first)
        }
        Target::File { path, lines: Some(lines), .. } => {
            format!("{}:{}-{}", path.to_text(), lines.first, lines.last)
        }
    }
}

/// How surely it means what it means, as far as the commit matters for it.
fn confidence(found: &FoundReference) -> f32 {
    let reference = &found.reference;
    let timeless = matches!(reference.target(), Some(Target::Commit(_) | Target::Issue { .. }))
        || matches!(reference.rule, ReferenceRule::Address | ReferenceRule::Wrote);
    let rung = found.as_of.as_ref().map_or(0.0, |as_of| as_of.rung.confidence());
    if timeless { reference.confidence } else { reference.confidence * rung }
}

fn repo_of(reference: &Reference, repo: RepoId) -> Option<u128> {
    let ours = reference.status != lichen_model::ReferenceStatus::Foreign;
    ours.then(|| repo.as_u128())
}

/// How it is known which commit was current: a commit's own message tells it itself.
fn as_of_rule(as_of: Option<&AsOf>) -> &'static str {
    match as_of.map(|as_of| as_of.rung) {
        Some(Rung::Own) => Rung::Recorded.as_str(),
        Some(rung) => rung.as_str(),
        None => "none",
    }
}

/// A reference as it is stored, with what it means in words.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredReference {
    /// The table of its text.
    pub source: String,
    /// The id of its text.
    pub source_id: u128,
    /// The field of a tool's call; empty for a text.
    pub field: String,
    /// Its bytes in the text.
    pub span: (u32, u32),
    /// The words.
    pub raw: String,
    /// What found it.
    pub detector: String,
    /// What it names.
    pub kind: String,
    /// What it came to.
    pub status: String,
    /// By which rule.
    pub rule: String,
    /// How surely.
    pub confidence: f32,
    /// What it may mean.
    pub candidates: Vec<String>,
    /// How many things it may mean.
    pub candidate_count: u32,
    /// The commit that was current.
    pub as_of: Option<Oid>,
    /// How that is known.
    pub as_of_rule: String,
    /// How surely.
    pub as_of_confidence: f32,
    /// The symbol it means, or on whose lines it lies.
    pub symbol: Option<u128>,
    /// The commit it names.
    pub commit: Option<Oid>,
    /// The file it names.
    pub path: Option<RepoPath>,
    /// Lines of that.
    pub lines: Option<(u32, u32)>,
    /// An address of what it means, as far as it was pushed when it was resolved.
    pub permalink: Option<String>,
}

impl Reader {
    /// The references in texts, in order: of a message those of its tools' calls follow its own.
    pub fn references_in(&self, texts: &[u128]) -> Result<Vec<StoredReference>> {
        let list = row::uuid_list(texts.iter().copied());
        let sql = format!(
            "SELECT r.source_kind::VARCHAR, r.source_id, r.field, r.start_byte, r.end_byte, r.raw, r.detector::VARCHAR,
                 r.kind::VARCHAR, r.status::VARCHAR, r.rule, r.confidence, array_to_string(r.candidates, chr(10)),
                 r.candidate_count, c.oid, r.as_of_rule::VARCHAR, r.as_of_confidence, r.symbol_id, r.permalink,
                 n.oid, p.path, p.path_raw, r.first_line, r.last_line
             FROM code_references AS r LEFT JOIN git_commits AS c ON c.commit_id = r.as_of_commit
             LEFT JOIN git_commits AS n ON n.commit_id = r.commit_id LEFT JOIN paths AS p ON p.path_id = r.path_id
             WHERE r.source_id IN ({list}) OR (r.source_kind = 'tool_call' AND r.source_id IN (
                 SELECT tool_call_id FROM tool_calls WHERE message_id IN ({list})))
             ORDER BY r.source_kind = 'tool_call', r.source_id, r.ord"
        );
        let mut references = Vec::new();
        each(&self.conn, &sql, |row| {
            let candidates: String = row.get(11)?;
            references.push(StoredReference {
                source: row.get(0)?,
                source_id: row.get::<_, Raw>(1)?.0,
                field: row.get(2)?,
                span: (row.get(3)?, row.get(4)?),
                raw: row.get(5)?,
                detector: row.get(6)?,
                kind: row.get(7)?,
                status: row.get(8)?,
                rule: row.get(9)?,
                confidence: row.get(10)?,
                candidates: candidates.lines().map(str::to_owned).collect(),
                candidate_count: row.get(12)?,
                as_of: row.get::<_, Option<row::OidBytes>>(13)?.map(|oid| oid.0),
                as_of_rule: row.get(14)?,
                as_of_confidence: row.get(15)?,
                symbol: row.get::<_, Option<Raw>>(16)?.map(|raw| raw.0),
                permalink: row.get(17)?,
                commit: row.get::<_, Option<row::OidBytes>>(18)?.map(|oid| oid.0),
                path: match row.get::<_, Option<String>>(19)? {
                    Some(path) => Some(row::path(path, row.get(20)?)),
                    None => None,
                },
                lines: row.get::<_, Option<u32>>(21)?.zip(row.get::<_, Option<u32>>(22)?),
            });
            Ok(())
        })?;
        Ok(references)
    }
}
