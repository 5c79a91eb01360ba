//! A sealed run of texts: a folder with a full-text index of one tantivy segment, whose document `n` is the passage
//! `first + n`. Written once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tantivy::fieldnorm::FieldNormReader;
use tantivy::indexer::merge_indices;
use tantivy::postings::Postings;
use tantivy::schema::IndexRecordOption;
use tantivy::{
    DocSet, Index, InvertedIndexReader, SegmentReader, SingleSegmentIndexWriter, TERMINATED,
    TantivyDocument, TantivyError, Term,
};

use super::folder::Folder;
use super::recipe::Class;
use super::schema::{FIELDS, Part, builder, field, field_index, schema, tokenizers};
use crate::error::{Error, Result, file};

/// Bytes of memory that a segment under way may take before it is written.
const WRITER_BYTES: usize = 64 << 20;
/// The same for one of few passages: it tells how large the library's tables are at first.
const FEW_BYTES: usize = 1 << 20;
/// Passages of a segment under way.
const WRITER_ROWS: u32 = 1 << 17;

/// An open segment.
pub(crate) struct Segment {
    dir: PathBuf,
    first: u32,
    len: u32,
    index: Index,
    lists: Vec<Arc<InvertedIndexReader>>,
    norms: Vec<FieldNormReader>,
}

impl Segment {
    /// Opens the segment in `dir` of the passages from `first` on.
    pub(crate) fn open(dir: PathBuf, first: u32) -> Result<Self> {
        Self::open_index(&dir, first).map_err(|source| Error::Text {
            doing: "open a segment of texts",
            path: dir,
            source,
        })
    }

    fn open_index(dir: &Path, first: u32) -> tantivy::Result<Self> {
        let mut index = Index::open(Folder::open(dir)?)?;
        index.set_tokenizers(tokenizers().clone());
        let damaged = |what: &str| TantivyError::SchemaError(what.to_owned());
        if index.schema() != schema() {
            return Err(damaged("it has other fields"));
        }
        let [segment] = &index.searchable_segments()?[..] else {
            return Err(damaged("it is not one segment"));
        };
        let reader = SegmentReader::open(segment)?;
        let (mut lists, mut norms) = (Vec::with_capacity(FIELDS), Vec::with_capacity(FIELDS));
        for class in Class::ALL {
            for part in Part::ALL {
                lists.push(reader.inverted_index(field(class, part))?);
                norms.push(reader.get_fieldnorms_reader(field(class, part))?);
            }
        }
        Ok(Self { dir: dir.to_owned(), first, len: reader.max_doc(), index, lists, norms })
    }

    /// Joins segments that follow one another into one in `dir`.
    pub(crate) fn join(segments: &[Arc<Self>], dir: PathBuf) -> Result<Self> {
        let first = segments.first().map_or(0, |segment| segment.first);
        let indexes: Vec<Index> = segments.iter().map(|segment| segment.index.clone()).collect();
        fresh(&dir)?;
        Folder::open(&dir)
            .map_err(TantivyError::from)
            .and_then(|directory| merge_indices(&indexes, directory))
            .map_err(|source| Error::Text {
                doing: "join segments of texts",
                path: dir.clone(),
                source,
            })?;
        Self::open(dir, first)
    }

    /// The first passage.
    pub(crate) fn first(&self) -> u32 {
        self.first
    }

    /// Passages.
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    /// The folder.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Tokens of a field in all passages.
    pub(crate) fn tokens(&self, class: Class, part: Part) -> u64 {
        self.lists[field_index(class, part)].total_num_tokens()
    }

    /// The lengths of a field's texts.
    pub(crate) fn norms(&self, class: Class, part: Part) -> &FieldNormReader {
        &self.norms[field_index(class, part)]
    }

    /// In how many passages a field has the term.
    pub(crate) fn doc_freq(&self, class: Class, part: Part, term: &str) -> Result<u32> {
        self.lists[field_index(class, part)]
            .doc_freq(&Term::from_field_text(field(class, part), term))
            .map_err(file("look up a word in the full-text index"))
    }

    /// What the library's own checksums find wrong, if anything.
    pub(crate) fn verify(&self) -> Option<String> {
        match self.index.validate_checksum() {
            Ok(damaged) if damaged.is_empty() => None,
            Ok(damaged) => {
                let mut names: Vec<String> =
                    damaged.iter().map(|path| path.display().to_string()).collect();
                names.sort();
                Some(format!("damaged: {}", names.join(", ")))
            }
            Err(error) => Some(error.to_string()),
        }
    }

    /// Calls `each` with the documents whose field has the term, in order, and how often it does.
    pub(crate) fn postings(
        &self,
        class: Class,
        part: Part,
        term: &str,
        mut each: impl FnMut(u32, u32),
    ) -> Result<()> {
        let term = Term::from_field_text(field(class, part), term);
        let found = self.lists[field_index(class, part)]
            .read_block_postings(&term, IndexRecordOption::WithFreqs)
            .map_err(file("read the places of a word"))?;
        let Some(mut blocks) = found else { return Ok(()) };
        loop {
            let docs = blocks.docs();
            if docs.is_empty() {
                return Ok(());
            }
            for (doc, freq) in docs.iter().zip(blocks.freqs()) {
                each(*doc, *freq);
            }
            blocks.advance();
        }
    }

