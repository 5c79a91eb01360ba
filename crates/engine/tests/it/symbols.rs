//! The tables of code memory: what was indexed step by step is what is indexed at once, and what stands at a position is what its
//! files define.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lichen_engine::{Config, Engine, IngestPlan, Program, SqlLimits, Unobserved, Value};
use lichen_model::{RepoPath, Timestamp};
use lichen_source::symbols::{Language, Limits, extract};
use lichen_store::{Options, Step};
use lichen_testkit::FakeClock;
use lichen_testkit::repo::ToyRepo;

use crate::conversation::NOW;

/// A folder with a repository `repo`, and stores beside it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn repo(&self) -> ToyRepo {
        ToyRepo::init(&self.path("repo"))
    }

    fn open(&self, store: &str, config: Config, fail_at: Option<usize>) -> Engine {
        let dir = self.path(store);
        fs_err::create_dir_all(&dir).unwrap();
        let mut options = Options::new("a test", Arc::new(FakeClock::at(Timestamp(NOW))));
        options.reserve_bytes = 1 << 20;
        // A process that another test is starting holds the lock for a moment.
        options.wait = Duration::from_secs(20);
        if let Some(at) = fail_at {
            let count = AtomicUsize::new(0);
            options.at_step = Arc::new(move |step| {
                let is_it = step == Step::Apply && count.fetch_add(1, Ordering::SeqCst) == at;
                if is_it { Err(std::io::Error::other("as asked")) } else { Ok(()) }
            });
        }
        Engine::open_with(&dir, config, options).unwrap()
    }

    /// Takes the repository in and returns its tables.
    fn ingest(&self, store: &str) -> Tables {
        let mut engine = self.open(store, config(60_000), None);
        ingest(&mut engine, &self.path("repo")).unwrap();
        tables(&mut engine)
    }
}

fn config(batch: usize) -> Config {
    let mut config = Config::default();
    config.symbols.batch = batch;
    config
}

fn ingest(engine: &mut Engine, repo: &Path) -> Result<(), lichen_engine::Error> {
    let plan = IngestPlan {
        documents: false,
        discover: false,
        ..IngestPlan::of_paths(repo.to_owned(), vec![repo.to_owned()])
    };
    let summary = engine.ingest(&plan, &mut Unobserved)?;
    let wrong: Vec<_> =
        summary.problems.iter().filter(|problem| !problem.what.contains("missing")).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    Ok(())
}

/// The rows of the tables, with names instead of numbers.
type Tables = BTreeMap<&'static str, BTreeSet<String>>;

const QUERIES: [(&str, &str); 8] = [
    ("blobs", "SELECT oid_text(oid), read_as, language, status, encoding, lines, symbols, kept FROM blobs"),
    (
        "blob_symbols",
        "SELECT oid_text(b.oid), b.read_as, s.* EXCLUDE (blob_id, key_id, body_id), k.* EXCLUDE (key_id), y.* EXCLUDE (body_id)
         FROM blob_symbols AS s JOIN blobs AS b USING (blob_id) JOIN symbol_keys AS k USING (key_id) JOIN symbol_bodies AS y USING (body_id)",
    ),
    (
        "changes",
        "SELECT oid_text(c.oid), i.boundary, h.ord, op.path, oid_text(ob.oid), h.old_ord, ok.qualified_name, oy.raw_hash, np.path,
             oid_text(nb.oid), h.new_ord, nk.qualified_name, ny.raw_hash, change_words(h.changes), h.method, h.score
         FROM indexed_commits AS i JOIN git_commits AS c USING (commit_id) LEFT JOIN symbol_changes AS h USING (commit_id)
         LEFT JOIN paths AS op ON op.path_id = old_path_id LEFT JOIN paths AS np ON np.path_id = new_path_id
         LEFT JOIN blobs AS ob ON ob.blob_id = old_blob_id LEFT JOIN blobs AS nb ON nb.blob_id = new_blob_id
         LEFT JOIN symbol_keys AS ok ON ok.key_id = old_key_id LEFT JOIN symbol_keys AS nk ON nk.key_id = new_key_id
         LEFT JOIN symbol_bodies AS oy ON oy.body_id = old_body_id LEFT JOIN symbol_bodies AS ny ON ny.body_id = new_body_id",
    ),
    (
        "chain",
        "SELECT r.name, h.pos, oid_text(c.oid) FROM ref_chain AS h JOIN git_refs AS r USING (ref_id) JOIN git_commits AS c USING (commit_id)",
    ),
    (
        "brought",
        "SELECT r.name, h.pos, oid_text(c.oid) FROM ref_commits AS h JOIN git_refs AS r USING (ref_id) JOIN git_commits AS c USING (commit_id)",
    ),
    (
        "symbols",
        "SELECT s.* EXCLUDE (first_key_id, first_path_id), k.* EXCLUDE (key_id), p.path FROM code_symbols AS s
         JOIN symbol_keys AS k ON k.key_id = first_key_id JOIN paths AS p ON p.path_id = first_path_id",
    ),
    (
        "versions",
        "SELECT v.* EXCLUDE (key_id, path_id, body_id), k.* EXCLUDE (key_id), p.path, y.* EXCLUDE (body_id)
         FROM symbol_versions AS v JOIN symbol_keys AS k USING (key_id) JOIN paths AS p USING (path_id) JOIN symbol_bodies AS y USING (body_id)",
    ),
    (
        "files",
        "SELECT v.from_pos, v.to_pos, p.path, oid_text(b.oid), oid_text(k.oid) FROM file_versions AS v JOIN paths AS p USING (path_id)
         JOIN blobs AS b USING (blob_id) LEFT JOIN blobs AS k ON k.blob_id = v.known_blob_id",
    ),
];

