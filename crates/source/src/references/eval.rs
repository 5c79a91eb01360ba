//! How rightly references are told, measured against messages in which people labelled every one.

use std::collections::BTreeMap;
use std::ops::Range;

use lichen_model::{Detector, Lines, Reference, ReferenceStatus, Target};
use serde::Deserialize;

/// Labelled messages of commits, and the repositories they are in.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Labelled {
    /// The repositories.
    pub repositories: Vec<LabelledRepository>,
    /// The messages.
    pub messages: Vec<LabelledMessage>,
}

/// A repository of labelled messages.
#[derive(Clone, Debug, Deserialize)]
pub struct LabelledRepository {
    /// Its name.
    pub name: String,
    /// The addresses that it has on forges, now or before.
    #[serde(default)]
    pub web: Vec<String>,
}

/// The message of a commit, which is read from the repository: only places in it are kept.
#[derive(Clone, Debug, Deserialize)]
pub struct LabelledMessage {
    /// The name of the repository.
    pub repository: String,
    /// The commit.
    pub commit: String,
    /// Everything in its message that speaks of the repository.
    pub references: Vec<Label>,
}

/// A place that speaks of the repository.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Label {
    /// What sort it is.
    pub kind: LabelKind,
    /// Its first byte in the message.
    pub start: u32,
    /// The byte behind it.
    pub end: u32,
    /// What it means, any of these: an object id, `path`, `path:3`, `path:3-7`, `path::qualified.name`, `#12`. None where that
    /// is for nobody to say: then it counts neither as right nor as wrong.
    #[serde(default)]
    pub targets: Vec<String>,
}

/// A sort of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelKind {
    /// An address of a page.
    Link,
    /// A line of a stack trace or a compiler.
    Frame,
    /// A path with a line.
    PathLine,
    /// A path.
    Path,
    /// A commit.
    Commit,
    /// An issue or a request.
    Issue,
    /// A symbol in backticks.
    Quoted,
    /// A symbol in the middle of prose.
    Name,
    /// Nobody can tell.
    Ignored,
}

/// The sorts that are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// Addresses of pages.
    Link,
    /// Lines of stack traces and compilers.
    Frame,
    /// Paths with lines.
    PathLine,
    /// Paths.
    Path,
    /// Commits.
    Commit,
    /// Issues and requests.
    Issue,
    /// Symbols.
    Symbol,
    /// Those of the symbols that stand in backticks.
    Quoted,
}

impl Sort {
    /// Every sort.
    pub const ALL: [Self; 8] = [
        Self::Link,
        Self::Frame,
        Self::PathLine,
        Self::Path,
        Self::Commit,
        Self::Issue,
        Self::Symbol,
        Self::Quoted,
    ];

    /// The word for it in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Frame => "frame",
            Self::PathLine => "path_line",
            Self::Path => "path",
            Self::Commit => "commit",
            Self::Issue => "issue",
            Self::Symbol => "symbol",
            Self::Quoted => "quoted",
        }
    }

    const fn of_claim(detector: Detector) -> Self {
        match detector {
            Detector::Link => Self::Link,
            Detector::Hunk | Detector::Frame => Self::Frame,
            Detector::PathLine => Self::PathLine,
            Detector::Path => Self::Path,
            Detector::Commit => Self::Commit,
            Detector::Issue => Self::Issue,
            Detector::Symbol => Self::Symbol,
        }
    }

    const fn of_label(kind: LabelKind) -> Option<Self> {
        Some(match kind {
            LabelKind::Link => Self::Link,
            LabelKind::Frame => Self::Frame,
            LabelKind::PathLine => Self::PathLine,
            LabelKind::Path => Self::Path,
            LabelKind::Commit => Self::Commit,
            LabelKind::Issue => Self::Issue,
            LabelKind::Quoted | LabelKind::Name => Self::Symbol,
            LabelKind::Ignored => return None,
        })
    }
}

/// What was right, wrong and missed of one sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// References that were told as certain.
    pub claimed: usize,
    /// Those that are right.
    pub right: usize,
    /// Labels.
    pub labelled: usize,
    /// Those that were told rightly.
    pub found: usize,
    /// Those that were not told as certain, but are among what was offered.
    pub offered: usize,
}

impl Count {
    /// The share of what was told that is right.
    pub fn precision(&self) -> f64 {
        share(self.right, self.claimed)
    }

    /// The share of what is right that was told.
    pub fn recall(&self) -> f64 {
        share(self.found, self.labelled)
    }

    /// Adds another.
    pub const fn add(&mut self, other: &Self) {
        self.claimed += other.claimed;
        self.right += other.right;
        self.labelled += other.labelled;
        self.found += other.found;
        self.offered += other.offered;
    }
}

fn share(part: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}

