//! GitHub: issues, pull requests, comments and reviews as its REST API tells them, in files such as
//! `gh api --paginate` writes.

use serde_json::Value;

use super::Format;
use super::forge::{self, Entry, Forge, Reader, has, keep, text};
use super::parts::Meta;

/// The name of the format.
pub const NAME: &str = "github";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff: |path, head| {
        let names = forge::first_names(head);
        let has = |name: &str| names.iter().any(|known| known == name);
        let of = ["issue_url", "pull_request_url", "repository_url"].into_iter().any(has);
        !path.is_dir() && has("html_url") && has("user") && has("id") && of
    },
    open: |source| Ok(Box::new(Reader::open(source.clone(), GitHub)?)),
    discover: None,
};

struct GitHub;

impl Forge for GitHub {
    const NAME: &'static str = NAME;

    fn read(&mut self, object: &Value) -> Vec<Result<Entry, &'static str>> {
        vec![entry(object)]
    }
}

fn entry(object: &Value) -> Result<Entry, &'static str> {
    let is_comment = has(object, &["id", "body", "user"]);
    let (kind, external, sent) = if has(object, &["number", "title", "user"]) {
        let is_pull = has(object, &["pull_request"]) || has(object, &["head", "base"]);
        let kind = if is_pull { "pull_request" } else { "issue" };
        (kind, format!("#{}", text(object, "number")), "created_at")
    } else if is_comment && has(object, &["pull_request_url", "diff_hunk"]) {
        ("review_comment", format!("discussion_r{}", text(object, "id")), "created_at")
    } else if is_comment && has(object, &["pull_request_url", "state"]) {
        ("review", format!("pullrequestreview-{}", text(object, "id")), "submitted_at")
    } else if is_comment && has(object, &["issue_url"]) {
        ("comment", format!("issuecomment-{}", text(object, "id")), "created_at")
    } else {
        return Err("is no issue, pull request, comment or review; skipped");
    };
    let stream = stream(object).ok_or("names no issue or pull request; skipped")?;
    let mut meta = Meta::default();
    meta.text("kind", kind);
    keep(&mut meta, object, &[("url", "html_url"), ("state", "state")]);
    let is_whole = kind == "issue" || kind == "pull_request";
    if is_whole {
        keep(&mut meta, object, &[("state_reason", "state_reason"), ("closed_at", "closed_at")]);
        forge::keep_labels(&mut meta, object);
        let merged = [Some(object), object.get("pull_request")].into_iter().flatten();
        let merged = merged.map(|object| text(object, "merged_at"));
        if let Some(at) = merged.into_iter().find(|at| !at.is_empty()) {
            meta.raw("merged", "true");
            meta.text("merged_at", &at);
        }
    }
    let (created, updated) = (text(object, "created_at"), text(object, "updated_at"));
    if !is_whole && !created.is_empty() && !updated.is_empty() && created != updated {
        meta.text("edited_at", &updated);
    }
    keep(&mut meta, object, &PLACE.map(|name| (name, name)));
    if let Some(Value::Object(all)) = object.get("reactions") {
        let counts = all.iter().filter(|(name, _)| *name != "total_count");
        forge::keep_reactions(&mut meta, counts.map(|(name, count)| (name.as_str(), count)));
    }
    let to = text(object, "in_reply_to_id");
    Ok(Entry {
        stream,
        title: is_whole.then(|| text(object, "title")),
        external,
        author: object.get("user").map(|user| text(user, "login")).unwrap_or_default(),
        is_notice: false,
        sent: text(object, sent),
        text: text(object, "body"),
        reply_to: (!to.is_empty()).then(|| format!("discussion_r{to}")),
        meta,
    })
}

/// Where in the code a comment stands.
const PLACE: [&str; 11] = [
    "path",
    "line",
    "original_line",
    "start_line",
    "original_start_line",
    "side",
    "start_side",
    "commit_id",
    "original_commit_id",
    "diff_hunk",
    "pull_request_review_id",
];

/// `owner/repo#12`, from whichever address tells it.
fn stream(object: &Value) -> Option<String> {
    let urls = ["html_url", "pull_request_url", "issue_url", "url"];
    urls.into_iter().find_map(|name| stream_of(object.get(name)?.as_str()?)).or_else(|| {
        let repo = object.get("repository_url")?.as_str()?.rsplit_once("/repos/")?.1;
        let number = object.get("number")?.as_u64()?;
        (repo.split('/').count() == 2).then(|| format!("{repo}#{number}"))
    })
}

fn stream_of(url: &str) -> Option<String> {
    let path = url.split_once("://")?.1.split_once('/')?.1;
    let path = path.split_once("repos/").map_or(path, |(_, path)| path);
    let mut parts = path.split(['/', '#', '?']);
    let (owner, repo, kind, number) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_one = matches!(kind, "issues" | "pull" | "pulls") && number.parse::<u64>().is_ok();
    (is_one && !owner.is_empty() && !repo.is_empty()).then(|| format!("{owner}/{repo}#{number}"))
}
