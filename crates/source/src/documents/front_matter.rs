//! Front matter: the YAML or TOML block that opens a Markdown file.

use serde_json::{Map, Value};

use crate::passage;

/// What the block says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct FrontMatter {
    pub(super) title: Option<String>,
    pub(super) tags: Vec<String>,
    /// All fields as a JSON object; empty for none.
    pub(super) meta: String,
    pub(super) problem: Option<String>,
}

pub(super) fn read(text: &str) -> FrontMatter {
    let block = &text[..passage::front_matter_end(text)];
    let lines: Vec<_> = block.lines().collect();
    let Some(inner) = lines.get(1..lines.len().saturating_sub(1)).filter(|lines| !lines.is_empty())
    else {
        return FrontMatter::default();
    };
    let inner = inner.join("\n");
    let toml = block.starts_with("+++");
    let parsed: Result<Map<String, Value>, String> = if toml {
        toml::from_str(&inner).map_err(|error| error.message().to_owned())
    } else {
        serde_saphyr::from_str(&inner).map_err(|error| error.to_string())
    };
    match parsed {
        Ok(fields) => FrontMatter {
            title: fields
                .get("title")
                .and_then(Value::as_str)
                .map(str::trim)
                .filter(|title| !title.is_empty())
                .map(ToOwned::to_owned),
            tags: tags(&fields),
            meta: if fields.is_empty() { String::new() } else { Value::Object(fields).to_string() },
            problem: None,
        },
        Err(error) => {
            let language = if toml { "TOML" } else { "YAML" };
            let error = error.lines().next().unwrap_or_default();
            FrontMatter {
                problem: Some(format!(
                    "has front matter that is no {language} ({error}); kept as text only"
                )),
                ..FrontMatter::default()
            }
        }
    }
}

/// A list, or one string with commas.
fn tags(fields: &Map<String, Value>) -> Vec<String> {
    let mut tags = Vec::new();
    for key in ["tags", "keywords"] {
        match fields.get(key) {
            Some(Value::String(text)) => tags.extend(text.split(',').map(ToOwned::to_owned)),
            Some(Value::Array(items)) => {
                tags.extend(items.iter().filter_map(Value::as_str).map(ToOwned::to_owned));
            }
            _ => {}
        }
    }
    let mut seen = std::collections::HashSet::new();
    let trimmed = tags.into_iter().map(|tag| tag.trim().to_owned());
    trimmed.filter(|tag| !tag.is_empty() && seen.insert(tag.clone())).collect()
}
