//! What texts mean in toy repositories: every rule by which a mention is looked up, and what is never linked.

use lichen_model::{Detector, Lines, Reference, RepoPath, Rung, Target, Timestamp};
use lichen_source::git::Repository;
use lichen_source::references::{
    Edit, Evidence, Heads, Parsed, Remote, Setting, Snapshot, detect, edits, resolve,
};
use lichen_testkit::repo::ToyRepo;

use crate::history_oracle::{oid, open};

const JAR: &str = "pub struct Jar {\n    grams: u32,\n}\n\nimpl Jar {\n    pub fn open_lid(&self) {}\n\n    pub fn weigh(&self) -> u32 {\n        self.grams\n    }\n}\n\n\
                   pub fn request() {}\n";
const LID: &str =
    "pub struct Lid;\n\nimpl Lid {\n    pub fn weigh(&self) {}\n}\n\npub fn screw_on() {}\n";
const KETTLE: &str = "package org.acme;\n\npublic class Kettle {\n    void boil() {}\n    class Spout {\n        void pourOut() {}\n    }\n}\n";

/// Two commits: the second moves one file, takes another and changes a third.
fn toy() -> (tempfile::TempDir, ToyRepo, [String; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let mut repo = ToyRepo::init(folder.path());
    for (path, text) in [
        ("src/jar.rs", JAR),
        ("src/lid.rs", LID),
        ("src/main/java/org/acme/Kettle.java", KETTLE),
        ("docs/guide.md", "# Guide\n\nfirst\n"),
        ("docs/notes/guide.md", "# Notes\n"),
        ("tools/run.py", "def run_all():\n    pass\n"),
        ("a b/ü.txt", "x\n"),
    ] {
        repo.write(path, text);
    }
    let first = repo.commit("first");
    repo.git(&["mv", "docs/guide.md", "docs/manual.md"]);
    repo.remove("tools/run.py");
    repo.write("src/lid.rs", format!("{LID}\npub fn seal() {{}}\n"));
    let second = repo.commit("second");
    (folder, repo, [first, second])
}

/// References in short: the words, what they came to by which rule, and what they mean.
fn told(text: &str, references: &[Reference]) -> Vec<String> {
    let one = |reference: &Reference| {
        let words = &text[reference.span.start as usize..reference.span.end as usize];
        let candidates: Vec<_> = reference.candidates.iter().map(shown).collect();
        format!(
            "{words} | {} {} | {}",
            reference.status.as_str(),
            reference.rule.as_str(),
            candidates.join(", ")
        )
    };
    references.iter().map(one).collect()
}

fn shown(target: &Target) -> String {
    match target {
        Target::Commit(oid) => oid.to_string()[..10].to_owned(),
        Target::Issue { number, request } => format!("{number} {request}"),
        Target::File { path, lines, .. } => {
            let lines =
                lines.map_or_else(String::new, |Lines { first, last }| format!(":{first}-{last}"));
            format!("{}{lines}", path.to_text())
        }
        Target::Symbol { path, qualified_name, .. } => {
            format!("{} {qualified_name}", path.to_text())
        }
    }
}

/// A text that somebody wrote while `commit` was current.
struct Said<'a> {
    repo: &'a Repository,
    commit: &'a str,
    rung: Rung,
    touched: &'a [RepoPath],
}

