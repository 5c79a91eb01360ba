//! GitLab: issues, merge requests, notes and discussions as its REST API tells them.
//!
//! A note tells its project by number alone: it joins the stream of an issue or request that stands before it in the
//! file, else one that is named by the number.

use std::collections::HashMap;

use serde_json::Value;

use super::Format;
use super::forge::{self, Entry, Forge, Reader, has, keep, text};
use super::parts::Meta;

/// The name of the format.
pub const NAME: &str = "gitlab";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff: |path, head| {
        let names = forge::first_names(head);
        let has = |all: &[&str]| all.iter().all(|name| names.iter().any(|known| known == name));
        !path.is_dir()
            && (has(&["id", "iid", "project_id", "title"])
                || has(&["id", "body", "author", "noteable_id", "noteable_type"])
                || has(&["id", "individual_note", "notes"]))
    },
    open: |source| Ok(Box::new(Reader::open(source.clone(), GitLab::default())?)),
    discover: None,
};

/// What the issues and requests so far told.
#[derive(Default)]
struct GitLab {
    /// Streams by the sign of their kind and their id.
    streams: HashMap<(char, String), String>,
    /// Paths of projects by their id.
    projects: HashMap<String, String>,
}

impl Forge for GitLab {
    const NAME: &'static str = NAME;

    fn read(&mut self, object: &Value) -> Vec<Result<Entry, &'static str>> {
        if has(object, &["iid", "project_id", "title"]) {
            return vec![Ok(self.whole(object))];
        }
        if let (Some(Value::Array(notes)), true) = (object.get("notes"), has(object, &["id"])) {
            let mut entries = Vec::new();
            let first = notes.first().map(|note| text(note, "id"));
            for (nth, note) in notes.iter().enumerate() {
                entries.push(self.note(note).map(|mut entry| {
                    let to = first.as_ref().filter(|_| nth > 0);
                    entry.reply_to = to.map(|id| format!("note_{id}"));
                    entry.meta.text("discussion", &text(object, "id"));
                    entry
                }));
            }
            return entries;
        }
        vec![self.note(object)]
    }
}

impl GitLab {
    /// An issue or a merge request.
    fn whole(&mut self, object: &Value) -> Entry {
        let is_request = has(object, &["source_branch", "target_branch"]);
        let (kind, sign) = if is_request { ("merge_request", '!') } else { ("issue", '#') };
        let (iid, number) = (text(object, "iid"), text(object, "project_id"));
        let url = text(object, "web_url");
        let project = project(&url).unwrap_or_else(|| number.clone());
        let stream = format!("{project}{sign}{iid}");
        self.streams.insert((sign, text(object, "id")), stream.clone());
        self.projects.insert(number, project);
        let mut meta = Meta::default();
        meta.text("kind", kind);
        let names = [("url", "web_url"), ("state", "state"), ("closed_at", "closed_at")];
        keep(&mut meta, object, &names);
        forge::keep_labels(&mut meta, object);
        if text(object, "state") == "merged" {
            meta.raw("merged", "true");
        }
        keep(&mut meta, object, &[("merged_at", "merged_at")]);
        let votes = [("+1", "upvotes"), ("-1", "downvotes")];
        let counts = votes.into_iter().filter_map(|(name, votes)| Some((name, object.get(votes)?)));
        forge::keep_reactions(&mut meta, counts);
        Entry {
            stream,
            title: Some(text(object, "title")),
            external: format!("{sign}{iid}"),
            author: author(object),
            sent: text(object, "created_at"),
            text: text(object, "description"),
            meta,
            ..Entry::default()
        }
    }

    fn note(&self, note: &Value) -> Result<Entry, &'static str> {
        if !has(note, &["id", "body", "author", "noteable_type"]) {
            return Err("is no issue, merge request, note or discussion; skipped");
        }
        let sign = match text(note, "noteable_type").as_str() {
            "Issue" | "WorkItem" => '#',
            "MergeRequest" => '!',
            _ => return Err("is a note on neither an issue nor a merge request; skipped"),
        };
        let (id, iid) = (text(note, "noteable_id"), text(note, "noteable_iid"));
        let number = text(note, "project_id");
        let known = self.streams.get(&(sign, id)).cloned();
        let stream = known
            .or_else(|| {
                let project = self.projects.get(&number).unwrap_or(&number);
                (!project.is_empty() && !iid.is_empty()).then(|| format!("{project}{sign}{iid}"))
            })
            .ok_or("is a note that names no issue or merge request; skipped")?;
        let mut meta = Meta::default();
        meta.text("kind", "note");
        keep(&mut meta, note, &[("type", "type"), ("resolved", "resolved")]);
        let [created, updated, edited, resolved] =
            ["created_at", "updated_at", "last_edited_at", "resolved_at"]
                .map(|name| text(note, name));
        // To resolve a thread is to update its notes.
        let updated = Some(updated).filter(|at| *at != created && *at != resolved);
        if let Some(at) = Some(edited).filter(|at| !at.is_empty()).or(updated)
            && !at.is_empty()
        {
            meta.text("edited_at", &at);
        }
        if let Some(position) = note.get("position").filter(|position| position.is_object()) {
            place(position, &mut meta);
        }
        Ok(Entry {
            stream,
            external: format!("note_{}", text(note, "id")),
            author: author(note),
            is_notice: note.get("system") == Some(&Value::Bool(true)),
            sent: created,
            text: text(note, "body"),
            meta,
            ..Entry::default()
        })
    }
}

/// Where in the code a note stands, under GitHub's names: the new file's line, or the old one's where it was removed.
fn place(position: &Value, meta: &mut Meta) {
    let is_new = position.get("new_line").is_some_and(Value::is_number);
    let (path, line, side) =
        if is_new { ("new_path", "new_line", "RIGHT") } else { ("old_path", "old_line", "LEFT") };
    keep(meta, position, &[("path", path), ("line", line)]);
    if let Some(start) = position.get("line_range").and_then(|range| range.get("start")) {
        keep(meta, start, &[("start_line", line)]);
    }
    if position.get(line).is_some_and(Value::is_number) {
        meta.text("side", side);
    }
    let names = [("commit_id", "head_sha"), ("base_sha", "base_sha"), ("start_sha", "start_sha")];
    keep(meta, position, &names);
}

fn author(object: &Value) -> String {
    object.get("author").map(|author| text(author, "username")).unwrap_or_default()
}

/// `group/project` of an address within it.
fn project(url: &str) -> Option<String> {
    let path = url.split_once("://")?.1.split_once('/')?.1;
    let end =
        ["/-/", "/issues/", "/merge_requests/"].into_iter().find_map(|mark| path.find(mark))?;
    Some(path[..end].to_owned())
}
