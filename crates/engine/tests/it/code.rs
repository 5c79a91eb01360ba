//! Questions about code, asked in toy repositories: at any commit, in edited files, and where things are not.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lichen_engine::{
    AskedSymbol, At, AtAnswer, Blame, Config, EditedLine, Engine, Error, ErrorKind, HistoryOf,
    IngestPlan, Life, Review, Spot, SymbolList, Timestamp, Unobserved,
};
use lichen_testkit::FakeClock;
use lichen_testkit::repo::ToyRepo;

/// A repository, and a store in it that has taken it in.
struct Toy {
    repo: ToyRepo,
    engine: Engine,
    _folder: tempfile::TempDir,
}

fn toy(build: impl FnOnce(&mut ToyRepo)) -> Toy {
    let folder = tempfile::tempdir().unwrap();
    let mut repo = ToyRepo::init(&folder.path().join("repo"));
    build(&mut repo);
    let engine = engine(&repo.path);
    Toy { repo, engine, _folder: folder }
}

fn engine(root: &Path) -> Engine {
    let dir = root.join(".lichen");
    lichen_engine::init(&dir).unwrap();
    let clock = Arc::new(FakeClock::at(Timestamp(1_700_000_000_000)));
    let mut engine = Engine::open(&dir, Config::default(), "test", clock).unwrap();
    let mut plan = IngestPlan::repository(root.to_owned());
    plan.discover = false;
    engine.ingest(&plan, &mut Unobserved).unwrap();
    engine
}

impl Toy {
    fn ask(&self, place: &str, rev: Option<&str>) -> Result<AtAnswer, Error> {
        self.engine.read().at(&At {
            folder: self.repo.path.clone(),
            spot: Spot::parse(Path::new(place)),
            rev: rev.map(ToOwned::to_owned),
            symbol: None,
            changes: 50,
        })
    }

    #[track_caller]
    fn at(&self, place: &str, rev: Option<&str>) -> String {
        told(&self.ask(place, rev).unwrap_or_else(|error| panic!("{place}: {error}")))
    }

    #[track_caller]
    fn fails(&self, place: &str, rev: Option<&str>) -> (ErrorKind, String) {
        let error = self.ask(place, rev).unwrap_err();
        (error.kind(), error.to_string())
    }

    fn history(&self, of: &str, diffs: bool) -> Result<lichen_engine::HistoryAnswer, Error> {
        self.engine.read().history(&HistoryOf {
            folder: self.repo.path.clone(),
            of: AskedSymbol::parse(Path::new(of)),
            rev: None,
            diffs,
            changes: 50,
        })
    }
}

/// An answer on few lines: what stands around, and what happened, the newest first.
fn told(answer: &AtAnswer) -> String {
    let names: Vec<&str> = answer.symbols.iter().map(|symbol| symbol.name.as_str()).collect();
    let mut text = names.join(" > ");
    if let Some(edit) = &answer.edit {
        let line = match edit.line {
            EditedLine::None => String::new(),
            EditedLine::Same(line) => format!(" line {line}"),
            EditedLine::After(line) => format!(" after {line}"),
            EditedLine::NewFile => " new file".to_owned(),
        };
        let _ = write!(text, " [edited {}{line}]", edit.changed_lines);
    }
    if let Some(life) = &answer.life {
        text.push_str(&told_life(life));
    }
    text
}

fn told_life(life: &Life) -> String {
    let changes = life.changes.iter();
    let changes: Vec<String> = changes
        .map(|change| format!("{}: {}", change.commit.subject, change.kinds.join(" ")))
        .collect();
    format!(" | {}", changes.join(" | "))
}

/// A function that says something of its own, in Python.
fn function(name: &str, noun: &str) -> String {
    format!(
        "def {name}(limit):\n    {noun}_total = 0\n    for {noun} in range(limit):\n        {noun}_total += weigh_{noun}({noun}, limit)\n    return {noun}_total\n\n\n"
    )
}