fn ask(engine: &mut Engine, query: &str) -> Vec<Vec<Value>> {
    engine.sql(query, SqlLimits { rows: 1_000_000, timeout: Duration::from_mins(10) }).unwrap().rows
}

fn tables(engine: &mut Engine) -> Tables {
    let mut tables = Tables::new();
    for (name, query) in QUERIES {
        let rows = ask(engine, query);
        let count = rows.len();
        let rows: BTreeSet<String> = rows.iter().map(|row| format!("{row:?}")).collect();
        assert_eq!(rows.len(), count, "rows of {name} are told apart");
        tables.insert(name, rows);
    }
    let findings: Vec<_> = engine
        .doctor(false, &mut Unobserved)
        .unwrap()
        .into_iter()
        .filter(|finding| finding.damage)
        .collect();
    assert!(findings.is_empty(), "{findings:?}");
    tables
}

/// What the tables of the branch are; those of blobs and commits may hold more in a store that saw more.
fn of_branch(tables: &Tables) -> Tables {
    let of = ["chain", "brought", "symbols", "versions", "files"];
    tables
        .iter()
        .filter(|(name, _)| of.contains(name))
        .map(|(name, rows)| (*name, rows.clone()))
        .collect()
}

fn assert_same(one: &Tables, other: &Tables, when: &str) {
    for (name, rows) in one {
        let others = &other[name];
        let (less, more): (Vec<_>, Vec<_>) =
            (others.difference(rows).take(3).collect(), rows.difference(others).take(3).collect());
        assert!(less.is_empty() && more.is_empty(), "{when}, {name}: {less:#?} are {more:#?}");
    }
}

fn function(name: &str, says: u32) -> String {
    let line = |at| format!("    total += weigh_{says}_{at}(limit, {at})\n");
    let lines = (0..4 + says % 3).map(line).collect::<Vec<_>>().concat();
    format!(
        "def {name}(limit):\n    \"\"\"Weighs {says}.\"\"\"\n    total = {says}\n{lines}    return total\n\n\n"
    )
}

