//! Refs and where they were seen to point.

use std::collections::HashMap;

use duckdb::Connection;
use lichen_model::{Oid, Ref, RefId, RefKind, RefState, RepoId, Timestamp};

use crate::append::Receipt;
use crate::columns::Columns;
use crate::error::{Doing, Error, Result};
use crate::reader::Reader;
use crate::row::{self, At, OidBytes, Raw};

/// A ref as it was last seen.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenRef {
    /// The ref and where it points.
    pub state: RefState,
    /// When it was first seen to point there.
    pub seen: Timestamp,
}

const fn kind_word(kind: RefKind) -> &'static str {
    match kind {
        RefKind::Branch => "branch",
        RefKind::Tag => "tag",
        RefKind::Remote => "remote",
        RefKind::Head => "head",
        RefKind::Other => "other",
    }
}

fn kind_of(word: &str) -> Option<RefKind> {
    use RefKind::{Branch, Head, Other, Remote, Tag};
    [Branch, Tag, Remote, Head, Other].into_iter().find(|&kind| kind_word(kind) == word)
}

type Last = HashMap<u128, (u32, Option<Oid>, Option<String>)>;

/// Notes those of `refs` that point elsewhere than when they were last seen.
pub(crate) fn append(
    conn: &Connection,
    refs: &[RefState],
    now: Timestamp,
    receipt: &mut Receipt,
) -> Result<()> {
    if refs.is_empty() {
        return Ok(());
    }
    let mut last = last_seen(conn, refs)?;
    let stored = stored(conn, refs)?;
    let mut new: HashMap<u128, &Ref> = HashMap::new();
    let mut events: Vec<(u128, u32, &RefState)> = Vec::new();
    for state in refs {
        let id = state.reference.id.as_u128();
        if !stored.contains(&id) {
            new.insert(id, &state.reference);
        }
        let next = match last.get(&id) {
            Some((_, target, symbolic))
                if (target, symbolic) == (&state.target, &state.symbolic) =>
            {
                continue;
            }
            Some((ord, ..)) => ord + 1,
            None => 0,
        };
        events.push((id, next, state));
        last.insert(id, (next, state.target.clone(), state.symbolic.clone()));
    }
    receipt.ref_events = events.len();
    let mut new: Vec<&Ref> = new.into_values().collect();
    new.sort_by(|a, b| a.name.cmp(&b.name));
    Columns::default()
        .ids("ref_id", new.iter().map(|reference| reference.id.as_u128()))
        .ids("repo_id", new.iter().map(|reference| reference.repo.as_u128()))
        .texts("name", new.iter().map(|reference| reference.name.as_str()))
        .texts("kind", new.iter().map(|reference| kind_word(reference.kind)))
        .append(conn, "git_refs")
        .doing("store refs")?;
    Columns::default()
        .ids("ref_id", events.iter().map(|event| event.0))
        .u32s("ord", events.iter().map(|event| event.1))
        .blobs_opt(
            "target",
            events.iter().map(|event| event.2.target.as_ref().map(|oid| oid.0.as_slice())),
        )
        .texts_opt("symbolic", events.iter().map(|event| event.2.symbolic.as_deref()))
        .times("seen_at", events.iter().map(|_| now))
        .append(conn, "git_ref_events")
        .doing("store where refs point")
}

fn stored(conn: &Connection, refs: &[RefState]) -> Result<Vec<u128>> {
    let list = row::uuid_list(refs.iter().map(|state| state.reference.id.as_u128()));
    let sql = format!("SELECT ref_id FROM git_refs WHERE ref_id IN ({list})");
    let mut statement = conn.prepare(&sql).doing("look refs up")?;
    let rows = statement.query_map([], |row| row.get::<_, Raw>(0)).doing("look refs up")?;
    rows.map(|raw| raw.map(|raw| raw.0)).collect::<duckdb::Result<_>>().doing("look refs up")
}

fn last_seen(conn: &Connection, refs: &[RefState]) -> Result<Last> {
    let list = row::uuid_list(refs.iter().map(|state| state.reference.id.as_u128()));
    let sql = format!(
        "SELECT ref_id, ord, target, symbolic FROM git_ref_events WHERE ref_id IN ({list})
         QUALIFY row_number() OVER (PARTITION BY ref_id ORDER BY ord DESC) = 1"
    );
    let mut statement = conn.prepare(&sql).doing("look refs up")?;
    let rows = statement.query_map([], |row| {
        let target: Option<OidBytes> = row.get(2)?;
        Ok((row.get::<_, Raw>(0)?.0, (row.get(1)?, target.map(|oid| oid.0), row.get(3)?)))
    });
    rows.and_then(Iterator::collect).doing("look refs up")
}

impl Reader {
    /// The refs of `repo` as they were last seen, by name; those that are gone have neither target nor symbolic name.
    pub fn refs(&self, repo: RepoId) -> Result<Vec<SeenRef>> {
        let doing = "read the refs";
        let mut statement = self
            .conn
            .prepare(
                "SELECT r.ref_id, r.name, r.kind::VARCHAR, e.target, e.symbolic, e.seen_at
                 FROM git_refs AS r JOIN git_ref_events AS e USING (ref_id)
                 WHERE r.repo_id = ?::UUID
                 QUALIFY row_number() OVER (PARTITION BY r.ref_id ORDER BY e.ord DESC) = 1
                 ORDER BY r.name",
            )
            .doing(doing)?;
        let rows = statement
            .query_map([row::uuid(repo.as_u128())], |row| {
                let target: Option<OidBytes> = row.get(3)?;
                let kind: String = row.get(2)?;
                let (id, name, symbolic, At(seen)) =
                    (row.get::<_, Raw>(0)?, row.get(1)?, row.get(4)?, row.get(5)?);
                Ok((id.0, name, kind, target.map(|oid| oid.0), symbolic, seen))
            })
            .doing(doing)?;
        rows.map(|row| {
            let (id, name, kind, target, symbolic, seen) = row.doing(doing)?;
            let kind = kind_of(&kind)
                .ok_or_else(|| Error::Value { column: "git_refs.kind".to_owned() })?;
            let reference = Ref { id: RefId::from_u128(id), repo, name, kind };
            Ok(SeenRef { state: RefState { reference, target, symbolic }, seen })
        })
        .collect()
    }
}
