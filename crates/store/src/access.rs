//! Access keys and the audit log: housekeeping, never facts.

use duckdb::{Connection, Row, params};
use lichen_model::{AccessKey, AccessScope, AuditEntry, StreamLimits, Timestamp};

use crate::columns::micros;
use crate::error::{Doing, Error, Result};
use crate::open::Store;
use crate::reader::Reader;
use crate::row::At;

/// Bytes that a few rows may need.
const ROW_BYTES: u64 = 4096;

impl Store {
    /// Adds a key. Where it takes the place of another, that one ends at `overlap`, unless it ends before.
    pub fn add_access_key(
        &mut self,
        key: &AccessKey,
        overlap: Option<Timestamp>,
        actor: &str,
    ) -> Result<()> {
        self.guard(ROW_BYTES)?;
        add(&self.conn, key, overlap, actor).map_err(|error| self.recover(error))
    }

    /// Revokes a key; tells whether there is one of that id that was not revoked before.
    pub fn revoke_access_key(&mut self, id: &str, at: Timestamp, actor: &str) -> Result<bool> {
        self.guard(ROW_BYTES)?;
        revoke(&self.conn, id, at, actor).map_err(|error| self.recover(error))
    }

    /// Notes when keys were used last.
    pub fn note_access(&mut self, used: &[(String, Timestamp)]) -> Result<()> {
        self.guard(ROW_BYTES)?;
        note(&self.conn, used).map_err(|error| self.recover(error))
    }
}

impl Reader {
    /// Every key, in the order they were made.
    pub fn access_keys(&self) -> Result<Vec<AccessKey>> {
        let doing = "read access keys";
        let mut statement = self
            .conn
            .prepare(
                "SELECT key_id, name, hash, scopes, streams, created_at, expires_at, revoked_at, replaces, used_at
                 FROM access_keys ORDER BY created_at, key_id",
            )
            .doing(doing)?;
        let mut rows = statement.query([]).doing(doing)?;
        let mut keys = Vec::new();
        while let Some(row) = rows.next().doing(doing)? {
            keys.push(key(row)?);
        }
        Ok(keys)
    }

    /// The last `count` rows of the audit log, the newest first.
    pub fn audit_log(&self, count: usize) -> Result<Vec<AuditEntry>> {
        let doing = "read the audit log";
        let sql = format!(
            "SELECT done_at, actor, action, object FROM audit_log ORDER BY done_at DESC, rowid DESC LIMIT {count}"
        );
        let mut statement = self.conn.prepare(&sql).doing(doing)?;
        let rows = statement.query_map([], |row| {
            Ok(AuditEntry {
                at: row.get::<_, At>(0)?.0,
                actor: row.get(1)?,
                action: row.get(2)?,
                object: row.get(3)?,
            })
        });
        rows.and_then(Iterator::collect).doing(doing)
    }
}

fn add(conn: &Connection, key: &AccessKey, overlap: Option<Timestamp>, actor: &str) -> Result<()> {
    let doing = "store an access key";
    let transaction = conn.unchecked_transaction().doing("begin a transaction")?;
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.name()).collect();
    let streams = key.streams.as_ref().map(|limits| limits.0.join("\n"));
    conn.execute(
        "INSERT INTO access_keys (key_id, name, hash, scopes, streams, created_at, expires_at, replaces)
         VALUES (?, ?, ?, ?, ?, make_timestamp(?::BIGINT), make_timestamp(?::BIGINT), ?)",
        params![
            key.id,
            key.name,
            key.hash.as_slice(),
            scopes.join(","),
            streams,
            micros(key.created),
            key.expires.map(micros),
            key.replaces,
        ],
    )
    .doing(doing)?;
    let action = match (&key.replaces, overlap) {
        (Some(old), Some(end)) => {
            conn.execute(
                "UPDATE access_keys SET expires_at = make_timestamp(?)
                 WHERE key_id = ? AND (expires_at IS NULL OR expires_at > make_timestamp(?))",
                params![micros(end), old, micros(end)],
            )
            .doing(doing)?;
            "key.rotate"
        }
        _ => "key.create",
    };
    log(conn, key.created, actor, action, key.replaces.as_ref().unwrap_or(&key.id))?;
    transaction.commit().doing("commit an access key")
}

fn revoke(conn: &Connection, id: &str, at: Timestamp, actor: &str) -> Result<bool> {
    let transaction = conn.unchecked_transaction().doing("begin a transaction")?;
    let changed = conn
        .execute(
            "UPDATE access_keys SET revoked_at = make_timestamp(?) WHERE key_id = ? AND revoked_at IS NULL",
            params![micros(at), id],
        )
        .doing("revoke an access key")?;
    if changed > 0 {
        log(conn, at, actor, "key.revoke", id)?;
    }
    transaction.commit().doing("commit a revocation")?;
    Ok(changed > 0)
}

fn note(conn: &Connection, used: &[(String, Timestamp)]) -> Result<()> {
    let transaction = conn.unchecked_transaction().doing("begin a transaction")?;
    for (id, at) in used {
        conn.execute(
            "UPDATE access_keys SET used_at = make_timestamp(?) WHERE key_id = ?",
            params![micros(*at), id],
        )
        .doing("note the use of an access key")?;
    }
    transaction.commit().doing("commit the use of access keys")
}

fn log(conn: &Connection, at: Timestamp, actor: &str, action: &str, object: &str) -> Result<()> {
    conn.execute(
        "INSERT INTO audit_log (done_at, actor, action, object) VALUES (make_timestamp(?), ?, ?, ?)",
        params![micros(at), actor, action, object],
    )
    .doing("store a row of the audit log")?;
    Ok(())
}

fn key(row: &Row<'_>) -> Result<AccessKey> {
    let doing = "read access keys";
    let odd = |column: &str| Error::Value { column: format!("access_keys.{column}") };
    let hash: Vec<u8> = row.get(2).doing(doing)?;
    let scopes: String = row.get(3).doing(doing)?;
    let streams: Option<String> = row.get(4).doing(doing)?;
    let time = |column: usize| -> Result<Option<Timestamp>> {
        Ok(row.get::<_, Option<At>>(column).doing(doing)?.map(|at| at.0))
    };
    let scopes = scopes.split(',').filter(|word| !word.is_empty());
    Ok(AccessKey {
        id: row.get(0).doing(doing)?,
        name: row.get(1).doing(doing)?,
        hash: hash.try_into().map_err(|_| odd("hash"))?,
        scopes: scopes
            .map(|word| AccessScope::from_name(word).ok_or_else(|| odd("scopes")))
            .collect::<Result<_>>()?,
        // No name is a limit to nothing, not to everything.
        streams: streams.map(|list| StreamLimits(list.lines().map(str::to_owned).collect())),
        created: time(5)?.ok_or_else(|| odd("created_at"))?,
        expires: time(6)?,
        revoked: time(7)?,
        replaces: row.get(8).doing(doing)?,
        used: time(9)?,
    })
}
