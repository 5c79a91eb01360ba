//! The vectors of one model: sealed segments and a live tail, searched exactly or by codes and exact re-scoring.

pub(crate) mod code;
pub(crate) mod kernel;
pub(crate) mod rotation;
pub(crate) mod row;
mod search;
pub(crate) mod segment;

use std::io;
use std::path::{Path, PathBuf};

use code::{Codes, block_words};
use rotation::Rotation;
use segment::Segment;

pub(crate) use search::VectorQuery;

use crate::{ModelKey, runs};

/// Bytes of codes and rows at which the tail becomes a segment.
const TAIL_BYTES: usize = 40 << 20;
/// Bytes at which joined segments are long enough.
const SEGMENT_BYTES: usize = 96 << 20;

/// When so many vectors are there, their mean becomes the centre of all codes. Fewer are scored without codes.
const CENTRED_FROM: u32 = 4096;

/// Vectors `0..len` of a model, in the order of their passages.
///
/// **Invariant:** the centre depends on the rows of the first [`CENTRED_FROM`] vectors alone, and a code on the centre and its
/// own row: how vectors were split into appends and seals leaves no trace.
#[derive(Debug)]
pub(crate) struct VectorSet {
    model: ModelKey,
    dir: PathBuf,
    rotation: Rotation,
    /// The centre of the codes, rotated; zeros until there are enough vectors.
    centre: Vec<f32>,
    segments: Vec<Segment>,
    tail: Tail,
}

/// Vectors not yet in a file.
#[derive(Debug, Default)]
struct Tail {
    first: u32,
    len: u32,
    codes: Codes,
    rows: Vec<i16>,
}

/// A run of vectors as a search sees it.
#[derive(Clone, Copy, Debug)]
struct Part<'a> {
    first: u32,
    len: u32,
    codes: &'a [u64],
    rows: &'a [i16],
}

impl VectorSet {
    /// No vectors; segments will lie in `dir`.
    pub(crate) fn new(model: ModelKey, dir: PathBuf) -> Self {
        let rotation = Rotation::new(model.dims);
        let centre = vec![0.0; rotation.padded()];
        Self { model, dir, rotation, centre, segments: Vec::new(), tail: Tail::default() }
    }

