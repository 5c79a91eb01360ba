//! SQL of users: one statement that reads the store and nothing else.
//!
//! Four walls, each of which would do alone for most attempts: DuckDB's own parser must find a single SELECT, of which
//! the functions are checked; it is run inside the table function `query`, which takes nothing but a SELECT; its
//! transaction is read-only; and the whole instance has access to files taken away and its settings locked.

use std::fmt::Write;
use std::sync::mpsc;
use std::time::Duration;

use duckdb::Connection;
use duckdb::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};

use crate::error::{Doing, Error, Result};
use crate::open::Store;
use crate::reader::Reader;
use crate::row;

/// How much a statement may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqlLimits {
    /// Rows; what lies beyond is cut off.
    pub rows: usize,
    /// Time, after which the statement is stopped.
    pub timeout: Duration,
}

/// What a statement gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its columns, in order; DuckDB numbers names that come twice.
    pub columns: Vec<Column>,
    /// Its rows, each with a value per column.
    pub rows: Vec<Vec<Value>>,
    /// Whether there were more rows than the limit.
    pub truncated: bool,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as SQL writes it.
    pub kind: String,
}

/// A value of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// Another number.
    Float(f64),
    /// Text, and everything else as text: times in ISO 8601, ids with hyphens, bytes as hexadecimal digits, lists
    /// and structures as JSON.
    Text(String),
}

/// Table functions that read nothing but the store, its catalog or their arguments.
const TABLE_FUNCTIONS: &[&str] = &[
    "duckdb_columns",
    "duckdb_constraints",
    "duckdb_functions",
    "duckdb_tables",
    "duckdb_types",
    "duckdb_views",
    "generate_series",
    "json_each",
    "json_tree",
    "pragma_database_size",
    "pragma_storage_info",
    "pragma_table_info",
    "pragma_version",
    "range",
    "recall",
    "repeat",
    "repeat_row",
    "unnest",
];

/// Other functions that do more than compute.
const FORBIDDEN_FUNCTIONS: &[&str] = &["currval", "getenv", "nextval", "sleep_ms", "write_log"];

impl Store {
    /// Runs one SELECT of a user. It sees the store as it is now and can change nothing; afterwards this store goes
    /// on as before, save that DuckDB has no more access to other files until the store is opened anew.
    pub fn sql(&mut self, query: &str, limits: SqlLimits) -> Result<Table> {
        self.lock_down()?;
        let reader = Reader::over(&self.conn)?;
        let conn = &reader.conn;
        conn.execute_batch("BEGIN TRANSACTION READ ONLY").doing("begin a read-only transaction")?;
        let timer = Timer::start(conn, limits.timeout);
        let table = check(conn, query).and_then(|()| run(conn, query, limits.rows));
        match table {
            Err(Error::Sql(_)) if timer.stop() => Err(Error::SqlTimeout(limits.timeout)),
            other => other,
        }
    }
}

/// Stops what runs on a connection once its time is over.
struct Timer {
    done: mpsc::Sender<()>,
    thread: std::thread::JoinHandle<bool>,
}

impl Timer {
    fn start(conn: &Connection, timeout: Duration) -> Self {
        let (done, over) = mpsc::channel();
        let handle = conn.interrupt_handle();
        let thread = std::thread::spawn(move || {
            let late = over.recv_timeout(timeout) == Err(mpsc::RecvTimeoutError::Timeout);
            if late {
                handle.interrupt();
            }
            late
        });
        Self { done, thread }
    }

    /// Whether the time was over.
    fn stop(self) -> bool {
        // The thread may have ended by itself.
        let _nobody_listens = self.done.send(());
        self.thread.join().unwrap_or(false)
    }
}

/// A message of DuckDB without the prefix of the binding.
fn sql_error(error: &duckdb::Error) -> Error {
    let text = match error {
        duckdb::Error::DuckDBFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    };
    Error::Sql(text)
}

/// Refuses what is no single SELECT, and functions that do more than read the store.
fn check(conn: &Connection, query: &str) -> Result<()> {
    let tree: String = conn
        .query_row(
            "SELECT CAST(json_serialize_sql(CAST(? AS VARCHAR)) AS VARCHAR)",
            [query],
            |row| row.get(0),
        )
        .map_err(|error| sql_error(&error))?;
    let problem = conn
        .query_row(
            "SELECT json_extract_string(?1, '$.error_type'), json_extract_string(?1, '$.error_message'),
                 json_array_length(?1, '$.statements')",
            [&tree],
            |row| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Option<u64>>(2)?)),
        )
        .map_err(|error| sql_error(&error))?;
    match problem {
        (None, _, Some(1)) => {}
        (None, ..) => return Err(Error::SqlForbidden("more than one statement".to_owned())),
        (Some(kind), ..) if kind == "not implemented" => {
            return Err(Error::SqlForbidden("a statement other than SELECT".to_owned()));
        }
        (Some(_), message, _) => return Err(Error::Sql(message.unwrap_or_default())),
    }
    let mut statement = conn
        .prepare(
            "SELECT DISTINCT lower(json_extract_string(value, '$')), path LIKE '%.function'
             FROM json_tree(CAST(? AS JSON)) WHERE key = 'function_name' ORDER BY ALL",
        )
        .map_err(|error| sql_error(&error))?;
    let rows = statement
        .query_map([&tree], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)))
        .map_err(|error| sql_error(&error))?;
    for row in rows {
        let (name, is_table) = row.map_err(|error| sql_error(&error))?;
        let allowed = if is_table {
            TABLE_FUNCTIONS.contains(&name.as_str())
        } else {
            !FORBIDDEN_FUNCTIONS.contains(&name.as_str())
        };
        if !allowed {
            return Err(Error::SqlForbidden(format!("the function `{name}`")));
        }
    }
    Ok(())
}

