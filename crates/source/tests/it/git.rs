//! Repositories of every shape, compared with what `git` itself says about them.

use std::path::Path;

use lichen_model::{ChangeStatus, Owner, RefKind};
use lichen_source::git::{Known, Repository};
use lichen_testkit::repo::ToyRepo;

use crate::git_oracle::{changes_by_git, check, check_batch, facts, facts_by_git, raw, read};
use crate::read_all;

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

    for folder in [&repo.path, &linked.path] {
        let trees = Repository::open(folder, ".").unwrap().work_trees();
        let trees: Vec<_> = trees.iter().map(|tree| tree.canonicalize().unwrap()).collect();
        assert_eq!(trees, [&repo.path, &linked.path].map(|path| path.canonicalize().unwrap()));
    }

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
fn this_very_repository_agrees_with_git() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // A source archive carries no history; there is nothing to compare then.
    let Ok(repository) = Repository::open(&path, ".") else { return };
    let (batch, _) = read_all(&mut repository.read(&Known::NOTHING, 2).unwrap());
    check_batch(&batch);
    let repo = ToyRepo::at(&path.canonicalize().unwrap());
    for commit in batch.commits.iter().rev().filter(|commit| commit.changes.is_some()).take(10) {
        let oid = commit.oid.to_string();
        assert_eq!(facts(&batch, commit), facts_by_git(&repo, &oid));
        if let ([] | [_], Some(changes)) = (&commit.parents[..], &commit.changes) {
            assert_eq!(changes.iter().map(raw).collect::<Vec<_>>(), changes_by_git(&repo, &oid));
        }
    }
}
