//! Rules about the store's migrations: their names are times, and they are applied in that order.

use super::Finding;
use super::tree::{File, Tree};

const FOLDER: &str = "crates/store/sql/migrations/";

/// Names are `YYYYMMDDTHHMM_noun.sql` with times that differ, and the store's sources name all of them in order.
pub(super) fn ordered_and_applied(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for file in &tree.files {
        if let Some(name) = file.path.strip_prefix(FOLDER) {
            if is_migration_name(name) {
                names.push(name);
            } else {
                findings.push(Finding::new(&file.path, "is not named `YYYYMMDDTHHMM_noun.sql`"));
            }
        }
    }
    names.sort_unstable();
    for pair in names.windows(2) {
        if pair[0].split_once('_').map(|(time, _)| time)
            == pair[1].split_once('_').map(|(time, _)| time)
        {
            findings.push(Finding::new(
                format!("{FOLDER}{}", pair[1]),
                format!("has the same time as `{}`", pair[0]),
            ));
        }
    }
    // The list in the sources is what the program applies; it may leave out folder and ending.
    let mut applied: Vec<String> = Vec::new();
    let is_source = |file: &&File| {
        file.is_rust() && file.path.starts_with("crates/store/src/") && !file.is_for_tests()
    };
    for file in tree.files.iter().filter(is_source) {
        for string in file.text.split('"') {
            let name = string.rsplit('/').next().unwrap_or_default();
            let name = format!("{}.sql", name.strip_suffix(".sql").unwrap_or(name));
            if is_migration_name(&name) && !applied.contains(&name) {
                applied.push(name);
            }
        }
    }
    for name in &names {
        if !applied.iter().any(|applied| applied == name) {
            findings.push(Finding::new(
                format!("{FOLDER}{name}"),
                "is not applied: no source of the store lists it",
            ));
        }
    }
    for pair in applied.windows(2).filter(|pair| pair[0] > pair[1]) {
        findings.push(Finding::new(
            "crates/store/src",
            format!("`{}` is listed after `{}`", pair[1], pair[0]),
        ));
    }
    findings
}

fn is_migration_name(name: &str) -> bool {
    let Some((time, rest)) = name.split_once('_') else { return false };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_time = time.len() == 13
        && time.is_ascii()
        && digits(&time[..8])
        && time.as_bytes()[8] == b'T'
        && digits(&time[9..])
        && ("01"..="12").contains(&&time[4..6])
        && ("01"..="31").contains(&&time[6..8])
        && ("00"..="23").contains(&&time[9..11])
        && ("00"..="59").contains(&&time[11..]);
    let noun = rest.strip_suffix(".sql").unwrap_or_default();
    is_time
        && !noun.is_empty()
        && noun
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
