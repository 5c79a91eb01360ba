//! Documents and the versions they had.

use std::collections::{HashMap, HashSet};

use duckdb::{Connection, Row};
use lichen_model::{
    Document, DocumentId, DocumentKind, DocumentVersion, Owner, Problem, RepoId, RepoPath,
    TextHash, Timestamp, VersionId,
};

use crate::append::{Owners, Receipt, existing, stage};
use crate::columns::Columns;
use crate::error::{Doing, Error, Result};
use crate::reader::Reader;
use crate::row::{self, Raw};

/// The word that `documents.kind` keeps for `kind`.
pub(crate) const fn kind_word(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Markdown => "markdown",
        DocumentKind::Rst => "rst",
        DocumentKind::Text => "text",
        DocumentKind::Code => "code",
        DocumentKind::Notebook => "notebook",
    }
}

/// The kind that `documents.kind` keeps as `word`.
pub(crate) fn kind_of(word: &str) -> Option<DocumentKind> {
    use DocumentKind::{Code, Markdown, Notebook, Rst, Text};
    [Markdown, Rst, Text, Code, Notebook].into_iter().find(|&kind| kind_word(kind) == word)
}

/// The current version of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    /// The document.
    pub document: Document,
    /// The version.
    pub version: VersionId,
    /// Hash of its text; zero where the document is gone.
    pub text_hash: TextHash,
    /// Whether the document is gone.
    pub gone: bool,
}

/// The end of a document's history.
#[derive(Clone, Copy)]
struct End {
    ord: u32,
    version: u128,
    hash: u128,
}

/// Appends those of `versions` that say something new: neither stored already nor equal to the document's current one.
pub(crate) fn append<'a>(
    conn: &Connection,
    versions: &'a [DocumentVersion],
    owners: &mut Owners<'a>,
    receipt: &mut Receipt,
) -> Result<()> {
    if versions.is_empty() {
        return Ok(());
    }
    let ids = versions.iter().map(|version| version.id.as_u128());
    let mut seen = existing(conn, "document_versions", "version_id", ids, Some(u128::MAX))?;
    let mut ends = ends(conn, versions)?;
    let mut new: Vec<(u32, &DocumentVersion)> = Vec::new();
    for version in versions {
        let end = ends.get(&version.document.id.as_u128()).copied();
        if end.is_some_and(|end| end.hash == version.text_hash.0)
            || !seen.insert(version.id.as_u128())
        {
            continue;
        }
        if end.map(|end| end.version) != version.previous.map(VersionId::as_u128) {
            let what = "the version does not follow the document's current one and was left out: read the file again";
            receipt.problems.push(Problem::new(version.document.path.to_text(), "", what));
            continue;
        }
        let ord = end.map_or(0, |end| end.ord + 1);
        let end = End { ord, version: version.id.as_u128(), hash: version.text_hash.0 };
        ends.insert(version.document.id.as_u128(), end);
        new.push((ord, version));
    }
    receipt.versions = new.len();
    owners.extend(
        new.iter().filter_map(|(_, version)| {
            Some((Owner::Version(version.id), version.text.as_deref()?))
        }),
    );
    append_documents(conn, &new)?;
    Columns::default()
        .ids("version_id", new.iter().map(|(_, version)| version.id.as_u128()))
        .ids("document_id", new.iter().map(|(_, version)| version.document.id.as_u128()))
        .u32s("ord", new.iter().map(|(ord, _)| *ord))
        .ids_opt(
            "previous_id",
            new.iter().map(|(_, version)| version.previous.map(VersionId::as_u128)),
        )
        .texts_opt("text", new.iter().map(|(_, version)| version.text.as_deref()))
        .ids("text_hash", new.iter().map(|(_, version)| version.text_hash.0))
        .texts("title", new.iter().map(|(_, version)| version.title.as_str()))
        .texts("meta", new.iter().map(|(_, version)| version.meta.as_str()))
        .times("seen_at", new.iter().map(|(_, version)| version.seen))
        .append(conn, "document_versions")
        .doing("store versions of documents")
}

/// Adds the documents of first versions. A document's kind and language are those it was first seen with.
fn append_documents(conn: &Connection, versions: &[(u32, &DocumentVersion)]) -> Result<()> {
    let new: Vec<_> = versions
        .iter()
        .filter(|(ord, _)| *ord == 0)
        .map(|(_, version)| &version.document)
        .collect();
    Columns::default()
        .ids("document_id", new.iter().map(|document| document.id.as_u128()))
        .ids("repo_id", new.iter().map(|document| document.repo.as_u128()))
        .paths("path", new.iter().map(|document| Some(&document.path)))
        .texts("kind", new.iter().map(|document| kind_word(document.kind)))
        .texts_opt("language", new.iter().map(|document| document.language.as_deref()))
        .append(conn, "documents")
        .doing("store documents")
}

