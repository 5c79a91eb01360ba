//! The state of the store, what is wrong with it, its documents, and rows of SQL.

use std::collections::BTreeMap;

use lichen_engine::{DoctorFinding, DocumentInfo, Status, Table, Value, format_instant};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use utoipa::ToSchema;

/// What the store holds, how fresh it is, and how large.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatusShape {
    /// The store's folder.
    store: String,
    /// Rows by table.
    counts: BTreeMap<String, u64>,
    /// The heads of the repositories as they were taken in.
    heads: Vec<HeadShape>,
    index: IndexShape,
    /// Bytes on the disk by part.
    sizes: BTreeMap<String, u64>,
}

/// A head as it was taken in.
#[derive(Serialize, ToSchema)]
pub(crate) struct HeadShape {
    repo: String,
    r#ref: String,
    oid: String,
    /// Commits that are not taken in; null where the repository cannot be asked.
    lag: Option<u64>,
}

/// The state of the index.
#[derive(Serialize, ToSchema)]
pub(crate) struct IndexShape {
    model: String,
    indexed: u64,
    lag: u64,
    state: String,
}

/// What a check of everything found.
#[derive(Serialize, ToSchema)]
pub(crate) struct DoctorShape {
    healthy: bool,
    findings: Vec<FindingShape>,
}

/// Something that is not as it should be.
#[derive(Serialize, ToSchema)]
pub(crate) struct FindingShape {
    check: String,
    what: String,
    repair: String,
}

/// Documents, by path.
#[derive(Serialize, ToSchema)]
pub(crate) struct DocumentPage {
    pub(crate) documents: Vec<DocumentShape>,
    /// Where the list goes on; absent at its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

/// A document that is there.
#[derive(Serialize, ToSchema)]
pub(crate) struct DocumentShape {
    pub(crate) id: String,
    /// What `get` takes to show it as it is.
    version: String,
    path: String,
    title: String,
    language: String,
    seen: String,
    bytes: u64,
}

/// Rows of a statement.
#[derive(Serialize, ToSchema)]
pub(crate) struct TableShape {
    /// Each by the names of its columns.
    #[schema(value_type = Vec<Object>)]
    rows: Vec<Json>,
    /// Whether there are more.
    truncated: bool,
}

impl From<&Status> for StatusShape {
    fn from(status: &Status) -> Self {
        let heads = status.heads.iter().map(|head| HeadShape {
            repo: head.repo.clone(),
            r#ref: head.name.clone(),
            oid: head.oid.clone(),
            lag: head.lag,
        });
        let index = &status.index;
        Self {
            store: status.dir.to_string_lossy().into_owned(),
            counts: status.counts.iter().cloned().collect(),
            heads: heads.collect(),
            index: IndexShape {
                model: index.model.clone(),
                indexed: index.indexed,
                lag: index.lag,
                state: index.state.clone(),
            },
            sizes: status.sizes.iter().cloned().collect(),
        }
    }
}

impl From<&[DoctorFinding]> for DoctorShape {
    fn from(findings: &[DoctorFinding]) -> Self {
        let finding = |finding: &DoctorFinding| FindingShape {
            check: finding.check.clone(),
            what: finding.what.clone(),
            repair: finding.repair.clone(),
        };
        Self { healthy: findings.is_empty(), findings: findings.iter().map(finding).collect() }
    }
}

impl From<&DocumentInfo> for DocumentShape {
    fn from(document: &DocumentInfo) -> Self {
        Self {
            id: document.id.to_string(),
            version: document.version.to_string(),
            path: document.path.clone(),
            title: document.title.clone(),
            language: document.language.clone(),
            seen: format_instant(document.seen),
            bytes: document.bytes,
        }
    }
}

impl From<&Table> for TableShape {
    fn from(table: &Table) -> Self {
        let row = |row: &Vec<Value>| {
            let fields = table.columns.iter().zip(row);
            let fields: Map<String, Json> =
                fields.map(|(column, value)| (column.name.clone(), self::value(value))).collect();
            Json::Object(fields)
        };
        Self { rows: table.rows.iter().map(row).collect(), truncated: table.truncated }
    }
}

fn value(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(value) => {
            i64::try_from(*value).map_or_else(|_| json!(value.to_string()), |value| json!(value))
        }
        Value::Float(value) => json!(value),
        Value::Text(value) => json!(value),
    }
}
