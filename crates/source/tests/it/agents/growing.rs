//! What holds for the transcripts of every tool: read in parts, and read again after they were rewritten.

use std::path::Path;

use lichen_model::Batch;
use lichen_source::messages::Source;

use super::{codex::CODEX, gemini::GEMINI};
use crate::message_files::{append, file, fixture, from, joined, read, read_source, source, texts};

#[test]
fn transcripts_in_two_parts_give_what_they_give_at_once() {
    for (format, name) in [
        ("codex", CODEX),
        ("gemini", GEMINI),
        ("cursor", "cursor/agent-transcripts/c0de0000-0000-4000-8000-000000000001.jsonl"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let text = fs_err::read_to_string(fixture(name)).unwrap();
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        for cut in 0..=lines.len() {
            let name = Path::new(name).file_name().unwrap().to_str().unwrap();
            let path =
                file(&folder, &format!("{cut}/agent-transcripts/{name}"), lines[..cut].concat());
            let first = read(format, &path);
            append(&path, &lines[cut..].concat());
            let second = from(format, &path, &first);
            let whole = read_source(
                format,
                &Source {
                    position: first.progress.last().map(|_| {
                        // The time that a position keeps, for a format whose files tell none.
                        let kept = first.progress[0].position.clone();
                        kept.split(' ')
                            .enumerate()
                            .map(|(at, word)| if at == 0 { "x" } else { word })
                            .collect::<Vec<_>>()
                            .join(" ")
                    }),
                    ..source(&path)
                },
            );
            let mut both = joined(&first, &second);
            let mut all = whole.messages;
            both.sort_by_key(|message| message.id);
            all.sort_by_key(|message| message.id);
            assert_eq!(both, all, "{format} cut after line {cut}");
            assert_eq!(
                from(format, &path, &if second.progress.is_empty() { first } else { second }),
                Batch::default()
            );
        }
    }
}

#[test]
fn a_rewritten_transcript_is_read_again_under_the_same_ids() {
    for (format, name) in
        [("codex", CODEX), ("gemini", GEMINI), ("aider", "aider/.aider.chat.history.md")]
    {
        let folder = tempfile::tempdir().unwrap();
        let text = fs_err::read_to_string(fixture(name)).unwrap();
        let name = Path::new(name).file_name().unwrap().to_str().unwrap();
        let path = file(&folder, name, &text);
        let first = read(format, &path);
        // The same entries, but no byte where it was.
        fs_err::write(&path, format!("\n{}", text.replace('\n', "\r\n"))).unwrap();
        let second = from(format, &path, &first);
        let ids =
            |batch: &Batch| batch.messages.iter().map(|message| message.id).collect::<Vec<_>>();
        assert_eq!(ids(&second), ids(&first), "{format}");
        assert_eq!(texts(&second), texts(&first), "{format}");
    }
}
