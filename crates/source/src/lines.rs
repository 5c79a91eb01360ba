//! Which line of one text is which line of another: what an edit did to line numbers.
//!
//! Lines are compared without their ends, and UTF-16 as the text it stands for: a checkout that changes line ends or the way bytes
//! are text moves no line.

use imara_diff::{Algorithm, Diff, InternedInput};

use crate::symbols;

/// Where a line of the new text stands in the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldLine {
    /// It is this one, unchanged.
    Same(u32),
    /// It is new or changed; `after` is the line of the old text that stands before it, 0 for its beginning.
    Changed {
        /// The line before it.
        after: u32,
    },
    /// The new text has no such line.
    Beyond,
}

/// The lines of two texts against one another.
#[derive(Debug)]
pub struct LineMap {
    /// For each line of the new text its line in the old one, or 0; with the last old line before it.
    old_of: Vec<(u32, u32)>,
}

impl LineMap {
    /// Compares two blobs or files. What is no text has no lines.
    pub fn between(old: &[u8], new: &[u8]) -> Self {
        let (old, new) = (symbols::decoded(old), symbols::decoded(new));
        let (old, new) = (lines(&old), lines(&new));
        let mut input: InternedInput<&[u8]> = InternedInput::default();
        input.update_before(old.iter().copied());
        input.update_after(new.iter().copied());
        let mut diff = Diff::compute(Algorithm::Histogram, &input);
        diff.postprocess_lines(&input);
        let mut old_of = Vec::with_capacity(new.len());
        let mut at = 0;
        for hunk in diff.hunks() {
            let unchanged = hunk.before.start - at;
            old_of.extend((at + 1..=at + unchanged).map(|line| (line, line)));
            old_of.extend(hunk.after.clone().map(|_| (0, hunk.before.start)));
            at = hunk.before.end;
        }
        let old_len = u32::try_from(old.len()).unwrap_or(u32::MAX);
        old_of.extend((at + 1..=old_len).map(|line| (line, line)));
        Self { old_of }
    }

    /// Where a line of the new text, from 1, stands in the old one.
    pub fn old_line(&self, new: u32) -> OldLine {
        let place = (new as usize).checked_sub(1).and_then(|at| self.old_of.get(at));
        match place {
            None => OldLine::Beyond,
            Some((0, after)) => OldLine::Changed { after: *after },
            Some((line, _)) => OldLine::Same(*line),
        }
    }

    /// How many lines the new text has.
    pub fn new_len(&self) -> u32 {
        u32::try_from(self.old_of.len()).unwrap_or(u32::MAX)
    }

    /// How many lines of the new text are new or changed.
    pub fn changed(&self) -> usize {
        self.old_of.iter().filter(|(line, _)| *line == 0).count()
    }
}

/// How many lines a text has; what is no text has none.
pub fn count(text: &[u8]) -> u32 {
    u32::try_from(lines(&symbols::decoded(text)).len()).unwrap_or(u32::MAX)
}

/// The text of lines `first` to `last`, from 1, each without its end.
pub fn of(text: &[u8], first: u32, last: u32) -> Vec<String> {
    let text = symbols::decoded(text);
    let all = lines(&text).into_iter();
    let wanted =
        all.skip(first.max(1) as usize - 1).take((last + 1).saturating_sub(first.max(1)) as usize);
    wanted.map(|line| String::from_utf8_lossy(line).into_owned()).collect()
}

/// Two texts as a unified diff, without headers of files; empty where they differ in nothing but line ends.
pub fn unified(old: &[u8], new: &[u8]) -> String {
    let (old, new) = (symbols::decoded(old), symbols::decoded(new));
    let joined = |text: &[u8]| {
        let mut whole = String::new();
        for line in lines(text) {
            whole.push_str(&String::from_utf8_lossy(line));
            whole.push('\n');
        }
        whole
    };
    let (old, new) = (joined(&old), joined(&new));
    let input = InternedInput::new(old.as_str(), new.as_str());
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let printer = imara_diff::BasicLineDiffPrinter(&input.interner);
    diff.unified_diff(&printer, imara_diff::UnifiedDiffConfig::default(), &input).to_string()
}

/// The lines of a text without their ends; the last needs none.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    if text.is_empty() {
        return Vec::new();
    }
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let lines = text.split(|&byte| byte == b'\n');
    lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect()
}

#[cfg(test)]
mod tests;
