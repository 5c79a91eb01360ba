//! Repositories of every shape, compared with what `git` itself says about them.

use std::collections::BTreeMap;
use std::path::Path;

use lichen_model::{Batch, ChangeStatus, Commit, FileChange, Owner, PassageKind, RefKind};
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
fn facts(batch: &Batch, commit: &Commit) -> Vec<String> {
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

fn facts_by_git(repo: &ToyRepo, oid: &str) -> Vec<String> {
    let format =
        "--format=%T%x00%P%x00%an%x00%ae%x00%at%x00%ad%x00%cn%x00%ce%x00%ct%x00%aN%x00%aE%x00%B";
    let shown = git(
        repo,
        &["log", "-1", "--date=format:%z", "--encoding=UTF-8", "--no-show-signature", format, oid],
    );
    shown.trim_end_matches('\n').split('\0').map(ToOwned::to_owned).collect()
}

/// A change as `git diff-tree --raw` prints it.
fn raw(change: &FileChange) -> String {
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

fn changes_by_git(repo: &ToyRepo, oid: &str) -> Vec<String> {
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

fn toy() -> (tempfile::TempDir, ToyRepo) {
    let folder = tempfile::tempdir().unwrap();
    let repo = ToyRepo::init(&folder.path().join("toy"));
    (folder, repo)
}

#[test]
fn a_plain_history() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a.txt", "one\n", "First\n\nWith a body.\n");
    repo.commit_file("src/b.txt", "two\n", "Second");
    repo.author = ("Béa Büch".to_owned(), "bea@example.com".to_owned());
    repo.commit_file("a.txt", "three\n", "Third ☃");
    repo.remove("src");
    repo.commit("Fourth removes");
    repo.commit("Fifth is empty");
    repo.commit("");
    let batch = check(&repo);
    assert_eq!(batch.commits.len(), 6);
    let repo = &batch.repos[0];
    assert_eq!((repo.key.as_str(), repo.name.as_str(), repo.shallow), (".", "toy", false));
    assert_eq!(repo.object_format.as_deref(), Some("sha1"));
    let second = &batch.commits[1];
    assert_eq!(second.authored.offset_minutes, 120);
    let passage =
        batch.passages.iter().find(|passage| passage.owner == Owner::Commit(second.id)).unwrap();
    assert_eq!(passage.context, "Ann Author\nsrc/b.txt");
    let empty = batch
        .passages
        .iter()
        .find(|passage| passage.owner == Owner::Commit(batch.commits[5].id))
        .unwrap();
    assert_eq!((empty.span.clone(), empty.context.as_str()), (0..0, "Béa Büch"));
}

#[test]
fn paths_change_in_every_way() {
    let (_folder, mut repo) = toy();
    repo.write("same/name.txt", "moved\n");
    repo.write("other.txt", "moved\n");
    repo.write("run.sh", "#!/bin/sh\n");
    repo.write("file", "becomes a folder\n");
    repo.write("folder/inner", "becomes a file\n");
    repo.write("link", "becomes a link\n");
    repo.write("a-b", "sorts between a and a/\n");
    repo.write("a/x", "x\n");
    repo.write("empty", "");
    repo.commit("start");
    repo.remove("same");
    repo.remove("other.txt");
    repo.write("new/name.txt", "moved\n");
    repo.write("zzz.txt", "moved\n");
    repo.git(&["update-index", "--add", "--chmod=+x", "run.sh"]);
    std::fs::set_permissions(
        repo.path.join("run.sh"),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    repo.remove("file");
    repo.write("file/inner", "now a folder\n");
    repo.remove("folder");
    repo.write("folder", "now a file\n");
    repo.remove("link");
    std::os::unix::fs::symlink("a/x", repo.path.join("link")).unwrap();
    repo.remove("a");
    repo.write("a", "a file\n");
    repo.remove("empty");
    repo.write("void", "");
    repo.commit("everything at once");
    let batch = check(&repo);
    let changes = batch.commits[1].changes.as_ref().unwrap();
    let status = |path: &str| {
        changes.iter().find(|change| change.path == path.into()).map(|change| change.status)
    };
    assert_eq!(status("new/name.txt"), Some(ChangeStatus::Renamed));
    assert_eq!(status("link"), Some(ChangeStatus::TypeChanged));
    assert_eq!(status("run.sh"), Some(ChangeStatus::Modified));
    assert_eq!(status("folder/inner"), Some(ChangeStatus::Deleted));
}

#[test]
fn paths_need_not_be_utf8() {
    use std::os::unix::ffi::OsStrExt as _;
    let (_folder, mut repo) = toy();
    repo.write(std::ffi::OsStr::from_bytes(b"caf\xe9/na\xefve.txt"), "latin\n");
    repo.write("with space/and\ttab\n.txt", "odd\n");
    repo.commit("odd names");
    let batch = check(&repo);
    assert!(batch.passages[0].context.contains("caf\u{fffd}/na\u{fffd}ve.txt"));
}

#[test]
fn merges_tell_only_what_no_parent_has() {
    let (_folder, mut repo) = toy();
    repo.write("both", "1\n2\n3\n4\n5\n");
    repo.write("dir/kept", "k\n");
    repo.commit("base");
    for (branch, file) in
        [("left", "left.txt"), ("right", "dir/right.txt"), ("third", "dir/deep/third.txt")]
    {
        repo.git(&["checkout", "--quiet", "-b", branch, "main"]);
        repo.commit_file(file, branch, branch);
    }
    repo.git(&["checkout", "--quiet", "main"]);
    repo.git(&["merge", "--quiet", "--no-edit", "--no-ff", "left", "right", "third"]);
    repo.tick(60);
    let octopus = repo.head();
    repo.git(&["checkout", "--quiet", "-b", "evil", "main"]);
    repo.commit_file("both", "1\n2\n3\n4\nleft\n", "evil side");
    repo.git(&["checkout", "--quiet", "main"]);
    repo.commit_file("both", "right\n2\n3\n4\n5\n", "main side");
    repo.git(&["merge", "--quiet", "--no-commit", "evil"]);
    repo.write("evil.txt", "in no parent\n");
    repo.write("dir/right.txt", "changed by the merge\n");
    repo.remove("dir/kept");
    let evil = repo.commit("an evil merge");
    let batch = check(&repo);
    let changes = |oid: &str| {
        let commit = batch.commits.iter().find(|commit| commit.oid.to_string() == oid).unwrap();
        let changes = commit.changes.as_ref().unwrap();
        (
            commit.parents.len(),
            changes.iter().map(|change| change.path.to_text().into_owned()).collect::<Vec<_>>(),
        )
    };
    assert_eq!(changes(&octopus), (4, vec![]));
    assert_eq!(
        changes(&evil),
        (2, ["both", "dir/kept", "dir/right.txt", "evil.txt"].map(str::to_owned).to_vec())
    );
}

#[test]
fn refs_and_tags_are_peeled() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a", "1", "one");
    repo.git(&["tag", "light"]);
    repo.git(&["tag", "-a", "-m", "annotated", "v1"]);
    repo.git(&["tag", "-a", "-m", "a tag of a tag", "v1-again", "v1"]);
    repo.git(&["tag", "blob", "HEAD:a"]);
    repo.git(&["tag", "tree", "HEAD^{tree}"]);
    repo.commit_file("a", "2", "two");
    repo.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    repo.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]);
    repo.git(&["checkout", "--quiet", "-b", "feature/ünïcode"]);
    repo.commit_file("a", "3", "three");
    repo.git(&["update-ref", "refs/custom/x", "HEAD"]);
    repo.git(&["pack-refs", "--all"]);
    repo.git(&["checkout", "--quiet", "--detach", "light"]);
    let batch = check(&repo);
    let kind = |name: &str| {
        batch.refs.iter().find(|state| state.reference.name == name).unwrap().reference.kind
    };
    assert_eq!(kind("HEAD"), RefKind::Head);
    assert_eq!(kind("refs/heads/main"), RefKind::Branch);
    assert_eq!(kind("refs/tags/v1"), RefKind::Tag);
    assert_eq!(kind("refs/remotes/origin/main"), RefKind::Remote);
    assert_eq!(kind("refs/custom/x"), RefKind::Other);
}

