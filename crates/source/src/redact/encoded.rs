//! Base64 in which a key is hidden: the marks of keys, encoded at each of the three places they can fall on.

use std::ops::Range;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{rules, scan};

/// Marks that are long enough to be told by their encoded form. A mark of four bytes leaves four letters.
const MARKS: [&str; 43] = [
    "-----BEGIN ",
    "AKIA",
    "ASIA",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xapp-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "whsec_",
    "sk-proj-",
    "sk-ant-",
    "sk-or-v1-",
    "AIza",
    "GOCSPX-",
    "ya29.",
    "npm_",
    "pypi-AgE",
    "dop_v1_",
    "hvs.",
    "shpat_",
    "SG.",
    "dckr_pat_",
    "glsa_",
    "PMAK-",
    "NRAK-",
    "lin_api_",
    "gsk_",
    "r8_",
    "hf_",
    "AccountKey=",
    "postgres://",
    "xoxs-",
    "xoxe-",
    "xoxe.",
    "eyJhbGciOi",
    "sk-lf-",
];
const BASE64: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, BASE64);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, BASE64);
/// Longest run that is decoded.
const RUN_MAX: usize = 64 << 10;
/// Letters that a word of the automaton needs, or it would stand everywhere.
const WORD_MIN: usize = 4;

/// Bytes of other rules' marks by which they are looked for too: shorter ones stand everywhere.
const MARK_MIN: usize = 4;

/// The encoded marks.
pub(super) fn words() -> Vec<String> {
    let mut words = Vec::new();
    let others = rules::SHAPES.iter().flat_map(|rule| rule.keywords);
    let others = others.copied().filter(|mark| mark.len() >= MARK_MIN);
    for mark in MARKS.into_iter().chain(others) {
        for shift in 0..3 {
            let mut bytes = vec![0_u8; shift];
            bytes.extend_from_slice(mark.as_bytes());
            let whole = PLAIN.encode(&bytes);
            // Letters that depend on what stands before or after are left out.
            let first = [0, 2, 3][shift];
            let last = (bytes.len() * 8) / 6;
            if last >= first + WORD_MIN {
                words.push(whole[first..last].to_owned());
            }
        }
    }
    words
}

/// The run of Base64 around `at`.
pub(super) fn run(bytes: &[u8], at: usize, from: usize) -> Range<usize> {
    let of_run =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let before = bytes[from..at].iter().rev().take(RUN_MAX).take_while(of_run).count();
    let after = bytes[at..].iter().take(RUN_MAX).take_while(of_run).count();
    let padding = bytes[at + after..].iter().take(2).take_while(|byte| **byte == b'=').count();
    at - before..at + after + padding
}

/// The text that a value holds in Base64.
pub(super) fn plain(value: &str) -> Option<String> {
    let letters = value.trim_end_matches('=');
    let decoded = PLAIN.decode(letters).ok().filter(|decoded| decoded.is_ascii())?;
    String::from_utf8(decoded).ok().filter(|text| !text.chars().any(char::is_control))
}

/// The rule of the secret that a run of Base64 holds.
pub(super) fn secret(run: &str) -> Option<&'static str> {
    let letters = run.trim_end_matches('=');
    if letters.len() < 20 {
        return None;
    }
    // A letter too many says that the run is cut: what is whole still decodes.
    let letters = if letters.len() % 4 == 1 { &letters[..letters.len() - 1] } else { letters };
    let decoded =
        if letters.contains(['-', '_']) { URL_SAFE.decode(letters) } else { PLAIN.decode(letters) };
    let decoded = decoded.ok()?;
    // Text is what keys stand in; bytes of an image are not.
    let text = String::from_utf8_lossy(&decoded);
    let strange = text
        .chars()
        .filter(|char| *char == '\u{fffd}' || (char.is_control() && !char.is_whitespace()))
        .count();
    if strange > 2 {
        return None;
    }
    scan::find_in_decoded(&text)
}
