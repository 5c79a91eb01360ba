//! Revisions as git writes them, asked of the repository itself: commits that nobody has taken in are found, too.

use gix::ObjectId;
use gix::objs::{Find, Kind};
use lichen_model::{Oid, Zoned};

use super::{Repository, header, people, tree};

/// What a revision turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revision {
    /// This commit; tags are followed.
    Commit(Oid),
    /// The beginning of the ids of several commits.
    Ambiguous(Vec<Oid>),
    /// A tag of a file or a folder, or the id of one.
    NoCommit,
    /// Nothing.
    Unknown,
}

/// What a commit says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitHead {
    /// The commit.
    pub oid: Oid,
    /// Its author's name, after the mailmap.
    pub author: String,
    /// The author's address, after the mailmap.
    pub email: String,
    /// When it was written.
    pub authored: Zoned,
    /// When it was committed.
    pub committed: Zoned,
    /// Its parents.
    pub parents: Vec<Oid>,
    /// Its whole message.
    pub message: String,
}

impl CommitHead {
    /// The first line of the message.
    pub fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }
}

impl Repository {
    /// The commit that `text` names: a ref, the beginning of an id, and whatever else git knows, such as `main~3` or `v1.0^{commit}`.
    pub fn revision(&self, text: &str) -> Revision {
        if text.is_empty() || text.starts_with('-') || text.contains("..") {
            return Revision::Unknown;
        }
        // Of more digits than its ids have the library makes a panic; also behind a description: `v1.0-3-g0123...`.
        let digits_max = self.git.object_hash().len_in_hex();
        let runs = text.split(|char: char| !char.is_ascii_hexdigit());
        if runs.map(str::len).max() > Some(digits_max) {
            return Revision::Unknown;
        }
        let found = self.git.rev_parse_single(text).map(gix::Id::detach);
        match found {
            Ok(id) => self.peeled(id),
            Err(_) => self.by_prefix(text),
        }
    }

    fn peeled(&self, id: ObjectId) -> Revision {
        match super::refs::peel(&self.git, id) {
            Ok(Some(commit)) => Revision::Commit(tree::oid(commit)),
            Ok(None) => Revision::NoCommit,
            Err(_) => Revision::Unknown,
        }
    }

    /// An abbreviated id that several objects share: it may be that of one commit.
    fn by_prefix(&self, text: &str) -> Revision {
        let end = text.find(|char: char| !char.is_ascii_hexdigit()).unwrap_or(text.len());
        let (digits, rest) = text.split_at(end);
        let commits = self.commits_beginning(digits);
        match commits.as_slice() {
            [] => Revision::Unknown,
            [one] => match self.git.rev_parse_single(format!("{one}{rest}").as_str()) {
                Ok(id) => self.peeled(id.detach()),
                Err(_) => Revision::Unknown,
            },
            several => Revision::Ambiguous(several.iter().copied().map(tree::oid).collect()),
        }
    }

    /// What a commit says of itself; `None` where it is not there or damaged.
    pub fn commit_head(&self, commit: &Oid) -> Option<CommitHead> {
        let id = ObjectId::try_from(commit.0.as_slice()).ok()?;
        let mut buffer = Vec::new();
        let data = self.git.objects.try_find(&id, &mut buffer).ok()??;
        if data.kind != Kind::Commit {
            return None;
        }
        let mut header = header::header(data.data).ok()?;
        if let Some(redactor) = &self.redactor {
            redactor.apply(&mut header.message);
        }
        let mailmap = self.git.open_mailmap();
        let (author, email) =
            people::canonical(&mailmap, &header.author.name, &header.author.email);
        Some(CommitHead {
            oid: commit.clone(),
            author,
            email,
            authored: header.author.when,
            committed: header.committer.when,
            parents: header.links.parents.into_iter().map(tree::oid).collect(),
            message: header.message,
        })
    }

    /// The commits behind `new` that are not behind `old`, `new` included; none where that cannot be told.
    pub fn commits_between(&self, old: &Oid, new: &Oid) -> Vec<Oid> {
        let (Ok(old), Ok(new)) =
            (ObjectId::try_from(old.0.as_slice()), ObjectId::try_from(new.0.as_slice()))
        else {
            return Vec::new();
        };
        let Ok(walk) = self.git.rev_walk([new]).with_hidden([old]).all() else {
            return Vec::new();
        };
        walk.filter_map(Result::ok).map(|commit| tree::oid(commit.id)).collect()
    }

    /// The commit at which two lines of work parted; `None` where they have nothing in common.
    pub fn merge_base(&self, one: &Oid, other: &Oid) -> Option<Oid> {
        let one = ObjectId::try_from(one.0.as_slice()).ok()?;
        let other = ObjectId::try_from(other.0.as_slice()).ok()?;
        self.git.merge_base(one, other).ok()?.map(|id| tree::oid(id.detach()))
    }
}