/// Five commits: two functions, one changed, renamed and moved with its file.
fn five(repo: &mut ToyRepo) {
    let (one, two) = (function("one", "seed"), function("two", "moss"));
    repo.commit_file("a.py", &(one.clone() + &two), "first");
    repo.commit_file("a.py", &(one.clone() + &two.replace("= 0", "= 1")), "body");
    repo.commit_file("other.txt", "words\n", "nothing to do with it");
    let renamed = two.replace("= 0", "= 1").replace("def two", "def second");
    repo.commit_file("a.py", &(one.clone() + &renamed), "rename");
    repo.git(&["mv", "a.py", "b.py"]);
    repo.commit("move");
}

const SECOND: &str = "second | move: file_moved | rename: renamed | body: body | first: introduced";

#[test]
fn a_place_tells_its_symbol_and_how_that_came_to_be() {
    let toy = toy(five);
    assert_eq!(toy.at("b.py:8", None), SECOND);
    assert_eq!(toy.at("b.py:1", None), "one | move: file_moved | first: introduced");
    assert_eq!(toy.at("b.py:6", None), "", "between two functions stands neither");
    assert_eq!(toy.at("a.py:8", Some("HEAD~3")), "two | body: body | first: introduced");
    assert_eq!(toy.at("a.py:8", Some("HEAD~4")), "two | first: introduced");
    let answer = toy.ask("b.py:8:5", None).unwrap();
    let life = answer.life.unwrap();
    assert_eq!(life.introduced.as_ref().unwrap().commit.subject, "first");
    assert!(life.introduced.unwrap().is_sure && life.is_whole);
    assert_eq!(life.authors, [("Ann Author".to_owned(), 4)]);
    assert_eq!((answer.symbols[0].first_line, answer.symbols[0].last_line), (8, 12));
    assert_eq!(answer.status, "ok");
    // A file without symbols has its commits.
    let words = toy.ask("other.txt:1", None).unwrap();
    assert!(words.symbols.is_empty() && words.life.is_none());
    assert_eq!(words.file_commits[0].subject, "nothing to do with it");
    // So has one that was asked for without a line; they go on through its other name.
    let file = toy.ask("b.py", None).unwrap();
    let subjects: Vec<_> = file.file_commits.iter().map(|commit| commit.subject.as_str()).collect();
    assert_eq!(subjects, ["move", "rename", "body", "first"]);
    let file = toy.ask("a.py", Some("HEAD~3")).unwrap();
    assert_eq!(file.file_commits.len(), 2, "{:?}", file.file_commits);
}

#[test]
fn a_commit_that_no_branch_leads_to_is_asked_too() {
    let mut toy = toy(five);
    toy.repo.git(&["checkout", "--quiet", "-b", "side", "HEAD~2"]);
    let text = toy.repo.git(&["show", "HEAD:a.py"]) + "\n";
    let side = toy.repo.commit_file("a.py", &text.replace("= 1", "= 7"), "side");
    toy.repo.git(&["checkout", "--quiet", "main"]);
    toy.repo.git(&["branch", "--quiet", "-D", "side"]);
    let expected = "two | side: body | body: body | first: introduced";
    assert_eq!(toy.at("a.py:8", Some(&side)), expected);
    assert_eq!(toy.at("a.py:8", Some(&side[..9])), expected);
    assert_eq!(toy.at("a.py:1", Some(&side)), "one | first: introduced");
    assert!(toy.ask("a.py:8", Some(&side)).unwrap().freshness.off_chain);
    // Commits that came after the store was made.
    let text = toy.repo.git(&["show", "HEAD:b.py"]) + "\n";
    toy.repo.commit_file("b.py", &text.replace("def second", "def last"), "later");
    assert_eq!(toy.at("b.py:8", None), SECOND.replace("second", "last | later: renamed"));
}