/// A history with everything that happens to symbols: each entry makes one state of the branch.
fn steps() -> Vec<fn(&mut ToyRepo)> {
    vec![
        |repo| {
            repo.write(
                "a.py",
                function("one", 1)
                    + &function("two", 2)
                    + "class Box:\n    def open(self):\n        return 1\n",
            );
            repo.write("README.md", "# Moss\n\n## Drying\n\nAt forty degrees.\n");
            repo.write("tool", "#!/bin/sh\nrun() {\n  echo 1\n}\n");
            repo.commit("begin");
        },
        |repo| {
            repo.write(
                "a.py",
                function("one", 1)
                    + &function("three", 2)
                    + "class Box:\n    def open(self):\n        return 2\n",
            );
            repo.commit("rename a function and change a method");
        },
        |repo| {
            repo.git(&["mv", "a.py", "b.py"]);
            repo.commit("move a file");
        },
        |repo| {
            repo.write("c.py", function("three", 2) + &function("four", 4));
            repo.write(
                "b.py",
                function("one", 1) + "class Box:\n    def open(self):\n        return 2\n",
            );
            repo.commit("move a function to another file");
        },
        |repo| {
            repo.git(&["checkout", "--quiet", "-b", "side"]);
            repo.write("c.py", function("three", 3) + &function("four", 4) + &function("five", 5));
            repo.commit("on the side");
            repo.git(&["checkout", "--quiet", "main"]);
            repo.write(
                "b.py",
                function("one", 7) + "class Box:\n    def open(self):\n        return 2\n",
            );
            repo.commit("on the branch");
        },
        |repo| {
            repo.tick(60);
            repo.git(&["merge", "--quiet", "--no-ff", "-m", "merge", "side"]);
            repo.tick(60);
        },
        |repo| {
            repo.remove("c.py");
            repo.commit("delete a file");
        },
        |repo| {
            repo.write("c.py", function("three", 3) + &function("four", 4));
            repo.write(
                "b.py",
                function("one", 7).replace("    ", "\t")
                    + "class Box:\n\tdef open(self):\n\t\treturn 2\n",
            );
            repo.commit("bring it back, and another layout");
        },
        |repo| {
            repo.git(&["revert", "--no-edit", "HEAD"]);
            repo.tick(60);
            repo.write(
                "README.md",
                "# Moss\n\n## Drying\n\nAt fifty degrees.\n\n## Storing\n\nDry.\n",
            );
            repo.commit("say more");
        },
    ]
}

/// What stands at every position is what a fresh reading of its tree finds.
fn check_snapshots(engine: &mut Engine, repo: &ToyRepo) {
    let chain = ask(
        engine,
        "SELECT h.pos, oid_text(c.oid) FROM ref_chain AS h JOIN git_commits AS c USING (commit_id) ORDER BY 1",
    );
    assert!(!chain.is_empty());
    for row in chain {
        let [Value::Int(pos), Value::Text(commit)] = &row[..] else { panic!("{row:?}") };
        let query = format!(
            "SELECT p.path, k.language, k.kind, k.qualified_name, k.signature, k.duplicate, y.raw_hash, y.doc_hash
             FROM symbol_versions AS v JOIN paths AS p USING (path_id) JOIN symbol_keys AS k USING (key_id)
             JOIN symbol_bodies AS y USING (body_id) WHERE v.from_pos <= {pos} AND (v.to_pos IS NULL OR v.to_pos > {pos})"
        );
        let stored: BTreeSet<String> = ask(engine, &query)
            .into_iter()
            .map(|row| {
                let words: Vec<String> = row
                    .into_iter()
                    .map(|value| match value {
                        Value::Text(text) => text.replace('-', ""),
                        Value::Int(number) => number.to_string(),
                        other => panic!("{other:?}"),
                    })
                    .collect();
                words.join("|")
            })
            .collect();
        assert_eq!(stored, by_git(repo, commit), "position {pos}");
    }
}

fn by_git(repo: &ToyRepo, commit: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in repo.git(&["ls-tree", "-r", "--name-only", commit]).lines() {
        let bytes = repo.git_bytes(&["cat-file", "blob", &format!("{commit}:{path}")], &[]);
        let Some(language) = Language::detect(&RepoPath::from(path), &bytes) else { continue };
        for symbol in extract(&bytes, language, &Limits::default()).symbols {
            let words = [
                path.to_owned(),
                language.as_str().to_owned(),
                symbol.kind.as_str().to_owned(),
                symbol.qualified_name(),
                symbol.signature.clone(),
                symbol.duplicate.to_string(),
                format!("{:032x}", symbol.body.raw_hash),
                format!("{:032x}", symbol.doc_hash),
            ];
            found.insert(words.map(|word| word.replace('-', "")).join("|"));
        }
    }
    found
}

#[test]
fn step_by_step_is_at_once() {
    let place = Place::new();
    let mut repo = place.repo();
    for (at, step) in steps().into_iter().enumerate() {
        step(&mut repo);
        let stepwise = place.ingest("stepwise");
        let whole = place.ingest(&format!("whole{at}"));
        assert!(!whole["versions"].is_empty());
        assert_same(&stepwise, &whole, &format!("step {at}"));
    }
    // Again, with nothing new.
    let again = place.ingest("stepwise");
    assert_same(&again, &place.ingest("whole8"), "again");
    let mut engine = place.open("stepwise", config(60_000), None);
    check_snapshots(&mut engine, &repo);
}

