//! The key by which a store's placeholders for secrets are told apart.

use std::io::Write as _;
use std::path::Path;

use lichen_source::redact::{Mark, Redactor};
use lichen_store::PurgedText;

use crate::Error;

/// Its file in the store's folder.
const FILE: &str = "redaction.key";

/// The redactor of the store in `dir` that also takes out what was purged from it.
pub(crate) fn remembering(dir: &Path, store: &lichen_store::Reader) -> Result<Redactor, Error> {
    let marks = marks(&store.purged()?);
    if !marks.is_empty() && !dir.join(FILE).exists() {
        tracing::warn!(
            "`{FILE}` is lost: texts that were purged are not recognised when they are read again, until they are \
             purged again"
        );
    }
    Ok(redactor(dir)?.remembering(&marks))
}

/// Marks as the redactor reads them.
pub(crate) fn marks(purged: &[PurgedText]) -> Vec<Mark> {
    let mark = |text: &PurgedText| Mark {
        purge: text.purge,
        bytes: text.bytes,
        head: text.head,
        hash: text.hash,
    };
    purged.iter().map(mark).collect()
}

/// The redactor of the store in `dir`, whose key is made where there is none. Whoever has the key can test whether a
/// placeholder stands for a secret that he guesses, so it is readable to its owner alone and never exported.
pub(crate) fn redactor(dir: &Path) -> Result<Redactor, Error> {
    let path = dir.join(FILE);
    let failed = |source| Error::File { source };
    match fs_err::read(&path) {
        Ok(bytes) => match <[u8; 32]>::try_from(bytes) {
            Ok(key) => Ok(Redactor::new(key)),
            Err(_) => Err(Error::RedactionKey { path }),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut key = [0; 32];
            getrandom::fill(&mut key).map_err(|error| failed(error.into()))?;
            let mut file = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
            file.write_all(&key).map_err(failed)?;
            file.as_file().sync_all().map_err(failed)?;
            file.persist(&path).map_err(|error| failed(error.error))?;
            Ok(Redactor::new(key))
        }
        Err(error) => Err(failed(error)),
    }
}
