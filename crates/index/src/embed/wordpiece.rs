//! Text to token ids by the rules of `model/README.md`: words and single characters, identifiers in parts, then the
//! longest pieces of the vocabulary.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Tokens that count of a text.
const TOKENS_MAX: usize = 512;
/// Characters of a word; a longer one is none.
const WORD_CHARS_MAX: usize = 100;
/// What opens a piece that continues a word.
const CONTINUES: &str = "##";
/// Places for words whose pieces are known.
const KNOWN: usize = 1 << 12;

/// A vocabulary, hashed.
#[derive(Debug)]
pub(super) struct Wordpiece {
    /// Tokens one after another, without what marks a continuation.
    vocabulary: &'static str,
    /// Where a token starts in `vocabulary`, how long it is, and whether it continues a word.
    tokens: Vec<(u32, u16, bool)>,
    /// A token's number plus one where its hash says, or in the next free place; 0 is free.
    table: Vec<u32>,
    longest: usize,
    /// The tokens of single ASCII characters, plus one; 0 for none.
    ascii: [u32; 128],
}

/// Words met before and their pieces, and room to work in.
#[derive(Debug, Default)]
pub(super) struct Words {
    known: Vec<Known>,
    lower: String,
    pieces: Vec<u32>,
}

/// A short word and its pieces, in one cache line.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Known {
    word: [u8; Known::WORD_BYTES],
    len: u8,
    count: u8,
    pieces: [u32; Known::PIECES],
}

impl Known {
    const WORD_BYTES: usize = 30;
    const PIECES: usize = 8;

    fn get(&self, word: &str) -> Option<&[u32]> {
        let same = self.word[..usize::from(self.len)] == *word.as_bytes();
        same.then(|| &self.pieces[..usize::from(self.count)])
    }

    /// Remembers a word that is short enough.
    fn set(&mut self, word: &str, pieces: &[u32]) {
        if let (Some(to), Some(all)) =
            (self.word.get_mut(..word.len()), self.pieces.get_mut(..pieces.len()))
        {
            to.copy_from_slice(word.as_bytes());
            all.copy_from_slice(pieces);
            self.len = u8::try_from(word.len()).expect("it fits into the array");
            self.count = u8::try_from(pieces.len()).expect("they fit into the array");
        }
    }
}

/// A text without its accents.
fn plain(text: &str) -> String {
    text.nfd().filter(|c| !is_combining_mark(*c)).collect()
}

impl Wordpiece {
    /// The vocabulary of tokens that each end with a line feed.
    pub(super) fn new(vocabulary: &'static str) -> Self {
        let mut tokens = Vec::with_capacity(1 << 15);
        let mut longest = 0;
        let mut start = 0;
        for line in vocabulary.split_terminator('\n') {
            let text = line.strip_prefix(CONTINUES).filter(|rest| !rest.is_empty());
            let (skipped, text) = text.map_or((0, line), |text| (CONTINUES.len(), text));
            longest = longest.max(text.chars().count() + skipped);
            let place = u32::try_from(start + skipped).unwrap_or(u32::MAX);
            tokens.push((place, u16::try_from(text.len()).unwrap_or(0), skipped > 0));
            start += line.len() + 1;
        }
        let mut table = vec![0; (2 * tokens.len()).next_power_of_two().max(2)];
        let mut wordpiece =
            Self { vocabulary, tokens, table: Vec::new(), longest, ascii: [0; 128] };
        for (number, (_, _, continues)) in (1u32..).zip(&wordpiece.tokens) {
            let mut slot = hash(wordpiece.text(number - 1), *continues) & (table.len() - 1);
            while table[slot] != 0 {
                slot = (slot + 1) & (table.len() - 1);
            }
            table[slot] = number;
        }
        wordpiece.table = table;
        for (byte, slot) in (0u8..).zip(0..128) {
            let single = char::from(byte).to_string();
            wordpiece.ascii[slot] = wordpiece.find(&single, false).map_or(0, |number| number + 1);
        }
        wordpiece
    }

    /// How many tokens it has.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// How many tokens a text has, however long it is.
    pub(super) fn count(&self, text: &str, words: &mut Words, ids: &mut Vec<u32>) -> usize {
        let counted = |line: &str| {
            ids.clear();
            if line.is_ascii() {
                self.encode_ascii(line, words, ids, usize::MAX);
            } else {
                self.encode_any(&plain(line), words, ids, usize::MAX);
            }
            ids.len()
        };
        // No token reaches over the end of a line, and so no more than a line of them is held.
        text.split_inclusive('\n').map(counted).sum()
    }

    /// Appends the token ids of a text.
    pub(super) fn encode(&self, text: &str, words: &mut Words, ids: &mut Vec<u32>) {
        let end = ids.len() + TOKENS_MAX;
        if text.is_ascii() {
            self.encode_ascii(text, words, ids, end);
        } else {
            self.encode_any(&plain(text), words, ids, end);
        }
        ids.truncate(end);
    }

