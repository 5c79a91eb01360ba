//! What a line tells once its date is known: the author, the text, what hangs on it; and the name of the chat.

use std::path::Path;

use lichen_model::Role;

use super::{Input, words};
use crate::messages::parts::Meta;
use crate::messages::references::{self, Attachment};

/// The chat's name by its file; that of an archive's inner file, where it tells one.
pub(super) fn chat_name(path: &Path, inner: Option<&str>) -> String {
    /// What the phone's language puts before the name.
    const BEFORE: &[&str] = &[
        "WhatsApp Chat with ",
        "WhatsApp Chat - ",
        "WhatsApp Chat mit ",
        "WhatsApp-Chat mit ",
        "Chat de WhatsApp con ",
        "Chat WhatsApp con ",
        "Conversa do WhatsApp com ",
        "Conversa no WhatsApp com ",
        "Discussion WhatsApp avec ",
        "WhatsApp-chat met ",
        "WhatsApp Sohbeti - ",
        "Чат WhatsApp с ",
    ];
    let stem = |path: &Path| {
        path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
    };
    let folder = path.parent().map(|folder| {
        folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    });
    let inner = inner.map(Path::new);
    let above = inner.and_then(Path::parent).and_then(Path::file_name);
    let above = above.map(|name| name.to_string_lossy().into_owned());
    let names = [inner.map(stem), above, Some(stem(path)), folder];
    let cleaned = |name: &String| {
        let name = name.trim();
        let numbered = name.strip_suffix(')').and_then(|name| name.rsplit_once(" ("));
        let name = numbered
            .filter(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()))
            .map_or(name, |(name, _)| name);
        let after = BEFORE.iter().find_map(|before| name.strip_prefix(before));
        after.filter(|after| !after.trim().is_empty()).map(|after| after.trim().to_owned())
    };
    let mut names = names.into_iter().flatten();
    let all: Vec<_> = names.by_ref().collect();
    let plain = all.iter().find(|name| !name.is_empty() && *name != "_chat");
    all.iter().find_map(cleaned).or_else(|| plain.cloned()).unwrap_or_else(|| "chat".to_owned())
}

/// The author before the first colon. Notices have none, but may quote text that holds a colon.
pub(super) fn author_and_text(rest: &str) -> (&str, &str) {
    let colon = rest
        .char_indices()
        .find(|&(at, c)| c == ':' && rest[at + 1..].chars().next().is_none_or(char::is_whitespace));
    let Some((colon, _)) = colon else { return ("", rest) };
    let author = &rest[..colon];
    let opens = author.chars().filter(|c| "\"“«„「".contains(*c)).count();
    let closes = author.chars().filter(|c| "\"”»“」".contains(*c)).count();
    let quotes = author.matches('"').count() % 2 == 1 || opens > closes;
    if quotes || author.trim().is_empty() {
        return ("", rest);
    }
    let text = &rest[colon + 1..];
    (author, text.strip_prefix(' ').unwrap_or(text))
}

/// A name without marks of direction, with plain blanks.
pub(super) fn clean_name(name: &str) -> String {
    let plain = name.chars().filter(|c| !words::is_mark(*c));
    let plain: String = plain.map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    plain.trim().to_owned()
}

pub(super) struct Said<'a> {
    pub(super) author: &'a str,
    pub(super) role: Role,
    pub(super) text: String,
    pub(super) meta: Meta,
}

/// What a message's text tells besides itself.
pub(super) fn said<'a>(author: &'a str, text: &str, input: &Input) -> Said<'a> {
    let text = text.trim_end_matches('\n');
    let mut meta = Meta::default();
    let said = |author, role, text: &str, meta| Said { author, role, text: text.to_owned(), meta };
    if author.is_empty() {
        return said("", Role::System, text.trim_start_matches(words::is_mark), meta);
    }
    if words::is_deleted(text) {
        meta.raw("deleted", "true");
        return said(author, Role::User, "", meta);
    }
    let (text, edited) = match words::before_edit_mark(text) {
        Some(before) => (before, true),
        None => (text, false),
    };
    if edited {
        meta.raw("edited", "true");
    }
    if let Some(kind) = words::omitted(text) {
        let kind = (!kind.is_empty()).then(|| kind.to_owned());
        references::list(&mut meta, "attachments", &[Attachment { kind, ..Attachment::default() }]);
        return said(author, Role::User, "", meta);
    }
    let attached: Vec<_> =
        text.lines().filter_map(words::attached).map(|name| input.attachment(name)).collect();
    references::list(&mut meta, "attachments", &attached);
    // Notices of iOS stand under the name of the chat or of who caused them; they are one line that begins with a mark. Polls are longer.
    let notice = text.starts_with('\u{200e}')
        && attached.is_empty()
        && !text.contains('\n')
        && !text.contains("://");
    if notice {
        return said(author, Role::System, text.trim_start_matches(words::is_mark), meta);
    }
    said(author, Role::User, text, meta)
}