#[test]
fn an_edited_file_is_told_as_it_is() {
    let toy = toy(five);
    let text = fs_err::read_to_string(toy.repo.path.join("b.py")).unwrap();
    let above = format!("# one line more\n{text}");
    toy.repo.write("b.py", &above);
    assert_eq!(toy.at("b.py:9", None), SECOND.replacen(" |", " [edited 1 line 8] |", 1));
    toy.repo.write("b.py", above.replace("    return moss_total", "    return moss_total + 1"));
    assert_eq!(toy.at("b.py:13", None), SECOND.replacen(" |", " [edited 2 after 11] |", 1));
    // The name is edited as well: it is the same function.
    toy.repo.write("b.py", text.replace("def second", "def third"));
    assert_eq!(toy.at("b.py:9", None), SECOND.replacen("second |", "third [edited 1 line 9] |", 1));
    toy.repo.write("b.py", format!("{text}def new():\n    return 1\n"));
    let line = text.lines().count() + 2;
    assert_eq!(toy.at(&format!("b.py:{line}"), None), format!("new [edited 2 after {}]", line - 2));
    // Line ends are no edit.
    toy.repo.write("b.py", text.replace('\n', "\r\n"));
    assert_eq!(toy.at("b.py:8", None), SECOND);
    // What was committed is told where it is asked for.
    assert_eq!(toy.at("b.py:8", Some("HEAD")), SECOND);
    toy.repo.write("fresh.py", function("fresh", "fern"));
    assert_eq!(toy.at("fresh.py:2", None), "fresh [edited 7 new file]");
    toy.repo.remove("b.py");
    assert_eq!(
        toy.at("b.py:8", None),
        SECOND,
        "a file that is removed is told as it was committed"
    );
}

#[test]
fn what_is_not_there_is_told_with_the_next_step() {
    let toy = toy(|repo| {
        repo.write("src/deep/walk.py", function("walk", "seed"));
        repo.write("src/two.py", "class A:\n    def run(self):\n        pass\n\n\nclass B:\n    def run(self):\n        pass\n");
        repo.commit("all");
    });
    for (place, rev, kind, part) in [
        (
            "src/deep/walk.py:99",
            None,
            ErrorKind::NotFound,
            "`src/deep/walk.py` has 7 lines, no line 99",
        ),
        ("src/deep/walk.py:0", None, ErrorKind::NotFound, "no line 0"),
        ("walk.py:1", None, ErrorKind::NotFound, "did you mean `src/deep/walk.py`?"),
        ("deep/walk.py", None, ErrorKind::NotFound, "did you mean `src/deep/walk.py`?"),
        ("src", None, ErrorKind::NotFound, "`src` is a folder at commit"),
        ("src/two.py", Some("nowhere"), ErrorKind::NotFound, "`nowhere` names no commit"),
        ("src/two.py", Some("HEAD~5"), ErrorKind::NotFound, "`HEAD~5` names no commit"),
        ("src/two.py", Some("HEAD:src"), ErrorKind::User, "names a file or a folder"),
        ("nothing/like.it", None, ErrorKind::NotFound, "does not exist at commit"),
    ] {
        let (found, text) = toy.fails(place, rev);
        assert_eq!(found, kind, "{place}: {text}");
        assert!(text.contains(part), "{place}: {text}");
    }
    let outside = toy.repo.path.parent().unwrap().join("outside.py");
    fs_err::write(&outside, function("secret", "seed")).unwrap();
    for place in ["../outside.py:1", "src/../../outside.py:1", outside.to_str().unwrap()] {
        let (kind, text) = toy.fails(place, None);
        assert_eq!(kind, ErrorKind::NotFound, "{place}: {text}");
    }
    let named = |symbol: &str| {
        let at = At {
            folder: toy.repo.path.join("src"),
            spot: Spot::parse(Path::new("two.py")),
            symbol: Some(symbol.to_owned()),
            changes: 5,
            ..At::default()
        };
        toy.engine.read().at(&at)
    };
    let text = named("run").unwrap_err().to_string();
    assert!(text.contains("method A.run at src/two.py:2; method B.run at src/two.py:7"), "{text}");
    assert_eq!(told(&named("B.run").unwrap()), "B > B.run | all: introduced");
    assert_eq!(told(&named("B::run").unwrap()), "B > B.run | all: introduced");
    let text = named("RUN").unwrap_err().to_string();
    assert!(text.contains("no symbol is called `RUN`; did you mean `A.run`, `B.run`?"), "{text}");
}

