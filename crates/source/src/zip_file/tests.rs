//! Archives that are not what they tell: bombs, overlaps, names that leave the root, lies about sizes.

use std::io::{Cursor, Write as _};

use zip::write::{SimpleFileOptions, ZipWriter};

use super::*;

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        writer.start_file(*name, packed).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// An archive and the folder it stands in: entries are read from the file later.
struct Opened(ZipFile, #[expect(dead_code, reason = "kept until the test ends")] tempfile::TempDir);

impl std::ops::Deref for Opened {
    type Target = ZipFile;

    fn deref(&self) -> &ZipFile {
        &self.0
    }
}

fn open(bytes: &[u8], limits: Limits) -> Result<Opened> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.zip");
    fs_err::write(&path, bytes).unwrap();
    Ok(Opened(ZipFile::open_within(&path, limits)?, folder))
}

fn text(bytes: &[u8]) -> String {
    match open(bytes, Limits::default()) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

fn content(zip: &ZipFile, name: &str) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    zip.read(zip.entry(name).unwrap()).unwrap().read_to_end(&mut content)?;
    Ok(content)
}

/// Bytes written until reading fails, and how it fails.
fn failure(zip: &ZipFile, name: &str) -> (u64, String) {
    let mut body = zip.read(zip.entry(name).unwrap()).unwrap();
    let (mut buffer, mut bytes) = ([0; 8192], 0);
    loop {
        match body.read(&mut buffer) {
            Ok(0) => return (bytes, String::new()),
            Ok(read) => bytes += read as u64,
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::InvalidData);
                return (bytes, error.to_string());
            }
        }
    }
}

/// Where the nth header of a kind begins.
fn header(bytes: &[u8], magic: &[u8], nth: usize) -> usize {
    bytes.windows(4).enumerate().filter(|(_, four)| *four == magic).nth(nth).unwrap().0
}

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";

#[test]
fn files_are_read_and_told_apart() {
    let bytes = zip(&[("a.txt", b"first"), ("folder/b.txt", b""), ("folder/", b"")]);
    let zip = open(&bytes, Limits::default()).unwrap();
    let names: Vec<_> =
        zip.entries.iter().map(|entry| (entry.name.as_str(), entry.bytes)).collect();
    assert_eq!(names, [("a.txt", 5), ("folder/b.txt", 0)]);
    assert_eq!(content(&zip, "a.txt").unwrap(), b"first");
    assert_eq!(content(&zip, "folder/b.txt").unwrap(), b"");
    let other = open(&super::tests::zip(&[("a.txt", b"other")]), Limits::default()).unwrap();
    assert_ne!(zip.fingerprint(), other.fingerprint());
    assert!(is_zip(&bytes) && is_zip(b"PK\x05\x06") && !is_zip(b"PK"));
}

#[test]
fn a_bomb_of_zeros_is_stopped_early() {
    let zeros = vec![0; 64 << 20];
    let bytes = zip(&[("zeros.txt", &zeros)]);
    assert!(bytes.len() < 100_000, "more than 600:1");
    // The best ratio of the packing is just above the limit.
    let zip = open(&bytes, Limits::default()).unwrap();
    let (read, what) = failure(&zip, "zeros.txt");
    assert!(
        what.contains("entry `zeros.txt` of `") && what.ends_with("more tightly than any text")
    );
    assert!(read < 4 << 20, "{read}");
    let zip = open(&bytes, Limits { ratio: 10_000, entry_bytes: 1 << 20, ..Limits::default() });
    let opened = zip.unwrap();
    assert_eq!(opened.refused[0].1, "tells of more bytes than the limit of an entry; skipped");
    let limits = Limits { ratio: 10_000, total_bytes: 96 << 20, ..Limits::default() };
    let zip = open(&bytes, limits).unwrap();
    assert_eq!(failure(&zip, "zeros.txt"), (64 << 20, String::new()));
    let (read, what) = failure(&zip, "zeros.txt");
    assert!(read <= 32 << 20 && what.ends_with("above the limit of an archive"), "{read} {what}");
}