#[test]
fn a_rewritten_branch_is_followed_and_what_it_left_stays_known() {
    let place = Place::new();
    let mut repo = place.repo();
    for step in steps() {
        step(&mut repo);
    }
    let before = place.ingest("moving");
    // Back behind the merge, and on from there.
    repo.git(&["reset", "--quiet", "--hard", "HEAD~6"]);
    repo.write("b.py", function("one", 11) + &function("six", 6));
    repo.commit("another way");
    let moved = place.ingest("moving");
    let whole = place.ingest("whole");
    assert_same(&of_branch(&moved), &of_branch(&whole), "rewritten");
    for (name, rows) in ["blobs", "blob_symbols", "changes"].map(|name| (name, &before[name])) {
        assert!(rows.is_subset(&moved[name]), "{name} of what was left are gone");
        assert!(whole[name].is_subset(&moved[name]), "{name}");
        assert!(moved[name].len() > whole[name].len(), "{name}");
    }
    // To a commit that was merged, and back to where it all was.
    repo.git(&["reset", "--quiet", "--hard", "side"]);
    assert_same(&of_branch(&place.ingest("moving")), &of_branch(&place.ingest("side")), "side");
    let ids = |tables: &Tables| tables["symbols"].clone();
    assert!(
        ids(&moved).intersection(&ids(&before)).count() > 4,
        "symbols from before keep their ids"
    );
}

#[test]
fn a_deepened_clone_is_what_a_whole_one_is() {
    let place = Place::new();
    let mut origin = ToyRepo::init(&place.path("origin"));
    for step in steps() {
        step(&mut origin);
    }
    let url = format!("file://{}", origin.path.display());
    let outside = ToyRepo::at(place.folder.path());
    outside.git(&["clone", "--quiet", "--depth", "2", &url, "repo"]);
    let cut = place.ingest("moving");
    assert!(cut["versions"].iter().any(|row| row.contains("boundary") || !row.is_empty()));
    let repo = ToyRepo::at(&place.path("repo"));
    repo.git(&["fetch", "--quiet", "--deepen", "2"]);
    let deeper = place.ingest("moving");
    assert_same(&of_branch(&deeper), &of_branch(&place.ingest("deeper")), "deeper");
    repo.git(&["fetch", "--quiet", "--unshallow"]);
    let whole = place.ingest("moving");
    assert_same(&whole, &place.ingest("whole"), "whole");
    assert!(whole["changes"].len() > deeper["changes"].len());
}

#[test]
fn a_crash_at_any_point_costs_nothing() {
    let place = Place::new();
    let mut repo = place.repo();
    steps().into_iter().take(6).for_each(|step| step(&mut repo));
    let whole = place.ingest("whole");
    let mut failures = 0;
    for at in 0..200 {
        let store = format!("crash{at}");
        // Each blob and each commit in a transaction of its own.
        let mut engine = place.open(&store, config(1), Some(at));
        let failed = ingest(&mut engine, &repo.path).is_err();
        drop(engine);
        let mut engine = place.open(&store, config(1), None);
        ingest(&mut engine, &repo.path).unwrap();
        assert_same(&tables(&mut engine), &whole, &format!("failed at {at}"));
        failures += usize::from(failed);
        if !failed {
            break;
        }
    }
    assert!((10..200).contains(&failures), "{failures}");
}

#[test]
fn other_branches_are_known_by_what_their_commits_did() {
    let place = Place::new();
    let mut repo = place.repo();
    steps()[0](&mut repo);
    repo.git(&["checkout", "--quiet", "-b", "feature"]);
    repo.write("d.py", function("seven", 7));
    let commit = repo.commit("a feature");
    let tables = place.ingest("store");
    assert!(tables["changes"].iter().any(|row| row.contains(&commit) && row.contains("seven")));
    assert!(!tables["versions"].iter().any(|row| row.contains("seven")));
    assert!(tables["chain"].iter().all(|row| row.contains("refs/heads/main")));
    // Merged later, without being read again.
    repo.git(&["checkout", "--quiet", "main"]);
    repo.git(&["merge", "--quiet", "--no-ff", "-m", "merge", "feature"]);
    let merged = place.ingest("store");
    assert!(merged["versions"].iter().any(|row| row.contains("seven")));
    assert_same(&merged, &place.ingest("whole"), "merged");
}

