//! What filters, neighbours and answers need of every passage: kind, site, time, group, author and the text's hash.

mod segment;

use std::collections::{HashMap, HashSet};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use lichen_model::{PassageKind, Site, Timestamp};
use segment::Segment;

use crate::{Entry, runs};

/// Rows at which the tail becomes a segment.
const TAIL_ROWS: u32 = 1 << 17;
/// Rows at which joined segments are long enough.
const SEGMENT_ROWS: u32 = 1 << 20;
/// How many rows [`Columns::neighbours`] looks at in each direction.
const NEIGHBOUR_REACH: u32 = 2048;
/// The number of "no author".
pub const NO_AUTHOR: u32 = u32::MAX;

/// One passage's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// What kind of text it is.
    pub kind: PassageKind,
    /// Where it stands.
    pub site: Site,
    /// Its time.
    pub at: Timestamp,
    /// Its stream or document; 0 for none.
    pub group: u64,
    /// Its author's place in [`crate::Index::authors`], or [`NO_AUTHOR`].
    pub author: u32,
    /// Whether its text ends by asking something.
    pub asks: bool,
    /// Bytes of its text.
    pub len: u32,
    /// The low half of its text's hash.
    pub text_hash: u64,
}

/// The values of passages `0..len`.
#[derive(Debug)]
pub(crate) struct Columns {
    dir: PathBuf,
    segments: Vec<Segment>,
    tail_first: u32,
    tail: Vec<Row>,
    authors: Vec<String>,
    author_places: HashMap<String, u32>,
    /// How many authors the segments hold.
    authors_sealed: usize,
    /// How many passages there are of each kind.
    kinds: [u32; PassageKind::ALL.len()],
}

