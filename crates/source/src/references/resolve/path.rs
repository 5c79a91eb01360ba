//! Paths, with lines or without, as people, compilers and stack traces write them.

use lichen_model::{Detector, Lines, Oid, ReferenceRule, ReferenceStatus, RepoPath, Rung, Target};

use super::{Lookup, Outcome};
use crate::references::code::Entry;

/// Folders whose files are those of libraries, compilers and package managers.
const FOREIGN: [&str; 22] = [
    "site-packages/",
    "dist-packages/",
    "node_modules/",
    "/rustc/",
    "rustlib/src/",
    ".cargo/registry/",
    ".cargo/git/",
    ".rustup/",
    "/usr/include/",
    "/usr/lib/",
    "/usr/local/",
    "/usr/share/",
    "go/pkg/mod/",
    "/goroot/",
    "vendor/bundle/",
    "/gems/",
    "lib/python3",
    "lib/python2",
    "node:internal/",
    "internal/modules/",
    "\u{0}frozen",
    "/sysdeps/",
];
/// Names that a path must keep behind the folder of a machine.
const TAIL_NAMES_MIN: usize = 2;

/// A path that was found.
struct Place {
    /// A commit that has it.
    at: Oid,
    path: RepoPath,
}

/// Where a written path leads.
enum Way {
    One(ReferenceRule, Place),
    Several(ReferenceRule, Vec<Place>),
    Foreign,
    Nowhere,
}

