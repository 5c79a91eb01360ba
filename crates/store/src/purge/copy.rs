//! The copy: a fresh file with all rows, what changes joined in, proven and put in the old file's place.

use std::path::Path;

use duckdb::Connection;

use super::survey::Survey;
use super::{FRESH, PurgedText, fresh_files, left, marks, stage, sweep};
use crate::columns::micros;
use crate::error::{Doing, Error, Result};
use crate::export::TABLES;
use crate::open::{FILE, Store, log_bytes, wal};
use crate::reader::Reader;
use crate::{CATALOG, disk, migrate, recovery};

/// The name under which the copy is attached.
pub(super) const CATALOG_FRESH: &str = "fresh";
const DOING: &str = "copy the store without what is purged";
/// Rows copied in one transaction.
const STEP: i64 = 65_536;

/// A step of a purge, before or after which a crash must leave a whole store: for tests and proofs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PurgeStep {
    /// In the middle of copying.
    Copy,
    /// When all is copied, before it is proven.
    Prove,
    /// Before the copy takes the old file's place.
    Swap,
    /// Behind that.
    Swapped,
}

impl PurgeStep {
    /// Every step, in order.
    pub const ALL: [Self; 4] = [Self::Copy, Self::Prove, Self::Swap, Self::Swapped];

    /// Its word on command lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Prove => "prove",
            Self::Swap => "swap",
            Self::Swapped => "swapped",
        }
    }
}

/// How the rows of a table are copied of which some change: `o` is the stored row.
struct Plan {
    table: &'static str,
    joins: &'static str,
    /// Columns that are not taken as they are.
    columns: &'static [(&'static str, &'static str)],
    /// Which rows are left out.
    except: &'static str,
}

const PLANS: &[Plan] = &[
    Plan {
        table: "git_commits",
        joins: "LEFT JOIN temp.purge_commits AS n ON n.id = o.commit_id",
        columns: &[("message", "coalesce(n.message, o.message)")],
        except: "",
    },
    Plan {
        table: "document_versions",
        joins: "LEFT JOIN temp.purge_versions AS n ON n.id = o.version_id
                LEFT JOIN temp.purge_ids AS i ON i.old = o.version_id
                LEFT JOIN temp.purge_ids AS p ON p.old = o.previous_id",
        columns: &[
            ("version_id", "coalesce(i.new, o.version_id)"),
            ("previous_id", "coalesce(p.new, o.previous_id)"),
            ("text", "coalesce(n.text, o.text)"),
            ("text_hash", "coalesce(n.text_hash, o.text_hash)"),
            ("title", "coalesce(n.title, o.title)"),
            ("meta", "coalesce(n.meta, o.meta)"),
        ],
        except: "",
    },
    Plan {
        table: "streams",
        joins: "LEFT JOIN temp.purge_streams AS n ON n.id = o.stream_id",
        columns: &[("title", "coalesce(n.title, o.title)")],
        except: "",
    },
    Plan {
        table: "messages",
        joins: "LEFT JOIN temp.purge_messages AS n ON n.id = o.message_id
                LEFT JOIN temp.purge_sums AS s ON s.id = o.message_id
                LEFT JOIN temp.purge_ids AS i ON i.old = o.message_id
                LEFT JOIN temp.purge_ids AS a ON a.old = o.reply_to
                LEFT JOIN temp.purge_ids AS r ON r.old = o.replaces",
        columns: &[
            ("message_id", "coalesce(i.new, o.message_id)"),
            ("text", "coalesce(n.text, o.text)"),
            ("byte_len", "coalesce(n.byte_len, o.byte_len)"),
            ("tokens", "CASE WHEN n.id IS NULL THEN o.tokens ELSE n.tokens END"),
            ("cum_bytes", "CASE WHEN s.id IS NULL THEN o.cum_bytes ELSE s.cum_bytes END"),
            ("cum_tokens", "CASE WHEN s.id IS NULL THEN o.cum_tokens ELSE s.cum_tokens END"),
            ("reply_to", "coalesce(a.new, o.reply_to)"),
            ("replaces", "coalesce(r.new, o.replaces)"),
            ("meta", "coalesce(n.meta, o.meta)"),
        ],
        except: "",
    },
    Plan {
        table: "tool_calls",
        joins: "LEFT JOIN temp.purge_calls AS n ON n.id = o.tool_call_id
                LEFT JOIN temp.purge_ids AS i ON i.old = o.tool_call_id
                LEFT JOIN temp.purge_ids AS m ON m.old = o.message_id",
        columns: &[
            ("tool_call_id", "coalesce(i.new, o.tool_call_id)"),
            ("message_id", "coalesce(m.new, o.message_id)"),
            ("paths", "coalesce(n.paths, o.paths)"),
            ("command", "coalesce(n.command, o.command)"),
            ("patch", "coalesce(n.patch, o.patch)"),
            ("input", "coalesce(n.input, o.input)"),
        ],
        except: "",
    },
    Plan {
        table: "passages",
        joins: "LEFT JOIN temp.purge_passages AS n ON n.id = o.passage_id
                LEFT JOIN temp.purge_ids AS i ON i.old = o.passage_id
                LEFT JOIN temp.purge_ids AS w ON w.old = o.owner_id",
        columns: &[
            ("passage_id", "coalesce(i.new, o.passage_id)"),
            ("owner_id", "coalesce(w.new, o.owner_id)"),
            ("start_byte", "coalesce(n.start_byte, o.start_byte)"),
            ("end_byte", "coalesce(n.end_byte, o.end_byte)"),
            ("line", "coalesce(n.line, o.line)"),
            ("context", "coalesce(n.context, o.context)"),
            ("text_hash", "coalesce(n.text_hash, o.text_hash)"),
        ],
        except: "",
    },
    Plan {
        table: "tags",
        joins: "LEFT JOIN temp.purge_tags AS n
                    ON n.kind = o.thing_kind::VARCHAR AND n.thing = o.thing_id AND n.name = o.name
                LEFT JOIN temp.purge_ids AS i ON i.old = o.thing_id",
        columns: &[
            ("thing_id", "coalesce(i.new, o.thing_id)"),
            ("name", "coalesce(n.new, o.name)"),
        ],
        except: "",
    },
    // What a changed text speaks of is found in it again.
    Plan {
        table: "code_references",
        joins: "",
        columns: &[("source_id", "o.source_id"), ("raw", "o.raw")],
        except: "o.source_id IN (
            SELECT id FROM temp.purge_commits UNION ALL SELECT id FROM temp.purge_versions
            UNION ALL SELECT id FROM temp.purge_messages UNION ALL SELECT id FROM temp.purge_calls
            UNION ALL SELECT old FROM temp.purge_ids)",
    },
    Plan {
        table: "symbol_keys",
        joins: "LEFT JOIN temp.purge_keys AS n ON n.id = o.key_id",
        columns: &[
            ("qualified_name", "coalesce(n.qualified_name, o.qualified_name)"),
            ("name", "coalesce(n.name, o.name)"),
            ("signature", "coalesce(n.signature, o.signature)"),
        ],
        except: "",
    },
    Plan {
        table: "embeddings",
        joins: "",
        columns: &[],
        except: "o.text_hash IN (SELECT hash FROM temp.purge_vectors)",
    },
];