#[test]
fn names_that_leave_the_root_are_refused() {
    let names = [
        "../up.txt",
        "a/../../up.txt",
        "/etc/passwd",
        "C:/windows.txt",
        "c:evil.txt",
        "a\\b.txt",
        "..\\up.txt",
        "inner.ZIP",
    ];
    let entries: Vec<_> = names.iter().map(|name| (*name, &b"x"[..])).collect();
    // The writer tidies names: what it wrote is put back.
    let zip = open(&raw(&entries), Limits::default()).unwrap();
    assert!(zip.entries.is_empty());
    let refused: Vec<_> = zip.refused.iter().map(|(name, why)| (name.as_str(), *why)).collect();
    let leaves = "has a name that leaves the archive's root; skipped";
    let absolute = "has an absolute name; skipped";
    let backslash = "has a backslash in its name; skipped";
    let why = [
        leaves,
        leaves,
        absolute,
        absolute,
        absolute,
        backslash,
        backslash,
        "is an archive within the archive; not opened",
    ];
    assert_eq!(refused, std::iter::zip(names, why).collect::<Vec<_>>());
    let fine = open(&raw(&[("a..b/c..txt", b"x"), ("...", b"y")]), Limits::default()).unwrap();
    assert_eq!(fine.entries.len(), 2);
}

/// An archive of stored entries, written byte by byte.
fn raw(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let mut crc = Crc::new();
        crc.update(content);
        let offset = u32::try_from(bytes.len()).unwrap();
        let mut common = Vec::new();
        common.extend([20, 0, 0, 8, 0, 0, 0, 0, 0, 0]);
        common.extend(crc.sum().to_le_bytes());
        let len = u32::try_from(content.len()).unwrap().to_le_bytes();
        common.extend([len, len].concat());
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend([0, 0]);
        bytes.extend([LOCAL, &common, name.as_bytes(), content].concat());
        directory.extend([CENTRAL, &[20, 0], &common, &[0; 10]].concat());
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    let start = u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let len = u32::try_from(directory.len()).unwrap().to_le_bytes();
    bytes.extend(directory);
    bytes.extend([END, &[0; 4], &count, &count, &len, &start, &[0, 0]].concat());
    bytes
}

#[test]
fn links_and_encrypted_files_are_refused() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("link.txt", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let zip = open(&writer.finish().unwrap().into_inner(), Limits::default()).unwrap();
    assert_eq!(zip.refused, [("link.txt".to_owned(), "is a symbolic link; skipped")]);
    let mut bytes = raw(&[("secret.txt", b"x"), ("open.txt", b"y")]);
    let at = header(&bytes, CENTRAL, 0);
    bytes[at + 8] |= 1;
    let zip = open(&bytes, Limits::default()).unwrap();
    assert_eq!(zip.refused, [("secret.txt".to_owned(), "is encrypted; skipped")]);
    assert_eq!(zip.entries.len(), 1);
    let mut bytes = raw(&[("lzma.txt", b"x")]);
    let at = header(&bytes, CENTRAL, 0);
    bytes[at + 10] = 14;
    let zip = open(&bytes, Limits::default()).unwrap();
    assert_eq!(zip.refused[0].1, "is packed by a method that is not read; skipped");
}

#[test]
fn overlapping_entries_refuse_the_archive() {
    let mut bytes = raw(&[("a.txt", b"one text"), ("b.txt", b"one text")]);
    // The second entry's directory record points to the first one's data.
    let at = header(&bytes, CENTRAL, 1);
    bytes[at + 42..at + 46].fill(0);
    let what = text(&bytes);
    assert!(what.contains("x.zip") && what.ends_with("`a.txt` and `b.txt` overlap"), "{what}");
}