    /// Opens the segments of these names in `dir`.
    pub(crate) fn open(model: ModelKey, dir: PathBuf, names: &[String]) -> io::Result<Self> {
        let mut set = Self::new(model, dir);
        for name in names {
            let segment = Segment::open(set.dir.join(name), set.model.dims)?;
            if segment.first() != set.tail.first {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("`{name}` leaves a gap before it"),
                ));
            }
            if set.segments.is_empty() {
                set.centre.copy_from_slice(segment.centre());
            } else if set.centre != segment.centre() {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("`{name}` has another centre"),
                ));
            }
            set.tail.first += segment.len();
            set.segments.push(segment);
        }
        Ok(set)
    }

    /// The model.
    pub(crate) fn model(&self) -> &ModelKey {
        &self.model
    }

    /// How many passages have vectors.
    pub(crate) fn len(&self) -> u32 {
        self.tail.first + self.tail.len
    }

    /// Takes in the next vector, of the model's dimensions. One without direction has the cosine 0 with everything.
    pub(crate) fn push(&mut self, vector: &[f32]) -> io::Result<()> {
        debug_assert_eq!(vector.len(), self.model.dims, "checked by the caller");
        let unit = row::unit(vector).unwrap_or_else(|| vec![0.0; vector.len()]);
        let at = self.tail.rows.len();
        row::push(&mut self.tail.rows, &unit);
        // Coded as the row tells it, so that vectors with the same row have the same code.
        let told = row::to_vector(&self.tail.rows[at..at + unit.len()]);
        let mut rotated = vec![0.0; self.rotation.padded()];
        self.rotation.apply(&told, &mut rotated);
        self.tail.codes.push(&rotated, &self.centre);
        self.tail.len += 1;
        if self.len() == CENTRED_FROM {
            self.set_centre();
        }
        if self.tail.len as usize * self.vector_bytes() >= TAIL_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Makes the mean of all vectors the centre, and all codes anew. What was in segments is in the tail then.
    fn set_centre(&mut self) {
        let stride = row::stride(self.model.dims);
        let rows: Vec<i16> = self.parts().flat_map(|part| part.rows).copied().collect();
        let vectors =
            || rows.chunks_exact(stride).map(|row| row::to_vector(&row[..self.model.dims]));
        let mut mean = vec![0.0f32; self.model.dims];
        for vector in vectors() {
            for (sum, value) in mean.iter_mut().zip(vector) {
                *sum += value / CENTRED_FROM as f32;
            }
        }
        let mut centre = vec![0.0; self.rotation.padded()];
        self.rotation.apply(&mean, &mut centre);
        let mut codes = Codes::default();
        let mut rotated = vec![0.0; self.rotation.padded()];
        for vector in vectors() {
            self.rotation.apply(&vector, &mut rotated);
            codes.push(&rotated, &centre);
        }
        self.centre = centre;
        self.segments.clear();
        self.tail = Tail { first: 0, len: CENTRED_FROM, codes, rows };
    }

    /// The vector of `seq`, to the precision of rows.
    pub(crate) fn vector(&self, seq: u32) -> Option<Vec<f32>> {
        let part = self.parts().find(|part| seq >= part.first && seq - part.first < part.len)?;
        let stride = row::stride(self.model.dims);
        Some(row::to_vector(&part.rows[(seq - part.first) as usize * stride..][..self.model.dims]))
    }

    /// Moves the tail into a segment.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if self.tail.len == 0 {
            return Ok(());
        }
        fs_err::create_dir_all(&self.dir)?;
        let Tail { first, len, codes, rows } = &self.tail;
        let path = self.path(*first, *len);
        let segment =
            Segment::write(path, self.model.dims, *first, *len, &self.centre, codes, &[rows])?;
        self.tail = Tail { first: first + len, ..Tail::default() };
        self.segments.push(segment);
        Ok(())
    }

    /// Joins small segments. The files of those joined stay until they are swept.
    pub(crate) fn join(&mut self) -> io::Result<()> {
        let max = u32::try_from(SEGMENT_BYTES / self.vector_bytes()).unwrap_or(u32::MAX);
        let lens: Vec<u32> = self.segments.iter().map(Segment::len).collect();
        let Some(range) = runs::to_join(&lens, max) else { return Ok(()) };
        let joined = &self.segments[range.clone()];
        let mut codes = Codes::default();
        for segment in joined {
            for index in 0..segment.len() as usize {
                codes.push_from(segment.codes(), index, self.rotation.padded());
            }
        }
        let rows: Vec<&[i16]> = joined.iter().map(Segment::rows).collect();
        let (first, len) = (joined[0].first(), lens[range.clone()].iter().sum());
        let path = self.path(first, len);
        let segment =
            Segment::write(path, self.model.dims, first, len, &self.centre, &codes, &rows)?;
        self.segments.splice(range, [segment]);
        Ok(())
    }

    /// The files of the segments.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.segments.iter().map(Segment::path)
    }

    fn path(&self, first: u32, len: u32) -> PathBuf {
        self.dir.join(format!("{first}-{len}.vec"))
    }

    fn vector_bytes(&self) -> usize {
        row::stride(self.model.dims) * 2 + block_words(self.rotation.padded())
    }

    fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let sealed = self.segments.iter().map(|segment| Part {
            first: segment.first(),
            len: segment.len(),
            codes: segment.codes(),
            rows: segment.rows(),
        });
        let Tail { first, len, codes, rows } = &self.tail;
        sealed.chain([Part { first: *first, len: *len, codes: codes.words(), rows }])
    }
}