    /// Calls `each` with the documents whose body has the terms at these distances, in order, and how often.
    pub(crate) fn phrase(
        &self,
        class: Class,
        terms: &[(String, u32)],
        mut each: impl FnMut(u32, u32),
    ) -> Result<()> {
        let lists = &self.lists[field_index(class, Part::Body)];
        let mut cursors = Vec::with_capacity(terms.len());
        for (term, offset) in terms {
            let term = Term::from_field_text(field(class, Part::Body), term);
            let found = lists
                .read_postings(&term, IndexRecordOption::WithFreqsAndPositions)
                .map_err(file("read the places of a phrase"))?;
            let Some(cursor) = found else { return Ok(()) };
            cursors.push((cursor, *offset, Vec::new()));
        }
        cursors.sort_by_key(|(cursor, ..)| cursor.doc_freq());
        let Some(((rarest, ..), _)) = cursors.split_first() else { return Ok(()) };
        let mut doc = rarest.doc();
        'docs: while doc != TERMINATED {
            for (cursor, ..) in &mut cursors {
                let found = if cursor.doc() < doc { cursor.seek(doc) } else { cursor.doc() };
                if found != doc {
                    doc = found;
                    continue 'docs;
                }
            }
            for (cursor, _, positions) in &mut cursors {
                cursor.positions(positions);
            }
            let places: Vec<(u32, &[u32])> = cursors
                .iter()
                .map(|(_, offset, positions)| (*offset, positions.as_slice()))
                .collect();
            let count = count_aligned(&places);
            if count > 0 {
                each(doc, count);
            }
            doc = cursors[0].0.advance();
        }
        Ok(())
    }
}

/// How many starts have every list's number at its offset. The lists ascend.
pub(crate) fn count_aligned(places: &[(u32, &[u32])]) -> u32 {
    let Some(((offset, first), others)) = places.split_first() else { return 0 };
    let starts = first.iter().filter_map(|position| position.checked_sub(*offset));
    let aligned = starts.filter(|start| {
        others.iter().all(|(offset, positions)| positions.binary_search(&(start + offset)).is_ok())
    });
    u32::try_from(aligned.count()).unwrap_or(u32::MAX)
}

/// A segment under way. What it holds is not found until it is finished.
pub(crate) struct Writer {
    inner: SingleSegmentIndexWriter,
    dir: PathBuf,
    first: u32,
    len: u32,
}

impl Writer {
    /// Starts a segment of the passages from `first` on; its folder will lie in `parent`. `few` spares one of not more
    /// than the tail holds the tables of a long one.
    pub(crate) fn start(parent: &Path, first: u32, few: bool) -> Result<Self> {
        let dir = parent.join(format!("{first}.part"));
        let bytes = if few { FEW_BYTES } else { WRITER_BYTES };
        fresh(&dir)?;
        let inner = Folder::open(&dir)
            .map_err(TantivyError::from)
            .and_then(|directory| builder().single_segment_index_writer(directory, bytes))
            .map_err(|source| Error::Text {
                doing: "start a segment of texts",
                path: dir.clone(),
                source,
            })?;
        Ok(Self { inner, dir, first, len: 0 })
    }

    /// Takes in the next passage's text.
    pub(crate) fn add(&mut self, class: Class, body: &str, context: &str) -> Result<()> {
        let mut document = TantivyDocument::new();
        document.add_text(field(class, Part::Body), body);
        if !context.is_empty() {
            document.add_text(field(class, Part::Context), context);
        }
        self.len += 1;
        self.inner.add_document(document).map_err(|source| Error::Text {
            doing: "index a text",
            path: self.dir.clone(),
            source,
        })
    }

    /// Passages.
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    /// Whether it holds as much as a segment should.
    pub(crate) fn is_full(&self) -> bool {
        self.len >= WRITER_ROWS || self.inner.mem_usage() >= WRITER_BYTES
    }

    /// Writes the segment.
    pub(crate) fn finish(self) -> Result<Segment> {
        let Self { inner, dir: part, first, len } = self;
        let dir = part.with_file_name(folder_name(first, len));
        inner.finalize().map_err(|source| Error::Text {
            doing: "write a segment of texts",
            path: part.clone(),
            source,
        })?;
        if dir.exists() {
            fs_err::remove_dir_all(&dir).map_err(file("remove a stray segment of texts"))?;
        }
        fs_err::rename(&part, &dir).map_err(file("name a segment of texts"))?;
        Segment::open(dir, first)
    }
}

/// The name of a segment's folder.
pub(crate) fn folder_name(first: u32, len: u32) -> String {
    format!("{first}-{len}")
}

/// Makes an empty folder.
fn fresh(dir: &Path) -> Result<()> {
    if dir.exists() {
        fs_err::remove_dir_all(dir).map_err(file("remove a stray segment of texts"))?;
    }
    fs_err::create_dir_all(dir).map_err(file("make a folder for a segment of texts"))
}