impl Columns {
    /// No passages; segments will lie in `dir`.
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            segments: Vec::new(),
            tail_first: 0,
            tail: Vec::new(),
            authors: Vec::new(),
            author_places: HashMap::new(),
            authors_sealed: 0,
            kinds: [0; PassageKind::ALL.len()],
        }
    }

    /// Opens the segments of these names in `dir`.
    pub(crate) fn open(dir: PathBuf, names: &[String]) -> io::Result<Self> {
        let mut columns = Self::new(dir);
        for name in names {
            let (segment, authors) = Segment::open(columns.dir.join(name))?;
            if segment.first() != columns.tail_first {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("`{name}` leaves a gap before it"),
                ));
            }
            columns.tail_first += segment.len();
            columns.segments.push(segment);
            for author in authors {
                columns.author(&author);
            }
        }
        columns.authors_sealed = columns.authors.len();
        let mut kinds = columns.kinds;
        columns.for_each(|_, kind, _| kinds[kind as usize] += 1);
        columns.kinds = kinds;
        Ok(columns)
    }

    /// How many passages there are.
    pub(crate) fn len(&self) -> u32 {
        self.tail_first + u32::try_from(self.tail.len()).expect("the tail is bounded")
    }

    /// Takes in the next passage.
    pub(crate) fn push(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let author = if entry.author.is_empty() { NO_AUTHOR } else { self.author(entry.author) };
        self.tail.push(Row {
            kind: entry.kind,
            site: entry.site,
            at: entry.at,
            group: entry.group,
            author,
            asks: entry.text.trim_end().ends_with('?'),
            len: u32::try_from(entry.text.len()).unwrap_or(u32::MAX),
            text_hash: low_half(entry.text_hash.0),
        });
        self.kinds[entry.kind as usize] += 1;
        if self.tail.len() >= TAIL_ROWS as usize {
            self.flush()?;
        }
        Ok(())
    }

    /// The values of `seq`, which is below [`Self::len`].
    pub(crate) fn row(&self, seq: u32) -> Option<Row> {
        if seq >= self.tail_first {
            return self.tail.get((seq - self.tail_first) as usize).copied();
        }
        let at = self.segments.partition_point(|segment| segment.first() <= seq) - 1;
        Some(self.segments[at].row(seq))
    }

    /// How many passages there are of each kind, in the order of [`PassageKind::ALL`].
    pub(crate) fn kinds(&self) -> &[u32; PassageKind::ALL.len()] {
        &self.kinds
    }

    /// Authors by number.
    pub(crate) fn authors(&self) -> &[String] {
        &self.authors
    }

    /// Calls `each` with kind and time of every passage, in order.
    pub(crate) fn for_each(&self, mut each: impl FnMut(u32, PassageKind, Timestamp)) {
        for segment in &self.segments {
            segment.for_each(&mut each);
        }
        for (seq, row) in (self.tail_first..).zip(&self.tail) {
            each(seq, row.kind, row.at);
        }
    }

    /// Up to `count` passages before `seq` and up to `count` after it that are of its group, the nearest first.
    pub(crate) fn neighbours(&self, seq: u32, count: usize) -> (Vec<u32>, Vec<u32>) {
        let Some(Row { group, .. }) = self.row(seq).filter(|row| row.group != 0) else {
            return (Vec::new(), Vec::new());
        };
        let end = self.len().min(seq.saturating_add(NEIGHBOUR_REACH));
        let start = seq.saturating_sub(NEIGHBOUR_REACH);
        let (mut before, mut after) = (Vec::with_capacity(count), Vec::with_capacity(count));
        self.groups_down(start..seq, |other, of| {
            if of == group {
                before.push(other);
            }
            before.len() < count
        });
        self.groups_up(seq + 1..end, |other, of| {
            if of == group {
                after.push(other);
            }
            after.len() < count
        });
        (before, after)
    }

    /// Calls `each` with the groups of `seqs` in order, until it has had enough.
    fn groups_up(&self, seqs: Range<u32>, mut each: impl FnMut(u32, u64) -> bool) {
        let first =
            self.segments.partition_point(|segment| segment.first() + segment.len() <= seqs.start);
        for segment in &self.segments[first..] {
            let from = seqs.start.max(segment.first());
            let to = seqs.end.min(segment.first() + segment.len());
            if from >= to {
                break;
            }
            if !(from..).zip(segment.groups(from..to)).all(|(seq, group)| each(seq, group)) {
                return;
            }
        }
        for seq in seqs.start.max(self.tail_first)..seqs.end {
            if !each(seq, self.tail[(seq - self.tail_first) as usize].group) {
                return;
            }
        }
    }

    /// Calls `each` with the groups of `seqs` from the last to the first, until it has had enough.
    fn groups_down(&self, seqs: Range<u32>, mut each: impl FnMut(u32, u64) -> bool) {
        for seq in (seqs.start.max(self.tail_first)..seqs.end).rev() {
            if !each(seq, self.tail[(seq - self.tail_first) as usize].group) {
                return;
            }
        }
        let last = self.segments.partition_point(|segment| segment.first() < seqs.end);
        for segment in self.segments[..last].iter().rev() {
            let from = seqs.start.max(segment.first());
            let to = seqs.end.min(segment.first() + segment.len());
            if from >= to {
                return;
            }
            let mut groups = (from..to).rev().zip(segment.groups(from..to).rev());
            if !groups.all(|(seq, group)| each(seq, group)) {
                return;
            }
        }
    }

    /// Moves the tail into a segment.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if self.tail.is_empty() {
            return Ok(());
        }
        fs_err::create_dir_all(&self.dir)?;
        let path = self.path(self.tail_first, self.len() - self.tail_first);
        let segment = Segment::write(
            path,
            self.tail_first,
            &self.tail,
            &self.authors[self.authors_sealed..],
        )?;
        self.tail_first = self.len();
        self.tail.clear();
        self.authors_sealed = self.authors.len();
        self.segments.push(segment);
        Ok(())
    }

    /// Joins small segments. The files of those joined stay until they are swept.
    pub(crate) fn join(&mut self) -> io::Result<()> {
        let lens: Vec<u32> = self.segments.iter().map(Segment::len).collect();
        let Some(range) = runs::to_join(&lens, SEGMENT_ROWS) else { return Ok(()) };
        let first = self.segments[range.start].first();
        let (mut rows, mut authors) = (Vec::new(), Vec::new());
        for segment in &self.segments[range.clone()] {
            rows.extend(
                (segment.first()..).take(segment.len() as usize).map(|seq| segment.row(seq)),
            );
            authors.extend(segment.authors()?);
        }
        let path = self.path(first, lens[range.clone()].iter().sum());
        let segment = Segment::write(path, first, &rows, &authors)?;
        self.segments.splice(range, [segment]);
        Ok(())
    }

    /// The files of the segments.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.segments.iter().map(Segment::path)
    }

    /// The groups in which any of `authors`, which ascend, wrote something.
    pub(crate) fn groups_of(&self, authors: &[u32]) -> HashSet<u64> {
        let mut groups = HashSet::new();
        if authors.is_empty() {
            return groups;
        }
        for segment in &self.segments {
            let rows = segment.first()..segment.first() + segment.len();
            let wrote = rows.filter(|seq| authors.binary_search(&segment.author(*seq)).is_ok());
            groups.extend(wrote.map(|seq| segment.group(seq)));
        }
        let wrote = self.tail.iter().filter(|row| authors.binary_search(&row.author).is_ok());
        groups.extend(wrote.map(|row| row.group));
        groups
    }

    /// The number of an author, who is taken in where new.
    fn author(&mut self, name: &str) -> u32 {
        if let Some(place) = self.author_places.get(name) {
            return *place;
        }
        let place = u32::try_from(self.authors.len()).unwrap_or(NO_AUTHOR);
        self.authors.push(name.to_owned());
        self.author_places.insert(name.to_owned(), place);
        place
    }

    fn path(&self, first: u32, len: u32) -> PathBuf {
        self.dir.join(format!("{first}-{len}.col"))
    }
}

/// The low 64 bits.
#[expect(clippy::cast_possible_truncation, reason = "the low half is wanted")]
pub(crate) fn low_half(hash: u128) -> u64 {
    hash as u64
}