impl Said<'_> {
    fn references(&self, text: &str) -> Vec<Reference> {
        let remote = Remote::parse("git@github.com:acme/jar.git").unwrap();
        let mut code = Snapshot::new(self.repo, Parsed::default()).with_remotes(vec![remote]);
        let setting = Setting {
            written: Timestamp::from_secs(lichen_testkit::repo::START + 100_000),
            commit: &oid(self.commit),
            rung: self.rung,
            touched: self.touched,
            roots: &["/home/ann/jar".to_owned()],
        };
        let found = resolve(&detect(text), &setting, &mut code);
        self.check(text, &found);
        found
    }

    /// What holds of every answer: spans do not overlap, and what is certain exists at the commit that it names.
    fn check(&self, text: &str, found: &[Reference]) {
        use lichen_source::references::Code as _;
        assert!(found.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start), "in {text:?}");
        let mut code = Snapshot::new(self.repo, Parsed::default());
        for target in found.iter().flat_map(|reference| &reference.candidates) {
            match target {
                Target::Commit(commit) => assert!(code.committed(commit).is_some()),
                Target::File { at, path, lines } => {
                    assert!(code.entry(at, path).is_some(), "{target:?} in {text:?}");
                    if let (Some(lines), true) =
                        (lines, found.iter().any(|one| one.target() == Some(target)))
                    {
                        assert!(
                            code.lines(at, path).unwrap() >= lines.last,
                            "{target:?} in {text:?}"
                        );
                    }
                }
                Target::Symbol { at, path, qualified_name, .. } => {
                    let name = qualified_name.rsplit('.').next().unwrap();
                    let there = code.symbols(at, name);
                    assert!(there.iter().any(|one| one.path == *path), "{target:?} in {text:?}");
                }
                Target::Issue { .. } => {}
            }
        }
    }
}

#[track_caller]
fn check(said: &Said<'_>, text: &str, expected: &[&str]) {
    assert_eq!(told(text, &said.references(text)), expected, "in {text:?}");
}

#[test]
fn paths_are_looked_up_by_every_rule() {
    let (_folder, toy, [first, second]) = toy();
    let repo = &open(&toy.path);
    let chat = |commit| Said { repo, commit, rung: Rung::Reflog, touched: &[] };
    let cases: &[(&str, &[&str])] = &[
        ("see src/jar.rs", &["src/jar.rs | resolved exact | src/jar.rs"]),
        ("see src/jar.rs:8", &["src/jar.rs:8 | resolved exact | src/jar.rs:8-8"]),
        ("see src/jar.rs:8-99", &["src/jar.rs:8-99 | resolved line_outside | src/jar.rs"]),
        ("see a/src/jar.rs", &["a/src/jar.rs | resolved exact | src/jar.rs"]),
        ("see .\\src\\jar.rs", &[".\\src\\jar.rs | resolved exact | src/jar.rs"]),
        ("see notes/guide.md", &["notes/guide.md | resolved suffix | docs/notes/guide.md"]),
        ("see jar.rs", &["jar.rs | resolved name | src/jar.rs"]),
        ("the folder docs/notes/", &["docs/notes | resolved exact | docs/notes"]),
        ("see guide.md", &["guide.md | ambiguous name | docs/guide.md, docs/notes/guide.md"]),
        (
            "see /home/ann/jar/src/lid.rs:1",
            &["/home/ann/jar/src/lid.rs:1 | resolved exact | src/lid.rs:1-1"],
        ),
        ("see /build/7/src/lid.rs:1", &["/build/7/src/lid.rs:1 | resolved tail | src/lid.rs:1-1"]),
        ("see ../src/lid.rs:1", &["../src/lid.rs:1 | resolved exact | src/lid.rs:1-1"]),
        ("see /usr/include/stdio.h", &["/usr/include/stdio.h | foreign none | "]),
        ("see lib/pan.rs:3", &["lib/pan.rs:3 | unresolved none | "]),
        // Prose that looks like files, of which there are none.
        ("e.g. example.com and and/or Node.js", &[]),
    ];
    for (text, expected) in cases {
        check(&chat(&first), text, expected);
    }
    check(
        &chat(&second),
        "tools/run.py was docs/guide.md",
        &[
            "tools/run.py | resolved former | tools/run.py",
            "docs/guide.md | resolved former | docs/guide.md",
        ],
    );
    let own = Said { repo, commit: &second, rung: Rung::Own, touched: &[] };
    check(
        &own,
        "drop run.py, move docs/guide.md",
        &[
            "run.py | resolved removed | tools/run.py",
            "docs/guide.md | resolved removed | docs/guide.md",
        ],
    );
    let touched = [RepoPath::from("docs/notes/guide.md")];
    let near = Said { repo, commit: &first, rung: Rung::Reflog, touched: &touched };
    check(&near, "see guide.md", &["guide.md | resolved context | docs/notes/guide.md"]);
}

