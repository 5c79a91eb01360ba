//! Where a repository stands on a forge, and the addresses of its pages there.

use std::fmt::Write as _;

use lichen_model::{Lines, Oid, RepoPath};

/// A kind of forge, by how the addresses of its pages are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Forge {
    /// GitHub, and what works like it.
    GitHub,
    /// GitLab.
    GitLab,
}

/// A repository on a forge.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Remote {
    /// The host, as `github.com`.
    pub host: String,
    /// The repository there, as `owner/name`.
    pub repository: String,
    /// The kind of forge, where the host tells it.
    pub forge: Option<Forge>,
}

impl Remote {
    /// The repository that a remote's address names: `https://host/owner/name.git`, `git@host:owner/name`,
    /// `ssh://git@host:22/owner/name`; `None` for a folder of this machine.
    pub fn parse(address: &str) -> Option<Self> {
        let (host, path) = match address.split_once("://") {
            Some(("file", _)) => return None,
            Some((_, rest)) => rest.split_once('/')?,
            None => {
                let (host, path) = address.split_once(':')?;
                // `C:\repositories\x`, `./a:b`.
                if host.len() < 2 || host.contains(['/', '\\']) {
                    return None;
                }
                (host, path)
            }
        };
        let host = host.rsplit('@').next()?.split(':').next()?.to_ascii_lowercase();
        let path = path.trim_matches('/');
        let repository = path.strip_suffix(".git").unwrap_or(path);
        if host.is_empty() || !repository.contains('/') {
            return None;
        }
        let forge = if host.contains("gitlab") {
            Some(Forge::GitLab)
        } else {
            host.contains("github").then_some(Forge::GitHub)
        };
        Some(Self { host, repository: repository.to_owned(), forge })
    }

    /// Whether an address names this repository: forges do not tell cases apart.
    pub fn is(&self, host: &str, repository: &str) -> bool {
        let host = host.strip_prefix("www.").unwrap_or(host);
        let repository = repository.strip_suffix(".git").unwrap_or(repository);
        self.host.eq_ignore_ascii_case(host) && self.repository.eq_ignore_ascii_case(repository)
    }

    /// The page of a commit; `None` where the kind of forge is not known. Whoever asks knows that the commit was pushed.
    pub fn commit(&self, commit: &Oid) -> Option<String> {
        let mut page = self.page()?;
        let _ = write!(page, "commit/{commit}");
        Some(page)
    }

    /// The page of a file at a commit.
    pub fn file(&self, commit: &Oid, path: &RepoPath, lines: Option<Lines>) -> Option<String> {
        let mut page = self.page()?;
        let _ = write!(page, "blob/{commit}/");
        percent_encode(&path.0, &mut page);
        if let Some(Lines { first, last }) = lines {
            let _ = write!(page, "#L{first}");
            if last > first {
                let second = if self.forge == Some(Forge::GitHub) { "L" } else { "" };
                let _ = write!(page, "-{second}{last}");
            }
        }
        Some(page)
    }

    /// The page of an issue or a request.
    pub fn issue(&self, number: u64, request: bool) -> Option<String> {
        let mut page = self.page()?;
        let kind = match (self.forge?, request) {
            (_, false) => "issues",
            (Forge::GitHub, true) => "pull",
            (Forge::GitLab, true) => "merge_requests",
        };
        let _ = write!(page, "{kind}/{number}");
        Some(page)
    }

    fn page(&self) -> Option<String> {
        let mut page = format!("https://{}/", self.host);
        percent_encode(self.repository.as_bytes(), &mut page);
        page.push_str(match self.forge? {
            Forge::GitHub => "/",
            Forge::GitLab => "/-/",
        });
        Some(page)
    }
}

/// Adds a path to an address: what a segment may not hold is written as `%20`, the marks between segments stay.
fn percent_encode(path: &[u8], to: &mut String) {
    for &byte in path {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            to.push(char::from(byte));
        } else {
            let _ = write!(to, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use lichen_model::{Lines, Oid, RepoPath};

    use super::{Forge, Remote};

    #[test]
    fn addresses_of_remotes_name_repositories() {
        let cases = [
            (
                "https://github.com/Acme/jar.git",
                Some(("github.com", "Acme/jar", Some(Forge::GitHub))),
            ),
            ("git@github.com:acme/jar.git", Some(("github.com", "acme/jar", Some(Forge::GitHub)))),
            (
                "ssh://git@gitlab.acme.org:2222/g/sub/jar",
                Some(("gitlab.acme.org", "g/sub/jar", Some(Forge::GitLab))),
            ),
            (
                "https://user:word@GitLab.com/g/jar/",
                Some(("gitlab.com", "g/jar", Some(Forge::GitLab))),
            ),
            ("https://git.acme.org/acme/jar", Some(("git.acme.org", "acme/jar", None))),
            ("/srv/git/jar.git", None),
            ("../jar", None),
            ("file:///srv/git/jar", None),
            ("C:\\git\\jar", None),
            ("https://github.com/acme", None),
        ];
        for (address, expected) in cases {
            let found = Remote::parse(address);
            let found = found
                .as_ref()
                .map(|remote| (remote.host.as_str(), remote.repository.as_str(), remote.forge));
            assert_eq!(found, expected, "{address}");
        }
        assert!(
            Remote::parse("git@github.com:acme/jar.git").unwrap().is("www.github.com", "Acme/Jar")
        );
        assert!(
            !Remote::parse("git@github.com:acme/jar.git").unwrap().is("github.com", "acme/jars")
        );
    }

    #[test]
    fn pages_have_the_forms_of_their_forge() {
        let oid = Oid(vec![0x1f; 20]);
        let github = Remote::parse("git@github.com:acme/jar.git").unwrap();
        let gitlab = Remote::parse("https://gitlab.com/g/sub/jar").unwrap();
        let path = RepoPath("src/ä b/100%#1.rs".as_bytes().to_vec());
        let lines = |first, last| Some(Lines { first, last });
        assert_eq!(
            github.file(&oid, &path, lines(3, 7)).unwrap(),
            format!("https://github.com/acme/jar/blob/{oid}/src/%C3%A4%20b/100%25%231.rs#L3-L7")
        );
        assert_eq!(
            gitlab.file(&oid, &RepoPath::from("a.rs"), lines(3, 7)).unwrap(),
            format!("https://gitlab.com/g/sub/jar/-/blob/{oid}/a.rs#L3-7")
        );
        assert_eq!(
            gitlab.file(&oid, &RepoPath(b"a\xff.rs".to_vec()), lines(3, 3)).unwrap(),
            format!("https://gitlab.com/g/sub/jar/-/blob/{oid}/a%FF.rs#L3")
        );
        assert_eq!(
            gitlab.commit(&oid).unwrap(),
            format!("https://gitlab.com/g/sub/jar/-/commit/{oid}")
        );
        assert_eq!(github.issue(7, true).unwrap(), "https://github.com/acme/jar/pull/7");
        assert_eq!(
            gitlab.issue(7, true).unwrap(),
            "https://gitlab.com/g/sub/jar/-/merge_requests/7"
        );
        let unknown = Remote::parse("https://git.acme.org/acme/jar").unwrap();
        assert_eq!(unknown.commit(&oid), None);
    }
}