impl Store {
    /// Writes the store anew as `survey` says, and remembers the purged texts by `marks`. `at_step` is called at each step;
    /// what it refuses, and every other failure, leaves the store as it was.
    pub fn purge(
        &mut self,
        survey: &Survey,
        marks: &[PurgedText],
        at_step: &dyn Fn(PurgeStep) -> std::io::Result<()>,
    ) -> Result<()> {
        if self.locked_down {
            return Err(Error::LockedDown);
        }
        self.checkpoint()?;
        let bytes = log_bytes(&self.dir.join(FILE));
        let log = bytes.min(self.options.checkpoint_bytes);
        disk::guard(
            &self.dir,
            self.options.reserve_bytes.saturating_add(bytes).saturating_add(log),
        )?;
        sweep(&self.dir)?;
        let copied = self.copy(survey, marks, at_step);
        let left = self
            .conn
            .execute_batch(&format!(
                "USE {CATALOG}; DETACH DATABASE IF EXISTS {CATALOG_FRESH}; {}",
                stage::END
            ))
            .doing(DOING);
        let swapped = copied.and(left).and_then(|()| self.swap(at_step));
        self.known = None;
        if let Err(error) = swapped {
            if let Err(swept) = sweep(&self.dir) {
                tracing::warn!(error = %swept, "the copy of a purge that failed stays until the next start");
            }
            return Err(self.recover(error));
        }
        Ok(())
    }

    fn copy(
        &self,
        survey: &Survey,
        marks: &[PurgedText],
        at_step: &dyn Fn(PurgeStep) -> std::io::Result<()>,
    ) -> Result<()> {
        let conn = &self.conn;
        stage::stage(conn, survey)?;
        let file = self.dir.join(FRESH);
        recovery::attach_as(conn, &file, CATALOG_FRESH).doing(DOING)?;
        migrate::create_as(conn, CATALOG_FRESH)?;
        conn.execute_batch(&format!("USE {CATALOG}")).doing(DOING)?;
        for (table, _) in TABLES.iter().filter(|(table, _)| *table != "schema_migrations") {
            if *table == "messages" {
                at_step(PurgeStep::Copy).doing(DOING)?;
            }
            copy_table(conn, table)?;
        }
        marks::add(conn, marks, micros(self.options.clock.now()))?;
        conn.execute_batch(&format!("CHECKPOINT {CATALOG_FRESH}")).doing(DOING)?;
        at_step(PurgeStep::Prove).doing(DOING)?;
        prove(conn, survey)
    }

