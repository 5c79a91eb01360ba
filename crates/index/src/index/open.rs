//! Opening an index, and telling one that must be rebuilt.

use std::io;
use std::path::{Path, PathBuf};

use roaring::RoaringBitmap;
use xxhash_rust::xxh3::xxh3_64;

use super::{Index, widened};
use crate::ModelKey;
use crate::columns::Columns;
use crate::error::{Result, file};
use crate::manifest::{Manifest, Model};
use crate::text::{TEXT_VERSION, TextIndex};
use crate::vector::VectorSet;
use crate::vector::kernel::Kernel;

/// Folders of the index, which it owns whole.
pub(super) const FOLDERS: [&str; 3] = [COLUMNS, TEXTS, VECTORS];
const COLUMNS: &str = "columns";
const TEXTS: &str = "texts";
const VECTORS: &str = "vectors";

/// What was found in the index's folder. In all cases there is an index to go on with, from its watermark.
pub enum Opened {
    /// The index as it was last sealed.
    Ready(Index),
    /// There was none: here is an empty one.
    Missing(Index),
    /// It was damaged, or of another version, and has been emptied.
    Damaged {
        /// An empty index.
        index: Index,
        /// What was wrong.
        reason: String,
    },
}

impl Opened {
    /// The index.
    pub fn into_index(self) -> Index {
        match self {
            Self::Ready(index) | Self::Missing(index) | Self::Damaged { index, .. } => index,
        }
    }
}

impl Index {
    /// Opens the index in `dir`. Damage is no failure: what is damaged is emptied. An empty index searches `model`; one
    /// that was sealed searches the model it did then, see [`Self::model`].
    pub fn open(dir: &Path, model: &ModelKey) -> Result<Opened> {
        match load(dir) {
            Ok(Some(index)) => Ok(Opened::Ready(index)),
            Ok(None) => Self::create(dir, model).map(Opened::Missing),
            Err(reason) => {
                tracing::warn!(%reason, "the index is rebuilt");
                Ok(Opened::Damaged { index: Self::create(dir, model)?, reason })
            }
        }
    }

    /// Empties `dir` of any index and begins a new one.
    pub fn create(dir: &Path, model: &ModelKey) -> Result<Self> {
        let empty = || {
            fs_err::create_dir_all(dir)?;
            // The manifest goes first: without it the rest counts for nothing.
            for name in ["manifest.json", "manifest.part"] {
                removed(fs_err::remove_file(dir.join(name)))?;
            }
            FOLDERS.iter().try_for_each(|folder| removed(fs_err::remove_dir_all(dir.join(folder))))
        };
        empty().map_err(file("empty the folder of the index"))?;
        Ok(Self {
            columns: Columns::new(dir.join(COLUMNS)),
            texts: TextIndex::new(dir.join(TEXTS)),
            models: vec![VectorSet::new(model.clone(), model_dir(dir, model))],
            active: 0,
            dead: RoaringBitmap::new(),
            sealed: Manifest::default(),
            kernel: Kernel::best(),
            times: None,
            whole: true,
            dir: dir.to_owned(),
        })
    }
}

/// Opens what the manifest names; `None` where there is no manifest, and what is wrong where there is damage.
fn load(dir: &Path) -> std::result::Result<Option<Index>, String> {
    let Some(sealed) = Manifest::read(dir)? else { return Ok(None) };
    if sealed.text_version != TEXT_VERSION {
        return Err(format!(
            "texts were analysed by version {} instead of {TEXT_VERSION}",
            sealed.text_version
        ));
    }
    sealed.files.iter().try_for_each(|record| record.check(dir))?;
    let told = |error: io::Error| error.to_string();
    let columns = Columns::open(dir.join(COLUMNS), &sealed.columns).map_err(told)?;
    let texts = TextIndex::open(dir.join(TEXTS), &sealed.texts, columns.kinds())
        .map_err(|error| chain(&error))?;
    let mut models = Vec::with_capacity(sealed.models.len());
    for Model { name, dims, watermark, segments } in &sealed.models {
        let key = ModelKey { name: name.clone(), dims: *dims };
        let set = VectorSet::open(key.clone(), model_dir(dir, &key), segments).map_err(told)?;
        if set.len() != *watermark {
            return Err(format!("{} vectors of `{key}` instead of {watermark}", set.len()));
        }
        models.push(set);
    }
    if columns.len() != sealed.watermark
        || texts.sealed() != sealed.watermark
        || sealed.active >= models.len()
    {
        return Err("the parts of the index do not hold the same passages".to_owned());
    }
    let mut times = None;
    columns.for_each(|_, _, at| times = Some(widened(times, at)));
    Ok(Some(Index {
        dir: dir.to_owned(),
        columns,
        texts,
        models,
        active: sealed.active,
        dead: RoaringBitmap::new(),
        sealed,
        kernel: Kernel::best(),
        times,
        whole: true,
    }))
}

/// The folder of a model's vectors: readable, and its own whatever the name holds.
pub(super) fn model_dir(dir: &Path, model: &ModelKey) -> PathBuf {
    let key = model.to_string();
    let plain: String = key
        .chars()
        .take(48)
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
        .collect();
    dir.join(VECTORS).join(format!("{plain}-{:08x}", xxh3_64(key.as_bytes()) >> 32))
}

/// Being gone already is being removed.
pub(super) fn removed(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// An error with all its sources in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
