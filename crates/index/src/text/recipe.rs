//! How texts are scored: the classes of passages, and the numbers of BM25 per class.

use lichen_model::PassageKind;

/// Passages that are read and scored alike, with statistics of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Messages of people and agents: short.
    Talk = 0,
    /// Documents and commits.
    Prose = 1,
    /// Source code, whose stop words mean something.
    Code = 2,
}

impl Class {
    /// Every class.
    pub(crate) const ALL: [Self; 3] = [Self::Talk, Self::Prose, Self::Code];

    /// The class of a kind.
    pub(crate) const fn of(kind: PassageKind) -> Self {
        match kind {
            PassageKind::Chat | PassageKind::Agent | PassageKind::Thinking => Self::Talk,
            PassageKind::Doc | PassageKind::Commit => Self::Prose,
            PassageKind::Code => Self::Code,
        }
    }

    /// Whether stop words are dropped.
    pub(crate) const fn stops(self) -> bool {
        match self {
            Self::Talk | Self::Prose => true,
            Self::Code => false,
        }
    }
}

/// How many passages of each class there are, of so many of each kind.
pub(crate) fn by_class(kinds: &[u32; PassageKind::ALL.len()]) -> [u32; Class::ALL.len()] {
    let mut counts = [0; Class::ALL.len()];
    for (kind, count) in PassageKind::ALL.into_iter().zip(kinds) {
        counts[Class::of(kind) as usize] += count;
    }
    counts
}

/// The numbers of BM25 for one class, after BM25F (Robertson, Zaragoza and Taylor, "Simple BM25 Extension to
/// Multiple Weighted Fields", 2004): a term in the context counts `context_weight` times before saturation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bm25 {
    /// How slowly repetition saturates.
    pub k1: f32,
    /// How much long texts are discounted, 0 to 1.
    pub b: f32,
    /// How often a word of the context counts; 0 ignores contexts. A word that counts more than others there, such as a
    /// function's name, is repeated in it.
    pub context_weight: f32,
}

/// The numbers of every class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// For messages.
    pub talk: Bm25,
    /// For documents and commits.
    pub prose: Bm25,
    /// For source code.
    pub code: Bm25,
    /// What a phrase in quotes counts against a single word.
    pub phrase_weight: f32,
}

impl Recipe {
    /// The numbers of a class.
    pub(crate) const fn of(&self, class: Class) -> Bm25 {
        match class {
            Class::Talk => self.talk,
            Class::Prose => self.prose,
            Class::Code => self.code,
        }
    }
}

impl Default for Recipe {
    /// Measured on labelled conversations and code searches with `lichen eval recall`.
    fn default() -> Self {
        Self {
            talk: Bm25 { k1: 0.9, b: 0.3, context_weight: 0.0 },
            prose: Bm25 { k1: 1.2, b: 0.75, context_weight: 1.0 },
            code: Bm25 { k1: 1.5, b: 0.75, context_weight: 1.0 },
            phrase_weight: 2.0,
        }
    }
}