#[test]
fn an_empty_repository() {
    let (_folder, repo) = toy();
    let batch = read(&repo.path);
    assert_eq!((batch.commits.len(), batch.problems.len(), batch.repos.len()), (0, 0, 1));
    let head = &batch.refs[0];
    assert_eq!((head.target.as_ref(), head.symbolic.as_deref()), (None, Some("refs/heads/main")));
}

#[test]
fn bare_worktree_submodule_and_inner_folder() {
    let (folder, mut repo) = toy();
    repo.commit_file("src/deep/a", "1", "one");
    let other = ToyRepo::init(&folder.path().join("other"));
    let mut other = other;
    let inner = other.commit_file("lib", "1", "in the other repository");
    repo.git(&["submodule", "--quiet", "add", "../other", "vendor/other"]);
    repo.commit("adds a submodule");
    repo.git(&["branch", "side"]);
    repo.git(&["worktree", "add", "--quiet", "../linked", "side"]);
    let batch = check(&repo);
    let changes = batch.commits[1].changes.as_ref().unwrap();
    let gitlink = changes.iter().find(|change| change.path == "vendor/other".into()).unwrap();
    assert_eq!(
        (gitlink.new_mode, gitlink.new_oid.as_ref().unwrap().to_string()),
        (0o160_000, inner.clone())
    );

    let deep = read(&repo.path.join("src/deep"));
    assert_eq!(deep.commits, batch.commits);

    let linked = ToyRepo::at(&folder.path().join("linked"));
    let seen = check(&linked);
    assert_eq!(seen.repos[0].name, "toy");
    let opened = Repository::open(&linked.path, ".").unwrap();
    assert_eq!(
        opened.work_tree().unwrap().canonicalize().unwrap(),
        linked.path.canonicalize().unwrap()
    );

    let submodule = ToyRepo::at(&repo.path.join("vendor/other"));
    assert_eq!(check(&submodule).commits[0].oid.to_string(), inner);

    repo.git(&["clone", "--quiet", "--bare", ".", "../bare.git"]);
    let bare = ToyRepo::at(&folder.path().join("bare.git"));
    let batch = check(&bare);
    assert_eq!(batch.repos[0].name, "bare");
    assert!(Repository::open(&bare.path, ".").unwrap().work_tree().is_none());
}

