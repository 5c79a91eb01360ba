//! CSV files: columns by their names, files that grow, rows that are damaged.

use lichen_model::{Batch, Role, StreamKind};
use lichen_source::messages::{self, Source};

use crate::message_files::{
    append, file, from, joined, mutate, problems, read, read_source, source, texts,
};

#[test]
fn a_csv() {
    let folder = tempfile::tempdir().unwrap();
    let text = "\u{feff}id;time;Author;text;reply_to;team\n1;2024-01-02T10:00:00Z;ann;\"two\nlines; one cell\";;red\n";
    let path = file(&folder, "chat.csv", text);
    assert_eq!(messages::sniff(&path).unwrap().name, "csv");
    let first = read("csv", &path);
    assert_eq!((problems(&first).len(), texts(&first)), (0, vec!["two\nlines; one cell"]));
    assert_eq!(first.messages[0].meta, r#"{"team":"red"}"#);
    append(&path, "2;2024-01-02T10:01:00Z;bea;yes;1;\n");
    let second = from("csv", &path, &first);
    assert_eq!(texts(&second), ["yes"]);
    assert_eq!(second.messages[0].reply_to, Some(first.messages[0].id));
    assert_eq!(from("csv", &path, &second), Batch::default());
    mutate("csv", &file(&folder, "m/x.csv", "text,time\n\"x\ny\",5\nz,6\n"));
    let other = file(&folder, "other.csv", "when,what\n1,x\n");
    let format = messages::format("csv").unwrap();
    let Err(error) = (format.open)(&source(&other)) else { panic!("opened") };
    assert!(error.to_string().ends_with("it has `when`, `what`: name one with `--map text=NAME`"));
}

#[test]
fn roles_tags_and_tools_of_a_csv() {
    let folder = tempfile::tempdir().unwrap();
    let text = concat!(
        "id,time,text,role,tags,tools\n",
        "1,1,hi,assistant,\"plan, release\",\"[{\"\"tool\"\":\"\"Bash\"\",\"\"command\"\":\"\"ls\"\"}]\"\n",
        "2,2,ho,wizard,\"[\"\"a,b\"\"]\",hammer\n",
    );
    let batch = read("csv", &file(&folder, "x.csv", text));
    assert_eq!(problems(&batch), [""; 0]);
    let [first, second] = &batch.messages[..] else { panic!("{:?}", batch.messages) };
    assert_eq!((first.role, second.role), (Role::Assistant, Role::User));
    assert_eq!(first.tool_calls[0].command.as_deref(), Some("ls"));
    assert_eq!(second.meta, r#"{"role":"wizard","tools":"hammer"}"#);
    let tags: Vec<_> = batch.tags.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(tags, ["plan", "release", "a,b"]);
    assert_eq!(batch.streams[0].kind, StreamKind::Agent);
}

#[test]
fn damaged_rows_are_told_and_the_rest_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        b"id,time,text\n1,1,caf\xe9\n2,2,\"never closed\n3,3,three\n4\n1,1,again\n5,5,half a wo";
    let path = file(&folder, "x.csv", text);
    let first = read("csv", &path);
    assert_eq!(texts(&first), ["caf\u{fffd}", "three"]);
    assert_eq!(
        problems(&first),
        [
            "file: line 2: is not UTF-8; unreadable bytes were replaced",
            "file: line 3: has a quote that is never closed; skipped",
            "file: line 5: has no text under `text`; skipped",
            "file: line 6: id came before at the same time: `1`; skipped",
            "file: line 7: has no end yet; it is read once it has one, or no longer grows",
        ]
    );
    // A file that does not grow is whole, also without an end; one that grows after all is read from there.
    let settled = from("csv", &path, &first);
    assert_eq!((texts(&settled), problems(&settled)), (vec!["half a wo"], vec![]));
    assert_eq!(from("csv", &path, &settled), Batch::default());
    append(&path, "rd\n6,6,\"an open\ncell");
    let second = from("csv", &path, &settled);
    assert_eq!(second.messages[0].id, settled.messages[0].id);
    assert_eq!(texts(&from("csv", &path, &first)), ["half a word"]);
    assert_eq!(texts(&second), ["half a word"]);
    append(&path, " of two lines\"");
    let third = from("csv", &path, &second);
    assert_eq!((texts(&third), problems(&third)), (vec!["an open\ncell of two lines"], vec![]));
    assert_eq!(from("csv", &path, &third), Batch::default());

    let text = "id,time,text\n1,1,\"open\n2,2,two\n3,3,\"three\"\n4,4,\"\"\"four\"\"\"\n";
    let batch = read("csv", &file(&folder, "stray.csv", text));
    assert_eq!(texts(&batch), ["two", "three", "\"four\""]);
    assert_eq!(problems(&batch), ["file: line 2: has a quote that is never closed; skipped"]);

    let rest = "3,3,three\n".repeat(2) + &"4,4,four\n".repeat(50);
    let path = file(&folder, "long.csv", format!("id,time,text\n2,2,\"open\n{rest}"));
    let batch = read_source("csv", &Source { line_bytes_max: 100, ..source(&path) });
    assert_eq!(texts(&batch), ["three", "four"]);
    assert_eq!(problems(&batch)[0], "file: line 2: has a quote that is never closed; skipped");
}

#[test]
fn a_csv_in_two_parts_gives_what_it_gives_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let text = "time,text,author\n1,\"a \"\"b\"\"\nc\",x\n2,d,y\n2,d,y\n3,\"e\",\"z, w\"\n";
    let whole = read("csv", &file(&folder, "whole/x.csv", text));
    assert_eq!(whole.messages.len(), 4);
    for cut in "time,text,author\n".len()..text.len() {
        let path = file(&folder, "cut/x.csv", &text[..cut]);
        let first = read("csv", &path);
        append(&path, &text[cut..]);
        let second = from("csv", &path, &first);
        assert_eq!(joined(&first, &second), whole.messages, "cut at {cut}");
        assert_eq!(from("csv", &path, &second).messages, []);
    }
}
