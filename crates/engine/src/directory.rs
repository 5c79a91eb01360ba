//! The few rows that every answer needs: names of streams, places of repositories, and the heads that were seen.

use std::collections::HashMap;
use std::sync::Arc;

use lichen_model::{Oid, RefKind, RepoId, StreamId};

use crate::{Error, Reader};

/// Read once, and again after streams or refs have changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Directory {
    /// What people call a stream: its title, or its name.
    pub(crate) streams: HashMap<StreamId, String>,
    /// What the store calls a repository.
    pub(crate) repos: HashMap<RepoId, String>,
    /// The heads as they were taken in, that of the store's own repository first.
    pub(crate) heads: Vec<SeenHead>,
}

/// The head of a repository as it was taken in.
#[derive(Clone, Debug)]
pub(crate) struct SeenHead {
    /// What the store calls the repository.
    pub(crate) repo: String,
    /// The branch, or `HEAD` where it is detached.
    pub(crate) name: String,
    /// Where it points.
    pub(crate) oid: Oid,
}

impl Reader {
    /// The directory of the store as it is now.
    pub(crate) fn directory(&self) -> Result<Arc<Directory>, Error> {
        self.derived.directory(|| self.read_directory())
    }

    fn read_directory(&self) -> Result<Directory, Error> {
        let store = &self.store;
        let mut directory = Directory::default();
        for stream in store.streams()? {
            let name = if stream.title.is_empty() { stream.name } else { stream.title };
            directory.streams.insert(stream.id, name);
        }
        for repo in store.repos()? {
            let refs = store.refs(repo.id)?;
            let head = refs.iter().find(|seen| seen.state.reference.kind == RefKind::Head);
            if let Some((head, oid)) =
                head.and_then(|head| Some((head, head.state.target.clone()?)))
            {
                let name = head.state.symbolic.clone().unwrap_or_else(|| "HEAD".to_owned());
                directory.heads.push(SeenHead { repo: repo.key.clone(), name, oid });
            }
            directory.repos.insert(repo.id, repo.key);
        }
        directory.heads.sort_by_key(|head| head.repo != ".");
        Ok(directory)
    }
}