#[test]
fn frames_lead_to_their_files() {
    let (_folder, toy, [first, _]) = toy();
    let repo = &open(&toy.path);
    let said = Said { repo, commit: &first, rung: Rung::Committed, touched: &[] };
    let cases: &[(&str, &[&str])] = &[
        (
            "\tat org.acme.Kettle$Spout.pourOut(Kettle.java:6)",
            &[
                "at org.acme.Kettle$Spout.pourOut(Kettle.java:6) | resolved class | src/main/java/org/acme/Kettle.java:6-6",
            ],
        ),
        (
            "\tat app//org.acme.Kettle.boil(Kettle.java:4)",
            &[
                "at app//org.acme.Kettle.boil(Kettle.java:4) | resolved class | src/main/java/org/acme/Kettle.java:4-4",
            ],
        ),
        // A class of the same name in another package is another class.
        (
            "\tat com.other.Kettle.boil(Kettle.java:4)",
            &["at com.other.Kettle.boil(Kettle.java:4) | foreign none | "],
        ),
        (
            "\tat java.base/java.lang.Thread.run(Thread.java:829)",
            &["at java.base/java.lang.Thread.run(Thread.java:829) | foreign none | "],
        ),
        (
            "  File \"/srv/jar/tools/run.py\", line 2, in run_all",
            &[
                "File \"/srv/jar/tools/run.py\", line 2, in run_all | resolved tail | tools/run.py:2-2",
            ],
        ),
        (
            "  File \"/venv/lib/python3.12/site-packages/x/run.py\", line 2, in f",
            &[
                "File \"/venv/lib/python3.12/site-packages/x/run.py\", line 2, in f | foreign none | ",
            ],
        ),
        (
            "thread 'main' panicked at src/lid.rs:4:5:",
            &["at src/lid.rs:4:5 | resolved exact | src/lid.rs:4-4"],
        ),
        (
            "   at /rustc/1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c/library/core/src/option.rs:12:5",
            &[
                "at /rustc/1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c/library/core/src/option.rs:12:5 | foreign none | ",
            ],
        ),
        (
            "--- a/src/lid.rs\n+++ b/src/lid.rs\n@@ -1,2 +1,3 @@\n",
            &["@@ -1,2 +1,3 @@ | resolved exact | src/lid.rs:1-3"],
        ),
    ];
    for (text, expected) in cases {
        check(&said, text, expected);
    }
}

#[test]
fn commits_are_known_by_their_ids_and_nothing_else() {
    let (_folder, toy, [first, second]) = toy();
    let repo = &open(&toy.path);
    let said = Said { repo, commit: &second, rung: Rung::Reflog, touched: &[] };
    let short = &first[..10];
    let has_both = |oid: &str| {
        oid.bytes().any(|byte| byte.is_ascii_digit())
            && oid.bytes().any(|byte| byte.is_ascii_alphabetic())
    };
    assert!(has_both(short), "the toy's first commit has digits and letters");
    let text = format!("since {short}");
    check(&said, &text, &[&format!("{short} | resolved oid | {short}")]);
    check(&said, "since abcdef1234", &["abcdef1234 | unresolved none | "]);
    // Digits alone are numbers, even where somebody says otherwise.
    check(&said, "commit 1234567 and 20261128", &[]);
    // Another repository's may be longer than any here; ids are looked up in packs otherwise than alone.
    toy.git(&["repack", "-adq"]);
    let longest = "0123456789abcdef".repeat(4);
    check(&said, &format!("see {longest}"), &[&format!("{longest} | unresolved none | ")]);
    // Objects that are no commits are none.
    let tree = toy.git(&["rev-parse", "HEAD^{tree}"]);
    check(&said, &format!("see {tree}"), &[&format!("{tree} | unresolved none | ")]);
    // Nobody can have named what was not there yet.
    let text = format!("see {second}");
    let early = Setting {
        written: Timestamp::from_secs(lichen_testkit::repo::START - 100_000),
        commit: &oid(&first),
        rung: Rung::Committed,
        touched: &[],
        roots: &[],
    };
    let mut code = Snapshot::new(repo, Parsed::default());
    let found = resolve(&detect(&text), &early, &mut code);
    assert_eq!(told(&text, &found), [format!("{second} | unresolved none | ")]);
}