    fn encode_ascii(&self, text: &str, words: &mut Words, ids: &mut Vec<u32>, end: usize) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() && ids.len() < end {
            let start = at;
            while at < bytes.len() && bytes[at].is_ascii_alphanumeric() {
                at += 1;
            }
            if at == start {
                at += 1;
                if !is_space(char::from(bytes[start])) {
                    ids.extend(self.ascii[usize::from(bytes[start])].checked_sub(1));
                }
            } else {
                self.word(&text[start..at], words, ids);
            }
        }
    }

    fn encode_any(&self, text: &str, words: &mut Words, ids: &mut Vec<u32>, end: usize) {
        let mut start = None;
        for (at, c) in text.char_indices() {
            if ids.len() >= end {
                return;
            }
            if c.is_alphanumeric() && !is_cjk(c) {
                start.get_or_insert(at);
                continue;
            }
            if let Some(start) = start.take() {
                self.word(&text[start..at], words, ids);
            }
            if !is_space(c) {
                self.word(&text[at..at + c.len_utf8()], words, ids);
            }
        }
        if let Some(start) = start {
            self.word(&text[start..], words, ids);
        }
    }

    /// Appends the ids of a word or of a character that stands alone.
    fn word(&self, word: &str, words: &mut Words, ids: &mut Vec<u32>) {
        if word.len() > WORD_CHARS_MAX && word.chars().count() > WORD_CHARS_MAX {
            return;
        }
        if words.known.is_empty() {
            words.known.resize(KNOWN, Known::default());
        }
        let Words { known, lower, pieces } = words;
        let known = &mut known[hash(word, false) & (KNOWN - 1)];
        if let Some(pieces) = known.get(word) {
            ids.extend_from_slice(pieces);
        } else {
            pieces.clear();
            self.pieces_of_word(word, lower, pieces);
            known.set(word, pieces);
            ids.extend_from_slice(pieces);
        }
    }

    fn pieces_of_word(&self, word: &str, lower: &mut String, pieces: &mut Vec<u32>) {
        set_lower(lower, word);
        if let Some(id) = self.find(lower, false) {
            pieces.push(id);
        } else if word.starts_with(char::is_alphanumeric) {
            for part in parts(word) {
                set_lower(lower, part);
                self.pieces_of_part(lower, pieces);
            }
        }
    }

    /// The longest pieces from left to right; nothing where a rest has none.
    fn pieces_of_part(&self, part: &str, pieces: &mut Vec<u32>) {
        let before = pieces.len();
        let mut rest = part;
        while !rest.is_empty() {
            let continues = rest.len() < part.len();
            let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8()).take(self.longest);
            let mut ends: Vec<usize> = ends.collect();
            let found = std::iter::from_fn(|| ends.pop())
                .find_map(|end| Some((end, self.find(&rest[..end], continues)?)));
            let Some((end, id)) = found else {
                pieces.truncate(before);
                return;
            };
            pieces.push(id);
            rest = &rest[end..];
        }
    }

    fn find(&self, text: &str, continues: bool) -> Option<u32> {
        let mut slot = hash(text, continues) & (self.table.len() - 1);
        loop {
            let number = self.table[slot].checked_sub(1)?;
            if self.tokens[number as usize].2 == continues && self.text(number) == text {
                return Some(number);
            }
            slot = (slot + 1) & (self.table.len() - 1);
        }
    }

    fn text(&self, number: u32) -> &'static str {
        let (start, len, _) = self.tokens[number as usize];
        &self.vocabulary[start as usize..start as usize + usize::from(len)]
    }
}

#[expect(clippy::cast_possible_truncation, reason = "only the low bits are used")]
fn hash(text: &str, continues: bool) -> usize {
    xxh3_64_with_seed(text.as_bytes(), u64::from(continues)) as usize
}

/// Lower case character by character, without the rule for a last sigma.
fn set_lower(lower: &mut String, text: &str) {
    lower.clear();
    if text.is_ascii() {
        lower.push_str(text);
        lower.make_ascii_lowercase();
    } else {
        lower.extend(text.chars().flat_map(char::to_lowercase));
    }
}

/// White space as the model's tokenizer has it: Unicode's, and the four ASCII separators.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

fn is_cjk(c: char) -> bool {
    matches!(u32::from(c),
        0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff
        | 0x2_0000..=0x2_a6df | 0x2_a700..=0x2_ceaf | 0x2_f800..=0x2_fa1f)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CharKind {
    Digit,
    Upper,
    Lower,
}

fn char_kind(c: char) -> CharKind {
    if c.is_numeric() {
        CharKind::Digit
    } else if c.is_uppercase() {
        CharKind::Upper
    } else {
        CharKind::Lower
    }
}

/// The parts of an identifier: `HTTPServer2` gives `HTTP`, `Server`, `2`.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut chars = rest.char_indices().map(|(at, c)| (at, char_kind(c))).peekable();
        let (_, mut before) = chars.next()?;
        let mut end = rest.len();
        while let Some((at, here)) = chars.next() {
            let digits_end_or_begin = (before == CharKind::Digit) != (here == CharKind::Digit);
            let hump = before == CharKind::Lower && here == CharKind::Upper;
            let next = chars.peek().map(|(_, kind)| *kind);
            let acronym_ends = before == CharKind::Upper
                && here == CharKind::Upper
                && next == Some(CharKind::Lower);
            if digits_end_or_begin || hump || acronym_ends {
                end = at;
                break;
            }
            before = here;
        }
        let part;
        (part, rest) = rest.split_at(end);
        Some(part)
    })
}
