//! Vectors of remote models, kept because they were paid for.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Float32Type;
use duckdb::{Connection, OptionalExt, params};
use lichen_model::TextHash;

use crate::append::stage;
use crate::columns::Columns;
use crate::error::{Doing, Error, Result};
use crate::open::Store;
use crate::passages::raw;
use crate::reader::Reader;
use crate::row;

impl Store {
    /// Keeps vectors that `model` gave for texts of these hashes; those that are there already are left alone. A
    /// vector whose length is not `dimensions` is left out.
    pub fn put_embeddings(
        &mut self,
        model: &str,
        dimensions: usize,
        vectors: &[(TextHash, Vec<f32>)],
    ) -> Result<()> {
        let bytes = (vectors.len() * dimensions * size_of::<f32>()) as u64;
        self.guard(bytes)?;
        put(&self.conn, model, dimensions, vectors).map_err(|error| self.recover(error))
    }
}

fn put(
    conn: &Connection,
    model: &str,
    dimensions: usize,
    vectors: &[(TextHash, Vec<f32>)],
) -> Result<()> {
    let transaction = conn.unchecked_transaction().doing("begin a transaction")?;
    let model = model_id(conn, model, dimensions)?;
    stage(conn, vectors.iter().map(|(hash, _)| hash.0))?;
    let mut seen = kept(conn, model)?;
    let new: Vec<&(TextHash, Vec<f32>)> = vectors
        .iter()
        .filter(|(hash, vector)| vector.len() == dimensions && seen.insert(hash.0))
        .collect();
    Columns::default()
        .i32s("model_id", new.iter().map(|_| model))
        .ids("text_hash", new.iter().map(|(hash, _)| hash.0))
        .vectors("vector", new.iter().map(|(_, vector)| vector.as_slice()))
        .append(conn, "embeddings")
        .doing("store vectors")?;
    transaction.commit().doing("commit vectors")
}

/// The number of the model, given to it now where it has none.
fn model_id(conn: &Connection, name: &str, dimensions: usize) -> Result<i32> {
    let doing = "store an embedding model";
    let find = "SELECT model_id FROM embedding_models WHERE name = ?";
    if let Some(id) = conn.query_row(find, [name], |row| row.get(0)).optional().doing(doing)? {
        return Ok(id);
    }
    let dimensions = i32::try_from(dimensions).unwrap_or(i32::MAX);
    conn.execute(
        "INSERT INTO embedding_models SELECT coalesce(max(model_id), 0) + 1, ?, ? FROM embedding_models",
        params![name, dimensions],
    )
    .doing(doing)?;
    conn.query_row(find, [name], |row| row.get(0)).doing(doing)
}

/// Those of the staged hashes that have a vector of `model`.
fn kept(conn: &Connection, model: i32) -> Result<HashSet<u128>> {
    let doing = "look vectors up";
    let mut statement = conn
        .prepare("SELECT text_hash FROM embeddings WHERE model_id = ? AND text_hash IN (SELECT id FROM temp.staged)")
        .doing(doing)?;
    let rows = statement.query_map([model], |row| row.get::<_, row::Raw>(0));
    rows.and_then(|rows| rows.map(|raw| raw.map(|raw| raw.0)).collect()).doing(doing)
}

impl Reader {
    /// The kept vectors of `model` for texts of these hashes.
    pub fn embeddings(
        &self,
        model: &str,
        hashes: &[TextHash],
    ) -> Result<HashMap<TextHash, Vec<f32>>> {
        let doing = "read vectors";
        stage(&self.conn, hashes.iter().map(|hash| hash.0))?;
        let mut statement = self
            .conn
            .prepare(
                "SELECT e.text_hash, e.vector FROM embeddings AS e JOIN embedding_models AS m USING (model_id)
                 WHERE m.name = ? AND e.text_hash IN (SELECT id FROM temp.staged)",
            )
            .doing(doing)?;
        let chunks: Vec<RecordBatch> = statement.query_arrow([model]).doing(doing)?.collect();
        let mut vectors = HashMap::new();
        for chunk in &chunks {
            let odd = || Error::Value { column: "embeddings.vector".to_owned() };
            let lists = chunk.column(1).as_list_opt::<i32>().ok_or_else(odd)?;
            for place in 0..lists.len() {
                let list = lists.value(place);
                let vector =
                    list.as_primitive_opt::<Float32Type>().ok_or_else(odd)?.values().to_vec();
                vectors.insert(TextHash(raw(chunk, 0, place)?), vector);
            }
        }
        Ok(vectors)
    }
}
