//! Folders of documents: what is read, what is left out, and what is told again.

use std::collections::HashMap;
use std::path::Path;

use lichen_model::{Batch, DocumentKind, PassageKind, TextHash, Timestamp};
use lichen_source::Read;
use lichen_source::documents::{Known, Latest, Options, Reader, folder};

use crate::read_all;

/// Long after any file that a test writes, so that none is racy.
const LATER: Timestamp = Timestamp(4_000_000_000_000);

fn write(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, content).unwrap();
}

fn open(root: &Path, known: Known, now: Timestamp) -> Reader {
    Reader::open(root, Options::new(folder(root, "."), now), known).unwrap()
}

fn read(root: &Path) -> Batch {
    read_all(&mut open(root, Known::default(), LATER)).0
}

/// What a store knows once it has taken in the batches.
fn known(batches: &[&Batch]) -> Known {
    let mut known = Known::default();
    for batch in batches {
        for version in &batch.versions {
            let latest = Latest {
                version: version.id,
                text_hash: version.text_hash,
                document: version.document.clone(),
            };
            known.latest.insert(version.document.path.clone(), latest);
        }
        known.position =
            batch.progress.last().map(|progress| progress.position.clone()).or(known.position);
    }
    known
}

fn paths(batch: &Batch) -> Vec<String> {
    batch.versions.iter().map(|version| version.document.path.to_text().into_owned()).collect()
}

fn problems(batch: &Batch) -> Vec<String> {
    batch.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_folder_without_git() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    write(root, "README.md", "# A title\n\nWords.\n");
    write(root, "docs/guide.rst", "Guide\n=====\n\nMore words.\n");
    write(root, "notes.txt", "plain\n");
    write(root, "src/main.rs", "fn main() {}\n");
    write(root, "LICENSE", "Do what you want.\n");
    write(root, "picture.png", b"\x89PNG");
    write(root, "empty.md", "");
    let batch = read(root);
    assert_eq!(
        paths(&batch),
        ["LICENSE", "README.md", "docs/guide.rst", "empty.md", "notes.txt", "src/main.rs"]
    );
    let by_path: HashMap<_, _> = batch
        .versions
        .iter()
        .map(|version| (version.document.path.to_text().into_owned(), version))
        .collect();
    let readme = by_path["README.md"];
    assert_eq!(readme.title, "A title");
    assert_eq!(
        (readme.document.kind, readme.document.language.as_deref()),
        (DocumentKind::Markdown, None)
    );
    assert_eq!(
        (readme.previous, readme.seen, readme.text_hash),
        (None, LATER, TextHash::of("# A title\n\nWords.\n"))
    );
    assert_eq!(
        (by_path["docs/guide.rst"].document.kind, &*by_path["docs/guide.rst"].title),
        (DocumentKind::Rst, "Guide")
    );
    assert_eq!(by_path["src/main.rs"].document.language.as_deref(), Some("rust"));
    assert_eq!(by_path["LICENSE"].title, "LICENSE");
    let kinds: Vec<_> =
        batch.passages.iter().map(|passage| (passage.kind, passage.context.as_str())).collect();
    assert_eq!(
        kinds,
        [
            (PassageKind::Doc, "LICENSE"),
            (PassageKind::Doc, "README.md\nA title"),
            (PassageKind::Doc, "docs/guide.rst\nGuide"),
            (PassageKind::Doc, "empty.md"),
            (PassageKind::Doc, "notes.txt"),
            (PassageKind::Code, "src/main.rs\nmain"),
        ]
    );
    assert_eq!(batch.repos[0].object_format, None);
    assert_eq!(batch.progress[0].source, "documents:.");
}

#[test]
fn ignored_files_and_folders_are_left_out() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    lichen_testkit::repo::ToyRepo::init(root);
    write(root, ".gitignore", "target/\n*.tmp.md\n");
    write(root, ".lichenignore", "/private\n");
    write(root, ".git/info/exclude", "local.md\n");
    write(root, "kept.md", "kept");
    for path in ["target/a.md", "a.tmp.md", "private/a.md", "local.md", ".git/x.md", ".lichen/x.md"]
    {
        write(root, path, "left out");
    }
    write(root, "sub/.gitignore", "deep.md\n");
    write(root, "sub/deep.md", "left out");
    write(root, "sub/kept.md", "kept");
    write(root, ".github/workflows/ci.yml", "on: push\n");
    write(root, "nested/.git/HEAD", "ref: refs/heads/main\n");
    write(root, "nested/a.md", "another repository's");
    assert_eq!(paths(&read(root)), [".github/workflows/ci.yml", "kept.md", "sub/kept.md"]);
}

