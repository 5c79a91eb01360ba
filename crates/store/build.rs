//! Tells the linker where DuckDB's library is looked for at run time, and the developer when it is not there yet.

use std::env;

mod rpath;

fn main() {
    rpath::emit();
    warn_when_absent();
}

/// The linker's own message does not say what to do. A warning and no error: `cargo check`, `cargo clippy` and
/// `cargo doc` work without the library.
fn warn_when_absent() {
    if env::var_os("CARGO_FEATURE_BUNDLED").is_some() || env::var_os("DUCKDB_STATIC").is_some() {
        return;
    }
    let Some(dir) = rpath::library_dir() else { return };
    println!("cargo::rerun-if-changed={}", dir.display());
    let names = ["libduckdb.so", "libduckdb.dylib", "duckdb.lib", "libduckdb.dll.a"];
    if !names.iter().any(|name| dir.join(name).exists()) {
        println!(
            "cargo::warning=DuckDB's library is not in `{}`: run `cargo xtask duckdb` once, it obtains it",
            dir.display()
        );
    }
}
