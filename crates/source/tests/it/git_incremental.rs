//! Reading a repository again: only what is new.

use std::collections::HashSet;
use std::fmt::Write as _;

use lichen_model::{Batch, Oid};
use lichen_source::Read;
use lichen_source::git::{Known, Repository};
use lichen_testkit::repo::ToyRepo;

use crate::read_all;

fn toy() -> (tempfile::TempDir, ToyRepo) {
    let folder = tempfile::tempdir().unwrap();
    let repo = ToyRepo::init(&folder.path().join("toy"));
    (folder, repo)
}

fn again(repo: &ToyRepo, before: &Batch) -> Batch {
    let commits: HashSet<_> = before.commits.iter().map(|commit| commit.oid.clone()).collect();
    let boundary: Vec<_> = before
        .commits
        .iter()
        .filter(|commit| commit.boundary)
        .map(|commit| commit.oid.clone())
        .collect();
    let refs: Vec<_> = before.refs.iter().map(|state| state.reference.name.clone()).collect();
    let known = Known {
        commit: &|oid: &Oid| commits.contains(oid),
        boundary: &boundary,
        refs: &refs,
        people: &before.people,
        position: before.progress.last().map(|progress| progress.position.as_str()),
    };
    let repository = Repository::open(&repo.path, ".").unwrap();
    read_all(&mut repository.read(&known, 2).unwrap()).0
}

fn messages(batch: &Batch) -> Vec<&str> {
    batch.commits.iter().map(|commit| commit.message.trim_end()).collect()
}

#[test]
fn nothing_new_yields_nothing() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a", "1", "one");
    let before = again(&repo, &Batch::default());
    assert_eq!(messages(&before), ["one"]);
    assert_eq!(again(&repo, &before), Batch::default());
}

#[test]
fn only_new_commits() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a", "1", "one");
    repo.git(&["branch", "old"]);
    let before = again(&repo, &Batch::default());
    repo.commit_file("a", "2", "two");
    repo.git(&["checkout", "--quiet", "-b", "side", "old"]);
    repo.commit_file("b", "3", "three");
    repo.git(&["checkout", "--quiet", "main"]);
    repo.git(&["merge", "--quiet", "--no-ff", "-m", "merge", "side"]);
    repo.git(&["branch", "-D", "old"]);
    let after = again(&repo, &before);
    assert_eq!(messages(&after), ["two", "three", "merge"]);
    assert!(after.commits.iter().all(|commit| commit.changes.is_some()));
    let old = after.refs.iter().find(|state| state.reference.name == "refs/heads/old").unwrap();
    assert_eq!(old.target, None, "a ref that is gone is told");
}

#[test]
fn a_rewritten_branch() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a", "1", "one");
    repo.commit_file("a", "2", "two");
    let before = again(&repo, &Batch::default());
    repo.git(&["reset", "--quiet", "--hard", "HEAD^"]);
    repo.commit_file("a", "3", "two, rewritten");
    assert_eq!(messages(&again(&repo, &before)), ["two, rewritten"]);
}

#[test]
fn a_deepened_clone_yields_the_boundary_again() {
    let (folder, mut repo) = toy();
    for at in 0..4 {
        repo.commit_file("a", &at.to_string(), &format!("commit {at}"));
    }
    let url = format!("file://{}", repo.path.display());
    repo.git(&["clone", "--quiet", "--depth=2", &url, "../shallow"]);
    let shallow = ToyRepo::at(&folder.path().join("shallow"));
    let before = again(&shallow, &Batch::default());
    assert_eq!(messages(&before), ["commit 2", "commit 3"]);
    assert_eq!(again(&shallow, &before), Batch::default());
    shallow.git(&["fetch", "--quiet", "--unshallow"]);
    let after = again(&shallow, &before);
    assert_eq!(messages(&after), ["commit 0", "commit 1", "commit 2"]);
    assert!(after.commits.iter().all(|commit| !commit.boundary && commit.changes.is_some()));
}

#[test]
fn a_new_mailmap_changes_people_without_new_commits() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a", "1", "one");
    let before = again(&repo, &Batch::default());
    repo.write(".mailmap", "Proper Name <ann@example.com>\n");
    let after = again(&repo, &before);
    assert!(after.commits.is_empty());
    let ann = after.people.iter().find(|person| person.name == "Ann Author").unwrap();
    let canonical = after.people.iter().find(|person| person.id == ann.canonical).unwrap();
    assert_eq!(canonical.name, "Proper Name");
}

#[test]
fn stopped_between_batches_it_goes_on() {
    let (_folder, repo) = toy();
    let total = 2_500_u64;
    let mut script = String::new();
    for at in 0..total {
        write!(
            script,
            "commit refs/heads/main\nmark :{}\ncommitter A <a@b> {} +0000\ndata {}\nc{at}\nM 644 inline f{}\ndata {}\n{at}\n",
            at + 1,
            1_600_000_000 + at,
            format!("c{at}").len(),
            at % 10,
            at.to_string().len(),
        )
        .unwrap();
    }
    repo.git_bytes(&["fast-import", "--quiet"], script.as_bytes());
    let repository = Repository::open(&repo.path, ".").unwrap();
    let mut reader = repository.read(&Known::NOTHING, 2).unwrap();
    let first = reader.next_batch().unwrap().unwrap();
    assert_eq!(first.commits.len(), 2_000);
    assert!(
        first.progress.is_empty() && first.refs.is_empty(),
        "refs point to commits that are taken in"
    );
    assert_eq!((reader.estimate().total, reader.estimate().done), (total, 2_000));
    drop(reader);
    let rest = again(&repo, &first);
    assert_eq!(rest.commits.len(), 500);
    let whole = again(&repo, &Batch::default());
    assert_eq!(whole.commits, [first.commits, rest.commits].concat());
    assert_eq!(whole.passages, [first.passages, rest.passages].concat());
    let one_thread = read_all(&mut repository.read(&Known::NOTHING, 1).unwrap()).0;
    assert_eq!(one_thread, whole, "the number of threads changes nothing");
}
