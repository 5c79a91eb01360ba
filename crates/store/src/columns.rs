//! Columns of values on their way into a table: whole vectors, never row by row.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanArray, FixedSizeBinaryBuilder, Float32Array, Float32Builder,
    Float64Array, Int16Array, Int32Array, Int64Array, ListBuilder, StringBuilder,
    TimestampMicrosecondArray, UInt16Array, UInt32Array, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::record_batch::RecordBatch;
use duckdb::Connection;
use lichen_model::{RepoPath, Timestamp};

use crate::CATALOG;

/// The farthest times that DuckDB's TIMESTAMP holds, in milliseconds.
const TIME_LIMIT: i64 = 9_223_372_022_400_000;

/// Columns of equal length, by name.
#[derive(Default)]
pub(crate) struct Columns {
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl Columns {
    fn push(mut self, name: &str, kind: DataType, array: ArrayRef) -> Self {
        self.fields.push(Field::new(name, kind, true));
        self.arrays.push(array);
        self
    }

    pub(crate) fn ids(self, name: &str, values: impl Iterator<Item = u128>) -> Self {
        self.ids_opt(name, values.map(Some))
    }

    pub(crate) fn ids_opt(
        mut self,
        name: &str,
        values: impl Iterator<Item = Option<u128>>,
    ) -> Self {
        let mut builder = FixedSizeBinaryBuilder::with_capacity(values.size_hint().0, 16);
        for value in values {
            match value {
                Some(id) => builder.append_value(id.to_be_bytes()).expect("an id has 16 bytes"),
                None => builder.append_null(),
            }
        }
        let uuid = HashMap::from([("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned())]);
        self.fields.push(Field::new(name, DataType::FixedSizeBinary(16), true).with_metadata(uuid));
        self.arrays.push(Arc::new(builder.finish()));
        self
    }

    pub(crate) fn texts<'a>(self, name: &str, values: impl Iterator<Item = &'a str>) -> Self {
        self.texts_opt(name, values.map(Some))
    }

    pub(crate) fn texts_opt<'a>(
        self,
        name: &str,
        values: impl Iterator<Item = Option<&'a str>>,
    ) -> Self {
        let mut builder = StringBuilder::with_capacity(values.size_hint().0, 0);
        values.for_each(|value| builder.append_option(value));
        self.push(name, DataType::Utf8, Arc::new(builder.finish()))
    }

    /// A path as text, and its bytes beside it where they are not UTF-8.
    pub(crate) fn paths<'a>(
        self,
        name: &str,
        values: impl Iterator<Item = Option<&'a RepoPath>> + Clone,
    ) -> Self {
        let mut texts = StringBuilder::with_capacity(values.size_hint().0, 0);
        let mut raws = BinaryBuilder::new();
        for path in values {
            texts.append_option(path.map(RepoPath::to_text));
            raws.append_option(
                path.map(|path| &path.0).filter(|bytes| std::str::from_utf8(bytes).is_err()),
            );
        }
        self.push(name, DataType::Utf8, Arc::new(texts.finish())).push(
            &format!("{name}_raw"),
            DataType::Binary,
            Arc::new(raws.finish()),
        )
    }

    pub(crate) fn blobs<'a>(self, name: &str, values: impl Iterator<Item = &'a [u8]>) -> Self {
        self.blobs_opt(name, values.map(Some))
    }