#[test]
fn files_that_are_no_text_are_left_out() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    write(root, "binary.txt", b"text\0more");
    write(root, "Cargo.lock", "# lock\n");
    write(root, "package-lock.json", "{}\n");
    write(root, "app.min.js", "var a=1");
    write(root, "bundle.js", "x".repeat(10_000));
    let mark = concat!("// @", "generated by a tool\n");
    write(root, "gen.rs", mark);
    write(root, "gen.go", concat!("// Code ", "generated by x. DO NOT EDIT.\n"));
    write(root, "data.json", format!("[{}1]", "1,\n".repeat(40_000)));
    write(root, "big.md", "word ".repeat(300_000));
    write(root, ".env", "SECRET=1\n");
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/hostname", root.join("link.txt")).unwrap();
    let batch = read(root);
    assert_eq!(paths(&batch), [""; 0]);
    assert_eq!(
        problems(&batch),
        [".: big.md: has 1500000 bytes, more than the limit of 1048576; left out"]
    );
    assert_eq!(batch.progress.len(), 1);
}

#[test]
fn encodings() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let utf16 = |big: bool| {
        let units = "\u{feff}grün\n".encode_utf16();
        units
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect::<Vec<_>>()
    };
    write(root, "a-bom.md", "\u{feff}# grün\n");
    write(root, "b-le.txt", utf16(false));
    write(root, "c-be.txt", utf16(true));
    write(root, "d-latin.txt", b"gr\xfcn\n");
    write(root, "e-broken.txt", b"gr\xc3\xbcn und sch\xc3\xb6n \xff\n");
    let batch = read(root);
    let texts: Vec<_> =
        batch.versions.iter().map(|version| version.text.as_deref().unwrap()).collect();
    assert_eq!(texts, ["# grün\n", "grün\n", "grün\n", "grün\n", "grün und schön \u{fffd}\n"]);
    assert_eq!(batch.problems.len(), 2, "{:?}", problems(&batch));
}

#[test]
fn front_matter_gives_title_fields_and_tags() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    write(
        root,
        "a.md",
        "---\ntitle: Yam\ntags: [one, \"two words\", one]\ndraft: true\n---\n\n# Heading\n",
    );
    write(root, "b.md", "+++\ntitle = \"Tom\"\nkeywords = \"x, y\"\n+++\ntext\n");
    write(root, "c.md", "---\ntitle: [unclosed\n---\n# Heading\n");
    write(root, "d.md", "---\nno front matter, just a rule\n");
    let batch = read(root);
    let told: Vec<_> = batch
        .versions
        .iter()
        .map(|version| (version.title.as_str(), version.meta.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("Yam", r#"{"draft":true,"tags":["one","two words","one"],"title":"Yam"}"#),
            ("Tom", r#"{"keywords":"x, y","title":"Tom"}"#),
            ("Heading", ""),
            ("d.md", ""),
        ]
    );
    let tags: Vec<_> = batch.tags.iter().map(|tag| (tag.thing, tag.name.as_str())).collect();
    let (a, b) = (batch.versions[0].document.id.any(), batch.versions[1].document.id.any());
    assert_eq!(tags, [(a, "one"), (a, "two words"), (b, "x"), (b, "y")]);
    assert!(
        problems(&batch)[0].starts_with(".: c.md: has front matter that is no YAML"),
        "{:?}",
        problems(&batch)
    );
    assert_eq!(batch.problems.len(), 1);
}

#[test]
fn notebooks() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let cells = r##"{"cells":[
        {"cell_type":"markdown","source":["# Study\n","\n","Why."]},
        {"cell_type":"code","source":"def f():\n    return 1\n","outputs":[{"text":["secret output"]}]},
        {"cell_type":"code","source":[]}],"nbformat":4}"##;
    write(root, "a.ipynb", cells);
    write(root, "b.ipynb", "{\"cells\": [");
    write(root, "c.ipynb", "[]");
    let batch = read(root);
    let version = &batch.versions[0];
    assert_eq!(
        version.text.as_deref(),
        Some("# %% [markdown]\n# Study\n\nWhy.\n\n# %%\ndef f():\n    return 1\n")
    );
    assert_eq!((version.title.as_str(), version.document.kind), ("Study", DocumentKind::Notebook));
    let kinds: Vec<_> = batch.passages.iter().map(|passage| passage.kind).collect();
    assert_eq!(kinds, [PassageKind::Doc, PassageKind::Code]);
    assert_eq!(batch.problems.len(), 2, "{:?}", problems(&batch));
}

