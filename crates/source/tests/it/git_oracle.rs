//! What `git` itself says about a repository, to compare with.

use std::collections::BTreeMap;
use std::path::Path;

use lichen_model::{Batch, ChangeStatus, Commit, FileChange, Owner, PassageKind};
use lichen_source::git::{Known, Repository};
use lichen_testkit::repo::ToyRepo;

use crate::read_all;

pub(crate) fn read(path: &Path) -> Batch {
    let repository = Repository::open(path, ".").unwrap();
    read_all(&mut repository.read(&Known::NOTHING, 2).unwrap()).0
}

/// Reads the repository, checks everything against git, and returns what was read.
pub(crate) fn check(repo: &ToyRepo) -> Batch {
    let batch = read(&repo.path);
    assert_eq!(batch.problems, [], "no problems are expected");
    check_commits(repo, &batch);
    check_refs(repo, &batch);
    check_batch(&batch);
    batch
}

pub(crate) fn check_commits(repo: &ToyRepo, batch: &Batch) {
    let mut expected: Vec<_> = lines(&git(repo, &["rev-list", "--all", "HEAD"]));
    expected.sort();
    let mut found: Vec<_> = batch.commits.iter().map(|commit| commit.oid.to_string()).collect();
    found.sort();
    assert_eq!(found, expected);
    for commit in &batch.commits {
        assert_eq!(facts(batch, commit), facts_by_git(repo, &commit.oid.to_string()));
        let Some(changes) = &commit.changes else {
            assert!(commit.boundary);
            continue;
        };
        let oid = commit.oid.to_string();
        if commit.parents.len() < 2 {
            let found: Vec<_> = changes.iter().map(raw).collect();
            assert_eq!(found, changes_by_git(repo, &oid), "commit {oid}");
        } else {
            let found: Vec<_> = changes.iter().map(merged).collect();
            assert_eq!(found, merge_by_git(repo, &oid), "merge {oid}");
        }
    }
}

/// What must hold of any batch of a repository.
pub(crate) fn check_batch(batch: &Batch) {
    let place: BTreeMap<_, _> =
        batch.commits.iter().enumerate().map(|(at, commit)| (&commit.oid, at)).collect();
    for (at, commit) in batch.commits.iter().enumerate() {
        for parent in &commit.parents {
            assert!(place.get(parent).is_none_or(|&parent| parent < at), "parents before children");
        }
        for person in [commit.author, commit.committer] {
            let person = batch
                .people
                .iter()
                .find(|known| known.id == person)
                .expect("people are in the batch");
            assert!(batch.people.iter().any(|known| known.id == person.canonical));
        }
        let passages: Vec<_> = batch
            .passages
            .iter()
            .filter(|passage| passage.owner == Owner::Commit(commit.id))
            .collect();
        assert!(!passages.is_empty(), "every commit can be found");
        for (ord, passage) in (0..).zip(passages) {
            assert_eq!((passage.ord, passage.kind), (ord, PassageKind::Commit));
            assert!(
                commit
                    .message
                    .get(passage.span.start as usize..passage.span.end as usize)
                    .is_some()
            );
        }
    }
    assert!(batch.progress.len() == 1 && batch.progress[0].source == "git:.");
}

fn check_refs(repo: &ToyRepo, batch: &Batch) {
    let listed = git(repo, &["for-each-ref", "--format=%(refname)%00%(symref)"]);
    let mut expected: Vec<_> = listed
        .lines()
        .map(|line| {
            let (name, symref) = line.split_once('\0').unwrap();
            (
                name.to_owned(),
                commit_of(repo, name),
                Some(symref.to_owned()).filter(|symref| !symref.is_empty()),
            )
        })
        .filter(|(name, ..)| !name.starts_with("refs/replace/"))
        .collect();
    let mut symbolic = repo.command();
    let symbolic = symbolic.args(["symbolic-ref", "--quiet", "HEAD"]).output().unwrap();
    let symbolic = String::from_utf8(symbolic.stdout).unwrap().trim().to_owned();
    expected.push((
        "HEAD".to_owned(),
        commit_of(repo, "HEAD"),
        Some(symbolic).filter(|name| !name.is_empty()),
    ));
    expected.sort();
    let found: Vec<_> = batch
        .refs
        .iter()
        .map(|state| {
            (
                state.reference.name.clone(),
                state.target.as_ref().map(ToString::to_string),
                state.symbolic.clone(),
            )
        })
        .collect();
    assert_eq!(found, expected);
}