    pub(crate) fn blobs_opt<'a>(
        self,
        name: &str,
        values: impl Iterator<Item = Option<&'a [u8]>>,
    ) -> Self {
        let mut builder = BinaryBuilder::new();
        values.for_each(|value| builder.append_option(value));
        self.push(name, DataType::Binary, Arc::new(builder.finish()))
    }

    pub(crate) fn times(self, name: &str, values: impl Iterator<Item = Timestamp>) -> Self {
        let array = TimestampMicrosecondArray::from_iter_values(values.map(micros));
        self.push(name, DataType::Timestamp(TimeUnit::Microsecond, None), Arc::new(array))
    }

    pub(crate) fn i16s(self, name: &str, values: impl Iterator<Item = i16>) -> Self {
        self.push(name, DataType::Int16, Arc::new(Int16Array::from_iter_values(values)))
    }

    pub(crate) fn i32s(self, name: &str, values: impl Iterator<Item = i32>) -> Self {
        self.push(name, DataType::Int32, Arc::new(Int32Array::from_iter_values(values)))
    }

    pub(crate) fn i64s(self, name: &str, values: impl Iterator<Item = i64>) -> Self {
        self.push(name, DataType::Int64, Arc::new(Int64Array::from_iter_values(values)))
    }

    pub(crate) fn i64s_opt(self, name: &str, values: impl Iterator<Item = Option<i64>>) -> Self {
        self.push(name, DataType::Int64, Arc::new(values.collect::<Int64Array>()))
    }

    pub(crate) fn f64s(self, name: &str, values: impl Iterator<Item = f64>) -> Self {
        self.push(name, DataType::Float64, Arc::new(Float64Array::from_iter_values(values)))
    }

    pub(crate) fn u16s(self, name: &str, values: impl Iterator<Item = u16>) -> Self {
        self.push(name, DataType::UInt16, Arc::new(UInt16Array::from_iter_values(values)))
    }

    pub(crate) fn u32s(self, name: &str, values: impl Iterator<Item = u32>) -> Self {
        self.push(name, DataType::UInt32, Arc::new(UInt32Array::from_iter_values(values)))
    }

    pub(crate) fn u32s_opt(self, name: &str, values: impl Iterator<Item = Option<u32>>) -> Self {
        self.push(name, DataType::UInt32, Arc::new(values.collect::<UInt32Array>()))
    }

    pub(crate) fn u64s_opt(self, name: &str, values: impl Iterator<Item = Option<u64>>) -> Self {
        self.push(name, DataType::UInt64, Arc::new(values.collect::<UInt64Array>()))
    }

    pub(crate) fn f32s(self, name: &str, values: impl Iterator<Item = f32>) -> Self {
        self.push(name, DataType::Float32, Arc::new(Float32Array::from_iter_values(values)))
    }

    pub(crate) fn bools(self, name: &str, values: impl Iterator<Item = bool>) -> Self {
        self.push(name, DataType::Boolean, Arc::new(values.map(Some).collect::<BooleanArray>()))
    }

    pub(crate) fn path_lists<'a>(
        self,
        name: &str,
        values: impl Iterator<Item = &'a [RepoPath]>,
    ) -> Self {
        let mut builder = ListBuilder::new(StringBuilder::new());
        for paths in values {
            for path in paths {
                builder.values().append_value(path.to_text());
            }
            builder.append(true);
        }
        let array = builder.finish();
        self.push(name, arrow::array::Array::data_type(&array).clone(), Arc::new(array))
    }

    pub(crate) fn vectors<'a>(self, name: &str, values: impl Iterator<Item = &'a [f32]>) -> Self {
        let mut builder = ListBuilder::new(Float32Builder::new());
        for vector in values {
            builder.values().append_slice(vector);
            builder.append(true);
        }
        let array = builder.finish();
        self.push(name, arrow::array::Array::data_type(&array).clone(), Arc::new(array))
    }

    /// The rows.
    pub(crate) fn into_rows(self) -> RecordBatch {
        RecordBatch::try_new(Arc::new(Schema::new(self.fields)), self.arrays)
            .expect("columns are of equal length")
    }

    /// Appends the rows to `table` of the store, in the transaction that is open.
    pub(crate) fn append(self, conn: &Connection, table: &str) -> duckdb::Result<()> {
        self.append_to(conn, CATALOG, table)
    }

    /// Appends the rows to `table` of `catalog`.
    pub(crate) fn append_to(
        self,
        conn: &Connection,
        catalog: &str,
        table: &str,
    ) -> duckdb::Result<()> {
        if self.arrays.first().is_none_or(|array| array.is_empty()) {
            return Ok(());
        }
        let schema = Arc::new(Schema::new(self.fields));
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let mut appender =
            conn.appender_with_columns_to_catalog_and_db(table, catalog, "main", &names)?;
        let rows = RecordBatch::try_new(Arc::clone(&schema), self.arrays)
            .expect("columns are of equal length");
        appender.append_record_batch(rows)?;
        appender.flush()
    }
}

/// Microseconds of a time, kept within what DuckDB's TIMESTAMP holds.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.millis().clamp(-TIME_LIMIT, TIME_LIMIT) * 1000
}
