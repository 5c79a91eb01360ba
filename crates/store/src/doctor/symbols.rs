//! The rules of code memory, each a query that gives one text for each row that breaks it.

use lichen_model::RefId;

use super::{Finding, Rule};
use crate::error::Result;
use crate::reader::Reader;
use crate::row::{self, OidBytes, Raw};
use crate::symbols::symbol_id;

pub(super) const QUERIES: &[(&str, &str)] = &[
    (
        "paths, blobs, keys and bodies of symbols are numbered from 0",
        "SELECT 'paths' FROM paths HAVING count(*) > 0 AND (count(DISTINCT path_id) <> count(*) OR max(path_id) <> count(*) - 1)
         UNION ALL SELECT 'blobs' FROM blobs HAVING count(*) > 0 AND (count(DISTINCT blob_id) <> count(*) OR max(blob_id) <> count(*) - 1)
         UNION ALL SELECT 'symbol_keys' FROM symbol_keys
         HAVING count(*) > 0 AND (count(DISTINCT key_id) <> count(*) OR max(key_id) <> count(*) - 1)
         UNION ALL SELECT 'symbol_bodies' FROM symbol_bodies
         HAVING count(*) > 0 AND (count(DISTINCT body_id) <> count(*) OR max(body_id) <> count(*) - 1)",
    ),
    (
        "paths, blobs and bodies of symbols stand once",
        "SELECT any_value(path) FROM paths GROUP BY path, path_raw HAVING count(*) > 1
         UNION ALL SELECT oid::VARCHAR FROM blobs GROUP BY oid, read_as HAVING count(*) > 1
         UNION ALL SELECT raw_hash::VARCHAR FROM symbol_bodies
         GROUP BY raw_hash, norm_hash, anon_hash, own_hash, doc_hash HAVING count(*) > 1",
    ),
    (
        "symbols of blobs are numbered from 0, as many as the blob says",
        "SELECT coalesce(b.blob_id, s.blob_id)::VARCHAR FROM (SELECT * FROM blobs WHERE kept AND symbols > 0) AS b
         FULL JOIN (
             SELECT blob_id, count(*) AS rows, count(DISTINCT ord) AS places, max(ord) AS last,
                 bool_and(parent IS NULL OR parent < ord) AS nested
             FROM blob_symbols GROUP BY blob_id
         ) AS s ON s.blob_id = b.blob_id
         WHERE b.blob_id IS NULL OR s.blob_id IS NULL OR s.rows <> b.symbols OR s.places <> s.rows OR s.last <> s.rows - 1
             OR NOT s.nested",
    ),
    (
        "keys and bodies of symbols exist",
        "SELECT s.blob_id::VARCHAR FROM blob_symbols AS s
         WHERE key_id NOT IN (SELECT key_id FROM symbol_keys) OR body_id NOT IN (SELECT body_id FROM symbol_bodies)",
    ),
    (
        "commits whose symbols are known exist and stand once",
        "SELECT commit_id::VARCHAR FROM indexed_commits GROUP BY commit_id HAVING count(*) > 1
         UNION ALL SELECT commit_id::VARCHAR FROM indexed_commits
         WHERE commit_id NOT IN (SELECT commit_id FROM git_commits)",
    ),
    (
        "changes of symbols are numbered from 0 and belong to commits whose symbols are known",
        "SELECT commit_id::VARCHAR FROM symbol_changes GROUP BY commit_id
         HAVING count(*) <> count(DISTINCT ord) OR max(ord) <> count(*) - 1
         UNION ALL SELECT DISTINCT commit_id::VARCHAR FROM symbol_changes
         WHERE commit_id NOT IN (SELECT commit_id FROM indexed_commits)",
    ),
    (
        "changes of symbols have a side, and sides are whole",
        "SELECT commit_id::VARCHAR FROM symbol_changes
         WHERE (old_blob_id IS NULL AND new_blob_id IS NULL)
             OR (old_blob_id IS NULL) <> (old_path_id IS NULL) OR (old_blob_id IS NULL) <> (old_ord IS NULL)
             OR (old_blob_id IS NULL) <> (old_key_id IS NULL) OR (old_blob_id IS NULL) <> (old_body_id IS NULL)
             OR (new_blob_id IS NULL) <> (new_path_id IS NULL) OR (new_blob_id IS NULL) <> (new_ord IS NULL)
             OR (new_blob_id IS NULL) <> (new_key_id IS NULL) OR (new_blob_id IS NULL) <> (new_body_id IS NULL)",
    ),
    (
        "positions of refs are numbered from 0, as many as the index says",
        "SELECT coalesce(i.ref_id, c.ref_id)::VARCHAR FROM symbol_index AS i FULL JOIN (
             SELECT ref_id, count(*) AS rows, count(DISTINCT pos) AS places, count(DISTINCT commit_id) AS commits, max(pos) AS last
             FROM ref_chain GROUP BY ref_id
         ) AS c ON c.ref_id = i.ref_id
         WHERE c.ref_id IS NULL OR i.ref_id IS NULL OR c.rows <> i.positions OR c.places <> c.rows OR c.commits <> c.rows
             OR c.last <> c.rows - 1",
    ),
    (
        "commits are brought once, those of a chain by their own position",
        "SELECT commit_id::VARCHAR FROM ref_commits GROUP BY ref_id, commit_id HAVING count(*) > 1
         UNION ALL SELECT c.commit_id::VARCHAR FROM ref_chain AS c
         LEFT JOIN ref_commits AS r ON r.ref_id = c.ref_id AND r.commit_id = c.commit_id WHERE r.pos IS DISTINCT FROM c.pos
         UNION ALL SELECT r.commit_id::VARCHAR FROM ref_commits AS r
         LEFT JOIN ref_chain AS c ON c.ref_id = r.ref_id AND c.pos = r.pos WHERE c.pos IS NULL",
    ),
    (
        "symbols of refs are numbered from 0 as they came, as many as the index says",
        "SELECT i.ref_id::VARCHAR FROM symbol_index AS i LEFT JOIN (
             SELECT ref_id, count(*) AS rows, count(DISTINCT symbol) AS places, max(symbol) AS last,
                 count(DISTINCT symbol_id) AS ids
             FROM code_symbols GROUP BY ref_id
         ) AS s ON s.ref_id = i.ref_id
         WHERE coalesce(s.rows, 0) <> i.symbols OR s.places <> s.rows OR s.ids <> s.rows OR s.last <> s.rows - 1
         UNION ALL SELECT symbol_id::VARCHAR FROM (
             SELECT symbol_id, from_pos < lag(from_pos) OVER (PARTITION BY ref_id ORDER BY symbol) AS broken FROM code_symbols
         ) WHERE broken",
    ),
    (
        "versions of symbols follow one another",
        "SELECT symbol::VARCHAR FROM (
             SELECT symbol, from_pos,
                 lag(coalesce(to_pos, 4294967295)) OVER (PARTITION BY ref_id, symbol ORDER BY from_pos) AS ended
             FROM symbol_versions
         ) WHERE ended > from_pos
         UNION ALL SELECT path_id::VARCHAR FROM (
             SELECT path_id, from_pos,
                 lag(coalesce(to_pos, 4294967295)) OVER (PARTITION BY ref_id, path_id ORDER BY from_pos) AS ended
             FROM file_versions
         ) WHERE ended > from_pos",
    ),
    (
        "symbols and versions belong together, and versions to positions",
        "SELECT v.symbol::VARCHAR FROM symbol_versions AS v
         LEFT JOIN code_symbols AS s ON s.ref_id = v.ref_id AND s.symbol = v.symbol
         LEFT JOIN symbol_index AS i ON i.ref_id = v.ref_id
         WHERE s.symbol IS NULL OR i.ref_id IS NULL OR v.from_pos < s.from_pos OR coalesce(v.to_pos, v.from_pos) >= i.positions
         UNION ALL SELECT s.symbol::VARCHAR FROM code_symbols AS s
         LEFT JOIN symbol_versions AS v ON v.ref_id = s.ref_id AND v.symbol = s.symbol AND v.from_pos = s.from_pos
         WHERE v.symbol IS NULL",
    ),
    (
        "what versions name exists",
        "SELECT symbol::VARCHAR FROM symbol_versions
         WHERE key_id NOT IN (SELECT key_id FROM symbol_keys) OR body_id NOT IN (SELECT body_id FROM symbol_bodies)
             OR path_id NOT IN (SELECT path_id FROM paths) OR origin_commit NOT IN (SELECT commit_id FROM git_commits)
         UNION ALL SELECT path_id::VARCHAR FROM file_versions
         WHERE path_id NOT IN (SELECT path_id FROM paths) OR blob_id NOT IN (SELECT blob_id FROM blobs)
             OR (known_blob_id IS NOT NULL AND known_blob_id NOT IN (SELECT blob_id FROM blobs))",
    ),
    (
        "what stands at the tip of a ref is what its files define",
        "SELECT coalesce(v.path_id, f.path_id)::VARCHAR FROM (
             SELECT ref_id, path_id, key_id, body_id FROM symbol_versions WHERE to_pos IS NULL
         ) AS v FULL JOIN (
             SELECT f.ref_id, f.path_id, b.key_id, b.body_id FROM file_versions AS f
             JOIN blob_symbols AS b ON b.blob_id = f.known_blob_id WHERE f.to_pos IS NULL
         ) AS f ON f.ref_id = v.ref_id AND f.path_id = v.path_id AND f.key_id = v.key_id AND f.body_id = v.body_id
         WHERE v.path_id IS NULL OR f.path_id IS NULL",
    ),
    (
        "references are numbered from 0",
        "SELECT source_id::VARCHAR FROM code_references GROUP BY source_kind, source_id
         HAVING count(*) <> count(DISTINCT ord) OR max(ord) <> count(*) - 1",
    ),
    (
        "references stand in texts that exist, and say what these say",
        "SELECT r.source_id::VARCHAR FROM code_references AS r LEFT JOIN (
             SELECT 'commit' AS kind, commit_id AS id, '' AS field, message AS text FROM git_commits
             UNION ALL SELECT 'message', message_id, '', text FROM messages
             UNION ALL SELECT 'version', version_id, '', text FROM document_versions
             UNION ALL SELECT 'tool_call', tool_call_id, 'paths', array_to_string(paths, chr(10)) FROM tool_calls
             UNION ALL SELECT 'tool_call', tool_call_id, 'command', command FROM tool_calls
             UNION ALL SELECT 'tool_call', tool_call_id, 'patch', patch FROM tool_calls
         ) AS t ON t.kind = r.source_kind::VARCHAR AND t.id = r.source_id AND t.field = r.field
         WHERE t.text IS NULL OR coalesce(encode(t.text)[r.start_byte + 1:r.end_byte], ''::BLOB) <> encode(r.raw)",
    ),
    (
        "what references name exists",
        "SELECT source_id::VARCHAR FROM code_references
         WHERE (path_id IS NOT NULL AND path_id NOT IN (SELECT path_id FROM paths))
             OR (key_id IS NOT NULL AND key_id NOT IN (SELECT key_id FROM symbol_keys))
             OR (commit_id IS NOT NULL AND commit_id NOT IN (SELECT commit_id FROM git_commits))
             OR (as_of_commit IS NOT NULL AND as_of_commit NOT IN (SELECT commit_id FROM git_commits))
             OR (repo_id IS NOT NULL AND repo_id NOT IN (SELECT repo_id FROM repos))",
    ),
];

