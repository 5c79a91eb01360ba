//! A sealed run of rows in a file, column by column, read through a memory map.
//!
//! | bytes | what |
//! | --- | --- |
//! | 0..8 | `LICHENCO` |
//! | 8..12 | version, 2 |
//! | 12..16 | first passage |
//! | 16..20 | rows, n |
//! | 20..24 | bytes of author names |
//! | 24.. | n times `i64` (milliseconds), n `u64` group, n `u64` text hash, n `u128` owner, n `u32` author, n `u32` bytes of text, n `u32` place in the owner, n `u32` first byte there, n `u32` byte after the last there, n `u32` line there, n `u8` kind, plus 32 times the owner's kind, plus 128 where the text asks |
//! | then | names of authors seen first here, in the order of their numbers, each as `u32` length and bytes |
//!
//! Little-endian throughout. The checksum is in the manifest.

use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use lichen_model::{CommitId, MessageId, Owner, PassageKind, Site, Timestamp, VersionId};
use memmap2::Mmap;

use super::Row;
use crate::vector::segment::map;

const MAGIC: &[u8; 8] = b"LICHENCO";
const VERSION: u32 = 2;
const HEADER: usize = 24;
/// Set in the byte of the kind where the text asks.
const ASKS: u8 = 128;
/// Bits of the byte of the kind above which the owner's kind stands.
const OWNER_SHIFT: u32 = 5;