#[test]
fn sha256() {
    let folder = tempfile::tempdir().unwrap();
    let mut repo = ToyRepo::init_with(&folder.path().join("toy"), &["--object-format=sha256"]);
    repo.commit_file("a", "1", "one");
    repo.commit_file("b/c", "2", "two");
    repo.git(&["gc", "--quiet"]);
    let batch = check(&repo);
    assert_eq!(batch.repos[0].object_format.as_deref(), Some("sha256"));
    assert_eq!(batch.commits[0].oid.0.len(), 32);
}

#[test]
fn shallow_clones_have_a_boundary() {
    let (folder, mut repo) = toy();
    for at in 0..5 {
        repo.commit_file("a", &at.to_string(), &format!("commit {at}"));
    }
    let url = format!("file://{}", repo.path.display());
    repo.git(&["clone", "--quiet", "--depth=2", &url, "../shallow"]);
    let shallow = ToyRepo::at(&folder.path().join("shallow"));
    let batch = check(&shallow);
    assert!(batch.repos[0].shallow);
    let boundary: Vec<_> =
        batch.commits.iter().map(|commit| (commit.boundary, commit.changes.is_some())).collect();
    assert_eq!(boundary, [(true, false), (false, true)]);
    assert_eq!(batch.commits[0].parents.len(), 1);
}

#[test]
fn people_by_mailmap() {
    let (_folder, mut repo) = toy();
    repo.write(
        ".mailmap",
        "Ann Proper <ann@work.example> <ann@example.com>\nBob <bob@work.example> bobby <x@y>\n",
    );
    repo.commit("Ann's");
    repo.author = ("bobby".to_owned(), "x@y".to_owned());
    repo.commit("Bob's");
    repo.author = ("someone else".to_owned(), "x@y".to_owned());
    repo.commit("not Bob's");
    let batch = check(&repo);
    assert_eq!(batch.people.len(), 5);
    assert!(batch.passages[0].context.starts_with("Ann Proper\n"));
}

#[test]
fn replacements_are_not_followed() {
    let (_folder, mut repo) = toy();
    let first = repo.commit_file("a", "1", "one");
    let second = repo.commit_file("a", "2", "two");
    repo.commit_file("a", "3", "three");
    repo.git(&["replace", &second, &first]);
    check(&repo);
}

#[test]
fn declared_encodings_are_decoded() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a", "1", "one");
    let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    let head = repo.head();
    let ident = "J\u{fffd}rg <j@example.com> 1600000500 +0100";
    let mut commit = format!(
        "tree {tree}\nparent {head}\nauthor {ident}\ncommitter {ident}\nencoding ISO-8859-1\n\n"
    )
    .replace('\u{fffd}', "\x01")
    .into_bytes();
    commit.iter_mut().filter(|byte| **byte == 1).for_each(|byte| *byte = 0xf6);
    commit.extend_from_slice(b"Gr\xfc\xdfe\n");
    let oid = repo.object("commit", &commit);
    repo.git(&["update-ref", "refs/heads/main", &oid]);
    let batch = check(&repo);
    assert_eq!(batch.commits[1].message, "Grüße\n");
    assert!(batch.people.iter().any(|person| person.name == "Jörg"));
}

#[test]
fn long_messages_are_cut_at_paragraphs() {
    let (_folder, mut repo) = toy();
    let paragraph = "word ".repeat(150);
    repo.commit(&format!("Subject\n\n{paragraph}\n\n{paragraph}\n\n{paragraph}\n"));
    let batch = check(&repo);
    let spans: Vec<_> = batch.passages.iter().map(|passage| passage.span.len()).collect();
    assert!(spans.len() == 2 && spans.iter().all(|&len| len <= 2000), "{spans:?}");
}

#[test]
fn no_repository() {
    let folder = tempfile::tempdir().unwrap();
    let error = Repository::open(folder.path(), ".").err().unwrap();
    assert!(error.to_string().starts_with("no git repository at or above"), "{error}");
    let error = Repository::open(&folder.path().join("absent"), ".").err().unwrap();
    assert!(error.to_string().contains("absent"), "{error}");
}

#[test]
fn real_repositories_agree_with_git_where_they_are_at_hand() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let Ok(repository) = Repository::open(&path, ".") else { return };
    // This very repository: whatever its state, the reader takes it without a problem.
    let (batch, _) = read_all(&mut repository.read(&Known::NOTHING, 2).unwrap());
    check_batch(&batch);
}