impl Reader {
    /// Ids of symbols come from where these were first seen.
    pub(super) fn symbol_ids(&self) -> Result<Option<Finding>> {
        let mut rule = Rule::new("ids of symbols come from ref, commit and place");
        let sql = "SELECT s.symbol_id, s.ref_id, s.introduced_commit, c.oid, p.path, p.path_raw, s.first_ord FROM code_symbols AS s
             LEFT JOIN git_commits AS c ON c.commit_id = s.introduced_commit LEFT JOIN paths AS p ON p.path_id = s.first_path_id";
        self.every(sql, |row| {
            let id = row.get::<_, Raw>(0)?.0;
            let reference = RefId::from_u128(row.get::<_, Raw>(1)?.0);
            let (oid, path): (Option<OidBytes>, Option<String>) = (row.get(3)?, row.get(4)?);
            let (commit, ord) = (row.get::<_, Raw>(2)?.0, row.get(6)?);
            let raw: Option<Vec<u8>> = row.get(5)?;
            let derived = oid.zip(path).map(|(oid, path)| {
                symbol_id(reference, (commit, &oid.0), &row::path(path, raw), ord)
            });
            rule.hold(derived.is_some_and(|derived| derived.as_u128() == id), || row::uuid(id));
            Ok(())
        })?;
        Ok(rule.finding())
    }
}