/// Something that was told wrongly, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where in the message.
    pub span: Range<u32>,
    /// What sort it is.
    pub sort: Sort,
    /// What was told; empty for nothing.
    pub told: String,
    /// What is right; empty for nothing.
    pub expected: String,
}

/// The counts of one message or several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score(BTreeMap<Sort, Count>);

impl Score {
    /// The counts of a sort.
    pub fn count(&self, sort: Sort) -> Count {
        self.0.get(&sort).copied().unwrap_or_default()
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        for (sort, count) in &other.0 {
            self.0.entry(*sort).or_default().add(count);
        }
    }

    /// Adds what was told of a message, and tells what of it is wrong or missing.
    pub fn judge(&mut self, text: &str, labels: &[Label], told: &[Reference]) -> Vec<Fault> {
        let mut faults = Vec::new();
        for reference in told {
            let Some(target) = reference.target() else { continue };
            let over: Vec<&Label> =
                labels.iter().filter(|label| overlap(label, &reference.span)).collect();
            let right = over.iter().any(|label| means(label, target));
            if !right && over.iter().any(|label| label.targets.is_empty()) {
                continue;
            }
            let sort = Sort::of_claim(reference.detector);
            for sort in sorts(sort, is_quoted(text, &reference.span)) {
                let count = self.0.entry(sort).or_default();
                count.claimed += 1;
                count.right += usize::from(right);
            }
            if !right {
                faults.push(Fault {
                    span: reference.span.clone(),
                    sort,
                    told: shown(target),
                    expected: over
                        .iter()
                        .map(|label| label.targets.join("|"))
                        .collect::<Vec<_>>()
                        .join("; "),
                });
            }
        }
        for label in labels.iter().filter(|label| !label.targets.is_empty()) {
            let Some(sort) = Sort::of_label(label.kind) else { continue };
            let over = told.iter().filter(|reference| overlap(label, &reference.span));
            let over: Vec<&Reference> = over.collect();
            let found = over.iter().filter_map(|one| one.target()).any(|one| means(label, one));
            let offered = over
                .iter()
                .filter(|reference| reference.status == ReferenceStatus::Ambiguous)
                .any(|reference| reference.candidates.iter().any(|one| means(label, one)));
            for sort in sorts(sort, label.kind == LabelKind::Quoted) {
                let count = self.0.entry(sort).or_default();
                count.labelled += 1;
                count.found += usize::from(found);
                count.offered += usize::from(!found && offered);
            }
            if !found {
                let told = over.iter().map(|one| {
                    let candidates: Vec<_> = one.candidates.iter().map(shown).collect();
                    format!(
                        "{} {} {}",
                        one.status.as_str(),
                        one.candidate_count,
                        candidates.join(" ")
                    )
                });
                faults.push(Fault {
                    span: label.start..label.end,
                    sort,
                    told: told.collect::<Vec<_>>().join("; "),
                    expected: label.targets.join("|"),
                });
            }
        }
        faults
    }
}

/// The sorts that one reference counts as.
fn sorts(sort: Sort, quoted: bool) -> impl Iterator<Item = Sort> {
    let also = (quoted && sort == Sort::Symbol).then_some(Sort::Quoted);
    std::iter::once(sort).chain(also)
}

/// Whether a place stands in backticks.
fn is_quoted(text: &str, span: &Range<u32>) -> bool {
    let line_start = text[..span.start as usize].rfind('\n').map_or(0, |at| at + 1);
    let ticks = text[line_start..span.start as usize].matches('`').count();
    ticks % 2 == 1 || text[span.start as usize..].starts_with('`')
}

const fn overlap(label: &Label, span: &Range<u32>) -> bool {
    label.start < span.end && span.start < label.end
}

/// Whether what was told is what a label says.
fn means(label: &Label, target: &Target) -> bool {
    label.targets.iter().any(|expected| match target {
        Target::Commit(oid) => *expected == oid.to_string(),
        Target::Issue { number, .. } => *expected == format!("#{number}"),
        Target::File { .. } => *expected == shown(target),
        Target::Symbol { path, qualified_name, .. } => {
            expected.split_once("::").is_some_and(|(file, name)| {
                *file == *path.to_text()
                    && (name == qualified_name || qualified_name.ends_with(&format!(".{name}")))
            })
        }
    })
}

/// What a reference means, in the form of labels.
fn shown(target: &Target) -> String {
    match target {
        Target::Commit(oid) => oid.to_string(),
        Target::Issue { number, .. } => format!("#{number}"),
        Target::File { path, lines, .. } => match lines {
            None => path.to_text().into_owned(),
            Some(Lines { first, last }) if first == last => format!("{}:{first}", path.to_text()),
            Some(Lines { first, last }) => format!("{}:{first}-{last}", path.to_text()),
        },
        Target::Symbol { path, qualified_name, .. } => {
            format!("{}::{qualified_name}", path.to_text())
        }
    }
}

#[cfg(test)]
mod tests;
