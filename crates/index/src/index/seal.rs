//! Making the index durable, sweeping what is left over, and proving what is there.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::Index;
use super::open::{FOLDERS, removed};
use crate::error::{Error, Result, file};
use crate::manifest::{FORMAT, FileRecord, Manifest, Model, list, name, relative, sync_folder};
use crate::text::TEXT_VERSION;

/// Something wrong with the sealed index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, or the part of the index.
    pub place: String,
    /// What is wrong with it.
    pub what: String,
}

impl Index {
    /// Makes everything appended durable. A crash before it returns leaves the index as it was last sealed.
    pub fn seal(&mut self) -> Result<()> {
        if self.whole && self.is_sealed() {
            return Ok(());
        }
        self.change(|index| {
            let Self { columns, texts, models, .. } = index;
            columns
                .flush()
                .and_then(|()| columns.join())
                .map_err(file("seal the columns of the index"))?;
            texts.flush()?;
            texts.join()?;
            for set in models {
                set.flush()
                    .and_then(|()| set.join())
                    .map_err(file("seal the vectors of the index"))?;
            }
            // A search that could not finish a segment has lost its texts.
            if index.texts.sealed() != index.watermark() {
                return Err(Error::Broken);
            }
            let manifest = index.describe()?;
            manifest.write(&index.dir)?;
            index.sealed = manifest;
            Ok(())
        })?;
        self.sweep();
        Ok(())
    }

    /// Reads every file that was sealed and tells what has changed. An index with findings is rebuilt by emptying it.
    pub fn verify(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self
            .sealed
            .files
            .iter()
            .filter_map(|record| {
                let wrong =
                    record.check(&self.dir).and_then(|()| record.check_bytes(&self.dir)).err()?;
                Some(Finding { place: record.path.clone(), what: wrong })
            })
            .collect();
        for (folder, what) in self.texts.verify() {
            findings.push(Finding { place: relative(&self.dir, &folder), what });
        }
        let held = self.columns.len();
        for (part, len) in
            [("texts", self.texts.len()), ("vectors", self.models[self.active].len())]
        {
            if len != held {
                findings.push(Finding {
                    place: part.to_owned(),
                    what: format!("{len} passages instead of {held}"),
                });
            }
        }
        match Manifest::read(&self.dir) {
            Ok(Some(manifest)) if manifest == self.sealed => {}
            Ok(None) if self.sealed == Manifest::default() => {}
            Ok(_) => findings.push(Finding {
                place: "manifest.json".to_owned(),
                what: "it is not the one that was written last".to_owned(),
            }),
            Err(what) => findings.push(Finding { place: "manifest.json".to_owned(), what }),
        }
        findings
    }

    /// Bytes of all sealed files.
    pub fn disk_bytes(&self) -> u64 {
        self.sealed.files.iter().map(|record| record.len).sum()
    }

    fn is_sealed(&self) -> bool {
        let models =
            self.sealed.models.iter().map(|model| (&model.name, model.dims, model.watermark));
        self.sealed.format == FORMAT
            && self.sealed.watermark == self.watermark()
            && self.sealed.active == self.active
            && models
                .eq(self.models.iter().map(|set| (&set.model().name, set.model().dims, set.len())))
    }

    /// The manifest of what is in files now, all of which it makes durable.
    fn describe(&self) -> Result<Manifest> {
        let known: HashMap<&str, &FileRecord> =
            self.sealed.files.iter().map(|record| (record.path.as_str(), record)).collect();
        let mut paths: Vec<String> =
            self.columns.files().map(|path| relative(&self.dir, path)).collect();
        for set in &self.models {
            paths.extend(set.files().map(|path| relative(&self.dir, path)));
        }
        let describe = || {
            for folder in self.texts.folders() {
                paths.extend(list(&self.dir, &relative(&self.dir, &folder))?);
            }
            paths.sort();
            let mut fresh = BTreeSet::new();
            let mut files = Vec::with_capacity(paths.len());
            for path in paths {
                if let Some(record) = known.get(path.as_str()) {
                    files.push((*record).clone());
                } else {
                    fresh.extend(Path::new(&path).ancestors().skip(1).map(Path::to_owned));
                    files.push(FileRecord::seal(&self.dir, path)?);
                }
            }
            fresh.iter().try_for_each(|folder| sync_folder(&self.dir.join(folder)))?;
            Ok(files)
        };
        let files = describe().map_err(file("seal the index"))?;
        Ok(Manifest {
            format: FORMAT,
            text_version: TEXT_VERSION,
            watermark: self.watermark(),
            columns: self.columns.files().map(name).collect(),
            texts: self.texts.folders().iter().map(|folder| name(folder)).collect(),
            active: self.active,
            models: self
                .models
                .iter()
                .map(|set| Model {
                    name: set.model().name.clone(),
                    dims: set.model().dims,
                    watermark: set.len(),
                    segments: set.files().map(name).collect(),
                })
                .collect(),
            files,
        })
    }

    /// Removes what the manifest does not name. What cannot be removed now is swept after the next seal.
    pub(super) fn sweep(&self) {
        let kept: BTreeSet<&str> =
            self.sealed.files.iter().map(|record| record.path.as_str()).collect();
        let mut folders = BTreeSet::new();
        for folder in FOLDERS {
            for path in list(&self.dir, folder).unwrap_or_default() {
                if !kept.contains(path.as_str()) {
                    let at = self.dir.join(&path);
                    if let Err(error) = removed(fs_err::remove_file(&at)) {
                        tracing::debug!(%error, "a stray file stays");
                    }
                    folders.extend(at.parent().map(Path::to_owned));
                }
            }
        }
        for folder in folders {
            // Fails for a folder that still holds something, as it should.
            if let Err(error) = fs_err::remove_dir(folder) {
                tracing::trace!(%error, "a folder stays");
            }
        }
    }
}
