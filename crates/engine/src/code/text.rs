//! Answers about code as text: for a terminal, and as Markdown for a comment on a request.

use std::fmt::Write as _;

use super::answer::{
    AtAnswer, BlameAnswer, CommitInfo, Conversation, EditedLine, Freshness, HistoryAnswer, Life,
    LifeChange, ReviewAnswer, SymbolsAnswer,
};
use super::links::LinksAnswer;
use crate::recall::printable;
use crate::when::format_date;

/// Characters of an object id that are shown.
const SHORT: usize = 10;

/// The answer of `at`.
pub fn at_text(answer: &AtAnswer) -> String {
    let mut text = String::new();
    let line = answer.line.map(|line| format!(":{line}")).unwrap_or_default();
    let _ = writeln!(text, "{}{line} at {}", answer.path, short(&answer.commit.oid));
    if let Some(edit) = &answer.edit {
        let line = match edit.line {
            EditedLine::None => String::new(),
            EditedLine::Same(line) => format!("; the line is {line} there"),
            EditedLine::After(0) => {
                "; the line is not committed and stands before the first".to_owned()
            }
            EditedLine::After(line) => {
                format!("; the line is not committed and stands after {line}")
            }
            EditedLine::NewFile => "; the file is not committed".to_owned(),
        };
        let count = edit.changed_lines;
        let _ = writeln!(text, "edited: {count} lines of the work tree are new or changed{line}");
    }
    if answer.status != "ok" {
        let _ = writeln!(text, "read: {}", answer.status);
    }
    for (depth, symbol) in answer.symbols.iter().enumerate() {
        let test = if symbol.is_test { " (test)" } else { "" };
        let name = if depth + 1 == answer.symbols.len() && !symbol.signature.is_empty() {
            &symbol.signature
        } else {
            &symbol.name
        };
        let (first, last) = (symbol.first_line, symbol.last_line);
        let indent = "  ".repeat(depth);
        let _ = writeln!(text, "{indent}{} {name}  {first}-{last}{test}", symbol.kind);
    }
    if let Some(life) = &answer.life {
        life_text(&mut text, life);
    } else if answer.edit.is_some() && !answer.symbols.is_empty() {
        text.push_str("not committed yet\n");
    }
    file_commits_text(&mut text, &answer.file_commits);
    conversations_text(&mut text, &answer.conversations, "");
    freshness_text(&mut text, &answer.freshness);
    printable(&text)
}

/// The answer of `links`.
pub fn links_text(answer: &LinksAnswer) -> String {
    let mut text = format!("{}\n", answer.of);
    for link in &answer.links {
        let field =
            if link.field.is_empty() { String::new() } else { format!(" in {}", link.field) };
        let (start, end) = link.span;
        let words = link.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(text, "{start}-{end}{field}  {words}");
        let meant = match (link.status.as_str(), link.candidates.as_slice()) {
            ("resolved", [one]) => one.clone(),
            ("ambiguous", some) => {
                format!("one of {}: {}", link.candidate_count, some.join(", "))
            }
            (status, _) => status.to_owned(),
        };
        let _ = write!(text, "  {} {meant}", link.kind);
        if link.status != "unresolved" && link.status != "foreign" {
            let _ = write!(text, "  ({} by {}, {:.2})", link.detector, link.rule, link.confidence);
        }
        text.push('\n');
        if let Some(as_of) = &link.as_of {
            let _ = writeln!(text, "  as of {} ({})", short(as_of), link.as_of_rule);
        }
        if let Some(permalink) = &link.permalink {
            let _ = writeln!(text, "  {permalink}");
        }
    }
    conversations_text(&mut text, &answer.referring, "");
    if answer.links.is_empty() && answer.referring.is_empty() {
        text.push_str("nothing is known to refer to it, nor does it refer to anything\n");
    }
    printable(&text)
}

/// The answer of `history`.
pub fn history_text(answer: &HistoryAnswer) -> String {
    let mut text = String::new();
    match &answer.symbol {
        Some(symbol) => {
            let _ = writeln!(text, "{} {} in {}", symbol.kind, symbol.name, answer.path);
        }
        None => {
            let _ = writeln!(text, "{}", answer.path);
        }
    }
    if let Some(life) = &answer.life {
        life_text(&mut text, life);
    } else if answer.symbol.is_some() {
        text.push_str("not committed yet\n");
    }
    file_commits_text(&mut text, &answer.file_commits);
    freshness_text(&mut text, &answer.freshness);
    printable(&text)
}