/// Bytes of a row before each column, and of a whole row.
mod column {
    pub(super) const TIME: usize = 0;
    pub(super) const GROUP: usize = 8;
    pub(super) const TEXT_HASH: usize = 16;
    pub(super) const OWNER: usize = 24;
    pub(super) const AUTHOR: usize = 40;
    pub(super) const LEN: usize = 44;
    pub(super) const ORD: usize = 48;
    pub(super) const START: usize = 52;
    pub(super) const END: usize = 56;
    pub(super) const LINE: usize = 60;
    pub(super) const KIND: usize = 64;
    pub(super) const ALL: usize = 65;
}

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
        write_column(&mut out, rows, |row| row.at.0.to_le_bytes())?;
        write_column(&mut out, rows, |row| row.group.to_le_bytes())?;
        write_column(&mut out, rows, |row| row.text_hash.to_le_bytes())?;
        write_column(&mut out, rows, |row| row.site.owner.any().id.as_u128().to_le_bytes())?;
        write_column(&mut out, rows, |row| row.author.to_le_bytes())?;
        write_column(&mut out, rows, |row| row.len.to_le_bytes())?;
        write_column(&mut out, rows, |row| row.site.ord.to_le_bytes())?;
        write_column(&mut out, rows, |row| row.site.start.to_le_bytes())?;
        write_column(&mut out, rows, |row| row.site.end.to_le_bytes())?;
        write_column(&mut out, rows, |row| row.site.line.to_le_bytes())?;
        write_column(&mut out, rows, |row| [kind_byte(row)])?;
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
        if map.len() != HEADER + len as usize * column::ALL + name_bytes as usize {
            return Err(bad("has not the length that its header tells"));
        }
        let segment = Self { map, path, first, len };
        if segment
            .kinds()
            .iter()
            .any(|&kind| kind_of(kind).is_none() || owner_of(kind, 0).is_none())
        {
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
        let owner = u128::from_le_bytes(self.value(column::OWNER, seq));
        Row {
            kind: kind_of(kind).expect("checked when opened"),
            site: Site {
                owner: owner_of(kind, owner).expect("checked when opened"),
                ord: self.number(column::ORD, seq),
                start: self.number(column::START, seq),
                end: self.number(column::END, seq),
                line: self.number(column::LINE, seq),
            },
            at: Timestamp(i64::from_le_bytes(self.value(column::TIME, seq))),
            group: self.group(seq),
            text_hash: u64::from_le_bytes(self.value(column::TEXT_HASH, seq)),
            author: self.author(seq),
            asks: kind & ASKS != 0,
            len: self.number(column::LEN, seq),
        }
    }

    /// The group of `seq`, which lies in this segment.
    pub(crate) fn group(&self, seq: u32) -> u64 {
        u64::from_le_bytes(self.value(column::GROUP, seq))
    }

    /// The groups of `seqs`, which lie in this segment, in order.
    pub(crate) fn groups(
        &self,
        seqs: Range<u32>,
    ) -> impl DoubleEndedIterator<Item = u64> + ExactSizeIterator + '_ {
        let (start, end) =
            ((seqs.start - self.first) as usize * 8, (seqs.end - self.first) as usize * 8);
        let words = self.column(column::GROUP, 8)[start..end].as_chunks::<8>().0;
        words.iter().map(|word| u64::from_le_bytes(*word))
    }

    /// The author of `seq`, which lies in this segment.
    pub(crate) fn author(&self, seq: u32) -> u32 {
        self.number(column::AUTHOR, seq)
    }

    /// The value of `seq` in the column of `WIDTH` bytes that begins after `before` bytes of a row.
    fn value<const WIDTH: usize>(&self, before: usize, seq: u32) -> [u8; WIDTH] {
        let at = (seq - self.first) as usize * WIDTH;
        let bytes = &self.column(before, WIDTH)[at..at + WIDTH];
        bytes.try_into().expect("as many bytes as asked for")
    }

    /// The value of `seq` in the column of four bytes that begins after `before` bytes of a row.
    fn number(&self, before: usize, seq: u32) -> u32 {
        u32::from_le_bytes(self.value(before, seq))
    }

    /// Calls `each` with kind and time of every row.
    pub(crate) fn for_each(&self, each: &mut impl FnMut(u32, PassageKind, Timestamp)) {
        let times = self.column(column::TIME, 8).chunks_exact(8);
        for ((seq, kind), at) in (self.first..).zip(self.kinds()).zip(times) {
            let at = i64::from_le_bytes(at.try_into().expect("eight bytes"));
            each(seq, kind_of(*kind).expect("checked when opened"), Timestamp(at));
        }
    }

    /// The authors first seen here.
    pub(crate) fn authors(&self) -> io::Result<Vec<String>> {
        let mut rest = &self.map[HEADER + self.len as usize * column::ALL..];
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
        self.column(column::KIND, 1)
    }

    /// The column that starts after `before` bytes per row and has `width` bytes per row.
    fn column(&self, before: usize, width: usize) -> &[u8] {
        let len = self.len as usize;
        &self.map[HEADER + before * len..HEADER + (before + width) * len]
    }
}

/// Writes one column of `rows`.
fn write_column<const WIDTH: usize>(
    out: &mut impl Write,
    rows: &[Row],
    value: impl Fn(&Row) -> [u8; WIDTH],
) -> io::Result<()> {
    rows.iter().try_for_each(|row| out.write_all(&value(row)))
}

/// Kind, kind of owner, and whether the text asks.
fn kind_byte(row: &Row) -> u8 {
    let owner: u8 = match row.site.owner {
        Owner::Commit(_) => 0,
        Owner::Message(_) => 1,
        Owner::Version(_) => 2,
    };
    row.kind as u8 | owner << OWNER_SHIFT | if row.asks { ASKS } else { 0 }
}

/// The kind that a byte names.
fn kind_of(byte: u8) -> Option<PassageKind> {
    PassageKind::ALL.get(usize::from(byte & ((1 << OWNER_SHIFT) - 1))).copied()
}

/// The owner with this id, of the kind that a byte names.
fn owner_of(byte: u8, id: u128) -> Option<Owner> {
    match (byte & !ASKS) >> OWNER_SHIFT {
        0 => Some(Owner::Commit(CommitId::from_u128(id))),
        1 => Some(Owner::Message(MessageId::from_u128(id))),
        2 => Some(Owner::Version(VersionId::from_u128(id))),
        _ => None,
    }
}