#[test]
fn pages_of_the_repository_are_its_own() {
    let (_folder, toy, [first, second]) = toy();
    toy.git(&["branch", "topic/lid"]);
    let repo = &open(&toy.path);
    let said = Said { repo, commit: &second, rung: Rung::Reflog, touched: &[] };
    let (one, two) = (&first[..10], &second[..10]);
    let cases = [
        (
            format!("https://github.com/acme/jar/commit/{first}"),
            format!("resolved address | {one}"),
        ),
        (
            format!("https://github.com/Acme/Jar.git/commit/{two}"),
            format!("resolved address | {two}"),
        ),
        (
            format!("https://github.com/acme/jar/blob/{first}/src/jar.rs#L1-L3"),
            "resolved address | src/jar.rs:1-3".to_owned(),
        ),
        (
            format!("https://github.com/acme/jar/blob/{first}/tools/run.py#L2"),
            "resolved address | tools/run.py:2-2".to_owned(),
        ),
        (
            "https://github.com/acme/jar/blob/topic/lid/src/lid.rs#L7".to_owned(),
            "resolved address | src/lid.rs:7-7".to_owned(),
        ),
        (
            "https://github.com/acme/jar/blob/main/a%20b/%C3%BC.txt".to_owned(),
            "resolved address | a b/ü.txt".to_owned(),
        ),
        (
            "https://github.com/acme/jar/blob/gone/src/lid.rs".to_owned(),
            "unresolved none | ".to_owned(),
        ),
        ("https://github.com/acme/jar/pull/12".to_owned(), "resolved address | 12 true".to_owned()),
        ("https://github.com/other/jar/pull/12".to_owned(), "foreign none | ".to_owned()),
        (format!("https://gitlab.com/acme/jar/-/commit/{first}"), "foreign none | ".to_owned()),
        ("acme/jar#3".to_owned(), "resolved number | 3 false".to_owned()),
        ("other/jar#3".to_owned(), "foreign none | ".to_owned()),
        ("#3".to_owned(), "resolved number | 3 false".to_owned()),
        // GitHub knows no such mark.
        ("!3".to_owned(), "unresolved none | ".to_owned()),
    ];
    for (text, expected) in cases {
        check(&said, &text, &[&format!("{text} | {expected}")]);
    }
}

#[test]
fn symbols_need_a_form_and_one_bearer() {
    let (_folder, toy, [first, second]) = toy();
    let repo = &open(&toy.path);
    let chat = |commit| Said { repo, commit, rung: Rung::Reflog, touched: &[] };
    let cases: &[(&str, &[&str])] = &[
        ("`Jar`", &["`Jar` | resolved unique | src/jar.rs Jar"]),
        ("`Jar::weigh`", &["`Jar::weigh` | resolved qualified | src/jar.rs Jar.weigh"]),
        ("Lid::weigh()", &["Lid::weigh() | resolved qualified | src/lid.rs Lid.weigh"]),
        ("lid::screw_on()", &["lid::screw_on() | resolved qualified | src/lid.rs screw_on"]),
        ("crate::screw_on()", &["crate::screw_on() | resolved qualified | src/lid.rs screw_on"]),
        ("calls open_lid()", &["open_lid() | resolved unique | src/jar.rs Jar.open_lid"]),
        ("the screw_on trick", &["screw_on | resolved unique | src/lid.rs screw_on"]),
        ("`weigh`", &["`weigh` | ambiguous unique | src/jar.rs Jar.weigh, src/lid.rs Lid.weigh"]),
        (
            // A plain word needs more than a file at hand.
            "`weigh` of src/lid.rs",
            &[
                "`weigh` | ambiguous unique | src/jar.rs Jar.weigh, src/lid.rs Lid.weigh",
                "src/lid.rs | resolved exact | src/lid.rs",
            ],
        ),
        (
            "Kettle.Spout.pourOut()",
            &[
                "Kettle.Spout.pourOut() | resolved qualified | src/main/java/org/acme/Kettle.java org.acme.Kettle.Spout.pourOut",
            ],
        ),
        ("std::fs::weigh()", &["std::fs::weigh() | unresolved none | "]),
        (
            "`weigh` of `Lid`",
            &[
                "`weigh` | resolved context | src/lid.rs Lid.weigh",
                "`Lid` | resolved unique | src/lid.rs Lid",
            ],
        ),
        ("this and/or that", &[]),
        // Plain words, words of languages, and names that nothing bears.
        ("the request and a jar, `self`, `true`, open_lids, HashMap", &[]),
        // Headings are no symbols.
        ("`Guide`", &["`Guide` | unresolved none | "]),
    ];
    for (text, expected) in cases {
        check(&chat(&first), text, expected);
    }
    check(&chat(&first), "`seal`", &["`seal` | unresolved none | "]);
    check(&chat(&second), "`run_all`", &["`run_all` | unresolved none | "]);
    let own = Said { repo, commit: &second, rung: Rung::Own, touched: &[] };
    check(
        &own,
        "`run_all` goes, `seal` comes, `weigh` is lighter",
        &[
            "`run_all` | resolved unique | tools/run.py run_all",
            "`seal` | ambiguous unique | src/lid.rs seal",
            "`weigh` | ambiguous unique | src/jar.rs Jar.weigh, src/lid.rs Lid.weigh",
        ],
    );
}

