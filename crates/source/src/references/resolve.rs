//! Looking mentions up: what each names in the repository, at the commit that was current when the text was written.
//!
//! A pure function of the mentions, what is known of their writer, and the answers of a repository. Silence is better than a
//! guess: what may be several things is ambiguous, and digits alone are never taken for a commit.

mod address;
mod path;
mod symbol;

use std::collections::HashSet;
use std::ops::Range;

use lichen_model::{
    Detector, Lines, Mention, Named, Oid, Reference, ReferenceRule, ReferenceStatus, RepoPath,
    Rung, Target, Timestamp,
};

use super::code::{Changed, Code};

/// Changes whenever the same texts and repositories may give other references.
pub const RESOLVER_VERSION: u32 = 1;

/// Candidates that are told of an ambiguous mention.
const CANDIDATES_MAX: usize = 5;
/// How much later than a text a commit may seem to be that it names: clocks differ.
const CLOCK_MILLIS: i64 = 120_000;

/// What is known of a text besides itself.
#[derive(Clone, Debug)]
pub struct Setting<'a> {
    /// When it was written.
    pub written: Timestamp,
    /// The commit that was current then.
    pub commit: &'a Oid,
    /// What tells so.
    pub rung: Rung,
    /// Files that its writer had in hand by then.
    pub touched: &'a [RepoPath],
    /// Folders of the writer's machine that hold the repository, and those inside it that paths may be seen from.
    pub roots: &'a [String],
}

/// The references that mentions of one text are, in their order.
pub fn resolve(mentions: &[Mention], setting: &Setting<'_>, code: &mut dyn Code) -> Vec<Reference> {
    let change = (setting.rung == Rung::Own).then(|| code.change(setting.commit)).flatten();
    let mut lookup = Lookup {
        setting,
        change: change.unwrap_or_default(),
        code,
        named: Vec::new(),
        scopes: scopes(mentions),
    };
    let mut found: Vec<Option<Reference>> = vec![None; mentions.len()];
    // Symbols come last: the files that the text names tell which of several is meant.
    for symbols in [false, true] {
        for (mention, reference) in mentions.iter().zip(&mut found) {
            if symbols == matches!(mention.named, Named::Symbol { .. }) {
                *reference = lookup.reference(mention);
            }
        }
    }
    found.into_iter().flatten().collect()
}

/// What one mention came to, before it is a reference.
struct Outcome {
    status: ReferenceStatus,
    rule: ReferenceRule,
    confidence: f32,
    candidates: Vec<Target>,
    count: usize,
}

impl Outcome {
    fn one(rule: ReferenceRule, target: Target) -> Self {
        Self {
            status: ReferenceStatus::Resolved,
            rule,
            confidence: rule.confidence(),
            candidates: vec![target],
            count: 1,
        }
    }

    /// One of several: nothing tells which.
    fn several(rule: ReferenceRule, mut candidates: Vec<Target>) -> Self {
        let count = candidates.len();
        candidates.truncate(CANDIDATES_MAX);
        Self {
            status: ReferenceStatus::Ambiguous,
            rule,
            confidence: rule.confidence() / count.max(1) as f32,
            candidates,
            count,
        }
    }

    const fn nothing(status: ReferenceStatus) -> Self {
        let candidates = Vec::new();
        Self { status, rule: ReferenceRule::None, confidence: 0.0, candidates, count: 0 }
    }

    const fn unresolved() -> Self {
        Self::nothing(ReferenceStatus::Unresolved)
    }

    const fn foreign() -> Self {
        Self::nothing(ReferenceStatus::Foreign)
    }

    /// Less sure, as something speaks against it.
    const fn doubted(mut self, confidence: f32) -> Self {
        self.confidence *= confidence;
        self
    }

