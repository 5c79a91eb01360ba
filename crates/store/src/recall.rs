//! The table function `recall('query', k)`: the engine's search among the tables of SQL.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::record_batch::RecordBatch;
use duckdb::core::{DataChunkHandle, LogicalTypeHandle, LogicalTypeId};
use duckdb::vtab::{
    BindInfo, InitInfo, TableFunctionInfo, VTab, record_batch_to_duckdb_data_chunk,
};
use lichen_model::{Owner, PassageId, PassageKind};

use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::open::Store;
use crate::passages::owner_word;

/// One answer of a search, as SQL shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecallRow {
    /// Its score; higher is better.
    pub score: f64,
    /// What kind of text it is.
    pub kind: PassageKind,
    /// The passage.
    pub passage: PassageId,
    /// Its number.
    pub seq: u64,
    /// Whose text it is a span of.
    pub owner: Owner,
    /// The text.
    pub text: String,
}

/// What goes wrong in a search, for the error of the SQL statement that asked for it.
pub type RecallError = Box<dyn std::error::Error + Send + Sync>;

/// A search: the query and how many answers are wanted, best first. It runs while SQL runs, so it reads the store
/// through a [`crate::Reader`] of its own.
pub type RecallFn =
    Arc<dyn Fn(&str, usize) -> std::result::Result<Vec<RecallRow>, RecallError> + Send + Sync>;

impl Store {
    /// Makes `search` the table function `recall('query', k)` of [`Store::sql`], with the columns `rank`, `score`,
    /// `kind`, `seq`, `passage_id`, `owner_kind`, `owner_id` and `text`.
    #[expect(clippy::needless_pass_by_value, reason = "the search is given away; DuckDB keeps it")]
    pub fn register_recall(&mut self, search: RecallFn) -> Result<()> {
        self.conn
            .register_table_function_with_extra_info::<Recall, RecallFn>("recall", &search)
            .doing("register the table function `recall`")
    }
}

struct Recall;

/// The arguments of one call.
struct Call {
    query: String,
    wanted: usize,
}

/// The answers of one call, and how many of them were handed out.
struct Answers {
    rows: RecordBatch,
    handed: AtomicUsize,
}

impl VTab for Recall {
    type InitData = Answers;
    type BindData = Call;

    fn bind(bind: &BindInfo) -> std::result::Result<Call, Box<dyn std::error::Error>> {
        use LogicalTypeId::{Bigint, Double, Uuid, Varchar};
        let columns = [
            ("rank", Bigint),
            ("score", Double),
            ("kind", Varchar),
            ("seq", Bigint),
            ("passage_id", Uuid),
            ("owner_kind", Varchar),
            ("owner_id", Uuid),
            ("text", Varchar),
        ];
        for (name, kind) in columns {
            bind.add_result_column(name, LogicalTypeHandle::from(kind));
        }
        let wanted = usize::try_from(bind.get_parameter(1).to_int64())
            .map_err(|_| "recall: the number of answers is negative")?;
        Ok(Call { query: bind.get_parameter(0).to_string(), wanted })
    }

    /// Searches here and not when binding: a statement is bound more often than it runs.
    fn init(init: &InitInfo) -> std::result::Result<Answers, Box<dyn std::error::Error>> {
        let (search, call) = (init.get_extra_info::<RecallFn>(), init.get_bind_data::<Call>());
        // SAFETY: DuckDB hands back the pointers that registering and binding stored for this function: a `RecallFn`
        // that lives as long as the function is registered, and a `Call` that lives as long as the statement.
        #[expect(unsafe_code, reason = "what a table function keeps comes back as raw pointers")]
        let (search, call) = unsafe { (&*search, &*call) };
        let rows = search(&call.query, call.wanted)
            .map_err(|error| -> Box<dyn std::error::Error> { error })?;
        Ok(Answers { rows: table(&rows), handed: AtomicUsize::new(0) })
    }

    fn func(
        func: &TableFunctionInfo<Self>,
        output: &mut DataChunkHandle,
    ) -> std::result::Result<(), Box<dyn std::error::Error>> {
        const CHUNK: usize = 1024;
        let Answers { rows, handed } = func.get_init_data();
        let from = handed.fetch_add(CHUNK, Ordering::Relaxed).min(rows.num_rows());
        record_batch_to_duckdb_data_chunk(
            &rows.slice(from, CHUNK.min(rows.num_rows() - from)),
            output,
        )
    }

    fn parameters() -> Option<Vec<LogicalTypeHandle>> {
        Some(vec![
            LogicalTypeHandle::from(LogicalTypeId::Varchar),
            LogicalTypeHandle::from(LogicalTypeId::Bigint),
        ])
    }
}

fn table(rows: &[RecallRow]) -> RecordBatch {
    Columns::default()
        .i64s("rank", (1_i64..).take(rows.len()))
        .f64s("score", rows.iter().map(|row| row.score))
        .texts("kind", rows.iter().map(|row| row.kind.name()))
        .i64s("seq", rows.iter().map(|row| i64::try_from(row.seq).unwrap_or(i64::MAX)))
        .ids("passage_id", rows.iter().map(|row| row.passage.as_u128()))
        .texts("owner_kind", rows.iter().map(|row| owner_word(row.owner)))
        .ids("owner_id", rows.iter().map(|row| row.owner.any().id.as_u128()))
        .texts("text", rows.iter().map(|row| row.text.as_str()))
        .into_rows()
}
