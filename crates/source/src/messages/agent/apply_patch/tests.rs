//! Patches as models write them, and the diffs they become.

use super::*;

fn parsed(text: &str) -> Patch {
    parse(text, &|path| path.trim_start_matches("/repo/").to_owned()).unwrap_or_default()
}

#[test]
fn files_are_added_changed_moved_and_deleted() {
    let patch = parsed(
        "*** Begin Patch\n*** Add File: a.txt\n+one\n+two\n*** Update File: /repo/src/b.rs\n*** Move to: src/c.rs\n@@ fn main()\n \
         kept\n-old\n+new\n+newer\n\n*** Delete File: d\n*** End Patch\n",
    );
    assert_eq!(patch.paths, ["a.txt", "/repo/src/b.rs", "src/c.rs", "d"]);
    assert_eq!(
        patch.diff,
        "--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1,2 @@\n+one\n+two\n--- a/src/b.rs\n+++ b/src/c.rs\n@@ -1,3 +1,4 @@ fn main()\n \
         kept\n-old\n+new\n+newer\n \n--- a/d\n+++ /dev/null\n"
    );
}

#[test]
fn a_patch_within_a_command() {
    let patch = parsed(
        "apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: x\n@@\n-a\n+b\n@@\n c\n+d\n*** End Patch\nEOF\n",
    );
    assert_eq!(patch.diff, "--- a/x\n+++ b/x\n@@ -1,1 +1,1 @@\n-a\n+b\n@@ -1,1 +1,2 @@\n c\n+d\n");
}

#[test]
fn what_is_no_patch() {
    for text in [
        "",
        "*** Begin Patch",
        "*** Begin Patch\n+a\n",
        "*** Begin Patch\n*** Move to: x\n",
        "cargo test",
    ] {
        assert_eq!(parsed(text), Patch::default(), "{text:?}");
    }
    let cut = parsed("*** Begin Patch\n*** Update File: x\n-a");
    assert_eq!(cut.diff, "--- a/x\n+++ b/x\n@@ -1,1 +0,0 @@\n-a\n");
}
