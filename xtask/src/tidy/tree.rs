//! The files that are committed or about to be.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process::output;

/// A file that is not ignored.
pub(super) struct File {
    /// Relative to the workspace, with `/`.
    pub(super) path: String,
    /// Empty when the content is not UTF-8.
    pub(super) text: String,
}

impl File {
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    pub(super) fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|extension| extension == "rs")
    }

    /// Test code and its data: `tests.rs`, `tests/`, `fixtures/`, the crate `testkit`.
    pub(super) fn is_for_tests(&self) -> bool {
        self.name() == "tests.rs"
            || self.path.starts_with("crates/testkit/")
            || self.path.split('/').any(|part| matches!(part, "tests" | "fixtures"))
    }
}

/// The checkout.
pub(super) struct Tree {
    pub(super) files: Vec<File>,
}

impl Tree {
    /// Everything that git tracks or would add.
    pub(super) fn load(root: &Path) -> Result<Self> {
        let mut git = Command::new("git");
        git.current_dir(root).args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]);
        let mut paths: Vec<String> =
            output(&mut git)?.split_terminator('\0').map(str::to_owned).collect();
        paths.sort();
        paths.dedup();
        let mut files = Vec::new();
        for path in paths {
            let full = root.join(&path);
            // Tracked files may be deleted in the work tree, and a submodule is a folder.
            if full.is_file() {
                let text = String::from_utf8(fs_err::read(&full)?).unwrap_or_default();
                files.push(File { path, text });
            }
        }
        Ok(Self { files })
    }

    pub(super) fn get(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Whether a file or a folder with this path is there.
    pub(super) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.files.iter().any(|file| {
            file.path
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// The folders of the workspace's members, such as `crates/store`.
    pub(super) fn crates(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter_map(|file| file.path.strip_suffix("/Cargo.toml")).filter(
            |folder| {
                *folder == "xtask"
                    || (folder.starts_with("crates/") && folder.matches('/').count() == 1)
            },
        )
    }
}
