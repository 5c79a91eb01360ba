//! What is read on the spot: the same past as of a whole history, from any commit, in files as they are and as they are edited.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use lichen_model::{Oid, RepoPath, SymbolChangeKind};
use lichen_source::git::{Entry, Repository, Revision, WorkFile};
use lichen_source::history::{History, PastChange, Reading, Trace, TraceLimits};
use lichen_source::symbols::{self, Limits};
use lichen_testkit::repo::ToyRepo;

use crate::history_oracle::{Told, oid, open, read};

const FAR: TraceLimits = TraceLimits { commits_max: usize::MAX, blobs_max: usize::MAX };

/// Compares what is told of every symbol at every commit of the chain with what the whole history tells.
pub(crate) fn check_on_the_spot(path: &Path, history: &History, whole: &Told) {
    let repository = open(path);
    let sorted = |mut changes: Vec<PastChange>| {
        changes.sort_by(|a, b| (&a.commit, &a.path, a.line).cmp(&(&b.commit, &b.path, b.line)));
        changes
    };
    for commit in &whole.chain {
        let mut reading = Reading::new(&repository, Limits::default(), 1).unwrap();
        for source in reading.sources(&repository.files(commit)) {
            for symbol in &source.extraction.symbols {
                let line = symbol.name_line;
                let Some(past) = history.past(&repository, commit, &source.path, line) else {
                    continue;
                };
                let ord = *symbols::around(&source.extraction, line, None).last().unwrap();
                let trace = reading.trace(commit, &source.path, ord, &|_| false, FAR).unwrap();
                assert_eq!(
                    sorted(trace.changes),
                    sorted(past.changes),
                    "{commit} {:?} {}",
                    source.path,
                    symbol.qualified_name()
                );
                assert!(trace.reached.is_empty());
            }
        }
        check_between(&repository, history, commit);
    }
}

/// Compares what lies between a commit and its only parent with what the commit did.
fn check_between(repository: &Repository, history: &History, commit: &Oid) {
    let Some(head) = repository.commit_head(commit) else { return };
    let [parent] = &head.parents[..] else { return };
    let mut reading = Reading::new(repository, Limits::default(), 2).unwrap();
    let Some(between) = reading.between(Some(parent), commit) else { return };
    let told: Vec<_> = between
        .symbols
        .into_iter()
        .map(|changed| {
            let site = |standing: lichen_source::history::Standing| {
                (standing.path, standing.blob, standing.ord)
            };
            (changed.old.map(site), changed.new.map(site), changed.kinds, changed.method)
        })
        .collect();
    let expected: Vec<_> = history
        .changes(commit)
        .unwrap()
        .into_iter()
        .map(|change| {
            let site = |site: lichen_model::SymbolSite| (site.path, site.blob.oid, site.ord);
            (change.old.map(site), change.new.map(site), change.kinds, change.method)
        })
        .collect();
    if history
        .changes(commit)
        .unwrap()
        .iter()
        .any(|change| change.kinds.has(SymbolChangeKind::Boundary))
    {
        return;
    }
    assert_eq!(told, expected, "{commit}");
}

fn toy() -> (tempfile::TempDir, ToyRepo) {
    let folder = tempfile::tempdir().unwrap();
    let repo = ToyRepo::init(folder.path());
    (folder, repo)
}

const TWO: &str = "def one(limit):\n    total = 0\n    for seed in range(limit):\n        total += weigh(seed, limit)\n    return total\n\n\n\
                   def two(limit):\n    return limit * 2\n";

fn trace(repo: &ToyRepo, commit: &str, path: &str, name: &str, until: &[&str]) -> Trace {
    let repository = open(&repo.path);
    let mut reading = Reading::new(&repository, Limits::default(), 1).unwrap();
    let path = RepoPath::from(path);
    let Some(Entry::File(blob)) = repository.entry(&oid(commit), &path) else { panic!("no file") };
    let source = reading.sources(&[(path.clone(), blob)]).pop().unwrap();
    let ord = source.extraction.symbols.iter().position(|symbol| symbol.name == name).unwrap();
    let until: Vec<Oid> = until.iter().map(|id| oid(id)).collect();
    let is_end = |commit: &Oid| until.contains(commit);
    reading.trace(&oid(commit), &path, u32::try_from(ord).unwrap(), &is_end, FAR).unwrap()
}

