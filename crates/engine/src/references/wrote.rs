//! Which commits brought what sessions wrote: their very text, and nothing less.

use std::collections::{BTreeMap, HashSet};

use lichen_model::{
    Detector, Oid, Reference, ReferenceRule, ReferenceStatus, RepoPath, Target, Timestamp,
};
use lichen_source::references::{Edits, Remote};
use lichen_store::{
    CallText, ChangedFile, Edited, FoundReference, ReferenceBatch, ReferenceSource, TextRows,
};

use super::{CLOCK_MILLIS, NEVER, Run, Scope};
use crate::{Engine, Error};

/// Commits that one call is linked to: picked and rebased ones bring the same text again.
const COMMITS_MAX: usize = 8;
/// Longer files are no code that is edited by hand.
const FILE_BYTES_MAX: usize = 4 << 20;
/// The beginning of time.
const EVER: Timestamp = Timestamp(i64::MIN / 1000);

/// A call, and when it was made.
type Key = (u128, Timestamp);

impl Run<'_> {
    /// Calls of tools whose text a commit brought: new calls with all commits, and older ones with those that are new.
    pub(super) fn wrote(
        &mut self,
        engine: &Engine,
        scope: &Scope,
        rows: &TextRows,
    ) -> Result<ReferenceBatch, Error> {
        let mut batch = ReferenceBatch::default();
        if rows.calls == 0 {
            return Ok(batch);
        }
        let store = engine.store.read();
        let repo = self.ground.repo;
        let new = edits(store.edits(Edited::New(scope.new.calls, scope.since))?);
        let paths = new.paths();
        if !paths.is_empty() {
            let changed = store.changed_files(repo, (0, EVER), Some(&paths))?;
            self.link(&new, &changed, &mut batch);
        }
        if !scope.anew && scope.new.commits < rows.commits && scope.new.calls > 0 {
            let changed = store.changed_files(repo, (scope.new.commits, EVER), None)?;
            let paths: HashSet<&RepoPath> = changed.iter().map(|file| &file.path).collect();
            let paths: Vec<RepoPath> = paths.into_iter().cloned().collect();
            let since = if scope.since == NEVER { Timestamp(i64::MAX / 2) } else { scope.since };
            let old = edits(store.edits(Edited::Old(scope.new.calls, since, &paths))?);
            self.link(&old, &changed, &mut batch);
        }
        Ok(batch)
    }

    fn link(&mut self, edits: &Edits<Key>, changed: &[ChangedFile], batch: &mut ReferenceBatch) {
        // Of each call and commit the first edit; commits in the order of their times.
        let mut links: BTreeMap<u128, Vec<(Oid, std::ops::Range<u32>, String)>> = BTreeMap::new();
        for file in changed {
            let text =
                |oid: Option<&Oid>| oid.and_then(|oid| self.git.blob(oid)).unwrap_or_default();
            let until = Timestamp(file.at.0.saturating_add(CLOCK_MILLIS));
            if !edits.is_of(&file.path) {
                continue;
            }
            let (old, new) = (text(file.old.as_ref()), text(file.new.as_ref()));
            if old.len().max(new.len()) > FILE_BYTES_MAX {
                continue;
            }
            for ((call, _), place, line) in edits.brought(&file.path, until, &old, &new) {
                let of_call = links.entry(*call).or_default();
                let known = of_call.iter().any(|(commit, ..)| *commit == file.commit);
                if !known && of_call.len() < COMMITS_MAX {
                    of_call.push((file.commit.clone(), place, line.to_owned()));
                }
            }
        }
        let remotes: Vec<Remote> =
            self.git.remotes().iter().filter_map(|(_, address)| Remote::parse(address)).collect();
        for (call, commits) in links {
            for (commit, span, raw) in commits {
                let reference = Reference {
                    span,
                    detector: Detector::Hunk,
                    status: ReferenceStatus::Resolved,
                    rule: ReferenceRule::Wrote,
                    confidence: ReferenceRule::Wrote.confidence(),
                    candidates: vec![Target::Commit(commit)],
                    candidate_count: 1,
                };
                batch.references.push(FoundReference {
                    source: ReferenceSource::ToolCall,
                    id: call,
                    field: "patch",
                    raw,
                    permalink: self.permalink(&remotes, &reference),
                    reference,
                    as_of: None,
                });
            }
        }
    }
}

fn edits(calls: Vec<CallText>) -> Edits<Key> {
    let mut edits = Edits::default();
    for CallText { at, call, .. } in calls {
        if let Some(patch) = &call.patch {
            edits.add(&(call.id.as_u128(), at), at, patch);
        }
    }
    edits
}
