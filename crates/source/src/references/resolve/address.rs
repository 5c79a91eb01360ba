//! Pages of forges: of this repository, or of another.

use lichen_model::{Lines, Oid, Page, ReferenceRule, RepoPath, Target};

use super::{Lookup, Outcome};

impl Lookup<'_> {
    pub(super) fn page(&mut self, host: &str, repository: &str, page: &Page) -> Outcome {
        if !self.code.remotes().iter().any(|remote| remote.is(host, repository)) {
            return Outcome::foreign();
        }
        let rule = ReferenceRule::Address;
        match page {
            Page::Issue { number, request } => {
                Outcome::one(rule, Target::Issue { number: *number, request: *request })
            }
            Page::Commit { rev } => match self.rev(rev) {
                Some(commit) => Outcome::one(rule, Target::Commit(commit)),
                None => Outcome::unresolved(),
            },
            Page::File { rest, lines } => self.file(rest, *lines),
        }
    }

    /// The commit that a revision in an address is.
    fn rev(&mut self, rev: &str) -> Option<Oid> {
        let is_oid = (7..=64).contains(&rev.len())
            && rev.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let commits = if is_oid { self.code.commits(rev) } else { Vec::new() };
        match &commits[..] {
            [commit] => Some(commit.clone()),
            _ => self.code.named(rev),
        }
    }

    /// A revision and a path: names of refs hold slashes, so the longest that there is counts.
    fn file(&mut self, rest: &str, lines: Option<Lines>) -> Outcome {
        let slashes: Vec<usize> = rest.match_indices('/').map(|(at, _)| at).collect();
        for at in slashes.into_iter().rev() {
            let (rev, path) = (&rest[..at], RepoPath::from(&rest[at + 1..]));
            let Some(mut commit) = self.rev(rev) else { continue };
            // What a branch named then is what was current, as far as anybody knows.
            let moving = !commit.to_string().starts_with(rev);
            if moving && self.code.entry(self.setting.commit, &path).is_some() {
                commit = self.setting.commit.clone();
            }
            if self.code.entry(&commit, &path).is_none() {
                continue;
            }
            let fits = lines.is_none_or(|lines| self.fits(&commit, &path, lines));
            let (rule, lines) = if fits {
                (ReferenceRule::Address, lines)
            } else {
                (ReferenceRule::LineOutside, None)
            };
            return Outcome::one(rule, Target::File { at: commit, path, lines });
        }
        Outcome::unresolved()
    }
}