#[test]
fn a_blob_that_ends_its_reader_is_tried_once_and_told() {
    let place = Place::new();
    let mut repo = place.repo();
    steps()[0](&mut repo);
    let mut config = config(60_000);
    config.symbols.worker = Some(Program { path: "false".into(), args: Vec::new() });
    config.symbols.threads = 1;
    let mut engine = place.open("store", config, None);
    ingest(&mut engine, &repo.path).unwrap();
    let told = |engine: &mut Engine| -> Vec<String> {
        let findings = engine.doctor(false, &mut Unobserved).unwrap();
        assert!(findings.iter().all(|finding| !finding.damage));
        let of_symbols =
            findings.into_iter().filter(|finding| finding.check.starts_with("symbols"));
        of_symbols.map(|finding| format!("{} {}", finding.check, finding.what)).collect()
    };
    let bad = told(&mut engine);
    assert_eq!(bad.iter().filter(|line| line.starts_with("symbols crashed")).count(), 3, "{bad:?}");
    assert!(bad.iter().any(|line| line.contains("`a.py`")));
    drop(engine);
    // Even a reader that would manage is not asked again.
    repo.write("e.py", function("eight", 8));
    repo.commit("more");
    let tables = place.ingest("store");
    assert!(tables["versions"].iter().all(|row| row.contains("e.py")), "{tables:#?}");
    let mut engine = place.open("store", Config::default(), None);
    assert_eq!(told(&mut engine), bad);
}

#[test]
fn blobs_that_are_missing_are_read_once_they_are_there() {
    let place = Place::new();
    let mut repo = place.repo();
    steps().into_iter().take(4).for_each(|step| step(&mut repo));
    let blob = repo.git(&["rev-parse", "HEAD:c.py"]);
    let bytes = repo.git_bytes(&["cat-file", "blob", &blob], &[]);
    repo.lose(&blob);
    let lost = place.ingest("store");
    assert!(lost["blobs"].iter().any(|row| row.contains("missing")));
    assert!(!lost["versions"].iter().any(|row| row.contains("four")));
    repo.git_bytes(&["hash-object", "-w", "--stdin"], &bytes);
    let found = place.ingest("store");
    assert_same(&found, &place.ingest("whole"), "found again");
    assert!(found["versions"].iter().any(|row| row.contains("four")));
}

#[test]
fn secrets_in_declarations_are_not_stored() {
    let place = Place::new();
    let mut repo = place.repo();
    let secret = format!("ghp_{}", "16C7e42F292c6912E7710c838347Ae178B4a");
    repo.write("a.py", format!("def login(token=\"{secret}\"):\n    return token\n"));
    repo.commit("oops");
    let tables = place.ingest("store");
    assert!(tables["versions"].iter().any(|row| row.contains("redacted:github-token")));
    assert!(tables.values().flatten().all(|row| !row.contains(&secret)));
}

#[test]
fn views_tell_where_work_goes_on_what_goes_together_and_whose_it_is() {
    let place = Place::new();
    let mut repo = place.repo();
    steps()[0](&mut repo);
    for says in 3..6 {
        repo.author = ("Bea".to_owned(), "bea@example.org".to_owned());
        repo.write("a.py", function("one", says) + &function("two", says * 2));
        repo.commit("both");
    }
    drop(place.ingest("store"));
    let mut engine = place.open("store", Config::default(), None);
    let text = |rows: Vec<Vec<Value>>| -> Vec<String> {
        let word = |value: &Value| match value {
            Value::Text(text) => text.clone(),
            Value::Int(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            other => format!("{other:?}"),
        };
        rows.iter().map(|row| row.iter().map(word).collect::<Vec<_>>().join(" ")).collect()
    };
    let hot =
        "SELECT qualified_name, changes, authors FROM hot_spots WHERE path = 'a.py' ORDER BY ALL";
    assert_eq!(text(ask(&mut engine, hot)), ["one 4 2", "two 4 2"]);
    let pairs = "SELECT qualified_name, other_name, commits, share FROM co_changes WHERE path = 'a.py' AND other_path = 'a.py' ORDER BY ALL";
    assert_eq!(text(ask(&mut engine, pairs)), ["one two 4 1"]);
    let owners = "SELECT name, path, symbols, versions FROM ownership WHERE path IN ('a.py', 'README.md') ORDER BY ALL";
    assert_eq!(
        text(ask(&mut engine, owners)),
        ["Ann Author README.md 2 2", "Ann Author a.py 0 2", "Bea a.py 2 6"]
    );
}
