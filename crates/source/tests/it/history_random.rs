//! Random histories: what is told of them is compared with the files they were made of.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lichen_model::RepoPath;
use lichen_testkit::repo::ToyRepo;
use proptest::prelude::*;

use crate::history_oracle::{Snapshot, add, at, check_told, check_ways, lineage, oid, read, told};

/// A file: names of functions, each with a number that stands for what it says.
type File = Vec<(u8, u16)>;
type Tree = BTreeMap<String, File>;

fn text(file: &File) -> String {
    let mut text = String::new();
    for (name, says) in file {
        let (noun, rest) = (says % 13, says / 13);
        // What two functions say may be equal, alike or wholly different; two may be called the same.
        writeln!(text, "def f{name}(limit):\n    total_{noun} = {rest}").unwrap();
        for at in 0..=noun % 5 {
            writeln!(text, "    total_{noun} += weigh_{noun}_{at}(limit, {at})").unwrap();
        }
        writeln!(text, "    return total_{noun}\n").unwrap();
    }
    text
}

fn name(number: u16) -> u8 {
    u8::try_from(number % 5).unwrap()
}

/// One change of a tree.
fn edit(tree: &mut Tree, op: u8, a: u16, b: u16) {
    let paths: Vec<String> = tree.keys().cloned().collect();
    let pick = |at: u16| paths.get(usize::from(at) % paths.len().max(1)).cloned();
    let new = format!("{}/m{}.py", ["lib", "src"][usize::from(b % 2)], b % 7);
    let (Some(path), Some(other)) = (pick(a), pick(b)) else {
        tree.insert(new, vec![(name(a), b)]);
        return;
    };
    let mut file = tree.remove(&path).unwrap();
    let place = usize::from(a / 7) % file.len().max(1);
    match op {
        0..=2 if !file.is_empty() => file[place].1 = file[place].1.wrapping_add(b % 40),
        3 if !file.is_empty() => file[place].0 = name(b),
        4 => file.insert(place.min(file.len()), (name(b), b)),
        5 if !file.is_empty() => drop(file.remove(place)),
        6 if !file.is_empty() && other != path => {
            let moved = file.remove(place);
            tree.get_mut(&other).unwrap().push(moved);
        }
        7 => {
            tree.insert(new, file);
            return;
        }
        8 => return,
        _ => {
            tree.insert(new, vec![(name(a), b)]);
        }
    }
    tree.insert(path, file);
}

/// A commit of a random history: its parents and its files.
struct Made {
    parents: Vec<usize>,
    tree: Tree,
}

/// Makes commits: edits on one of the last few, and now and then a merge of two.
fn make(ops: &[(u8, u16, u16)]) -> Vec<Made> {
    let mut made: Vec<Made> = vec![Made { parents: Vec::new(), tree: Tree::new() }];
    for &(op, a, b) in ops {
        let last = made.len() - 1;
        if op >= 10 && last > 1 {
            let other = last - 1 - usize::from(a) % last.min(3);
            // Of files in both, one side wins whole; some come from the other side.
            let mut tree = made[last].tree.clone();
            for (path, file) in &made[other].tree {
                if b % 3 == 0 || !tree.contains_key(path) {
                    tree.insert(path.clone(), file.clone());
                }
            }
            made.push(Made { parents: vec![last, other], tree });
            continue;
        }
        let parent = last - if a % 4 == 0 { usize::from(b) % last.clamp(1, 3) } else { 0 };
        let mut tree = made[parent].tree.clone();
        edit(&mut tree, op, a, b);
        made.push(Made { parents: vec![parent], tree });
    }
    made
}

/// Writes the commits as a stream that git reads, and returns their ids.
fn import(repo: &ToyRepo, made: &[Made]) -> Vec<String> {
    let mut stream = String::new();
    for (at, commit) in made.iter().enumerate() {
        let when = 1_600_000_000 + 60 * at;
        writeln!(stream, "commit refs/heads/main\nmark :{}\ncommitter Ann <ann@example.com> {when} +0000\ndata 1\nx", at + 1).unwrap();
        for (nth, parent) in commit.parents.iter().enumerate() {
            writeln!(stream, "{} :{}", if nth == 0 { "from" } else { "merge" }, parent + 1)
                .unwrap();
        }
        writeln!(stream, "deleteall").unwrap();
        for (path, file) in &commit.tree {
            let text = text(file);
            writeln!(stream, "M 100644 inline {path}\ndata {}\n{text}", text.len()).unwrap();
        }
        writeln!(stream).unwrap();
    }
    repo.git_bytes(
        &["fast-import", "--quiet", "--force", "--export-marks=marks"],
        stream.as_bytes(),
    );
    let marks = fs_err::read_to_string(repo.path.join("marks")).unwrap();
    let mut ids = vec![String::new(); made.len()];
    for line in marks.lines() {
        let (mark, id) = line[1..].split_once(' ').unwrap();
        id.clone_into(&mut ids[mark.parse::<usize>().unwrap() - 1]);
    }
    ids
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn what_is_told_is_what_is_there(ops in prop::collection::vec((0_u8..12, any::<u16>(), any::<u16>()), 1..30)) {
        let folder = tempfile::tempdir().unwrap();
        let repo = ToyRepo::init(folder.path());
        let made = make(&ops);
        let ids = import(&repo, &made);
        let tip = oid(ids.last().unwrap());
        let history = read(&repo.path, &tip, 3);
        let whole = told(&history, &lineage(&history, &tip));
        check_told(&whole);
        for (pos, commit) in (0..).zip(&whole.chain) {
            let place = ids.iter().position(|id| *id == commit.to_string()).unwrap();
            let mut snapshot = Snapshot::new();
            for (path, file) in &made[place].tree {
                add(&mut snapshot, &RepoPath::from(path.as_str()), text(file).as_bytes());
            }
            prop_assert_eq!(at(&whole, pos), snapshot, "position {}", pos);
        }
        check_ways(&repo.path, &whole, &history);
    }
}
