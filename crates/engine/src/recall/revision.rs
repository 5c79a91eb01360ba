//! Revisions as git writes them: a ref or an object id, and steps back from it.

use lichen_model::{CommitId, Oid};

use crate::{Error, Reader};

impl Reader {
    /// The commit that `text` names in any repository of the store: a ref, `HEAD`, or the beginning of an object id,
    /// with `~n` and `^` for first parents behind it.
    pub(crate) fn revision(&self, text: &str) -> Result<CommitId, Error> {
        let unknown = || Error::UnknownRevision { rev: text.to_owned() };
        let (name, mut steps) = steps_back(text).ok_or_else(unknown)?;
        let mut found = self.named(name, text)?;
        let store = &self.store;
        while steps > 0 {
            let commit = store.commit(found)?.ok_or_else(unknown)?.commit;
            let parent = commit.parents.first().ok_or_else(unknown)?;
            found = self.named(&parent.to_string(), text)?;
            steps -= 1;
        }
        Ok(found)
    }

    /// The one commit of that name; errors speak of `asked`.
    fn named(&self, name: &str, asked: &str) -> Result<CommitId, Error> {
        let store = &self.store;
        let mut found: Vec<(CommitId, Oid)> = Vec::new();
        for repo in store.repos()? {
            found.extend(store.resolve_rev(repo.id, name)?);
        }
        found.sort_unstable();
        found.dedup();
        match found.as_slice() {
            [] => Err(Error::UnknownRevision { rev: asked.to_owned() }),
            [(id, _)] => Ok(*id),
            several => {
                let candidates = several.iter().map(|(_, oid)| oid.to_string()).collect();
                Err(Error::AmbiguousRevision { rev: asked.to_owned(), candidates })
            }
        }
    }
}

/// `HEAD~2^` as `HEAD` and 3; `None` where a count cannot be read.
fn steps_back(text: &str) -> Option<(&str, usize)> {
    let end = text.find(['~', '^']).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    let mut steps: usize = 0;
    while let Some(mark) = rest.chars().next() {
        rest = &rest[1..];
        let digits = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
        let count = match (mark, &rest[..digits]) {
            ('~' | '^', "") | ('^', "1") => 1,
            ('~', count) => count.parse().ok()?,
            _ => return None,
        };
        steps = steps.checked_add(count)?;
        rest = &rest[digits..];
    }
    (!name.is_empty()).then_some((name, steps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_back_are_counted() {
        for (text, expected) in [
            ("main", Some(("main", 0))),
            ("HEAD~", Some(("HEAD", 1))),
            ("HEAD~3", Some(("HEAD", 3))),
            ("v1.0^^~2", Some(("v1.0", 4))),
            ("HEAD^1", Some(("HEAD", 1))),
            ("HEAD^2", None),
            ("HEAD~x", None),
            ("~1", None),
            ("", None),
        ] {
            assert_eq!(steps_back(text), expected, "{text}");
        }
    }
}