    fn at(self, span: Range<u32>, detector: Detector) -> Reference {
        Reference {
            span,
            detector,
            status: self.status,
            rule: self.rule,
            confidence: self.confidence,
            candidates: self.candidates,
            candidate_count: u32::try_from(self.count).unwrap_or(u32::MAX),
        }
    }
}

/// Mentions of one text while they are looked up.
struct Lookup<'a> {
    setting: &'a Setting<'a>,
    /// What the commit changed whose message the text is.
    change: Changed,
    code: &'a mut dyn Code,
    /// Files that the text names.
    named: Vec<RepoPath>,
    /// Names that the text has in the form of symbols.
    scopes: HashSet<String>,
}

/// The names that may be of what others stand in.
fn scopes(mentions: &[Mention]) -> HashSet<String> {
    let parts = mentions.iter().filter_map(|mention| match &mention.named {
        Named::Symbol { path, .. } => Some(path),
        _ => None,
    });
    parts.flatten().cloned().collect()
}

impl Lookup<'_> {
    fn reference(&mut self, mention: &Mention) -> Option<Reference> {
        let outcome = match &mention.named {
            Named::Page { host, repository, page } => Some(self.page(host, repository, page)),
            Named::Place { path, lines, function, .. } => {
                match self.place(mention.detector, path, *lines, function.as_deref()) {
                    // `Parser.next` looks like a file's name.
                    None => self.member(path),
                    found => found,
                }
            }
            Named::Commit { oid, .. } => self.commit(oid),
            Named::Issue { repository, number, request } => {
                Some(self.issue(repository.as_deref(), *number, *request))
            }
            Named::Symbol { path, form } => self.symbol(path, *form),
        }?;
        if let (ReferenceStatus::Resolved, Some(Target::File { path, .. })) =
            (outcome.status, outcome.candidates.first())
        {
            self.named.push(path.clone());
        }
        Some(outcome.at(mention.span.clone(), mention.detector))
    }

    /// A commit by the beginning of its object id; `None` for what may as well be no commit at all.
    fn commit(&mut self, digits: &str) -> Option<Outcome> {
        let whole = matches!(digits.len(), 40 | 64);
        let has_letter = digits.bytes().any(|byte| byte.is_ascii_alphabetic());
        if !has_letter && !whole {
            // A number: taken for a commit it would be wrong far more often than right.
            return None;
        }
        let outcome = match &self.known_commits(digits)[..] {
            // Kept, as the commit may come to be known.
            [] => Outcome::unresolved(),
            [commit] => Outcome::one(ReferenceRule::Oid, Target::Commit(commit.clone())),
            several => Outcome::several(
                ReferenceRule::Oid,
                several.iter().cloned().map(Target::Commit).collect(),
            ),
        };
        Some(outcome)
    }

    /// The commits whose object ids begin so and that were there when the text was written.
    fn known_commits(&mut self, digits: &str) -> Vec<Oid> {
        let until = self.setting.written.0.saturating_add(CLOCK_MILLIS);
        let mut commits = self.code.commits(digits);
        commits.retain(|commit| self.code.committed(commit).is_some_and(|at| at.0 <= until));
        commits
    }

    fn issue(&self, repository: Option<&str>, number: u64, request: bool) -> Outcome {
        let remotes = self.code.remotes();
        let ours = match repository {
            Some(name) => remotes.iter().find(|remote| remote.is(&remote.host, name)),
            None => remotes.first(),
        };
        match (ours, repository) {
            (Some(remote), _) if !request || remote.forge != Some(super::Forge::GitHub) => {
                Outcome::one(ReferenceRule::Number, Target::Issue { number, request })
            }
            (None, Some(_)) => Outcome::foreign(),
            _ => Outcome::unresolved(),
        }
    }

    /// The lines as far as a file has them, and whether it has them.
    fn fits(&mut self, at: &Oid, path: &RepoPath, lines: Lines) -> bool {
        self.code.lines(at, path).is_some_and(|count| lines.last <= count.max(1))
    }
}
