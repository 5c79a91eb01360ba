//! The prebuilt library of `DuckDB`: obtained, checked against its pin and put where every build of this checkout finds it.

mod origin;
mod platform;
#[cfg(test)]
mod tests;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use self::origin::{Folder, NpmPackage, OfficialArchive, Origin};
use self::platform::{LIBRARY_FILE, Pin, Platform};
use crate::process::say;
use crate::workspace::Workspace;
use crate::{Command, no_arguments};

/// The release that the `duckdb` crate in `Cargo.toml` binds to.
pub(crate) const VERSION: &str = "1.5.5";

pub(crate) const COMMAND: Command = Command {
    name: "duckdb",
    summary: "obtain DuckDB's prebuilt library; the other commands do it by themselves",
    help: "\
Takes the library from the first of these that has it, and accepts no file but the one whose SHA-256 is pinned:
  1. the folder in DUCKDB_LIB_DIR (also another build of the same version, which only a person can vouch for)
  2. the shared copy in CARGO_TARGET_DIR
  3. the official release archive (needs curl)
  4. the npm package that carries the same file (needs npm)
It is kept in `target/duckdb/`; nothing is fetched again while it is there. To compile DuckDB instead: `--features bundled`.

  cargo xtask duckdb",
    run: |workspace, args| {
        no_arguments(args)?;
        let library = ensure(workspace)?;
        say(&format!("DuckDB {VERSION} is in `{}`", library.dir.display()));
        Ok(())
    },
};

/// A folder that holds the library of the right version.
pub(crate) struct Library {
    pub(crate) dir: PathBuf,
}

impl Library {
    /// Lets a command, and every program that it starts, link and load this library.
    ///
    /// Programs and tests carry its path; examples in documentation do not, nor does anything on Windows.
    pub(crate) fn apply(&self, command: &mut Process) {
        let search = match env::consts::OS {
            "windows" => "PATH",
            "macos" => "DYLD_FALLBACK_LIBRARY_PATH",
            _ => "LD_LIBRARY_PATH",
        };
        let mut folders = vec![self.dir.clone()];
        folders.extend(
            env::var_os(search)
                .iter()
                .flat_map(env::split_paths)
                .filter(|folder| *folder != self.dir),
        );
        command.env("DUCKDB_LIB_DIR", &self.dir);
        // A folder with the list's separator in its name cannot be listed; the programs' own path still works.
        if let Ok(folders) = env::join_paths(folders) {
            command.env(search, folders);
        }
    }
}

/// Makes sure that the library is there and returns where.
pub(crate) fn ensure(workspace: &Workspace) -> Result<Library> {
    let home = workspace.library_home();
    let platform = Platform::host();
    if let Some(dir) = exported_folder(&home) {
        match inspect(&dir, platform) {
            Ok(found) => {
                if found == Found::OtherBuild {
                    say(&format!(
                        "the library in `{}` is another build of {VERSION} than the pinned one",
                        dir.display()
                    ));
                }
                // A copy, so that plain `cargo build` works when the variable is not exported any more.
                copy_all(&dir, &home)?;
                return Ok(Library { dir });
            }
            Err(reason) => say(&format!(
                "DUCKDB_LIB_DIR is passed over, plain Cargo needs it unset: {reason:#}"
            )),
        }
    }
    let platform = platform.with_context(|| {
        format!(
            "no prebuilt DuckDB is known for {} on {}: export DUCKDB_LIB_DIR with a folder that holds version {VERSION}, \
             or build with `--features bundled`",
            env::consts::OS,
            env::consts::ARCH
        )
    })?;
    let shared = workspace.shared_library();
    let mut origins: Vec<Box<dyn Origin>> = Vec::new();
    if let Some(shared) = &shared {
        origins.push(Box::new(Folder(shared.clone())));
    }
    origins.push(Box::new(OfficialArchive));
    origins.push(Box::new(NpmPackage));
    if let Some(label) = obtain(platform, &origins, &home)? {
        say(&format!(
            "DuckDB {VERSION} from {label}: checksum matches, kept in `{}`",
            home.display()
        ));
    }
    if let Some(shared) = &shared {
        obtain(platform, &[Box::new(Folder(home.clone()))], shared)?;
    }
    Ok(Library { dir: home })
}

