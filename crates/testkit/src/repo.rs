//! Toy repositories, built by the real `git` with fixed dates, identities and configuration.
//!
//! **Invariant:** nothing of the machine's configuration reaches git, and time moves only by [`ToyRepo::tick`] and by
//! a minute with every commit: a script builds the same object ids everywhere.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Seconds since 1970 at which a toy repository begins.
pub const START: i64 = 1_600_000_000;

/// A repository in a folder of its own, and the environment that git runs in.
#[derive(Clone, Debug)]
pub struct ToyRepo {
    /// The work tree, or the repository itself where it is bare.
    pub path: PathBuf,
    /// The time of the next commit, in seconds since 1970.
    pub now: i64,
    /// `name <email>` of author and committer.
    pub author: (String, String),
    /// Further variables of git's environment.
    pub env: Vec<(String, OsString)>,
}

impl ToyRepo {
    /// A new repository at `path` with the branch `main`.
    pub fn init(path: &Path) -> Self {
        Self::init_with(path, &[])
    }

    /// A new repository made by `git init` with further arguments, such as `--bare` or `--object-format=sha256`.
    pub fn init_with(path: &Path, args: &[&str]) -> Self {
        fs_err::create_dir_all(path).expect("the test's folder can be written to");
        let repo = Self::at(path);
        let mut all = vec!["init", "--quiet", "--initial-branch=main"];
        all.extend_from_slice(args);
        repo.git(&all);
        repo
    }

    /// An existing repository.
    pub fn at(path: &Path) -> Self {
        let author = ("Ann Author".to_owned(), "ann@example.com".to_owned());
        Self { path: path.to_owned(), now: START, author, env: Vec::new() }
    }

    /// Runs git and returns what it prints, without the last line end. Panics where git fails.
    pub fn git<S: AsRef<OsStr>>(&self, args: &[S]) -> String {
        String::from_utf8_lossy(&self.git_bytes(args, &[])).trim_end_matches('\n').to_owned()
    }

    /// Runs git with `input` and returns what it prints. Panics where git fails.
    pub fn git_bytes<S: AsRef<OsStr>>(&self, args: &[S], input: &[u8]) -> Vec<u8> {
        use std::io::Write as _;
        let mut command = self.command();
        command.args(args).stdin(std::process::Stdio::piped());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.spawn().expect("git is installed");
        let mut stdin = child.stdin.take().expect("it was piped");
        // What git does not read is no failure.
        drop(stdin.write_all(input));
        drop(stdin);
        let output = child.wait_with_output().expect("git runs");
        let args: Vec<_> = args.iter().map(AsRef::as_ref).collect();
        assert!(
            output.status.success(),
            "git {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }

    /// Git with nothing of the machine's configuration.
    pub fn command(&self) -> Command {
        let mut command = Command::new("git");
        let date = format!("{} +0200", self.now);
        command
            .current_dir(&self.path)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", &self.path)
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_AUTHOR_NAME", &self.author.0)
            .env("GIT_AUTHOR_EMAIL", &self.author.1)
            .env("GIT_COMMITTER_NAME", &self.author.0)
            .env("GIT_COMMITTER_EMAIL", &self.author.1)
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .args([
                "-c",
                "protocol.file.allow=always",
                "-c",
                "core.quotePath=false",
                "-c",
                "gc.auto=0",
            ])
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Lets time pass.
    pub const fn tick(&mut self, secs: i64) {
        self.now += secs;
    }

    /// Writes a file of the work tree.
    pub fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.path.join(path);
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder).expect("the test's folder can be written to");
        }
        fs_err::write(path, content).expect("the test's folder can be written to");
    }

    /// Removes a file or folder of the work tree.
    pub fn remove(&self, path: impl AsRef<Path>) {
        let path = self.path.join(path);
        let removed =
            if path.is_dir() { fs_err::remove_dir_all(path) } else { fs_err::remove_file(path) };
        removed.expect("the file is there");
    }

    /// Commits everything in the work tree and returns the commit's id; a minute passes.
    pub fn commit(&mut self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&[
            "commit",
            "--quiet",
            "--allow-empty",
            "--allow-empty-message",
            "--cleanup=verbatim",
            "-m",
            message,
        ]);
        self.tick(60);
        self.head()
    }

    /// Writes one file and commits it.
    pub fn commit_file(&mut self, path: &str, content: &str, message: &str) -> String {
        self.write(path, content);
        self.commit(message)
    }

    /// The id of the commit that is checked out.
    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Stores an object of that type as it is, however damaged, and returns its id.
    pub fn object(&self, kind: &str, content: &[u8]) -> String {
        let args = ["hash-object", "-t", kind, "-w", "--literally", "--stdin"];
        String::from_utf8_lossy(&self.git_bytes(&args, content)).trim().to_owned()
    }

    /// Deletes a loose object.
    pub fn lose(&self, oid: &str) {
        let git_dir = self.git(&["rev-parse", "--git-common-dir"]);
        let object = self.path.join(git_dir).join("objects").join(&oid[..2]).join(&oid[2..]);
        fs_err::remove_file(object).expect("the object is loose");
    }
}
