//! The model built into the program: one vector per token, summed.
//!
//! | bytes | what |
//! | --- | --- |
//! | 0..8 | `LICHENSM` |
//! | 8..24 | as `u32`: version 1, tokens V, dimensions D, bytes of vocabulary B |
//! | 24.. | V scales as `f32`, then V rows of D `i8`, then the tokens, each ended by `\n` |
//! | last 8 | the first of BLAKE3 of everything before |
//!
//! Little-endian. A text's vector is the sum of `scale * row` over its tokens, scaled to length one.

use std::sync::OnceLock;

use super::wordpiece::{Wordpiece, Words};
use super::{EmbedError, Embedder, ModelKey, Vectors};

/// The file as the `model` folder describes it.
static ASSET: &[u8] = include_bytes!("../../model/static-256.bin");
const MAGIC: &[u8; 8] = b"LICHENSM";
const HEADER: usize = 24;
const CHECKSUM: usize = 8;
/// Dimensions that are summed at a time.
const BLOCK: usize = 64;

/// The model. Making one reads no more than its header and vocabulary.
#[derive(Debug)]
pub struct StaticModel {
    key: ModelKey,
    scales: &'static [[u8; 4]],
    rows: &'static [u8],
    wordpiece: Wordpiece,
}

/// Counts the tokens of texts.
#[derive(Debug)]
pub struct TokenCounter<'a> {
    wordpiece: &'a Wordpiece,
    words: Words,
    ids: Vec<u32>,
}

impl TokenCounter<'_> {
    /// How many tokens a text has.
    pub fn count(&mut self, text: &str) -> u32 {
        let count = self.wordpiece.count(text, &mut self.words, &mut self.ids);
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

impl StaticModel {
    /// The built-in model, made at the first call.
    pub fn builtin() -> Result<&'static Self, EmbedError> {
        static MODEL: OnceLock<Result<StaticModel, &'static str>> = OnceLock::new();
        MODEL
            .get_or_init(|| StaticModel::parse(ASSET))
            .as_ref()
            .map_err(|what| EmbedError::Asset(what))
    }

    /// The built-in model's key, which names its very bytes.
    pub fn builtin_key() -> ModelKey {
        let dims =
            ASSET.get(16..20).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
        Self::key_of(ASSET, dims as usize)
    }

    /// Whether the built-in model's file has the bytes it was built with: for the doctor, as it reads them all.
    pub fn is_whole() -> bool {
        ASSET
            .split_last_chunk::<CHECKSUM>()
            .is_some_and(|(body, sum)| blake3::hash(body).as_bytes()[..CHECKSUM] == *sum)
    }

    /// The length of the built-in model's file in bytes.
    pub fn asset_len() -> usize {
        ASSET.len()
    }

    fn key_of(bytes: &[u8], dims: usize) -> ModelKey {
        let tail = bytes.len().saturating_sub(CHECKSUM);
        let mark = bytes[tail..].first_chunk().map_or(0, |head| u32::from_be_bytes(*head));
        ModelKey { name: format!("lichen-static-{mark:08x}"), dims }
    }

    fn parse(bytes: &'static [u8]) -> Result<Self, &'static str> {
        let header: &[u8; HEADER] = bytes.first_chunk().ok_or("it ends in its header")?;
        let number = |at: usize| {
            u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
                as usize
        };
        if header[..8] != *MAGIC || number(8) != 1 {
            return Err("it has another form");
        }
        let (tokens, dims, vocabulary) = (number(12), number(16), number(20));
        let rows = HEADER + 4 * tokens;
        let words = rows + tokens * dims;
        if dims == 0 || bytes.len() != words + vocabulary + CHECKSUM {
            return Err("it has not the length that its header tells");
        }
        let vocabulary = std::str::from_utf8(&bytes[words..words + vocabulary])
            .map_err(|_| "its vocabulary is no text")?;
        let wordpiece = Wordpiece::new(vocabulary);
        if wordpiece.len() != tokens {
            return Err("it has not as many tokens as its header tells");
        }
        Ok(Self {
            key: Self::key_of(bytes, dims),
            scales: bytes[HEADER..rows].as_chunks().0,
            rows: &bytes[rows..words],
            wordpiece,
        })
    }

    /// The token ids of a text.
    pub fn tokens(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        self.wordpiece.encode(text, &mut Words::default(), &mut ids);
        ids
    }

    /// Counts tokens of texts of any length, with the words met before at hand.
    pub fn token_counter(&self) -> TokenCounter<'_> {
        TokenCounter { wordpiece: &self.wordpiece, words: Words::default(), ids: Vec::new() }
    }

    /// The sum of the tokens' vectors.
    fn sum(&self, ids: &[u32], sum: &mut [f32]) {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the machine has AVX2.
            #[expect(unsafe_code, reason = "the same loop in wider instructions")]
            unsafe {
                return self.sum_avx2(ids, sum);
            }
        }
        self.sum_plain(ids, sum);
    }

    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "the same loop in wider instructions")]
    #[target_feature(enable = "avx2")]
    unsafe fn sum_avx2(&self, ids: &[u32], sum: &mut [f32]) {
        self.sum_plain(ids, sum);
    }

    /// Every dimension is summed in the order of the tokens, whatever the instructions. A block of dimensions stays in
    /// registers while all tokens are added.
    #[expect(clippy::inline_always, reason = "its caller's instructions are what makes it fast")]
    #[inline(always)]
    fn sum_plain(&self, ids: &[u32], sum: &mut [f32]) {
        let dims = sum.len();
        for (block, sum) in sum.chunks_mut(BLOCK).enumerate() {
            let mut partial = [0.0f32; BLOCK];
            for id in ids {
                let scale = f32::from_le_bytes(self.scales[*id as usize]);
                let row = &self.rows[*id as usize * dims + block * BLOCK..][..sum.len()];
                if let Some(row) = row.as_array::<BLOCK>() {
                    for (sum, value) in partial.iter_mut().zip(row) {
                        *sum += scale * f32::from(value.cast_signed());
                    }
                } else {
                    for (sum, value) in partial.iter_mut().zip(row) {
                        *sum += scale * f32::from(value.cast_signed());
                    }
                }
            }
            sum.copy_from_slice(&partial[..sum.len()]);
        }
    }

    fn embed_into(&self, text: &str, words: &mut Words, ids: &mut Vec<u32>, sum: &mut [f32]) {
        ids.clear();
        self.wordpiece.encode(text, words, ids);
        self.sum(ids, sum);
        let norm =
            sum.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>().sqrt();
        if norm > 0.0 {
            #[expect(clippy::cast_possible_truncation, reason = "back to the precision of vectors")]
            let scale = (1.0 / norm) as f32;
            for value in sum {
                *value *= scale;
            }
        }
    }
}

impl Embedder for StaticModel {
    fn key(&self) -> &ModelKey {
        &self.key
    }

    fn embed(&self, texts: &[&str]) -> Result<Vectors, EmbedError> {
        let mut vectors = Vectors::new(self.key.dims);
        vectors.values.resize(texts.len() * self.key.dims, 0.0);
        let (mut words, mut ids) = (Words::default(), Vec::new());
        for (text, sum) in texts.iter().zip(vectors.values.chunks_exact_mut(self.key.dims)) {
            self.embed_into(text, &mut words, &mut ids, sum);
        }
        Ok(vectors)
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        let mut sum = vec![0.0; self.key.dims];
        self.embed_into(text, &mut Words::default(), &mut Vec::new(), &mut sum);
        Ok(sum)
    }
}

#[cfg(test)]
mod tests;