/// The answer of `blame`: one line for each line.
pub fn blame_text(answer: &BlameAnswer) -> String {
    let mut text = String::new();
    let width = answer.lines.last().map_or(1, |run| run.last_line.to_string().len());
    for run in &answer.lines {
        let commit = run.commit.as_ref();
        let id = commit.map_or("-", |commit| short(&commit.oid));
        let date = commit.map(|commit| format_date(commit.at.at)).unwrap_or_default();
        let author = commit.map_or("", |commit| commit.author.as_str());
        let name = run.symbol.as_ref().map_or("", |symbol| symbol.name.as_str());
        let said = run.conversation.as_ref().map(|said| said.id.short()).unwrap_or_default();
        for (line, own) in (run.first_line..).zip(&run.text) {
            let _ = writeln!(
                text,
                "{id:<SHORT$} {date:<10} {:<16} {:<28} {said:<11} {line:>width$}) {own}",
                cut(author, 16),
                cut_start(name, 28),
            );
        }
    }
    freshness_text(&mut text, &answer.freshness);
    printable(&text)
}

/// The answer of `symbols`: one line for each.
pub fn symbols_text(answer: &SymbolsAnswer) -> String {
    let mut text = String::new();
    for symbol in &answer.symbols {
        let lines =
            symbol.lines.map(|(first, last)| format!(":{first}-{last}")).unwrap_or_default();
        let commit = symbol.commit.as_ref().map_or("", |commit| short(&commit.oid));
        let kinds = symbol.kinds.join(" ");
        let place = format!("{}{lines}", symbol.path);
        let row =
            format!("{:<12} {:<44} {place:<44} {commit:<SHORT$} {kinds}", symbol.kind, symbol.name);
        let _ = writeln!(text, "{}", row.trim_end());
    }
    if answer.count > answer.symbols.len() {
        let more = answer.count - answer.symbols.len();
        let _ = writeln!(text, "and {more} more: raise `--limit`, or ask for less");
    }
    freshness_text(&mut text, &answer.freshness);
    printable(&text)
}

/// The answer of `review`; empty where nothing was said.
pub fn review_text(answer: &ReviewAnswer) -> String {
    let mut text = String::new();
    for reviewed in &answer.symbols {
        let symbol = &reviewed.symbol;
        let _ = writeln!(
            text,
            "{} {} in {}:{} ({})",
            symbol.kind,
            symbol.name,
            reviewed.path,
            symbol.first_line,
            reviewed.kinds.join(", ")
        );
        conversations_text(&mut text, &reviewed.conversations, "  ");
    }
    printable(&text)
}

/// The answer of `review` as Markdown; empty where nothing was said.
pub fn review_markdown(answer: &ReviewAnswer) -> String {
    if answer.symbols.is_empty() {
        return String::new();
    }
    let mut text = String::from("### What was said about the code that this changes\n");
    for reviewed in &answer.symbols {
        let symbol = &reviewed.symbol;
        let _ = writeln!(
            text,
            "\n**{}** in {} ({})\n",
            code(&symbol.name),
            code(&format!("{}:{}", reviewed.path, symbol.first_line)),
            reviewed.kinds.join(", ")
        );
        for said in &reviewed.conversations {
            let who = who(said);
            let _ =
                writeln!(text, "- > {}\n  {} · {}", quoted(&said.quote), quoted(&who), label(said));
        }
    }
    printable(&text)
}

fn life_text(text: &mut String, life: &Life) {
    if let Some(introduced) = &life.introduced {
        let word = if introduced.is_sure { "introduced" } else { "first seen" };
        let _ = writeln!(
            text,
            "{word}: {} (confidence {:.2})",
            commit_text(&introduced.commit),
            introduced.confidence
        );
    }
    if let Some(before) = &life.made_from {
        let _ = writeln!(text, "made from: {before}");
    }
    let id = life.symbol.map(|symbol| format!(" of {}", symbol.short())).unwrap_or_default();
    let _ = writeln!(text, "changes{id}: {}", life.change_count);
    let mut name = life.changes.first().map(|change| change.name.clone()).unwrap_or_default();
    for change in &life.changes {
        change_text(text, change, &mut name);
    }
    if life.change_count > life.changes.len() {
        let _ = writeln!(text, "  and {} before", life.change_count - life.changes.len());
    }
    if !life.authors.is_empty() {
        let authors = life.authors.iter().take(8);
        let authors: Vec<String> =
            authors.map(|(author, count)| format!("{author} ({count})")).collect();
        let _ = writeln!(text, "authors: {}", authors.join(", "));
    }
    if !life.later.is_empty() {
        let _ = writeln!(text, "later: {}", life.later);
    }
}