#[test]
fn a_second_reading_tells_only_what_changed() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    for path in ["a.md", "b.md", "c.md", "d.md"] {
        write(root, path, format!("{path}, first text"));
    }
    let first = read(root);
    let mut reader = open(root, known(&[&first]), LATER);
    assert_eq!(reader.estimate().total, 0, "no file is opened");
    assert_eq!(reader.next_batch().unwrap(), None);

    write(root, "a.md", "another text, of another length");
    std::fs::remove_file(root.join("b.md")).unwrap();
    write(root, ".lichenignore", "c.md\n");
    write(root, "e.md", "new");
    let second = read_all(&mut open(root, known(&[&first]), LATER)).0;
    let told: Vec<_> = second
        .versions
        .iter()
        .map(|version| {
            let path = version.document.path.to_text().into_owned();
            (path, version.text.as_deref(), version.previous.is_some())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("a.md".to_owned(), Some("another text, of another length"), true),
            ("e.md".to_owned(), Some("new"), false),
            ("b.md".to_owned(), None, true),
            ("c.md".to_owned(), None, true),
        ]
    );
    assert_eq!(second.versions[0].previous, Some(first.versions[0].id));
    assert_eq!(second.versions[2].text_hash, TextHash::default());

    // A document that comes back follows its end.
    write(root, "b.md", "back again");
    let third = read_all(&mut open(root, known(&[&first, &second]), LATER)).0;
    assert_eq!(paths(&third), ["b.md"]);
    assert_eq!(third.versions[0].previous, Some(second.versions[2].id));
    let all = known(&[&first, &second, &third]);
    assert_eq!(open(root, all, LATER).next_batch().unwrap(), None);
}

#[test]
fn a_touched_file_is_read_but_not_told() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    write(root, "a.md", "the same");
    let first = read(root);
    let file = std::fs::File::options().append(true).open(root.join("a.md")).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000))
        .unwrap();
    let second = read_all(&mut open(root, known(&[&first]), LATER)).0;
    assert!(second.versions.is_empty() && second.progress.len() == 1);
    let third = known(&[&first, &second]);
    assert_eq!(open(root, third, LATER).next_batch().unwrap(), None);
}

#[test]
fn racy_files_are_read_again() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let path = root.join("a.md");
    let at = std::time::Duration::from_millis(1_700_000_000_500);
    let set = |content: &str| {
        fs_err::write(&path, content).unwrap();
        let file = std::fs::File::options().append(true).open(&path).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + at).unwrap();
    };
    set("one");
    // The reading begins in the very millisecond in which the file was written,
    let now = Timestamp(1_700_000_000_500);
    let first = read_all(&mut open(root, Known::default(), now)).0;
    // and the file changes once more in it, with the same size.
    set("two");
    let second = read_all(&mut open(root, known(&[&first]), LATER)).0;
    assert_eq!(second.versions[0].text.as_deref(), Some("two"));
}

#[test]
fn another_limit_looks_at_everything_again() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    write(root, "a.md", "a".repeat(100));
    write(root, "b.md", "b");
    let first = read(root);
    let options = Options { bytes_max: 50, ..Options::new(folder(root, "."), LATER) };
    let second = read_all(&mut Reader::open(root, options, known(&[&first])).unwrap()).0;
    assert_eq!((paths(&second), second.versions[0].text.as_ref()), (vec!["a.md".to_owned()], None));
}

#[test]
fn a_folder_that_cannot_be_read_keeps_what_is_known() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    write(root, "open/a.md", "a");
    write(root, "closed/b.md", "b");
    let first = read(root);
    let closed = root.join("closed");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    let readable = std::fs::read_dir(&closed).is_ok();
    let second = read_all(&mut open(root, known(&[&first]), LATER)).0;
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o755)).unwrap();
    if !readable {
        assert!(
            second.versions.is_empty() && second.problems.len() == 1,
            "{:?}",
            problems(&second)
        );
    }
}

#[test]
fn many_files_come_in_bounded_batches() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    for at in 0..450 {
        write(root, &format!("{at:03}.md"), format!("text {at}"));
    }
    let mut reader = open(root, Known::default(), LATER);
    let first = reader.next_batch().unwrap().unwrap();
    assert_eq!((first.versions.len(), first.progress.len()), (200, 0));
    drop(reader);
    // Stopped there, the next reading takes the rest.
    let (rest, batches) = read_all(&mut open(root, known(&[&first]), LATER));
    assert_eq!((rest.versions.len(), batches), (250, 3));
    assert_eq!(read(root).versions, [first.versions, rest.versions].concat());
}

#[test]
fn a_root_that_is_not_there() {
    let root = tempfile::tempdir().unwrap();
    let absent = root.path().join("absent");
    let opened = Reader::open(&absent, Options::new(folder(&absent, "."), LATER), Known::default());
    assert!(opened.is_err());
}