/// Where the histories of the documents of `versions` end now.
fn ends(conn: &Connection, versions: &[DocumentVersion]) -> Result<HashMap<u128, End>> {
    let doing = "look documents up";
    let documents: HashSet<u128> =
        versions.iter().map(|version| version.document.id.as_u128()).collect();
    stage(conn, documents.into_iter())?;
    let mut statement = conn
        .prepare(
            "SELECT document_id, max(ord), arg_max(version_id, ord), arg_max(text_hash, ord) FROM document_versions
             WHERE document_id IN (SELECT id FROM temp.staged) GROUP BY document_id",
        )
        .doing(doing)?;
    let rows = statement.query_map([], |row| {
        let end = End {
            ord: row.get(1)?,
            version: row.get::<_, Raw>(2)?.0,
            hash: row.get::<_, Raw>(3)?.0,
        };
        Ok((row.get::<_, Raw>(0)?.0, end))
    });
    rows.and_then(Iterator::collect).doing(doing)
}

impl Reader {
    /// The current version of every document of `repo`, those that are gone included.
    pub fn latest_versions(&self, repo: RepoId) -> Result<HashMap<RepoPath, Latest>> {
        let doing = "list the current versions";
        let mut statement = self
            .conn
            .prepare(
                "SELECT d.document_id, d.path, d.path_raw, d.kind::VARCHAR, d.language, arg_max(v.version_id, v.ord),
                     arg_max(v.text_hash, v.ord), arg_max(v.text IS NULL, v.ord)
                 FROM documents AS d JOIN document_versions AS v USING (document_id)
                 WHERE d.repo_id = ?::UUID GROUP BY ALL",
            )
            .doing(doing)?;
        let mut rows = statement.query([row::uuid(repo.as_u128())]).doing(doing)?;
        let mut latest = HashMap::new();
        while let Some(row) = rows.next().doing(doing)? {
            let document = document(row, 0, repo)?;
            let current = |place| row.get::<_, Raw>(place).map(|raw| raw.0).doing(doing);
            let (version, hash) = (VersionId::from_u128(current(5)?), TextHash(current(6)?));
            let gone = row.get(7).doing(doing)?;
            latest
                .insert(document.path.clone(), Latest { document, version, text_hash: hash, gone });
        }
        Ok(latest)
    }
}

/// A document that is there, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentDocument {
    /// The document.
    pub document: Document,
    /// Its current version.
    pub version: VersionId,
    /// What it is called; empty where it tells no title.
    pub title: String,
    /// When the version was first seen.
    pub seen: Timestamp,
    /// Bytes of its text.
    pub bytes: u64,
}

impl Reader {
    /// Documents that are there, by path: those that `path` lets through, behind the document `after`, at most `limit`.
    pub fn current_documents(
        &self,
        path: Option<&str>,
        after: Option<DocumentId>,
        limit: usize,
    ) -> Result<Vec<CurrentDocument>> {
        let doing = "list documents";
        let path = match path {
            Some(path) => crate::filter::path_matches(path, "d.path")?,
            None => "true".to_owned(),
        };
        let behind = match after {
            Some(after) => format!(
                "(d.path, d.document_id) > (SELECT (path, document_id) FROM documents WHERE document_id = '{}'::UUID)",
                row::uuid(after.as_u128())
            ),
            None => "true".to_owned(),
        };
        let sql = format!(
            "SELECT d.document_id, d.path, o.path_raw, d.kind::VARCHAR, d.language, d.repo_id, d.version_id, d.title, d.seen_at,
                 strlen(d.text)::UBIGINT
             FROM current_documents AS d JOIN documents AS o ON o.document_id = d.document_id
             WHERE {path} AND {behind} ORDER BY d.path, d.document_id LIMIT {limit}"
        );
        let mut statement = self.conn.prepare(&sql).doing(doing)?;
        let mut rows = statement.query([]).doing(doing)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().doing(doing)? {
            let repo = RepoId::from_u128(row.get::<_, Raw>(5).doing(doing)?.0);
            found.push(CurrentDocument {
                document: document(row, 0, repo)?,
                version: VersionId::from_u128(row.get::<_, Raw>(6).doing(doing)?.0),
                title: row.get(7).doing(doing)?,
                seen: row.get::<_, row::At>(8).doing(doing)?.0,
                bytes: row.get(9).doing(doing)?,
            });
        }
        Ok(found)
    }
}

/// The document in the columns from `first` on: id, path, raw path, kind and language.
pub(crate) fn document(row: &Row<'_>, first: usize, repo: RepoId) -> Result<Document> {
    let doing = "read a document";
    let kind: String = row.get(first + 3).doing(doing)?;
    Ok(Document {
        id: DocumentId::from_u128(row.get::<_, Raw>(first).doing(doing)?.0),
        repo,
        path: row::path(row.get(first + 1).doing(doing)?, row.get(first + 2).doing(doing)?),
        kind: kind_of(&kind).ok_or_else(|| Error::Value { column: "documents.kind".to_owned() })?,
        language: row.get(first + 4).doing(doing)?,
    })
}
