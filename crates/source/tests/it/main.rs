//! Sources read from real repositories, folders and files.

#![expect(clippy::unwrap_used, reason = "a test that meets a surprise fails")]

mod agents;
mod agents_damaged;
mod agents_found;
mod csv;
mod discord;
mod documents;
mod forges;
mod fuzz;
mod fuzz_targets;
mod git;
mod git_damage;
mod git_incremental;
mod git_oracle;
mod history;
mod history_oracle;
mod history_random;
mod irc;
mod mail;
mod matrix;
mod message_files;
mod messages;
mod on_the_spot;
mod planted;
mod redaction;
mod references;
mod slack;
mod sqlite_files;
mod symbols;
mod telegram;
mod transcripts;
mod whatsapp;
mod zulip;

use lichen_model::Batch;
use lichen_source::Read;

/// Everything a reader yields, and how many batches it took.
fn read_all(reader: &mut dyn Read) -> (Batch, usize) {
    let mut all = Batch::default();
    let mut batches = 0;
    while let Some(batch) = reader.next_batch().unwrap() {
        batches += 1;
        all.repos.extend(batch.repos);
        all.people.extend(batch.people);
        all.commits.extend(batch.commits);
        all.refs.extend(batch.refs);
        all.versions.extend(batch.versions);
        all.streams.extend(batch.streams);
        all.messages.extend(batch.messages);
        all.passages.extend(batch.passages);
        all.tags.extend(batch.tags);
        all.progress.extend(batch.progress);
        all.problems.extend(batch.problems);
    }
    let estimate = reader.estimate();
    assert!(estimate.done <= estimate.total, "{estimate:?}");
    (all, batches)
}