fn change_text(text: &mut String, change: &LifeChange, name: &mut String) {
    let mut line = format!("  {}  {}", commit_text(&change.commit), change.kinds.join(" "));
    if change.method == "similarity" {
        let _ = write!(line, " (alike {:.2})", change.score);
    }
    if change.name != *name {
        let _ = write!(line, ", then {}", change.name);
        name.clone_from(&change.name);
    }
    if change.kinds.contains(&"file_moved") {
        let _ = write!(line, ", to {}", change.path);
    }
    if let Some(landed) = &change.landed {
        let _ = write!(line, ", landed by {}", short(&landed.oid));
    }
    let _ = writeln!(text, "{line}");
    for diff in change.diff.iter().flat_map(|diff| diff.lines()) {
        let _ = writeln!(text, "    {diff}");
    }
}

fn file_commits_text(text: &mut String, commits: &[CommitInfo]) {
    if commits.is_empty() {
        return;
    }
    text.push_str("commits of the file:\n");
    for commit in commits {
        let _ = writeln!(text, "  {}", commit_text(commit));
    }
}

fn conversations_text(text: &mut String, conversations: &[Conversation], indent: &str) {
    if conversations.is_empty() {
        return;
    }
    let _ = writeln!(text, "{indent}said:");
    for said in conversations {
        let _ = writeln!(
            text,
            "{indent}  {}  {}  \"{}\"  [{}]",
            said.id.short(),
            who(said),
            said.quote,
            label(said)
        );
    }
}

/// By what a conversation is linked, and how surely.
fn label(said: &Conversation) -> String {
    format!("{} by {}, {}, {:.2}", said.of, said.detector, said.rule, said.confidence)
}

fn who(said: &Conversation) -> String {
    let parts = [format_date(said.at.at), said.author.clone(), place(said)];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

fn place(said: &Conversation) -> String {
    match said.id.kind {
        lichen_model::Kind::Message => format!("#{}", said.place),
        _ => said.place.clone(),
    }
}

fn freshness_text(text: &mut String, freshness: &Freshness) {
    let behind = match freshness.behind {
        None | Some(0) => String::new(),
        Some(1) => "; 1 commit of HEAD is not taken in".to_owned(),
        Some(count) => format!("; {count} commits of HEAD are not taken in"),
    };
    if let (Some(followed), Some(tip)) = (&freshness.followed, &freshness.tip) {
        let off = if freshness.off_chain { "; read on the spot up to there" } else { "" };
        let _ = writeln!(text, "followed: {followed} to {}{behind}{off}", short(tip));
    }
    for note in &freshness.notes {
        let _ = writeln!(text, "note: {note}");
    }
}

fn commit_text(commit: &CommitInfo) -> String {
    let date = format_date(commit.at.at);
    format!("{} {date} {}: {}", short(&commit.oid), commit.author, commit.subject)
}

fn short(oid: &str) -> &str {
    oid.get(..SHORT).unwrap_or(oid)
}

/// At most so many characters.
fn cut(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

/// The last so many characters: of a name its end tells more.
fn cut_start(text: &str, chars_max: usize) -> String {
    let count = text.chars().count();
    text.chars().skip(count.saturating_sub(chars_max)).collect()
}

/// Words of others in Markdown: nothing in them may be markup, a mention or a link.
fn quoted(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for char in words.chars() {
        match char {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '!' | '|'
            | '~' => {
                text.push('\\');
                text.push(char);
            }
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '&' => text.push_str("&amp;"),
            // A word joiner of width zero would be taken out again: the entity keeps a name from being called.
            '@' => text.push_str("&#64;"),
            '\n' => text.push(' '),
            other => text.push(other),
        }
    }
    text
}

/// A name in Markdown.
fn code(name: &str) -> String {
    format!("`{}`", name.replace('`', "'").replace('\n', " "))
}
