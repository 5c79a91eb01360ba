//! A sealed run of rows in a file, column by column, read through a memory map.
//!
//! | bytes | what |
//! | --- | --- |
//! | 0..8 | `LICHENCO` |
//! | 8..12 | version, 1 |
//! | 12..16 | first passage |
//! | 16..20 | rows, n |
//! | 20..24 | bytes of author names |
//! | 24.. | n times `i64` (milliseconds), n `u64` group, n `u64` text hash, n `u32` author, n `u32` length, n `u8` kind, plus 128 where the text asks |
//! | then | names of authors seen first here, in the order of their numbers, each as `u32` length and bytes |
//!
//! Little-endian throughout. The checksum is in the manifest.

use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use lichen_model::{PassageKind, Timestamp};
use memmap2::Mmap;

use super::Row;
use crate::vector::segment::map;

const MAGIC: &[u8; 8] = b"LICHENCO";
const VERSION: u32 = 1;
const HEADER: usize = 24;
/// Set in the byte of the kind where the text asks.
const ASKS: u8 = 128;
const ROW_BYTES: usize = 8 + 8 + 8 + 4 + 4 + 1;

/// An open segment.
#[derive(Debug)]
pub(crate) struct Segment {
    map: Mmap,
    path: PathBuf,
    first: u32,
    len: u32,
}

impl Segment {
    /// Writes a segment of the rows from passage `first` on.
    pub(crate) fn write(
        path: PathBuf,
        first: u32,
        rows: &[Row],
        authors: &[String],
    ) -> io::Result<Self> {
        let mut names = Vec::new();
        for author in authors {
            names.extend(u32::try_from(author.len()).map_err(io::Error::other)?.to_le_bytes());
            names.extend(author.as_bytes());
        }
        let len = u32::try_from(rows.len()).map_err(io::Error::other)?;
        let name_bytes = u32::try_from(names.len()).map_err(io::Error::other)?;
        let mut out = io::BufWriter::with_capacity(1 << 18, fs_err::File::create(&path)?);
        out.write_all(MAGIC)?;
        for value in [VERSION, first, len, name_bytes] {
            out.write_all(&value.to_le_bytes())?;
        }
        for row in rows {
            out.write_all(&row.at.0.to_le_bytes())?;
        }
        for row in rows {
            out.write_all(&row.group.to_le_bytes())?;
        }
        for row in rows {
            out.write_all(&row.text_hash.to_le_bytes())?;
        }
        for row in rows {
            out.write_all(&row.author.to_le_bytes())?;
        }
        for row in rows {
            out.write_all(&row.len.to_le_bytes())?;
        }
        for row in rows {
            out.write_all(&[row.kind as u8 | if row.asks { ASKS } else { 0 }])?;
        }
        out.write_all(&names)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Self::open(path)?.0)
    }

    /// Opens a segment; also gives the authors first seen in it.
    pub(crate) fn open(path: PathBuf) -> io::Result<(Self, Vec<String>)> {
        let map = map(&path)?;
        let bad = |what: &str| {
            io::Error::new(io::ErrorKind::InvalidData, format!("`{}` {what}", path.display()))
        };
        let header: &[u8; HEADER] = map.first_chunk().ok_or_else(|| bad("ends in its header"))?;
        let number = |at: usize| {
            u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        if header[..8] != *MAGIC || number(8) != VERSION {
            return Err(bad("is no segment of columns"));
        }
        let (first, len, name_bytes) = (number(12), number(16), number(20));
        if map.len() != HEADER + len as usize * ROW_BYTES + name_bytes as usize {
            return Err(bad("has not the length that its header tells"));
        }
        let segment = Self { map, path, first, len };
        if segment.kinds().iter().any(|kind| kind_of(*kind).is_none()) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("`{}` names an unknown kind", segment.path.display()),
            ));
        }
        let authors = segment.authors()?;
        Ok((segment, authors))
    }

    /// The first passage.
    pub(crate) fn first(&self) -> u32 {
        self.first
    }

    /// Rows.
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The values of `seq`, which lies in this segment.
    pub(crate) fn row(&self, seq: u32) -> Row {
        let kind = self.kinds()[(seq - self.first) as usize];
        Row {
            kind: kind_of(kind).expect("checked when opened"),
            at: Timestamp(self.word(0, seq).cast_signed()),
            group: self.group(seq),
            text_hash: self.word(2, seq),
            author: self.author(seq),
            asks: kind & ASKS != 0,
            len: self.half(28, seq),
        }
    }

    /// The group of `seq`, which lies in this segment.
    pub(crate) fn group(&self, seq: u32) -> u64 {
        self.word(1, seq)
    }

    /// The groups of `seqs`, which lie in this segment, in order.
    pub(crate) fn groups(
        &self,
        seqs: Range<u32>,
    ) -> impl DoubleEndedIterator<Item = u64> + ExactSizeIterator + '_ {
        let (start, end) =
            ((seqs.start - self.first) as usize * 8, (seqs.end - self.first) as usize * 8);
        let words = self.column(8, 8)[start..end].as_chunks::<8>().0;
        words.iter().map(|word| u64::from_le_bytes(*word))
    }

    /// The author of `seq`, which lies in this segment.
    pub(crate) fn author(&self, seq: u32) -> u32 {
        self.half(24, seq)
    }

    /// The value of `seq` in one of the columns of eight bytes.
    fn word(&self, column: usize, seq: u32) -> u64 {
        let at = (seq - self.first) as usize * 8;
        let bytes = &self.column(column * 8, 8)[at..at + 8];
        u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
    }

    /// The value of `seq` in the column of four bytes that begins after `start` bytes of a row.
    fn half(&self, start: usize, seq: u32) -> u32 {
        let at = (seq - self.first) as usize * 4;
        let bytes = &self.column(start, 4)[at..at + 4];
        u32::from_le_bytes(bytes.try_into().expect("four bytes"))
    }

    /// Calls `each` with kind and time of every row.
    pub(crate) fn for_each(&self, each: &mut impl FnMut(u32, PassageKind, Timestamp)) {
        let times = self.column(0, 8).chunks_exact(8);
        for ((seq, kind), at) in (self.first..).zip(self.kinds()).zip(times) {
            let at = i64::from_le_bytes(at.try_into().expect("eight bytes"));
            each(seq, kind_of(*kind).expect("checked when opened"), Timestamp(at));
        }
    }

    /// The authors first seen here.
    pub(crate) fn authors(&self) -> io::Result<Vec<String>> {
        let mut rest = &self.map[HEADER + self.len as usize * ROW_BYTES..];
        let mut names = Vec::new();
        while let Some((head, tail)) = rest.split_first_chunk::<4>() {
            let name = tail
                .get(..u32::from_le_bytes(*head) as usize)
                .and_then(|name| std::str::from_utf8(name).ok());
            let Some(name) = name else {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("`{}` holds a damaged name", self.path.display()),
                ));
            };
            names.push(name.to_owned());
            rest = &tail[name.len()..];
        }
        Ok(names)
    }

    fn kinds(&self) -> &[u8] {
        self.column(32, 1)
    }

    /// The column that starts after `before` bytes per row and has `width` bytes per row.
    fn column(&self, before: usize, width: usize) -> &[u8] {
        let len = self.len as usize;
        &self.map[HEADER + before * len..HEADER + (before + width) * len]
    }
}

/// The kind that a byte names, whether its text asks or not.
fn kind_of(byte: u8) -> Option<PassageKind> {
    PassageKind::ALL.get(usize::from(byte & !ASKS)).copied()
}
