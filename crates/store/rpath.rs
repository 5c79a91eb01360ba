//! Where programs that link DuckDB look for its library at run time: shared by the build scripts of the
//! crates that produce such programs or tests.

use std::env;
use std::path::{Path, PathBuf};

/// Prints the linker's arguments for the current package, nothing when DuckDB is compiled in.
///
/// The program looks beside itself first (an installed program with the library next to it), then in `../lib`, then
/// in the folder it was linked against (a program in `target/`). Windows has no such list: it looks beside the
/// program and in `PATH`.
pub(crate) fn emit() {
    println!("cargo::rerun-if-env-changed=DUCKDB_LIB_DIR");
    if env::var_os("CARGO_FEATURE_BUNDLED").is_some() {
        return;
    }
    let os = env::var_os("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let beside = match os.to_str() {
        Some("macos") => "@loader_path",
        Some("windows") | None => return,
        Some(_) => "$ORIGIN",
    };
    println!("cargo::rustc-link-arg=-Wl,-rpath,{beside}");
    println!("cargo::rustc-link-arg=-Wl,-rpath,{beside}/../lib");
    if let Some(dir) = library_dir() {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{}", dir.display());
    }
}

/// The folder given by `DUCKDB_LIB_DIR`, which `.cargo/config.toml` sets unless it is exported.
pub(crate) fn library_dir() -> Option<PathBuf> {
    let dir = PathBuf::from(env::var_os("DUCKDB_LIB_DIR").filter(|dir| !dir.is_empty())?);
    // A build script runs in its package's folder; whoever exported a relative path meant another one.
    if dir.is_absolute() {
        Some(dir)
    } else {
        std::path::absolute(Path::new("../..").join(dir)).ok()
    }
}
