//! Proving index against store and store against its rules and its sources.

use std::path::PathBuf;

use lichen_source::Read as _;
use lichen_store::Store;

use crate::{Engine, Error, Observer};

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoctorFinding {
    /// What was checked.
    pub check: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub repair: String,
    /// Whether something is broken; else there is only something new to take in.
    pub damage: bool,
}

impl Engine {
    /// Checks the store's invariants, the index's files and that it agrees with the store, and whether sources hold
    /// anything that is not taken in. With `repair` the index is derived anew where it is wrong, and checked again.
    pub fn doctor(
        &mut self,
        repair: bool,
        observer: &mut dyn Observer,
    ) -> Result<Vec<DoctorFinding>, Error> {
        observer.stage("checking the index", None);
        let mut of_index = self.check_index()?;
        if repair && !of_index.is_empty() {
            self.reader.derived.take_damage();
            self.rebuild_index(observer)?;
            of_index = self.check_index()?;
        }
        observer.stage("checking the store", None);
        let mut findings: Vec<DoctorFinding> = self
            .store
            .read()
            .doctor()?
            .into_iter()
            .map(|finding| DoctorFinding {
                check: finding.check.to_owned(),
                what: format!("{} times, as in {}", finding.count, finding.example),
                repair: "restore a copy of the store, or make a new one with `lichen init` and ingest again".to_owned(),
                damage: true,
            })
            .collect();
        findings.extend(of_index);
        findings.extend(self.check_kept());
        findings.extend(self.check_blobs()?);
        observer.stage("checking the sources", None);
        findings.extend(self.check_sources()?);
        Ok(findings)
    }

    fn check_index(&self) -> Result<Vec<DoctorFinding>, Error> {
        let repair = "lichen doctor --repair, or lichen index rebuild";
        let finding = |check: &str, what: String| DoctorFinding {
            check: check.to_owned(),
            what,
            repair: repair.to_owned(),
            damage: true,
        };
        let mut findings: Vec<DoctorFinding> = self
            .reader
            .derived
            .damage()
            .iter()
            .map(|why| finding("index", format!("it was damaged: {why}")))
            .collect();
        findings.extend(
            self.index()
                .verify()
                .into_iter()
                .map(|found| finding("index", format!("{}: {}", found.place, found.what))),
        );
        findings
            .extend(self.first_disagreement()?.map(|what| finding("index against store", what)));
        Ok(findings)
    }

    /// The first passage that index and store hold differently.
    fn first_disagreement(&self) -> Result<Option<String>, Error> {
        const STEP: usize = 16_384;
        let store = self.store.read();
        let index = self.index();
        let (indexed, stored) = (u64::from(index.watermark()), store.passage_count()?);
        let mut from = 0;
        while from < indexed.min(stored) {
            for entry in store.entries(from, STEP)? {
                let row = u32::try_from(entry.seq).ok().and_then(|seq| index.row(seq));
                let same = row.is_some_and(|row| {
                    let hash = crate::models::low_half(entry.text_hash.0);
                    row.text_hash == hash && row.site == entry.site
                });
                if entry.seq < indexed && !same {
                    return Ok(Some(format!(
                        "passage {} has another text or place in the index",
                        entry.seq
                    )));
                }
            }
            from += STEP as u64;
        }
        Ok((indexed != stored)
            .then(|| format!("the index holds {indexed} passages, the store {stored}")))
    }

    /// What damage left, which was told once when it was found.
    fn check_kept(&self) -> Vec<DoctorFinding> {
        let finding = |path: &PathBuf| DoctorFinding {
            check: "kept".to_owned(),
            what: format!(
                "`{}` is what a damage left; the store goes on without it",
                path.display()
            ),
            repair: "look at it, and delete it when nobody needs it any more".to_owned(),
            damage: false,
        };
        Store::kept(&self.reader.dir).iter().map(finding).collect()
    }

    /// Files whose symbols are not known, each of them.
    fn check_blobs(&self) -> Result<Vec<DoctorFinding>, Error> {
        use lichen_model::ExtractionStatus as Status;
        let finding = |bad: lichen_store::BadBlob| {
            let why = match bad.status {
                Status::Crashed => "reading it ended the process that read it",
                Status::Timeout => "it takes more work than a file of its size may",
                Status::TooLarge => "it is larger than is read",
                Status::TooDeep => "it is nested deeper than is read",
                _ => "it is not in the repository",
            };
            let repair = match bad.status {
                Status::Missing => "fetch it (`git fetch --refetch`), then lichen ingest",
                _ => "nothing; it is tried again by a newer lichen",
            };
            let path = bad.path.map_or_else(String::new, |path| format!("`{path}` "));
            DoctorFinding {
                check: format!("symbols {}", bad.status.as_str()),
                what: format!("symbols of {path}(blob {}) are not known: {why}", bad.oid),
                repair: repair.to_owned(),
                damage: false,
            }
        };
        Ok(self.store.read().bad_blobs()?.into_iter().map(finding).collect())
    }

    /// What the repositories hold that is not taken in.
    fn check_sources(&self) -> Result<Vec<DoctorFinding>, Error> {
        let mut findings = Vec::new();
        for repo in self.store.read().repos()? {
            let folder = self.reader.folder_of(&repo.key);
            let finding = |what: String, repair: &str| DoctorFinding {
                check: format!("source {}", repo.key),
                what,
                repair: repair.to_owned(),
                damage: false,
            };
            if !folder.is_dir() {
                let what = format!("`{}` is not there; what was taken in stays", folder.display());
                findings.push(finding(what, "nothing, or ingest it from its new place"));
                continue;
            }
            let commits = match &repo.object_format {
                Some(_) => Some(self.git_reader(&folder, &repo.key)?.estimate().total),
                None => None,
            };
            let (new, gone) = self.changed_documents(&folder, &repo)?;
            let parts = [
                (commits.unwrap_or(0), "commit"),
                (new, "document"),
                (gone, "document that is gone"),
            ];
            let told: Vec<String> = parts
                .iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, what)| format!("{count} {what}(s)"))
                .collect();
            if !told.is_empty() {
                findings.push(finding(
                    format!("not taken in yet: {}", told.join(", ")),
                    "lichen ingest",
                ));
            }
        }
        Ok(findings)
    }

    /// How many documents are new or changed, and how many are gone, since they were taken in.
    fn changed_documents(
        &self,
        folder: &std::path::Path,
        repo: &lichen_model::Repo,
    ) -> Result<(u64, u64), Error> {
        let mut reader = self.documents_reader(folder, repo)?;
        let (mut new, mut gone) = (0, 0);
        while let Some(batch) = reader.next_batch()? {
            gone += batch.versions.iter().filter(|version| version.text.is_none()).count() as u64;
            new += batch.versions.iter().filter(|version| version.text.is_some()).count() as u64;
        }
        Ok((new, gone))
    }
}