#[test]
fn the_way_back_ends_where_it_is_asked_to() {
    let (_folder, mut repo) = toy();
    let first = repo.commit_file("a.py", TWO, "first");
    let body = repo.commit_file("a.py", &TWO.replace("limit * 2", "limit * 3"), "body");
    repo.git(&["checkout", "--quiet", "-b", "side"]);
    repo.git(&["mv", "a.py", "b.py"]);
    let moved = repo.commit("move");
    let side = repo.commit_file("b.py", &TWO.replace("limit * 2", "limit * 4"), "side");
    let two = trace(&repo, &side, "b.py", "two", &[&body]);
    let told: Vec<_> = two.changes.iter().map(|change| change.commit.to_string()).collect();
    assert_eq!(told, [side.clone(), moved.clone()]);
    let [reached] = &two.reached[..] else { panic!("{two:?}") };
    assert_eq!(
        (reached.commit.to_string(), &reached.path),
        (body.clone(), &RepoPath::from("a.py"))
    );
    assert_eq!((reached.key.name.as_str(), two.is_whole), ("two", true));
    // What the side never changed is told by the commit that it left from.
    let one = trace(&repo, &side, "b.py", "one", &[&body, &first]);
    assert_eq!((one.changes.len(), one.reached[0].commit.to_string()), (1, body.clone()));
    let whole = trace(&repo, &side, "b.py", "one", &[]);
    assert_eq!(whole.changes.last().unwrap().commit.to_string(), first);
    assert!(whole.reached.is_empty() && whole.is_whole);
    // A commit that is an end itself.
    let end = trace(&repo, &body, "a.py", "two", &[&body]);
    assert!(end.changes.is_empty() && end.reached.len() == 1);
}

#[test]
fn a_limit_is_told() {
    let (_folder, mut repo) = toy();
    for number in 0..10 {
        repo.commit_file("a.py", &TWO.replace("limit * 2", &format!("limit * {number}")), "body");
    }
    let repository = open(&repo.path);
    let mut reading = Reading::new(&repository, Limits::default(), 1).unwrap();
    let limits = TraceLimits { commits_max: 5, blobs_max: 100 };
    let path = RepoPath::from("a.py");
    let trace = reading.trace(&oid(&repo.head()), &path, 1, &|_| false, limits).unwrap();
    assert!(!trace.is_whole && trace.changes.len() == 5, "{trace:?}");
    assert!(reading.trace(&oid(&repo.head()), &path, 9, &|_| false, limits).is_none());
    assert!(reading.trace(&oid(&"0".repeat(40)), &path, 0, &|_| false, limits).is_none());
}

#[test]
fn a_clone_that_is_cut_says_so() {
    let (folder, mut repo) = toy();
    for number in 0..3 {
        repo.commit_file("a.py", &TWO.replace("limit * 2", &format!("limit * {number}")), "body");
    }
    let shallow = folder.path().join("shallow");
    let url = format!("file://{}", repo.path.display());
    repo.git(&["clone", "--quiet", "--depth", "2", &url, shallow.to_str().unwrap()]);
    let shallow = ToyRepo::at(&shallow);
    let two = trace(&shallow, &shallow.head(), "a.py", "two", &[]);
    let kinds: Vec<_> =
        two.changes.iter().map(|change| change.kinds.iter().next().unwrap()).collect();
    assert_eq!(kinds, [SymbolChangeKind::Body, SymbolChangeKind::Boundary]);
    let history = read(&shallow.path, &oid(&shallow.head()), 1);
    let past =
        history.past(&open(&shallow.path), &oid(&shallow.head()), &RepoPath::from("a.py"), 8);
    assert_eq!(past.unwrap().changes, two.changes);
}