/// Fills `home` from the first origin whose files match their pins and returns its name, or nothing when `home` already
/// holds them.
///
/// **Invariant:** a file appears in `home` under its final name only after its SHA-256 matched.
fn obtain(platform: &Platform, origins: &[Box<dyn Origin>], home: &Path) -> Result<Option<String>> {
    if verify(platform, home).is_ok() {
        return Ok(None);
    }
    fs_err::create_dir_all(home)?;
    let mut refused = Vec::new();
    for origin in origins {
        // On the same file system as `home`, so that a file can be renamed into it; gone when it falls out of scope.
        let scratch = tempfile::Builder::new().prefix(".partial-").tempdir_in(home)?;
        match origin.fetch(platform, scratch.path()).and_then(|()| verify(platform, scratch.path()))
        {
            Ok(()) => {
                for pin in platform.files {
                    fs_err::rename(scratch.path().join(pin.file), home.join(pin.file))?;
                }
                return Ok(Some(origin.label(platform)));
            }
            Err(error) => refused.push(format!("  {}: {error:#}", origin.label(platform))),
        }
    }
    bail!(
        "could not obtain DuckDB {VERSION} for {}; export DUCKDB_LIB_DIR with a folder that holds it, or build with \
         `--features bundled`\n{}",
        platform.name,
        refused.join("\n")
    )
}

/// Whether every file of the platform is in the folder with the pinned content.
fn verify(platform: &Platform, dir: &Path) -> Result<()> {
    for Pin { file, sha256 } in platform.files {
        let found = sha256_of(&dir.join(file))?;
        if found != *sha256 {
            bail!("`{file}` has the SHA-256 {found}, pinned is {sha256}");
        }
    }
    Ok(())
}

fn sha256_of(file: &Path) -> Result<String> {
    let mut hasher = Sha256::new();
    hasher.update(fs_err::read(file)?);
    let digit = |half: u8| char::from_digit(half.into(), 16).expect("half a byte is one digit");
    Ok(hasher.finalize().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
}

/// The folder that the person exported, if it is another one than ours (which `.cargo/config.toml` sets).
fn exported_folder(home: &Path) -> Option<PathBuf> {
    let dir = PathBuf::from(env::var_os("DUCKDB_LIB_DIR").filter(|dir| !dir.is_empty())?);
    let same = |a: &Path, b: &Path| {
        a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
    };
    (!same(&dir, home)).then_some(dir)
}

#[derive(Debug, PartialEq, Eq)]
enum Found {
    Pinned,
    /// Says that it is the right version, but is another file: a distribution's package, for instance.
    OtherBuild,
}

/// What a folder that the person chose holds; the error says why it cannot be used.
fn inspect(dir: &Path, platform: Option<&Platform>) -> Result<Found> {
    if platform.is_some_and(|platform| verify(platform, dir).is_ok()) {
        return Ok(Found::Pinned);
    }
    let file = dir.join(LIBRARY_FILE);
    let marker = format!("v{VERSION}\0");
    let content = fs_err::read(&file)?;
    if !content.windows(marker.len()).any(|window| window == marker.as_bytes()) {
        bail!("`{}` is not DuckDB {VERSION}", file.display());
    }
    Ok(Found::OtherBuild)
}

/// Copies the library's files, each renamed into place.
fn copy_all(from: &Path, to: &Path) -> Result<()> {
    fs_err::create_dir_all(to)?;
    let scratch = tempfile::Builder::new().prefix(".partial-").tempdir_in(to)?;
    for file in platform::FILES {
        if !from.join(file).exists()
            || sha256_of(&from.join(file)).ok() == sha256_of(&to.join(file)).ok()
        {
            continue;
        }
        fs_err::copy(from.join(file), scratch.path().join(file))?;
        fs_err::rename(scratch.path().join(file), to.join(file))?;
    }
    Ok(())
}
