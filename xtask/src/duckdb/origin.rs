//! The places that may have the library. What they deliver is checked by whoever asks.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::VERSION;
use super::platform::Platform;
use crate::process::output;

/// A place that may have the library.
pub(super) trait Origin {
    /// How messages call it.
    fn label(&self, platform: &Platform) -> String;

    /// Puts the platform's files into the folder `into`, unchecked. Gives up soon when it cannot be reached.
    fn fetch(&self, platform: &Platform, into: &Path) -> Result<()>;
}

/// A folder on this machine.
pub(super) struct Folder(pub(super) PathBuf);

impl Origin for Folder {
    fn label(&self, _: &Platform) -> String {
        format!("`{}`", self.0.display())
    }

    fn fetch(&self, platform: &Platform, into: &Path) -> Result<()> {
        for pin in platform.files {
            fs_err::copy(self.0.join(pin.file), into.join(pin.file))?;
        }
        Ok(())
    }
}

/// `libduckdb-<platform>.zip` of the release.
pub(super) struct OfficialArchive;

impl Origin for OfficialArchive {
    fn label(&self, platform: &Platform) -> String {
        format!("the official archive `libduckdb-{}.zip`", platform.archive)
    }

    fn fetch(&self, platform: &Platform, into: &Path) -> Result<()> {
        let url = format!(
            "https://github.com/duckdb/duckdb/releases/download/v{VERSION}/libduckdb-{}.zip",
            platform.archive
        );
        let archive = into.join("libduckdb.zip");
        let mut curl = Command::new("curl");
        curl.args(["--fail", "--location", "--silent", "--show-error", "--proto", "=https"]);
        // Five seconds to connect, and none of the connections that stay open and deliver nothing.
        curl.args(["--connect-timeout", "5", "--speed-limit", "10000", "--speed-time", "20"]);
        output(curl.arg("--output").arg(&archive).arg(url))?;
        unpack_zip(&archive, platform, into)
    }
}

/// Unpacks the platform's files with the first program that can: no machine has all of them, each has one.
pub(super) fn unpack_zip(archive: &Path, platform: &Platform, into: &Path) -> Result<()> {
    let files = platform.files.iter().map(|pin| pin.file);
    let mut unzip = Command::new("unzip");
    unzip.args(["-q", "-o"]).arg(archive).args(files.clone()).arg("-d").arg(into);
    let mut python = Command::new(if cfg!(windows) { "python" } else { "python3" });
    python.args(["-m", "zipfile", "-e"]).arg(archive).arg(into);
    // macOS and Windows ship a `tar` that reads zip archives.
    let mut tar = Command::new("tar");
    tar.arg("-xf").arg(archive).arg("-C").arg(into).args(files);
    let mut refused = Vec::new();
    for mut program in [unzip, python, tar] {
        match output(&mut program) {
            Ok(_) => return Ok(()),
            Err(error) => refused.push(format!("{error:#}")),
        }
    }
    bail!("no program unpacks a zip archive: {}", refused.join("; "))
}

/// The package of `DuckDB`'s Node bindings, which carries the library.
pub(super) struct NpmPackage;

impl Origin for NpmPackage {
    fn label(&self, platform: &Platform) -> String {
        match platform.npm {
            Some(name) => format!("the npm package `@duckdb/node-bindings-{name}@{VERSION}-r.5`"),
            None => "npm".to_owned(),
        }
    }

    fn fetch(&self, platform: &Platform, into: &Path) -> Result<()> {
        let name =
            platform.npm.with_context(|| format!("there is no package for {}", platform.name))?;
        let package = format!("@duckdb/node-bindings-{name}@{VERSION}-r.5");
        let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
        npm.current_dir(into).args(["pack", "--loglevel=error", "--ignore-scripts"]);
        // The shortest wait between tries must be named too: by itself it is longer than this longest one, which npm
        // refuses.
        npm.args(["--prefer-offline", "--fetch-retries=2"]);
        npm.args(["--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=2000"]);
        output(npm.arg(&package))?;
        let archive = fs_err::read_dir(into)?
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|extension| extension == "tgz"))
            .with_context(|| format!("`npm pack {package}` left no archive"))?;
        let files = platform.files.iter().map(|pin| format!("package/{}", pin.file));
        output(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(into).args(files))?;
        for pin in platform.files {
            fs_err::rename(into.join("package").join(pin.file), into.join(pin.file))?;
        }
        Ok(())
    }
}