    /// Puts the copy in the old file's place.
    fn swap(&mut self, at_step: &dyn Fn(PurgeStep) -> std::io::Result<()>) -> Result<()> {
        let doing = "put the purged copy in the store's place";
        let [fresh, log] = fresh_files(&self.dir);
        if log_bytes(&log) > 0 {
            return Err(Error::PurgeCheck { what: "its log was not written into it".to_owned() });
        }
        fs_err::File::open(&fresh).and_then(|file| file.sync_all()).doing(doing)?;
        at_step(PurgeStep::Swap).doing(doing)?;
        self.attached = false;
        let swapped = self.exchange(&fresh, doing);
        // Whichever file stands there now.
        let attached = self.reattach();
        swapped.and(attached)?;
        at_step(PurgeStep::Swapped).doing(doing)
    }

    fn exchange(&self, fresh: &Path, doing: &'static str) -> Result<()> {
        self.conn
            .execute_batch(&format!("USE memory; DETACH DATABASE IF EXISTS {CATALOG}"))
            .doing(doing)?;
        // The log of the old file must not be taken for one of the new.
        let old_log = wal(&self.dir);
        if log_bytes(&old_log) > 0 {
            return Err(Error::PurgeCheck { what: "the store's log is not empty".to_owned() });
        }
        match fs_err::remove_file(&old_log) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).doing(doing);
            }
            _ => {}
        }
        fs_err::rename(fresh, self.dir.join(FILE)).doing(doing)?;
        sync_dir(&self.dir).doing(doing)
    }
}

/// Makes a renaming last.
fn sync_dir(dir: &Path) -> std::io::Result<()> {
    if cfg!(unix) { fs_err::File::open(dir)?.sync_all() } else { Ok(()) }
}

/// Copies a table's rows in their order.
fn copy_table(conn: &Connection, table: &str) -> Result<()> {
    let plan = PLANS.iter().find(|plan| plan.table == table);
    let names: Vec<String> =
        left::columns(conn, table)?.into_iter().map(|(name, _)| name).collect();
    let values: Vec<String> = names
        .iter()
        .map(|name| {
            let planned =
                plan.and_then(|plan| plan.columns.iter().find(|(column, _)| column == name));
            planned.map_or_else(|| format!("o.{name}"), |(_, value)| (*value).to_owned())
        })
        .collect();
    let joins = plan.map_or("", |plan| plan.joins);
    let except = plan.map_or("", |plan| plan.except);
    let except = if except.is_empty() { String::new() } else { format!("AND NOT ({except})") };
    // Two labels may become one.
    let conflict = if table == "tags" { "ON CONFLICT DO NOTHING" } else { "" };
    let rows: i64 = conn
        .query_row(&format!("SELECT coalesce(max(rowid) + 1, 0) FROM {table}"), [], |row| {
            row.get(0)
        })
        .doing(DOING)?;
    for first in (0..rows).step_by(usize::try_from(STEP).expect("a small number")) {
        conn.execute_batch(&format!(
            "INSERT INTO {CATALOG_FRESH}.main.{table} ({}) SELECT {} FROM {CATALOG}.main.{table} AS o {joins}
             WHERE o.rowid >= {first} AND o.rowid < {} {except} ORDER BY o.rowid {conflict}",
            names.join(", "),
            values.join(", "),
            first + STEP
        ))
        .doing(DOING)?;
    }
    Ok(())
}

/// Proves the copy: as many rows as before in every table, and no rule broken that was not broken before.
fn prove(conn: &Connection, survey: &Survey) -> Result<()> {
    let wrong = |what: String| Err(Error::PurgeCheck { what });
    for (table, _) in TABLES {
        let count = |catalog: &str| -> Result<u64> {
            let sql = format!("SELECT count(*) FROM {catalog}.main.{table}");
            conn.query_row(&sql, [], |row| row.get(0)).doing(DOING)
        };
        let (old, new) = (count(CATALOG)?, count(CATALOG_FRESH)?);
        let fits = match *table {
            "purged" => new >= old,
            // A model's and another's vector of one text are two rows.
            "embeddings" => new <= old && (new == old || !survey.vectors.is_empty()),
            "code_references" => new <= old && (new == old || !survey.is_empty()),
            "tags" => new <= old && old - new <= survey.tags.len() as u64,
            _ => new == old,
        };
        if !fits {
            return wrong(format!("table `{table}` has {new} rows instead of {old}"));
        }
    }
    let reader = Reader::over_catalog(conn, CATALOG_FRESH)?;
    let findings = reader.doctor()?;
    if findings.is_empty() {
        return Ok(());
    }
    let before = Reader::over(conn)?.doctor()?;
    for finding in findings {
        let known = before.iter().find(|known| known.check == finding.check);
        if known.is_none_or(|known| known.count < finding.count) {
            return wrong(format!("{}: {} rows", finding.check, finding.count));
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) fn planned(table: &str, column: &str) -> bool {
    let plan = PLANS.iter().find(|plan| plan.table == table);
    plan.is_some_and(|plan| plan.columns.iter().any(|(name, _)| *name == column))
}
