//! What agents' tools were told: paths, commands and changes, which say what they mean without any prose around them.

use lichen_model::{Detector, Lines, Mention, Named, ToolCall};

use super::detect;

/// Where in a tool's call a mention stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The files that it names; the span is that of the path, as if each stood on a line of its own.
    Paths,
    /// Its command line.
    Command,
    /// The change that it makes.
    Patch,
}

impl Field {
    /// The word for it in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paths => "paths",
            Self::Command => "command",
            Self::Patch => "patch",
        }
    }

    /// The text of the field, as spans of mentions count.
    pub fn text(self, call: &ToolCall) -> String {
        match self {
            Self::Paths => {
                let paths: Vec<_> = call.paths.iter().map(|path| path.to_text()).collect();
                paths.join("\n")
            }
            Self::Command => call.command.clone().unwrap_or_default(),
            Self::Patch => call.patch.clone().unwrap_or_default(),
        }
    }
}

/// The mentions in a tool's call, field by field.
pub fn in_call(call: &ToolCall) -> Vec<(Field, Mention)> {
    let mut found = Vec::new();
    let mut at = 0;
    for path in &call.paths {
        let path = path.to_text();
        let end = at + path.len();
        let span = u32::try_from(at).unwrap_or(u32::MAX)..u32::try_from(end).unwrap_or(u32::MAX);
        at = end + 1;
        let named =
            Named::Place { path: path.into_owned(), lines: None, column: None, function: None };
        found.push((Field::Paths, Mention { span, detector: Detector::Path, named }));
    }
    for field in [Field::Command, Field::Patch] {
        let mentions = detect(&field.text(call));
        found.extend(mentions.into_iter().filter_map(|mention| {
            Some((field, if field == Field::Patch { of_patch(mention)? } else { mention }))
        }));
    }
    found
}

/// Of a patch only its hunks count: whatever else stands there is the code itself. Edits of fragments do not know on which
/// lines of the file they stand, so the lines say nothing.
fn of_patch(mut mention: Mention) -> Option<Mention> {
    match &mut mention.named {
        Named::Place { lines, .. } if mention.detector == Detector::Hunk => {
            *lines = None::<Lines>;
            Some(mention)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use lichen_model::{Id, Named, RepoPath, ToolCall, ToolCallId};

    use super::{Field, in_call};

    #[test]
    fn fields_say_what_they_mean() {
        let call = ToolCall {
            id: ToolCallId(Id::default()),
            external_id: String::new(),
            tool: "Edit".to_owned(),
            paths: vec![RepoPath::from("src/jar"), RepoPath::from("Makefile")],
            command: Some("cargo test src/lid.rs && git show 1f2e3d4".to_owned()),
            patch: Some("--- a/src/jar.rs\n+++ b/src/jar.rs\n@@ -1 +1 @@\n-see src/old.rs:3\n+see src/new.rs:3\n".to_owned()),
            input: String::new(),
        };
        let told: Vec<String> = in_call(&call)
            .iter()
            .map(|(field, mention)| {
                let text = field.text(&call);
                let words = &text[mention.span.start as usize..mention.span.end as usize];
                let what = match &mention.named {
                    Named::Place { path, lines, .. } => format!("{path} {}", lines.is_some()),
                    Named::Commit { oid, .. } => oid.clone(),
                    other => format!("{other:?}"),
                };
                format!("{} {words}: {what}", field.as_str())
            })
            .collect();
        assert_eq!(
            told,
            [
                "paths src/jar: src/jar false",
                "paths Makefile: Makefile false",
                "command src/lid.rs: src/lid.rs false",
                "command 1f2e3d4: 1f2e3d4",
                "patch @@ -1 +1 @@: src/jar.rs false",
            ]
        );
        assert_eq!(Field::Paths.text(&call), "src/jar\nMakefile");
    }
}
