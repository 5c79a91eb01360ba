//! Tells the linker where DuckDB's library is looked for at run time.

#[path = "../store/rpath.rs"]
mod rpath;

fn main() {
    rpath::emit();
}