impl Lookup<'_> {
    /// A path, and lines of it; `None` for a name that may as well be none of a file.
    pub(super) fn place(
        &mut self,
        detector: Detector,
        written: &str,
        lines: Option<Lines>,
        function: Option<&str>,
    ) -> Option<Outcome> {
        let class = function
            .filter(|_| detector == Detector::Frame)
            .and_then(|function| class_path(written, function));
        // What a message quotes of a compiler or a stack trace was seen before the commit that it tells of.
        let before = lines.is_some() && detector != Detector::Hunk;
        let (way, is_class) = match class {
            Some(class) => (self.class(&class), true),
            None => (self.way(written, before), false),
        };
        let outcome = match way {
            Way::One(rule, place) => self.lined(rule, place, lines),
            Way::Several(rule, places) => {
                let places = places.into_iter();
                let file = |Place { at, path }| Target::File { at, path, lines };
                Outcome::several(rule, places.map(file).collect())
            }
            Way::Foreign => Outcome::foreign(),
            Way::Nowhere if is_class => Outcome::foreign(),
            Way::Nowhere => Outcome::unresolved(),
        };
        // `example.com`, `e.g`: a name with a stop is kept only where it names something; `and/or` only where the root has it.
        let is_loose = detector == Detector::Path && !written.contains(['/', '\\']);
        let is_pair = detector == Detector::Path
            && written.matches('/').count() == 1
            && written.chars().all(|char| char.is_ascii_lowercase() || char == '/')
            && !written.ends_with('/');
        let is_kept = if is_pair {
            outcome.rule == ReferenceRule::Exact
        } else {
            !is_loose || outcome.status != ReferenceStatus::Unresolved
        };
        is_kept.then_some(outcome)
    }

    /// Lines of a file: those that it has, at the commit or before it.
    fn lined(&mut self, rule: ReferenceRule, place: Place, lines: Option<Lines>) -> Outcome {
        let Place { at, path } = place;
        let Some(lines) = lines else {
            return Outcome::one(rule, Target::File { at, path, lines: None });
        };
        let mut commits = vec![at.clone(), self.setting.commit.clone()];
        commits.extend(self.change.parent.clone());
        commits.dedup();
        for commit in commits {
            if self.fits(&commit, &path, lines) {
                let target = Target::File { at: commit, path, lines: Some(lines) };
                return Outcome::one(rule, target);
            }
        }
        let is_file = self.code.entry(&at, &path) == Some(Entry::File);
        let target = Target::File { at, path, lines: None };
        // Lines behind the end: the text was about another version, with edits that nobody committed perhaps.
        if is_file {
            Outcome::one(ReferenceRule::LineOutside, target)
        } else {
            Outcome::unresolved()
        }
    }

    /// The file of a class, as the frames of the JVM name it: a name of a file, and the class in full.
    fn class(&mut self, class: &str) -> Way {
        let found = self.ending_files(class);
        match self.choose(found, ReferenceRule::Class) {
            Way::Nowhere => match self.gone(class) {
                Way::One(_, place) => Way::One(ReferenceRule::Class, place),
                other => other,
            },
            way => way,
        }
    }

    fn way(&mut self, written: &str, before: bool) -> Way {
        let unix = written.replace('\\', "/");
        let (path, is_absolute) = self.inside(&unix);
        let path = path.trim_start_matches("./").trim_end_matches('/').to_owned();
        let is_foreign = FOREIGN.iter().any(|folder| unix.contains(folder));
        if path.is_empty() || path.split('/').any(|name| name == "..") {
            return self.climbing(&path, is_foreign);
        }
        if !is_absolute {
            for name in names(&path) {
                let way = self.relative(&name, before);
                if !matches!(way, Way::Nowhere) {
                    return way;
                }
            }
        }
        if is_foreign {
            return Way::Foreign;
        }
        let tail = self.tail(path.trim_start_matches('/'));
        if !matches!(tail, Way::Nowhere) {
            return tail;
        }
        if is_absolute { Way::Nowhere } else { self.former(&path) }
    }

    /// A path without the folder that holds the repository, and whether it is that of a machine all the same.
    fn inside(&self, path: &str) -> (String, bool) {
        let inside = self.setting.roots.iter().filter_map(|root| {
            let rest = path.strip_prefix(root.trim_end_matches('/'))?;
            rest.strip_prefix('/')
        });
        if let Some(rest) = inside.min_by_key(|rest| rest.len()) {
            return (rest.to_owned(), false);
        }
        let bytes = path.as_bytes();
        let drive = bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
        (path.to_owned(), path.starts_with('/') || path.starts_with('~') || drive)
    }

    fn relative(&mut self, path: &str, before: bool) -> Way {
        let commit = self.setting.commit.clone();
        let written = RepoPath::from(path);
        let has_folder = path.contains('/');
        if self.code.entry(&commit, &written).is_some() {
            // A name alone that the root has may mean one that is at hand.
            let near: Vec<RepoPath> = if has_folder { Vec::new() } else { self.near(path) };
            // `.gitignore` is a word for all files of that name.
            let is_hidden = path.starts_with('.') && !has_folder && !self.is_near(&written);
            return match &near[..] {
                _ if is_hidden => {
                    Way::Several(ReferenceRule::Name, vec![self.here(written, false)])
                }
                [_, ..] if !near.contains(&written) => {
                    let places = [vec![written], near].concat();
                    let places = places.into_iter().map(|path| self.here(path, false));
                    Way::Several(ReferenceRule::Name, places.collect())
                }
                _ => Way::One(ReferenceRule::Exact, self.here(written, before)),
            };
        }
        let found: Vec<RepoPath> = self.code.ending(&commit, path);
        let rule = if has_folder { ReferenceRule::Suffix } else { ReferenceRule::Name };
        if !found.is_empty() {
            let found = found.into_iter().map(|path| self.here(path, before)).collect();
            return self.choose(found, rule);
        }
        self.gone(path)
    }

    /// Files that end with some names, at the commit.
    fn ending_files(&mut self, names: &str) -> Vec<Place> {
        let commit = self.setting.commit.clone();
        let mut found = self.code.ending(&commit, names);
        let written = RepoPath::from(names);
        if self.code.entry(&commit, &written).is_some() {
            found.push(written);
        }
        found.into_iter().map(|path| self.here(path, true)).collect()
    }

    /// A path of the commit; of the one before where the text tells what was seen then.
    fn here(&mut self, path: RepoPath, before: bool) -> Place {
        if before
            && self.setting.rung == Rung::Own
            && let Some(parent) = self.change.parent.clone()
            && self.change.before.contains(&path)
        {
            return Place { at: parent, path };
        }
        Place { at: self.setting.commit.clone(), path }
    }

    /// One of several paths: the only one, or the only one that is at hand.
    fn choose(&self, mut found: Vec<Place>, rule: ReferenceRule) -> Way {
        if found.len() < 2 {
            return found.pop().map_or(Way::Nowhere, |place| Way::One(rule, place));
        }
        let near: Vec<usize> =
            (0..found.len()).filter(|at| self.is_near(&found[*at].path)).collect();
        if let [at] = near[..] {
            return Way::One(ReferenceRule::Context, found.swap_remove(at));
        }
        found.sort_by(|a, b| {
            let rank = |place: &Place| (!self.is_near(&place.path), place.path.0.len());
            rank(a).cmp(&rank(b)).then_with(|| a.path.cmp(&b.path))
        });
        Way::Several(rule, found)
    }

    /// What the commit took away, where the text is its message.
    fn gone(&self, path: &str) -> Way {
        let Some(parent) = &self.change.parent else { return Way::Nowhere };
        let tail = format!("/{path}");
        let before = self.change.before.iter().filter(|before| {
            let text = before.to_text();
            text == path || text.ends_with(&tail)
        });
        let mut found: Vec<Place> =
            before.map(|path| Place { at: parent.clone(), path: path.clone() }).collect();
        match found.len() {
            0 => self.gone_folder(path, parent),
            1 => found.pop().map_or(Way::Nowhere, |place| Way::One(ReferenceRule::Removed, place)),
            _ => Way::Several(ReferenceRule::Removed, found),
        }
    }

    /// A folder that went with its files.
    fn gone_folder(&self, path: &str, parent: &Oid) -> Way {
        let folder = format!("{path}/");
        let had = self.change.before.iter().any(|before| before.to_text().starts_with(&folder));
        if had {
            let place = Place { at: parent.clone(), path: RepoPath::from(path) };
            Way::One(ReferenceRule::Removed, place)
        } else {
            Way::Nowhere
        }
    }

    /// A path behind the folders of some machine: the longest end of it that is one of the repository.
    fn tail(&mut self, path: &str) -> Way {
        let commit = self.setting.commit.clone();
        let mut rest = path;
        while let Some((_, tail)) = rest.split_once('/') {
            rest = tail;
            if rest.split('/').count() < TAIL_NAMES_MIN {
                break;
            }
            let written = RepoPath::from(rest);
            if self.code.entry(&commit, &written) == Some(Entry::File) {
                return Way::One(ReferenceRule::Tail, self.here(written, true));
            }
        }
        Way::Nowhere
    }

    /// A path that goes up: what stands behind it, if there is only one.
    fn climbing(&mut self, path: &str, is_foreign: bool) -> Way {
        let rest = path.rsplit("../").next().unwrap_or_default();
        if is_foreign || rest.is_empty() || rest.contains("..") {
            return if is_foreign { Way::Foreign } else { Way::Nowhere };
        }
        self.relative(rest, true)
    }

    /// What was there at another time.
    fn former(&mut self, path: &str) -> Way {
        if !path.contains('/') {
            return Way::Nowhere;
        }
        let ever = self.code.ever(path);
        let mut paths: Vec<&RepoPath> = ever.iter().map(|(path, _)| path).collect();
        paths.sort();
        paths.dedup();
        match paths[..] {
            [_] => {
                let (path, at) = ever.into_iter().next_back().expect("there is one");
                Way::One(ReferenceRule::Former, Place { at, path })
            }
            _ => Way::Nowhere,
        }
    }

    /// The files at hand of that name.
    fn near(&self, name: &str) -> Vec<RepoPath> {
        let tail = format!("/{name}");
        let all = self.setting.touched.iter().chain(&self.change.after).chain(&self.named);
        let mut near: Vec<RepoPath> = all
            .filter(|path| path.0 == name.as_bytes() || path.to_text().ends_with(&tail))
            .cloned()
            .collect();
        near.sort();
        near.dedup();
        near
    }

    /// Whether the writer had a file in hand, or the text names it.
    pub(super) fn is_near(&self, path: &RepoPath) -> bool {
        self.setting.touched.contains(path)
            || self.change.after.contains(path)
            || self.change.before.contains(path)
            || self.named.contains(path)
    }
}

/// The path of a class's file from the root of its sources; `None` where the frame is not one of the JVM's.
fn class_path(file: &str, function: &str) -> Option<String> {
    let (_, ending) = file.rsplit_once('.')?;
    if file.contains(['/', '\\']) || !matches!(ending, "java" | "kt" | "scala" | "groovy") {
        return None;
    }
    // `java.base/java.lang.Thread.run`, `app//org.acme.Foo.run`.
    let function = function.rsplit('/').next()?;
    let (class, _) = function.rsplit_once('.')?;
    let (package, _) = class.rsplit_once('.')?;
    // An inner class is written behind its outer one with `$`, the package is in front of both.
    let package: Vec<&str> =
        package.split('.').take_while(|part| !part.starts_with(char::is_uppercase)).collect();
    (!package.is_empty()).then(|| format!("{}/{file}", package.join("/")))
}

/// What a relative path may be seen from the root: as written, and without the marks of a diff.
fn names(path: &str) -> Vec<String> {
    let mut names = vec![path.to_owned()];
    names.extend(["a/", "b/"].iter().filter_map(|mark| path.strip_prefix(mark)).map(str::to_owned));
    names
}