#[test]
fn too_many_entries_refuse_the_archive() {
    // A million entries are told of in 98 bytes: zip64, with nothing behind it.
    let mut bytes = raw(&[]);
    let end = bytes.split_off(0);
    let mut record = b"PK\x06\x06".to_vec();
    record.extend(44_u64.to_le_bytes());
    record.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for number in [1_000_000_u64, 1_000_000, 46_000_000, 0] {
        record.extend(number.to_le_bytes());
    }
    bytes.extend(&record);
    bytes.extend([&b"PK\x06\x07"[..], &[0; 4], &0_u64.to_le_bytes(), &[1, 0, 0, 0]].concat());
    bytes.extend(end);
    let at = header(&bytes, END, 0);
    bytes[at + 8..at + 20].fill(0xFF);
    let what = text(&bytes);
    assert!(what.ends_with("it tells of 1000000 entries, more than the limit of 100000"), "{what}");

    let names: Vec<_> = (0..20).map(|at| format!("{at}.txt")).collect();
    let entries: Vec<_> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    let bytes = raw(&entries);
    let few = Limits { entries: 10, ..Limits::default() };
    let what = open(&bytes, few).err().unwrap().to_string();
    assert!(what.ends_with("it tells of 20 entries, more than the limit of 10"), "{what}");
    let short = Limits { directory_bytes: 500, ..Limits::default() };
    assert!(open(&bytes, short).is_err());
    assert!(text(&raw(&[("a", b"x"), ("a", b"y")])).contains("names entries twice"));
}

#[test]
fn lies_about_sizes_are_found_while_reading() {
    let honest = zip(&[("a.txt", &b"text ".repeat(1000))]);
    let at = header(&honest, CENTRAL, 0);
    // Smaller than it is, larger than it is, another checksum.
    for (place, end) in [
        (24, "unpacks to more bytes than the archive tells"),
        (25, "ends before the size that the archive tells"),
        (16, "is damaged: its checksum is wrong"),
    ] {
        let mut bytes = honest.clone();
        let byte = &mut bytes[at + place];
        *byte = if place == 24 { *byte - 1 } else { *byte + 1 };
        let (_, what) = failure(&open(&bytes, Limits::default()).unwrap(), "a.txt");
        assert!(what.ends_with(end), "{place}: {what}");
    }
    // Zip64: an entry of an exabyte, packed into more than the archive has.
    let mut bytes = raw(&[("a.txt", b"x")]);
    let at = header(&bytes, CENTRAL, 0);
    bytes[at + 20..at + 28].fill(0xFF);
    bytes[at + 30] = 20;
    let mut extra = vec![1, 0, 16, 0];
    extra.extend((1_u64 << 60).to_le_bytes());
    extra.extend((1_u64 << 60).to_le_bytes());
    let name_end = at + 46 + 5;
    bytes.splice(name_end..name_end, extra);
    let zip = open(&bytes, Limits::default()).unwrap();
    assert_eq!(zip.refused[0].1, "reaches beyond the archive's data; skipped");
}

#[test]
fn damage_is_told_and_never_panics() {
    let whole = zip(&[("a.txt", &b"some text ".repeat(50)), ("b/c.txt", b"more"), ("d.txt", b"")]);
    let read_all = |bytes: &[u8]| {
        if let Ok(zip) = open(bytes, Limits { entry_bytes: 1 << 20, ..Limits::default() }) {
            for entry in &zip.entries {
                let mut content = Vec::new();
                drop(zip.read(entry).unwrap().read_to_end(&mut content));
            }
        }
    };
    for len in 0..whole.len() {
        read_all(&whole[..len]);
    }
    let mut state = 42_u64;
    for _ in 0..800 {
        let mut bytes = whole.clone();
        for _ in 0..3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = usize::try_from(state >> 33).unwrap() % bytes.len();
            bytes[at] = state.to_le_bytes()[5];
        }
        read_all(&bytes);
    }
    assert!(text(b"PK\x03\x04 and no end").contains("could not read the archive"));
}
