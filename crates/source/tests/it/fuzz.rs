//! The targets of `fuzz/` with a few mutations of their seeds, so that they cannot rot.

use crate::fuzz_targets::{TARGETS, run, seeds};

/// Mutations of each seed; libFuzzer does millions.
const ROUNDS: usize = 24;

#[test]
fn no_target_panics() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below.max(1)
    };
    for target in TARGETS {
        let seeds = seeds(target);
        run(target, b"");
        for seed in &seeds {
            run(target, seed);
            for _ in 0..ROUNDS {
                let mut data = seed.to_vec();
                for _ in 0..=next(6) {
                    let at = next(data.len());
                    match next(5) {
                        0 => data.truncate(at),
                        1 => data.splice(at..at, [next(256).try_into().unwrap(); 3]).for_each(drop),
                        2 if !data.is_empty() => data[at] = next(256).try_into().unwrap(),
                        3 => {
                            let end = (at + next(40)).min(data.len());
                            let part = data[at..end].to_vec();
                            let to = next(data.len());
                            data.splice(to..to, part);
                        }
                        _ => {
                            let end = (at + next(200)).min(data.len());
                            data.drain(at..end);
                        }
                    }
                }
                run(target, &data);
            }
        }
    }
}

#[test]
fn fuzz_names_every_target() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/Cargo.toml");
    let manifest = fs_err::read_to_string(manifest).unwrap();
    let named = manifest.lines().filter_map(|line| line.strip_prefix("name = \"")).skip(1);
    let named: Vec<_> = named.map(|name| name.trim_end_matches('"')).collect();
    assert_eq!(named, TARGETS);
    for format in lichen_source::messages::FORMATS {
        assert!(TARGETS.contains(&format.name), "{}", format.name);
    }
}