fn commit_of(repo: &ToyRepo, name: &str) -> Option<String> {
    let spec = format!("{name}^{{commit}}");
    let output = repo.command().args(["rev-parse", "--quiet", "--verify", &spec]).output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

fn git(repo: &ToyRepo, args: &[&str]) -> String {
    let mut repo = repo.clone();
    repo.env.push(("GIT_NO_REPLACE_OBJECTS".to_owned(), "1".into()));
    repo.git(args)
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(ToOwned::to_owned).collect()
}

/// The fields of a commit as one comparable list.
pub(crate) fn facts(batch: &Batch, commit: &Commit) -> Vec<String> {
    let person = |id| batch.people.iter().find(|person| person.id == id).unwrap();
    let (author, committer) = (person(commit.author), person(commit.committer));
    let canonical = person(author.canonical);
    let parents: Vec<_> = commit.parents.iter().map(ToString::to_string).collect();
    let zone = |minutes: i16| {
        format!(
            "{}{:02}{:02}",
            if minutes < 0 { '-' } else { '+' },
            minutes.abs() / 60,
            minutes.abs() % 60
        )
    };
    vec![
        commit.tree.to_string(),
        // Behind a boundary git hides the parents.
        if commit.boundary { String::new() } else { parents.join(" ") },
        author.name.clone(),
        author.email.clone(),
        (commit.authored.at.millis() / 1000).to_string(),
        zone(commit.authored.offset_minutes),
        committer.name.clone(),
        committer.email.clone(),
        (commit.committed.at.millis() / 1000).to_string(),
        canonical.name.clone(),
        canonical.email.clone(),
        commit.message.trim_end_matches('\n').to_owned(),
    ]
}

pub(crate) fn facts_by_git(repo: &ToyRepo, oid: &str) -> Vec<String> {
    let format =
        "--format=%T%x00%P%x00%an%x00%ae%x00%at%x00%ad%x00%cn%x00%ce%x00%ct%x00%aN%x00%aE%x00%B";
    let shown = git(
        repo,
        &["log", "-1", "--date=format:%z", "--encoding=UTF-8", "--no-show-signature", format, oid],
    );
    shown.trim_end_matches('\n').split('\0').map(ToOwned::to_owned).collect()
}

/// A change as `git diff-tree --raw` prints it.
pub(crate) fn raw(change: &FileChange) -> String {
    let zero = "0".repeat(change.new_oid.as_ref().or(change.old_oid.as_ref()).unwrap().0.len() * 2);
    let oid =
        |oid: &Option<lichen_model::Oid>| oid.as_ref().map_or(zero.clone(), ToString::to_string);
    let status = match change.status {
        ChangeStatus::Added => "A",
        ChangeStatus::Modified => "M",
        ChangeStatus::Deleted => "D",
        ChangeStatus::Renamed => "R100",
        ChangeStatus::TypeChanged => "T",
    };
    let paths: Vec<_> =
        change.old_path.iter().chain([&change.path]).map(|path| format!("{:?}", path.0)).collect();
    format!(
        ":{:06o} {:06o} {} {} {status} {}",
        change.old_mode,
        change.new_mode,
        oid(&change.old_oid),
        oid(&change.new_oid),
        paths.join(" ")
    )
}

pub(crate) fn changes_by_git(repo: &ToyRepo, oid: &str) -> Vec<String> {
    let args = [
        "diff-tree",
        "--root",
        "-r",
        "-M100%",
        "-l0",
        "-z",
        "--raw",
        "--no-abbrev",
        "--no-commit-id",
        oid,
    ];
    let mut repo = repo.clone();
    repo.env.push(("GIT_NO_REPLACE_OBJECTS".to_owned(), "1".into()));
    let output = repo.git_bytes(&args, &[]);
    let mut parts = output.split(|&byte| byte == 0).filter(|part| !part.is_empty());
    let mut changes = Vec::new();
    while let Some(head) = parts.next() {
        let head = String::from_utf8(head.to_vec()).unwrap();
        let path = parts.next().unwrap().to_vec();
        let renamed = head.contains(" R").then(|| parts.next().unwrap().to_vec());
        let by = renamed.clone().unwrap_or_else(|| path.clone());
        let paths: Vec<_> =
            [Some(path), renamed].into_iter().flatten().map(|path| format!("{path:?}")).collect();
        changes.push((by, format!("{head} {}", paths.join(" "))));
    }
    changes.sort();
    changes.into_iter().map(|(_, change)| change).collect()
}

/// A change of a merge: modes and ids of the first parent and the result, and the path.
fn merged(change: &FileChange) -> String {
    let line = raw(change);
    let mut words = line.splitn(6, ' ');
    let (old_mode, new_mode, old, new) = (
        words.next().unwrap(),
        words.next().unwrap(),
        words.next().unwrap(),
        words.next().unwrap(),
    );
    format!("{} {new_mode} {old} {new} {}", &old_mode[1..], words.nth(1).unwrap())
}

fn merge_by_git(repo: &ToyRepo, oid: &str) -> Vec<String> {
    let args = ["diff-tree", "-r", "-c", "-z", "--raw", "--no-abbrev", "--no-commit-id", oid];
    let output = repo.git_bytes(&args, &[]);
    let mut parts = output.split(|&byte| byte == 0).filter(|part| !part.is_empty());
    let mut changes = Vec::new();
    while let Some(head) = parts.next() {
        let head = String::from_utf8(head.to_vec()).unwrap();
        let path = parts.next().unwrap().to_vec();
        let parents = head.bytes().take_while(|&byte| byte == b':').count();
        let words: Vec<_> = head.trim_start_matches(':').split(' ').collect();
        let (modes, oids) = (&words[..=parents], &words[parents + 1..]);
        changes.push((
            path.clone(),
            format!("{} {} {} {} {path:?}", modes[0], modes[parents], oids[0], oids[parents]),
        ));
    }
    changes.sort();
    changes.into_iter().map(|(_, change)| change).collect()
}