#[test]
fn what_was_checked_out_is_read_from_the_reflog() {
    let (_folder, mut toy, [first, second]) = toy();
    toy.git(&["checkout", "--quiet", &first]);
    toy.tick(600);
    let back = toy.now;
    toy.git(&["checkout", "--quiet", "main"]);
    let repo = open(&toy.path);
    let heads = Heads::new(repo.checked_out(), repo.chain(None));
    let at = |secs| {
        let as_of = heads.as_of(Timestamp::from_secs(secs), &Evidence::default());
        as_of.map(|as_of| (as_of.commit.to_string(), as_of.rung))
    };
    assert_eq!(at(back + 1), Some((second.clone(), Rung::Reflog)));
    assert_eq!(at(back - 1), Some((first.clone(), Rung::Reflog)));
    assert_eq!(at(lichen_testkit::repo::START - 1), None);
    // Without a reflog the branch tells it, and a session's start tells it better.
    let heads = Heads::new(Vec::new(), repo.chain(Some("main")));
    let told = |evidence: &Evidence| heads.as_of(Timestamp::from_secs(back), evidence).unwrap();
    let committed = told(&Evidence::default());
    assert_eq!((committed.commit.to_string(), committed.rung), (second, Rung::Committed));
    let session = Evidence { session: Some((Timestamp(0), oid(&first))), ..Evidence::default() };
    assert_eq!((told(&session).commit, told(&session).rung), (oid(&first), Rung::Session));
}

/// A session edits, a bot changes the same file at the same time, and someone else lands the edit: only that commit has it.
#[test]
fn bots_that_change_the_same_file_wrote_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut toy = ToyRepo::init(folder.path());
    let start = toy.commit_file("src/jar.rs", JAR, "start");
    let patch = "--- a/src/jar.rs\n+++ b/src/jar.rs\n@@ -1,1 +1,1 @@\n-        self.grams\n+        self.grams + self.lid.grams()\n";
    let edits: Vec<Edit> = edits(patch);
    let human = toy.author.clone();
    toy.author = ("dependabot[bot]".to_owned(), "bot@example.com".to_owned());
    let mut bots = Vec::new();
    for (at, line) in [
        "    grams: u64,",
        "    // grams: u32 of this jar and of its lid,",
        "    grams: u32, // self.grams + self.lid",
    ]
    .iter()
    .enumerate()
    {
        let text = JAR.replace("    grams: u32,", line);
        bots.push(toy.commit_file("src/jar.rs", &text, &format!("bump {at}")));
    }
    toy.author = human;
    let landed = toy.commit_file(
        "src/jar.rs",
        &JAR.replace("        self.grams\n", "        self.grams + self.lid.grams()\n"),
        "weigh lids",
    );
    let after = toy.commit_file("README.md", "jars\n", "readme");
    let repo = open(&toy.path);
    let mut code = Snapshot::new(&repo, Parsed::default());
    let mut wrote = |commit: &str| edits.iter().any(|edit| code.brought(&oid(commit), edit));
    let linked = bots.iter().filter(|bot| wrote(bot)).count();
    assert_eq!(linked, 0, "of {} bots", bots.len());
    assert!(wrote(&landed));
    assert!(!wrote(&after) && !wrote(&start));
}

