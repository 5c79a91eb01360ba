//! `lichen purge`: takes out what should never have been taken in.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueHint};
use lichen_engine::{ErrorKind, PURGE_PLACES_MAX, PurgePlan, PurgeReport};
use lichen_server::wire::human_bytes;
use serde_json::{Value as Json, json};

use super::Context;
use crate::failure::Refused;
use crate::output::Output;

/// Facts that an answer lists by id; JSON has all of them.
const SHOWN: usize = 20;

/// Take texts out of everything stored: secrets that no rule knew
///
/// Reads the texts from standard input or a file, one a line. Each is replaced by a placeholder wherever it stands:
/// in facts, in the index, in copies that failures left; what is around it stays. The database is written anew, so
/// that no block of the file keeps a trace, and the store recognises the texts from then on without keeping them:
/// taking the same sources in again brings nothing back. Change the secret nevertheless: copies of the store, of its
/// disk and of the sources are out of reach.
///
/// Ends with exit code 4 where none of the texts was found, and 1 where one stays in a name.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen purge --from secrets.txt --dry-run
  pass show old-token | lichen purge
  lichen purge --from key.pem --whole
  lichen purge --again            today's rules over all that is stored")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct PurgeArgs {
    /// A file of texts, one a line [default: standard input]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "text")]
    from: Option<PathBuf>,
    /// The input is one text of several lines
    #[arg(long, conflicts_with = "text")]
    whole: bool,
    /// A text right here: shells keep it in their history, and others see it among the processes
    #[arg(long, value_name = "TEXT")]
    text: Vec<String>,
    /// Look for secrets by today's rules, and for all that was purged before, instead of reading texts
    #[arg(long, conflicts_with_all = ["from", "whole", "text"])]
    again: bool,
    /// Tell what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Go on where the texts stand in very many places
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(
    args: &PurgeArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let plan = PurgePlan {
        texts: texts(args, context, output)?,
        again: args.again,
        dry_run: args.dry_run,
        many: args.yes,
    };
    let mut engine = context.open()?;
    let report = engine.purge(&plan, &mut context.bars(output))?;
    engine.close()?;
    if output.is_json() {
        output.answer_json(&as_json(&report, args.dry_run))?;
    } else {
        output.answer(&as_text(&report, &plan))?;
    }
    if !report.found_any() && !args.again {
        let what = "none of the texts was found, neither in a fact nor in a file of the store";
        return Err(Refused { kind: ErrorKind::NotFound, what: what.to_owned() }.into());
    }
    Ok(if report.left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The texts to purge, each once.
fn texts(args: &PurgeArgs, context: &Context<'_>, output: &Output) -> anyhow::Result<Vec<String>> {
    if args.again {
        return Ok(Vec::new());
    }
    let mut texts = args.text.clone();
    if texts.is_empty() {
        let input = input(args, context, output)?;
        if args.whole {
            texts.push(input.strip_suffix('\n').unwrap_or(&input).to_owned());
        } else {
            texts.extend(input.lines().filter(|line| !line.is_empty()).map(str::to_owned));
        }
    }
    let mut seen = std::collections::HashSet::new();
    texts.retain(|text| seen.insert(text.clone()));
    if texts.is_empty() {
        let what = "there is nothing to purge: write the texts to standard input, one a line, or name a file with `--from`";
        return Err(Refused::user(what).into());
    }
    Ok(texts)
}

fn input(args: &PurgeArgs, context: &Context<'_>, output: &Output) -> anyhow::Result<String> {
    let bytes = if let Some(path) = &args.from {
        let path = context.here().join(path);
        fs_err::read(path).map_err(|source| lichen_engine::Error::File { source })?
    } else {
        if std::io::stdin().is_terminal() {
            output.note("texts to purge, one a line; end with Ctrl-D");
        }
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes)?;
        bytes
    };
    String::from_utf8(bytes).map_err(|_| {
        Refused::user("the texts to purge are not UTF-8, as all texts of a store are").into()
    })
}

fn as_text(report: &PurgeReport, plan: &PurgePlan) -> String {
    let mut text = String::new();
    let would = if plan.dry_run { "would change" } else { "changed" };
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for (old, _) in &report.changed {
        match kinds.iter_mut().find(|(kind, _)| *kind == old.kind.name()) {
            Some((_, count)) => *count += 1,
            None => kinds.push((old.kind.name(), 1)),
        }
    }
    if report.labels > 0 {
        kinds.push(("label", report.labels));
    }
    let kinds: Vec<String> =
        kinds.iter().map(|(kind, count)| format!("{count} {kind}(s)")).collect();
    let what = if kinds.is_empty() { "no facts".to_owned() } else { kinds.join(", ") };
    let _ = writeln!(text, "{would}: {what}; {} passages", report.passages);
    if report.vectors > 0 {
        let _ = writeln!(text, "vectors of a service that go: {}", report.vectors);
    }
    for (old, new) in report.changed.iter().take(SHOWN) {
        let renamed = if old == new { String::new() } else { format!(" is now {}", new.short()) };
        let _ = writeln!(text, "  {} {}{renamed}", old.kind.name(), old.short());
    }
    if report.changed.len() > SHOWN {
        let _ = writeln!(text, "  and {} more: `--json` lists all", report.changed.len() - SHOWN);
    }
    for (rule, count) in &report.rules {
        let _ = writeln!(text, "{rule}: {count} places");
    }
    for path in &report.removed {
        let _ = writeln!(text, "removed: {}", path.display());
    }
    let missing: Vec<String> = (1_usize..)
        .zip(&report.found)
        .filter(|(_, found)| **found == 0)
        .map(|(number, _)| number.to_string())
        .collect();
    if !missing.is_empty() && missing.len() < plan.texts.len() {
        let _ = writeln!(text, "in no fact: text {}", missing.join(", "));
    }
    for left in &report.left {
        let row = if left.row.is_empty() { String::new() } else { format!(", as in {}", left.row) };
        let _ = writeln!(text, "stays: {} in {} row(s){row}", left.place, left.count);
    }
    if report.left.iter().any(|left| left.place.starts_with("file ")) {
        text.push_str("a file that is not the store's own stays as it is: edit or delete it\n");
    }
    if report.left.iter().any(|left| !left.place.starts_with("file ")) {
        text.push_str(
            "names are what things are found by, and stay: rename them at their source and ingest into a new store\n",
        );
    }
    if !plan.dry_run {
        let checked = human_bytes(report.bytes_checked);
        let _ = writeln!(text, "{checked} on the disk were looked through afterwards");
    }
    let places: u64 = report.found.iter().sum();
    if plan.dry_run && places > PURGE_PLACES_MAX {
        let _ = writeln!(text, "the texts stand in {places} places: purging them asks for `--yes`");
    }
    text
}

fn as_json(report: &PurgeReport, dry_run: bool) -> Json {
    let changed: Vec<Json> = report
        .changed
        .iter()
        .map(|(old, new)| json!({ "kind": old.kind.name(), "id": old.to_string(), "now": new.to_string() }))
        .collect();
    let left: Vec<Json> = report
        .left
        .iter()
        .map(|left| json!({ "place": left.place, "count": left.count, "row": left.row }))
        .collect();
    let rules: Vec<Json> =
        report.rules.iter().map(|(rule, count)| json!({ "rule": rule, "count": count })).collect();
    json!({
        "dry_run": dry_run,
        "done": report.done,
        "changed": changed,
        "labels": report.labels,
        "passages": report.passages,
        "vectors": report.vectors,
        "found": report.found,
        "rules": rules,
        "removed": report.removed,
        "left": left,
        "bytes_checked": report.bytes_checked,
    })
}
