//! Answers as Aider keeps them, and the changes found in them.

use super::*;

fn edits(text: &str) -> Vec<(String, String)> {
    let calls = read(text, &[PathBuf::from("/r")], Path::new("/r"));
    let path = |call: &ToolCall| {
        call.paths.first().map_or_else(String::new, |path| path.to_text().into_owned())
    };
    calls.iter().map(|call| (path(call), call.patch.clone().unwrap_or_default())).collect()
}

#[test]
fn blocks_and_diffs() {
    let text = "Sure:\n\nsrc/a.py\n```python\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n```\n\n`b.txt`\n<<<<<<< SEARCH\n=======\nfirst\n\
                >>>>>>> REPLACE\n```diff\n--- a/c\n+++ b/c\n@@ -1 +1 @@\n-x\n+y\n```\n";
    assert_eq!(
        edits(text),
        [
            (
                "src/a.py".to_owned(),
                "--- a/src/a.py\n+++ b/src/a.py\n@@ -1,1 +1,1 @@\n-old\n+new\n".to_owned()
            ),
            ("b.txt".to_owned(), "--- a/b.txt\n+++ b/b.txt\n@@ -0,0 +1,1 @@\n+first\n".to_owned()),
            ("c".to_owned(), "--- a/c\n+++ b/c\n@@ -1 +1 @@\n-x\n+y\n".to_owned()),
        ]
    );
}

#[test]
fn what_does_not_end_is_no_edit() {
    assert_eq!(edits("a\n<<<<<<< SEARCH\nold\n=======\nnew\n"), []);
    assert_eq!(edits("<<< SEARCH\n=======\n>>>>>>> REPLACE\n```diff\n+++ b/x\n+a\n"), []);
}
