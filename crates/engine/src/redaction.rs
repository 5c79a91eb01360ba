//! The key by which a store's placeholders for secrets are told apart.

use std::io::Write as _;
use std::path::Path;

use lichen_source::redact::Redactor;

use crate::Error;

/// Its file in the store's folder.
const FILE: &str = "redaction.key";

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