fn run(conn: &Connection, query: &str, limit: usize) -> Result<Table> {
    let source = format!("query({})", row::literal(query));
    let columns = columns(conn, &source)?;
    let mut select = String::new();
    for (place, column) in columns.iter().enumerate() {
        let comma = if place == 0 { "" } else { ", " };
        write!(select, "{comma}{}", rendered(place, &column.kind))
            .expect("a string takes all that is written");
    }
    let names: Vec<String> = (0..columns.len()).map(|place| format!("c{place}")).collect();
    let sql = format!(
        "SELECT {select} FROM {source} AS t({}) LIMIT {}",
        names.join(", "),
        // One more tells whether there are more.
        i64::try_from(limit).map_or(i64::MAX, |limit| limit.saturating_add(1))
    );
    let mut statement = conn.prepare(&sql).map_err(|error| sql_error(&error))?;
    let mut found = statement.query([]).map_err(|error| sql_error(&error))?;
    let mut table = Table { columns, rows: Vec::new(), truncated: false };
    while let Some(row) = found.next().map_err(|error| sql_error(&error))? {
        if table.rows.len() == limit {
            table.truncated = true;
            break;
        }
        let values = table.columns.iter().enumerate().map(|(place, column)| {
            let value: Value = row.get(place)?;
            Ok(match value {
                // The exact transfer of values, which ids need, makes bytes of truth values.
                Value::Int(byte) if column.kind == "BOOLEAN" => Value::Bool(byte != 0),
                Value::Text(digits) if column.kind == "HUGEINT" => {
                    digits.parse().map_or(Value::Text(digits), Value::Int)
                }
                other => other,
            })
        });
        table.rows.push(values.collect::<duckdb::Result<_>>().map_err(|error| sql_error(&error))?);
    }
    Ok(table)
}

fn columns(conn: &Connection, source: &str) -> Result<Vec<Column>> {
    let mut statement = conn
        .prepare(&format!("DESCRIBE SELECT * FROM {source}"))
        .map_err(|error| sql_error(&error))?;
    let rows = statement.query_map([], |row| Ok(Column { name: row.get(0)?, kind: row.get(1)? }));
    rows.and_then(Iterator::collect).map_err(|error| sql_error(&error))
}

/// The expression that turns column `place` of type `kind` into something that a [`Value`] holds.
fn rendered(place: usize, kind: &str) -> String {
    let column = format!("c{place}");
    match kind {
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "INTEGER" | "BIGINT" | "UTINYINT" | "USMALLINT"
        | "UINTEGER" | "UBIGINT" | "FLOAT" | "DOUBLE" | "VARCHAR" => column,
        "BLOB" => format!("lower(hex({column}))"),
        _ if kind.starts_with("DECIMAL") => format!("CAST({column} AS DOUBLE)"),
        _ if kind.ends_with(']') || kind.starts_with("STRUCT") || kind.starts_with("MAP") => {
            format!("CAST(to_json({column}) AS VARCHAR)")
        }
        _ => format!("CAST({column} AS VARCHAR)"),
    }
}

impl FromSql for Value {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(match value {
            ValueRef::Null => Self::Null,
            ValueRef::Boolean(value) => Self::Bool(value),
            ValueRef::TinyInt(value) => Self::Int(value.into()),
            ValueRef::SmallInt(value) => Self::Int(value.into()),
            ValueRef::Int(value) => Self::Int(value.into()),
            ValueRef::BigInt(value) => Self::Int(value.into()),
            ValueRef::UTinyInt(value) => Self::Int(value.into()),
            ValueRef::USmallInt(value) => Self::Int(value.into()),
            ValueRef::UInt(value) => Self::Int(value.into()),
            ValueRef::UBigInt(value) => Self::Int(value.into()),
            ValueRef::Float(value) => Self::Float(value.into()),
            ValueRef::Double(value) => Self::Float(value),
            ValueRef::Text(text) => Self::Text(String::from_utf8_lossy(text).into_owned()),
            _ => return Err(FromSqlError::InvalidType),
        })
    }
}