#[test]
fn odd_bytes_and_paths_are_asked_as_they_are() {
    let utf16: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain(function("wide", "seed").encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let toy = toy(|repo| {
        repo.write(OsStr::from_bytes(b"caf\xE9.py"), function("latin", "bean"));
        repo.write("wide.py", &utf16);
        repo.write("crlf.py", function("ends", "moss").replace('\n', "\r\n"));
        repo.write("binary.py", b"\x00\x01\x02");
        repo.write("empty.py", "");
        repo.commit("all");
    });
    let ask = |place: &[u8]| {
        let place = PathBuf::from(OsStr::from_bytes(place));
        let at = At {
            folder: toy.repo.path.clone(),
            spot: Spot::parse(&place),
            changes: 5,
            ..At::default()
        };
        told(&toy.engine.read().at(&at).unwrap())
    };
    assert_eq!(ask(b"caf\xE9.py:2"), "latin | all: introduced");
    assert_eq!(ask(b"wide.py:2:9"), "wide | all: introduced");
    assert_eq!(ask(b"crlf.py:2:400"), "ends | all: introduced");
    assert_eq!(toy.ask("binary.py:1", None).unwrap().status, "binary");
    assert_eq!(ask(b"empty.py"), "");
    assert!(toy.fails("empty.py:1", None).1.contains("has 0 lines, no line 1"));
}

#[test]
fn a_cut_clone_and_a_submodule_are_asked_for_what_they_have() {
    let folder = tempfile::tempdir().unwrap();
    let mut whole = ToyRepo::init(&folder.path().join("whole"));
    five(&mut whole);
    let shallow = folder.path().join("shallow");
    let url = format!("file://{}", whole.path.display());
    whole.git(&["clone", "--quiet", "--depth", "2", &url, shallow.to_str().unwrap()]);
    let cut = engine(&shallow);
    let at = |folder: &Path, place: &str| At {
        folder: folder.to_owned(),
        spot: Spot::parse(Path::new(place)),
        changes: 5,
        ..At::default()
    };
    let answer = cut.read().at(&at(&shallow, "b.py:8")).unwrap();
    assert_eq!(told(&answer), "second | move: file_moved | rename: boundary");
    let life = answer.life.unwrap();
    assert!(!life.is_whole);
    assert!(life.introduced.is_none_or(|introduced| !introduced.is_sure));

    let mut outer = ToyRepo::init(&folder.path().join("outer"));
    outer.git(&["submodule", "--quiet", "add", &url, "vendor/inner"]);
    outer.commit_file("x.py", &function("x", "fern"), "outer");
    let engine = engine(&outer.path);
    let answer = engine.read().at(&at(&outer.path, "vendor/inner/b.py:8")).unwrap();
    assert_eq!(told(&answer), SECOND);
    let error = engine.read().at(&at(&outer.path, "vendor/inner/a.py:8")).unwrap_err();
    assert!(error.to_string().contains("does not exist at commit"), "{error}");
}

#[test]
fn a_history_is_asked_by_place_and_by_file() {
    let toy = toy(five);
    let answer = toy.history("b.py:8", true).unwrap();
    let life = answer.life.unwrap();
    assert_eq!(format!("second{}", told_life(&life)), SECOND);
    let diffs: Vec<&str> =
        life.changes.iter().map(|change| change.diff.as_deref().unwrap()).collect();
    assert_eq!(diffs[0], "", "a move changes nothing");
    assert!(diffs[1].contains("-def two(limit):\n+def second(limit):\n"), "{}", diffs[1]);
    assert!(diffs[2].contains("-    moss_total = 0\n+    moss_total = 1\n"), "{}", diffs[2]);
    assert!(diffs[3].lines().skip(1).all(|line| line.starts_with('+')), "{}", diffs[3]);
    let file = toy.history("b.py", false).unwrap();
    assert_eq!((file.symbol, file.file_commits.len()), (None, 4));
}

#[test]
fn lines_of_a_file_are_told_by_their_symbols() {
    let toy = toy(five);
    let blame = |lines, rev: Option<&str>| {
        let blame = Blame {
            folder: toy.repo.path.clone(),
            file: PathBuf::from(if rev.is_some() { "a.py" } else { "b.py" }),
            lines,
            rev: rev.map(ToOwned::to_owned),
        };
        let answer = toy.engine.read().blame(&blame)?;
        let run = |run: &lichen_engine::BlamedLines| {
            let name = run.symbol.as_ref().map_or("-", |symbol| symbol.name.as_str());
            let commit = run.commit.as_ref().map_or("-", |commit| commit.subject.as_str());
            assert_eq!(run.text.len(), (run.last_line - run.first_line + 1) as usize);
            format!("{}-{} {name} {commit}", run.first_line, run.last_line)
        };
        Ok::<_, Error>(answer.lines.iter().map(run).collect::<Vec<_>>())
    };
    assert_eq!(
        blame(None, None).unwrap(),
        ["1-5 one move", "6-7 - -", "8-12 second move", "13-14 - -"]
    );
    assert_eq!(
        blame(Some((4, 8)), Some("HEAD~3")).unwrap(),
        ["4-5 one first", "6-7 - -", "8-8 two body"]
    );
    assert!(matches!(blame(Some((90, 99)), None), Err(Error::NoLine { line: 90, .. })));
}

#[test]
fn symbols_are_listed_as_of_a_commit_and_since_one() {
    let toy = toy(five);
    let list = |list: SymbolList| {
        let list = SymbolList { folder: toy.repo.path.clone(), limit: 100, ..list };
        let answer = toy.engine.read().symbols(&list)?;
        let one = |symbol: &lichen_engine::ListedSymbol| {
            let gone = if symbol.is_gone { " gone" } else { "" };
            format!("{} {}{gone}", symbol.path, symbol.name)
        };
        Ok::<_, Error>(answer.symbols.iter().map(one).collect::<Vec<_>>())
    };
    let rev = |rev: &str| Some(rev.to_owned());
    assert_eq!(list(SymbolList::default()).unwrap(), ["b.py one", "b.py second"]);
    let then = SymbolList { as_of: rev("HEAD~3"), ..SymbolList::default() };
    assert_eq!(list(then.clone()).unwrap(), ["a.py one", "a.py two"]);
    let named = SymbolList { name: rev("two"), ..then.clone() };
    assert_eq!(list(named).unwrap(), ["a.py two"]);
    let kind = |word: &str| SymbolList { kinds: vec![word.to_owned()], ..then.clone() };
    assert_eq!(list(kind("function")).unwrap().len(), 2);
    assert!(list(kind("class")).unwrap().is_empty());
    assert!(list(kind("klass")).unwrap_err().to_string().contains("choose from"));
    let path = |path: &str| SymbolList { path: rev(path), ..then.clone() };
    assert_eq!(list(path("*.py")).unwrap().len(), 2);
    assert!(list(path("src")).unwrap().is_empty());
    let since =
        SymbolList { changed_since: rev("HEAD~4"), as_of: rev("HEAD~3"), ..SymbolList::default() };
    assert_eq!(list(since).unwrap(), ["a.py two"]);
}

#[test]
fn a_review_of_what_nobody_spoke_of_says_nothing() {
    let toy = toy(five);
    let review = |range: &str| {
        toy.engine.read().review(&Review { folder: toy.repo.path.clone(), range: range.to_owned() })
    };
    let answer = review("HEAD~4..HEAD").unwrap();
    assert!(answer.symbols.is_empty());
    assert_eq!(answer.changed, 2, "one moved, two moved, was renamed and changed");
    assert!(lichen_engine::review_text(&answer).is_empty());
    assert!(lichen_engine::review_markdown(&answer).is_empty());
    assert_eq!(review("HEAD..HEAD").unwrap().changed, 0);
    assert_eq!(review("HEAD~1..").unwrap().changed, 2);
    assert!(review("HEAD").unwrap_err().to_string().contains("write `BASE..HEAD`"));
    assert!(review("HEAD..nowhere").unwrap_err().to_string().contains("`nowhere` names no commit"));
}
