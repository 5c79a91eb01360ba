//! Writes the seeds of every target to `corpus/`: `cargo run --example seeds`.

#[path = "../../crates/source/tests/it/fuzz_targets.rs"]
#[expect(dead_code, reason = "targets are run by the fuzzer")]
mod targets;

fn main() -> std::io::Result<()> {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for target in targets::TARGETS {
        let folder = corpus.join(target);
        fs_err::create_dir_all(&folder)?;
        for (number, seed) in targets::seeds(target).iter().enumerate() {
            fs_err::write(folder.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}
