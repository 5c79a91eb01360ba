//! A target under libFuzzer: the program's name tells which.

#![no_main]

#[path = "../../crates/source/tests/it/fuzz_targets.rs"]
#[expect(dead_code, reason = "seeds and the list of targets are for others")]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::run(env!("CARGO_BIN_NAME"), data));
