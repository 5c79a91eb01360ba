//! A target under libFuzzer: the program's name tells which. Before it starts, its seeds are put into its corpus.

#![no_main]

#[path = "../../crates/source/tests/it/fuzz_targets.rs"]
#[expect(dead_code, reason = "the list of targets is for the ordinary test")]
mod targets;

const TARGET: &str = env!("CARGO_BIN_NAME");

fn put_seeds() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(TARGET);
    fs_err::create_dir_all(&corpus).expect("there is room for a folder");
    for (number, seed) in targets::seeds(TARGET).iter().enumerate() {
        let path = corpus.join(format!("seed-{number}"));
        fs_err::write(path, seed).expect("there is room for a file");
    }
}

libfuzzer_sys::fuzz_target!(init: put_seeds(), |data: &[u8]| targets::run(TARGET, data));
