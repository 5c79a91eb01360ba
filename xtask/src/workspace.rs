//! Where this checkout and its build products are.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::process;

/// This checkout.
pub(crate) struct Workspace {
    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where Cargo builds: `target/`, or what `CARGO_TARGET_DIR` says.
    pub(crate) target_dir: PathBuf,
}

impl Workspace {
    /// The workspace this program belongs to, wherever it is called from.
    pub(crate) fn find() -> Result<Self> {
        // Set by `cargo run`; a program started by hand falls back on where it was compiled.
        let package = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = package.parent().context("the folder of `xtask` has no parent")?.to_path_buf();
        let mut metadata = cargo_in(&root);
        metadata.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
        let metadata: Value = serde_json::from_str(&process::output(&mut metadata)?)?;
        let target_dir = metadata["target_directory"]
            .as_str()
            .context("`cargo metadata` names no target directory")?;
        Ok(Self { target_dir: target_dir.into(), root })
    }

    /// `cargo`, in the workspace's root.
    pub(crate) fn cargo(&self) -> Command {
        cargo_in(&self.root)
    }

    /// Where `DuckDB`'s library is for every build of this checkout; `.cargo/config.toml` names the same folder.
    pub(crate) fn library_home(&self) -> PathBuf {
        self.root.join("target").join("duckdb")
    }

    /// A second copy for other checkouts, when they share a target directory with this one.
    pub(crate) fn shared_library(&self) -> Option<PathBuf> {
        let shared = self.target_dir.join("duckdb");
        (shared != self.library_home()).then_some(shared)
    }

    /// Development programs that are built from the registry.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target_dir.join("tools")
    }
}

fn cargo_in(root: &Path) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    cargo
}