#[test]
fn revisions_are_what_git_says_they_are() {
    let (_folder, mut repo) = toy();
    let first = repo.commit_file("a.py", TWO, "first");
    let second = repo.commit_file("b.py", TWO, "second");
    repo.git(&["tag", "-a", "-m", "one", "v1", &first]);
    repo.git(&["tag", "blob", &repo.git(&["rev-parse", "HEAD:a.py"])]);
    repo.git(&["checkout", "--quiet", "-b", "topic/x", &first]);
    // Ids are looked up in packs otherwise than alone.
    repo.git(&["repack", "-adq"]);
    let repository = open(&repo.path);
    let (longer, longest) = (format!("{second}a"), "0123456789abcdef".repeat(4));
    for (text, expected) in [
        (longer.as_str(), None),
        (&longest, None),
        (&format!("v1-3-g{longest}"), None),
        (&format!("{longest}~1"), None),
        ("HEAD", Some(&first)),
        ("main", Some(&second)),
        ("main~1", Some(&first)),
        ("main^", Some(&first)),
        ("topic/x", Some(&first)),
        ("v1", Some(&first)),
        ("v1^{commit}", Some(&first)),
        ("refs/heads/main", Some(&second)),
        (&second[..10], Some(&second)),
        (&second.to_uppercase(), Some(&second)),
        ("nobody", None),
        ("main~9", None),
        ("", None),
        ("-x", None),
        ("main..HEAD", None),
        ("0123456789", None),
    ] {
        let found = match repository.revision(text) {
            Revision::Commit(commit) => Some(commit.to_string()),
            Revision::Unknown => None,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(found.as_ref(), expected, "{text}");
    }
    assert_eq!(repository.revision("blob"), Revision::NoCommit);
    let base = repository.merge_base(&oid(&second), &oid(&first)).unwrap();
    assert_eq!(base.to_string(), first);
    let head = repository.commit_head(&oid(&second)).unwrap();
    assert_eq!(
        (head.subject(), head.author.as_str(), head.parents.len()),
        ("second", "Ann Author", 1)
    );
    assert!(repository.commit_head(&oid(&"1".repeat(40))).is_none());
}

#[test]
fn several_commits_share_the_beginning_of_an_id() {
    let (_folder, mut repo) = toy();
    let mut seen = std::collections::HashMap::new();
    let shared = loop {
        let id = repo.commit_file("n", &seen.len().to_string(), "n");
        if let Some(other) = seen.insert(id[..4].to_owned(), id.clone()) {
            break [other, id];
        }
        if seen.len() == 1_000 {
            return;
        }
    };
    let Revision::Ambiguous(found) = open(&repo.path).revision(&shared[0][..4]) else {
        panic!("{shared:?}")
    };
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(shared.iter().all(|id| found.contains(id)), "{found:?}");
}

#[test]
fn what_stands_at_a_path() {
    let (folder, mut repo) = toy();
    let inner = ToyRepo::init(&folder.path().join("inner"));
    let mut inner = inner;
    let pinned = inner.commit_file("deep/c.py", TWO, "inner");
    repo.write("src/a.py", TWO);
    repo.write(OsStr::from_bytes(b"src/caf\xE9.py"), TWO);
    std::os::unix::fs::symlink("a.py", repo.path.join("src/link.py")).unwrap();
    repo.git(&["submodule", "--quiet", "add", "./inner", "vendor/inner"]);
    let head = oid(&repo.commit("all"));
    let repository = open(&repo.path);
    let at = |path: &[u8]| repository.entry(&head, &RepoPath(path.to_vec()));
    assert!(matches!(at(b"src/a.py"), Some(Entry::File(_))));
    assert!(matches!(at(b"src/caf\xE9.py"), Some(Entry::File(_))));
    assert!(matches!(at(b"src/link.py"), Some(Entry::Link(_))));
    assert_eq!(at(b"src"), Some(Entry::Folder));
    assert_eq!((at(b"nowhere.py"), at(b"src/a.py/b"), at(b"src/link.py/b")), (None, None, None));
    let submodule = Entry::Submodule { path: RepoPath::from("vendor/inner"), commit: oid(&pinned) };
    assert_eq!(at(b"vendor/inner").as_ref(), Some(&submodule));
    assert_eq!(at(b"vendor/inner/deep/c.py").as_ref(), Some(&submodule));
    assert_eq!(repository.entry(&oid(&"1".repeat(40)), &RepoPath::from("src/a.py")), None);
    let work = |path: &[u8]| repository.work_file(&RepoPath(path.to_vec()));
    assert_eq!(work(b"src/a.py"), WorkFile::File(TWO.as_bytes().to_vec()));
    assert_eq!(work(b"src/caf\xE9.py"), WorkFile::File(TWO.as_bytes().to_vec()));
    assert_eq!(
        (work(b"src"), work(b"src/link.py"), work(b"no")),
        (WorkFile::Other, WorkFile::Other, WorkFile::None)
    );
    // Outside of the work tree, and in what git keeps for itself, nothing stands.
    let outside = repo.path.parent().unwrap().join("outside");
    fs_err::create_dir_all(&outside).unwrap();
    fs_err::write(outside.join("secret.py"), TWO).unwrap();
    std::os::unix::fs::symlink(&outside, repo.path.join("away")).unwrap();
    let whole = outside.join("secret.py");
    for path in
        ["../outside/secret.py", "src/../../outside/secret.py", "away/secret.py", ".git/config"]
            .into_iter()
            .chain(whole.to_str())
    {
        assert_eq!(work(path.as_bytes()), WorkFile::None, "{path}");
    }
    let inside = |folder: &str, file: &str| {
        repository
            .path_in(&repo.path.join(folder), Path::new(file))
            .map(|path| path.to_text().into_owned())
    };
    assert_eq!(inside("", "src/a.py").as_deref(), Some("src/a.py"));
    assert_eq!(inside("src", "../src/./gone.py").as_deref(), Some("src/gone.py"));
    assert_eq!(inside("src", repo.path.join("x").to_str().unwrap()).as_deref(), Some("x"));
    assert_eq!((inside("", "../other"), inside("", ".")), (None, None));
}

#[test]
fn a_wrong_path_is_told_what_it_may_mean() {
    let (_folder, mut repo) = toy();
    for path in
        ["crates/core/walk.rs", "crates/cli/walk.rs", "crates/core/Args.rs", "docs/guide.md"]
    {
        repo.write(path, path);
    }
    let head = oid(&repo.commit("all"));
    let repository = open(&repo.path);
    for (wrong, expected) in [
        ("core/walk.rs", &["crates/core/walk.rs"][..]),
        ("walk.rs", &["crates/cli/walk.rs", "crates/core/walk.rs"]),
        ("./walk.rs", &["crates/cli/walk.rs", "crates/core/walk.rs"]),
        ("args.rs", &["crates/core/Args.rs"]),
        ("src/walk.rs", &["crates/cli/walk.rs", "crates/core/walk.rs"]),
        ("wlak.rs", &["crates/cli/walk.rs", "crates/core/walk.rs"]),
        ("guides.md", &["docs/guide.md"]),
        ("alk.rs", &["crates/cli/walk.rs", "crates/core/walk.rs"]),
        ("nothing.txt", &[]),
        ("a.c", &[]),
    ] {
        let found = repository.paths_like(&head, &RepoPath::from(wrong), 5);
        let found: Vec<_> = found.iter().map(|path| path.to_text().into_owned()).collect();
        assert_eq!(found, expected, "{wrong}");
    }
}

#[test]
fn symbols_of_an_edited_file_are_those_of_the_commit() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a.py", TWO, "first");
    let repository = open(&repo.path);
    let mut reading = Reading::new(&repository, Limits::default(), 1).unwrap();
    let edited = format!("def new():\n    pass\n\n\n{}", TWO.replace("def one", "def renamed"));
    let same = reading.same(&RepoPath::from("a.py"), TWO.as_bytes(), edited.as_bytes());
    assert_eq!(same, [None, Some(0), Some(1)]);
    let same = reading.same(&RepoPath::from("a.txt"), TWO.as_bytes(), edited.as_bytes());
    assert!(same.is_empty());
}
