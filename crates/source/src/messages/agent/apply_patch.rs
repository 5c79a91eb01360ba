//! The patches of `apply_patch` (`*** Begin Patch`), as unified diffs.

use std::fmt::Write as _;

/// The changes of a patch.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Patch {
    /// The files it names, in order.
    pub(super) paths: Vec<String>,
    /// All of it in unified diff form. Line numbers count from the start of each hunk: the patch does not tell where in
    /// the file it stands.
    pub(super) diff: String,
}

/// Reads the patch that `text` holds, alone or within a command; `name` tells what a file is called in the diff.
pub(super) fn parse(text: &str, name: &dyn Fn(&str) -> String) -> Option<Patch> {
    let (_, body) = text.split_once("*** Begin Patch")?;
    let mut writer = Writer { patch: Patch::default(), name, header: None, hunk: Hunk::default() };
    for line in body.lines().skip(1) {
        if line.trim_end() == "*** End Patch" {
            break;
        }
        writer.line(line);
    }
    writer.end_file();
    (!writer.patch.paths.is_empty()).then_some(writer.patch)
}

#[derive(Default)]
struct Hunk {
    heading: String,
    body: String,
    old: usize,
    new: usize,
}

struct Writer<'a> {
    patch: Patch,
    name: &'a dyn Fn(&str) -> String,
    /// The names of the file before and after, until they are written.
    header: Option<(String, String)>,
    hunk: Hunk,
}

impl Writer<'_> {
    fn line(&mut self, line: &str) {
        const NONE: &str = "/dev/null";
        if let Some(path) = line.strip_prefix("*** Add File: ") {
            let name = self.begin_file(path);
            self.header = Some((NONE.to_owned(), format!("b/{name}")));
        } else if let Some(path) = line.strip_prefix("*** Delete File: ") {
            let name = self.begin_file(path);
            self.header = Some((format!("a/{name}"), NONE.to_owned()));
        } else if let Some(path) = line.strip_prefix("*** Update File: ") {
            let name = self.begin_file(path);
            self.header = Some((format!("a/{name}"), format!("b/{name}")));
        } else if let Some(path) = line.strip_prefix("*** Move to: ") {
            let name = (self.name)(path.trim());
            if let Some((_, after)) = &mut self.header {
                *after = format!("b/{name}");
                self.patch.paths.push(path.trim().to_owned());
            }
        } else if let Some(heading) = line.strip_prefix("@@") {
            self.end_hunk();
            heading.trim().trim_end_matches("@@").trim_end().clone_into(&mut self.hunk.heading);
        } else if !line.starts_with("*** ") {
            self.changed(line);
        }
    }

    fn changed(&mut self, line: &str) {
        let (old, new) = match line.as_bytes().first() {
            Some(b'+') => (0, 1),
            Some(b'-') => (1, 0),
            Some(b' ') => (1, 1),
            // An empty line of context whose blank was lost; anything else belongs to no patch.
            None => {
                self.hunk.body.push(' ');
                (1, 1)
            }
            Some(_) => return,
        };
        self.hunk.old += old;
        self.hunk.new += new;
        self.hunk.body.push_str(line);
        self.hunk.body.push('\n');
    }

    fn begin_file(&mut self, path: &str) -> String {
        self.end_file();
        let path = path.trim();
        self.patch.paths.push(path.to_owned());
        (self.name)(path)
    }

    fn end_file(&mut self) {
        self.end_hunk();
        self.write_header();
    }

    fn write_header(&mut self) {
        if let Some((before, after)) = self.header.take() {
            let _ = write!(self.patch.diff, "--- {before}\n+++ {after}\n");
        }
    }

    fn end_hunk(&mut self) {
        let Hunk { heading, body, old, new } = std::mem::take(&mut self.hunk);
        if body.is_empty() || self.patch.paths.is_empty() {
            return;
        }
        self.write_header();
        let range = |count: usize| format!("{},{count}", usize::from(count > 0));
        let space = if heading.is_empty() { "" } else { " " };
        let (old, new) = (range(old), range(new));
        let _ = write!(self.patch.diff, "@@ -{old} +{new} @@{space}{heading}\n{body}");
    }
}

#[cfg(test)]
mod tests;
