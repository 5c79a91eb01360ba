//! The fields of one line, found by a mapping and read in place.

use std::borrow::Cow;

use lichen_model::{RepoPath, Role, ToolCall, Zoned};
use serde_json::value::RawValue;

use crate::messages::mapping::{Field, Tree};
use crate::messages::parts::{Meta, Object, scalar, string};
use crate::messages::time;

/// The fields of a line that the mapping names, unread, and the rest as JSON.
#[derive(Default)]
pub(super) struct Fields<'a> {
    found: [Option<&'a RawValue>; Field::ALL.len()],
    pub(super) meta: Meta,
}

impl<'a> Fields<'a> {
    /// Reads a line's object.
    pub(super) fn parse(line: &'a str, tree: &Tree) -> Result<Self, String> {
        let object =
            Object::parse(line).map_err(|error| format!("is no JSON object ({error}); skipped"))?;
        let mut fields = Self::default();
        let mut meta = Meta::default();
        fields.collect(object, tree, &mut meta);
        fields.meta = meta;
        Ok(fields)
    }

    fn collect(&mut self, object: Object<'a>, tree: &Tree, meta: &mut Meta) {
        for (name, raw) in object.0 {
            match tree.child(&name) {
                Some(child) if child.is_inner() && raw.get().starts_with('{') => {
                    let mut inner = Meta::default();
                    if let Ok(object) = Object::parse(raw.get()) {
                        self.collect(object, child, &mut inner);
                    }
                    let rest = inner.finish();
                    if !rest.is_empty() {
                        meta.raw(&name, &rest);
                    }
                }
                Some(child) if !child.fields.is_empty() => {
                    for field in &child.fields {
                        self.found[field.place()] = Some(raw).filter(|raw| raw.get() != "null");
                    }
                }
                _ => meta.raw(&name, raw.get()),
            }
        }
    }

    pub(super) fn raw(&self, field: Field) -> Option<&'a RawValue> {
        self.found[field.place()]
    }

    pub(super) fn text(&self, field: Field) -> Option<Cow<'a, str>> {
        self.raw(field).and_then(scalar)
    }

    /// The author's name; of an object what is most likely its name.
    pub(super) fn author(&self) -> Cow<'a, str> {
        const NAMES: [&str; 6] = ["name", "display_name", "real_name", "username", "login", "id"];
        let Some(raw) = self.raw(Field::Author) else { return Cow::Borrowed("") };
        if let Some(text) = scalar(raw) {
            return text;
        }
        let Ok(object) = Object::parse(raw.get()) else { return Cow::Borrowed("") };
        let named = |name: &&str| {
            object.0.iter().find(|(key, _)| key == name).and_then(|(_, raw)| scalar(raw))
        };
        NAMES.iter().find_map(named).unwrap_or_default()
    }

    pub(super) fn time(&self) -> Option<Zoned> {
        time::parse(&self.text(Field::Time)?)
    }
}

pub(in crate::messages) fn parse_role(role: &str) -> Option<Role> {
    match role.to_ascii_lowercase().as_str() {
        "user" | "human" => Some(Role::User),
        "assistant" | "ai" | "model" | "agent" | "bot" => Some(Role::Assistant),
        "tool" | "function" => Some(Role::Tool),
        "system" | "developer" => Some(Role::System),
        _ => None,
    }
}

/// A string, or the strings of an array.
pub(in crate::messages) fn strings(raw: &RawValue) -> Vec<Cow<'_, str>> {
    match serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
        Ok(items) => items.into_iter().filter_map(scalar).collect(),
        Err(_) => scalar(raw).into_iter().collect(),
    }
}

pub(in crate::messages) fn tool_calls(
    message: lichen_model::MessageId,
    raw: &RawValue,
) -> Vec<ToolCall> {
    let Ok(items) = serde_json::from_str::<Vec<Object<'_>>>(raw.get()) else { return Vec::new() };
    let call = |(ord, object): (usize, Object<'_>)| {
        let get = |names: &[&str]| {
            object.0.iter().find(|(key, _)| names.contains(&&**key)).map(|(_, raw)| *raw)
        };
        let text = |names: &[&str]| get(names).and_then(string).map(Cow::into_owned);
        let paths = get(&["paths", "path", "file_path"]).map(strings).unwrap_or_default();
        ToolCall {
            id: ToolCall::id(message, u32::try_from(ord).unwrap_or(u32::MAX)),
            external_id: get(&["id"]).and_then(scalar).unwrap_or_default().into_owned(),
            tool: text(&["tool", "name"]).unwrap_or_default(),
            paths: paths.into_iter().map(|path| RepoPath::from(&*path)).collect(),
            command: text(&["command"]),
            patch: text(&["patch"]),
            input: get(&["input", "arguments"])
                .map_or_else(String::new, |raw| raw.get().to_owned()),
        }
    };
    items.into_iter().enumerate().map(call).collect()
}
