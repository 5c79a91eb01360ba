//! Any order, any repetition: the facts in the store are the set of the facts that went in.

use std::collections::{BTreeMap, BTreeSet};

use lichen_model::{Batch, Commit, Message, MessageId, StreamKind};
use proptest::prelude::*;

use crate::sample::{commit, cut, message, open, person, repo, stream};

/// What happens to a store.
#[derive(Clone, Debug)]
enum Step {
    Messages(Vec<(bool, u32)>),
    Commits(Vec<u32>),
    Checkpoint,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::vec((any::<bool>(), 0..40_u32), 0..12).prop_map(Step::Messages),
        3 => prop::collection::vec(0..20_u32, 0..8).prop_map(Step::Commits),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Reopen),
    ]
}

fn sent(general: bool, n: u32) -> Message {
    message(if general { "general" } else { "ops" }, n, &format!("text {n}\nsecond line"))
}

fn messages(numbers: &[(bool, u32)]) -> Batch {
    let streams = ["general", "ops"].map(|name| stream(name, StreamKind::Chat)).to_vec();
    let messages = numbers.iter().map(|&(general, n)| sent(general, n)).collect();
    cut(Batch { streams, messages, ..Batch::default() })
}

fn commits(numbers: &[u32]) -> Batch {
    let people = vec![person("ada"), person("bob")];
    let commits = numbers.iter().map(|&n| commit(n)).collect();
    cut(Batch { repos: vec![repo()], people, commits, ..Batch::default() })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_is_the_set_of_what_went_in(steps in prop::collection::vec(step(), 1..10)) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        let mut known_messages: BTreeMap<MessageId, Message> = BTreeMap::new();
        let mut known_commits: BTreeMap<u32, Commit> = BTreeMap::new();
        let mut passages = 0;
        for step in steps {
            match step {
                Step::Messages(numbers) => {
                    let receipt = store.append(&messages(&numbers)).unwrap();
                    let new: BTreeSet<_> = numbers.iter().map(|&(general, n)| sent(general, n)).filter(|m| !known_messages.contains_key(&m.id)).map(|m| m.id).collect();
                    prop_assert_eq!((receipt.messages, receipt.passages.len()), (new.len(), new.len() * 2));
                    known_messages.extend(numbers.iter().map(|&(general, n)| (sent(general, n).id, sent(general, n))));
                }
                Step::Commits(numbers) => {
                    let receipt = store.append(&commits(&numbers)).unwrap();
                    let new: BTreeSet<_> = numbers.iter().filter(|n| !known_commits.contains_key(n)).collect();
                    prop_assert_eq!((receipt.commits, receipt.passages.len()), (new.len(), new.len() * 3));
                    known_commits.extend(numbers.iter().map(|&n| (n, commit(n))));
                }
                Step::Checkpoint => store.checkpoint().unwrap(),
                Step::Reopen => {
                    store.close().unwrap();
                    store = open(dir.path());
                }
            }
            let expected = known_messages.len() * 2 + known_commits.len() * 3;
            prop_assert_eq!(store.read().passage_count().unwrap(), expected as u64);
            prop_assert!(expected >= passages);
            passages = expected;
        }
        for message in known_messages.values() {
            prop_assert_eq!(&store.read().message(message.id).unwrap().unwrap().message, message);
        }
        for commit in known_commits.values() {
            prop_assert_eq!(&store.read().commit(commit.id).unwrap().unwrap().commit, commit);
        }
        prop_assert_eq!(store.read().doctor().unwrap(), []);
    }
}