#[test]
fn pushed_commits_are_those_that_remotes_have() {
    let (folder, toy, [first, second]) = toy();
    let mirror = tempfile::tempdir().unwrap();
    let clone = ToyRepo::at(mirror.path());
    clone.git(&["clone", "--quiet", &folder.path().display().to_string(), "."]);
    let mut clone = clone;
    clone.now = toy.now;
    let mine = clone.commit_file("mine.txt", "x\n", "mine");
    let pushed = open(&clone.path).pushed();
    assert!(pushed.contains(&oid(&first)) && pushed.contains(&oid(&second)));
    assert!(!pushed.contains(&oid(&mine)));
    assert!(open(&toy.path).pushed().is_empty());
    let remotes = open(&clone.path).remotes();
    assert_eq!(remotes.len(), 1);
    assert_eq!(remotes[0].0, "origin");
}

#[test]
fn moving_between_commits_is_as_good_as_starting_there() {
    use lichen_source::references::Code as _;
    let (_folder, toy, [first, second]) = toy();
    let repo = open(&toy.path);
    let mut moved = Snapshot::new(&repo, Parsed::default());
    for commit in [&first, &second, &first, &second] {
        let commit = oid(commit);
        moved.move_to(&commit);
        let mut fresh = Snapshot::new(&repo, Parsed::default());
        for name in ["weigh", "seal", "run_all", "Jar", "Guide"] {
            assert_eq!(moved.symbols(&commit, name), fresh.symbols(&commit, name), "{name}");
        }
        for name in ["guide.md", "notes", "run.py", "jar.rs", "org/acme/Kettle.java"] {
            assert_eq!(moved.ending(&commit, name), fresh.ending(&commit, name), "{name}");
        }
        for path in ["docs", "tools", "docs/guide.md", "src/main"] {
            let path = RepoPath::from(path);
            assert_eq!(moved.entry(&commit, &path), fresh.entry(&commit, &path), "{path:?}");
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 24, ..Default::default() })]

    /// Whatever stands in a text: spans do not overlap, and what is certain is there (see `Said::check`).
    #[test]
    fn no_answer_is_made_up(words in proptest::collection::vec(0..WORDS.len(), 1..24), glue in "[ \n:`(),.]{1,3}") {
        let (_folder, toy, [first, second]) = toy();
        let repo = &open(&toy.path);
        let text = words.iter().map(|at| WORDS[*at]).collect::<Vec<_>>().join(&glue);
        for (commit, rung) in [(&first, Rung::Committed), (&second, Rung::Own)] {
            let found = Said { repo, commit, rung, touched: &[] }.references(&text);
            proptest::prop_assert!(found.iter().all(|one| one.detector != Detector::Hunk));
        }
    }
}

const WORDS: [&str; 26] = [
    "src/jar.rs",
    "src/jar.rs:8",
    "jar.rs:99",
    "guide.md",
    "docs/guide.md",
    "docs",
    "tools/run.py:2",
    "run.py",
    "Kettle.java:3",
    "/x/src/lid.rs:4:2",
    "`weigh`",
    "`Jar::weigh`",
    "Jar",
    "weigh()",
    "screw_on",
    "run_all()",
    "self.grams",
    "abcdef1",
    "1234567",
    "#12",
    "acme/jar#1",
    "https://github.com/acme/jar/blob/main/src/jar.rs#L3",
    "a/b",
    "Lid.weigh",
    "seal",
    "at",
];
