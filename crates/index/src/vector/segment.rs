//! A sealed run of vectors in a file: codes, then rows. Written once, read through a memory map.
//!
//! | bytes | what |
//! | --- | --- |
//! | 0..8 | `LICHENVE` |
//! | 8..12 | version, 1 |
//! | 12..16 | dimensions |
//! | 16..20 | first passage |
//! | 20..24 | vectors |
//! | 24..64 | zeros |
//! | 64.. | the rotated centre as `f32` (see `code`), then blocks of codes, then rows of `i16` (see `row`) |
//!
//! Little-endian throughout. The checksum is in the manifest.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use super::code::{Codes, LANES, block_words};
use super::rotation::padded_dims;
use super::row::stride;

const MAGIC: &[u8; 8] = b"LICHENVE";
const VERSION: u32 = 1;
const HEADER: usize = 64;

/// An open segment.
#[derive(Debug)]
pub(crate) struct Segment {
    map: Mmap,
    path: PathBuf,
    first: u32,
    len: u32,
    /// Where the codes and the rows start.
    codes: usize,
    rows: usize,
}

impl Segment {
    /// Writes a segment of the vectors from passage `first` on: their codes and, in order, runs of their rows.
    pub(crate) fn write(
        path: PathBuf,
        dims: usize,
        first: u32,
        len: u32,
        centre: &[f32],
        codes: &Codes,
        rows: &[&[i16]],
    ) -> io::Result<Self> {
        let mut out = io::BufWriter::with_capacity(1 << 20, fs_err::File::create(&path)?);
        let mut header = [0; HEADER];
        header[..8].copy_from_slice(MAGIC);
        let dims = u32::try_from(dims).map_err(io::Error::other)?;
        for (slot, value) in header[8..24].chunks_exact_mut(4).zip([VERSION, dims, first, len]) {
            slot.copy_from_slice(&value.to_le_bytes());
        }
        out.write_all(&header)?;
        out.write_all(bytemuck::cast_slice(centre))?;
        out.write_all(bytemuck::cast_slice(codes.words()))?;
        for run in rows {
            out.write_all(bytemuck::cast_slice(run))?;
        }
        out.into_inner().map_err(io::IntoInnerError::into_error)?;
        Self::open(path, dims as usize)
    }

    /// Opens a segment of vectors with `dims` dimensions.
    pub(crate) fn open(path: PathBuf, dims: usize) -> io::Result<Self> {
        let map = map(&path)?;
        let bad = |what: &str| {
            io::Error::new(io::ErrorKind::InvalidData, format!("`{}` {what}", path.display()))
        };
        let header: &[u8; HEADER] = map.first_chunk().ok_or_else(|| bad("ends in its header"))?;
        let number = |at: usize| {
            u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        if header[..8] != *MAGIC || number(8) != VERSION || number(12) as usize != dims {
            return Err(bad("is no segment of these vectors"));
        }
        let (first, len) = (number(16), number(20));
        let codes = HEADER + padded_dims(dims) * 4;
        let rows = codes + (len as usize).div_ceil(LANES) * block_words(padded_dims(dims)) * 8;
        if map.len() != rows + len as usize * stride(dims) * 2 {
            return Err(bad("has not the length that its header tells"));
        }
        Ok(Self { map, path, first, len, codes, rows })
    }

    /// The first passage.
    pub(crate) fn first(&self) -> u32 {
        self.first
    }

    /// Vectors.
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The centre that the codes were made with, rotated.
    pub(crate) fn centre(&self) -> &[f32] {
        bytemuck::cast_slice(&self.map[HEADER..self.codes])
    }

    /// The blocks of codes.
    pub(crate) fn codes(&self) -> &[u64] {
        bytemuck::cast_slice(&self.map[self.codes..self.rows])
    }

    /// The rows.
    pub(crate) fn rows(&self) -> &[i16] {
        bytemuck::cast_slice(&self.map[self.rows..])
    }
}

/// Maps a file of the index.
#[expect(unsafe_code, reason = "memory maps")]
pub(crate) fn map(path: &Path) -> io::Result<Mmap> {
    let file = fs_err::File::open(path)?;
    // SAFETY: files of the index are written once, under names that are not taken, by the one process that owns
    // the store, and are never changed after; a map outlives the removal of its name.
    unsafe { Mmap::map(file.file()) }
}

#[cfg(target_endian = "big")]
compile_error!("segments are mapped as they lie on disk, which is little-endian");
