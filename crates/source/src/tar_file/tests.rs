//! Archives that are not what they tell: bombs, endless names, lies about sizes.

use std::io::Write as _;

use tar::Builder;

use super::*;

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Names and contents, and what went wrong.
fn read(bytes: &[u8], limits: Limits) -> (Vec<(String, Vec<u8>)>, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar");
    fs_err::write(&path, bytes).unwrap();
    let mut tar = TarFile::open_within(&path, limits).unwrap();
    let mut files = Vec::new();
    loop {
        let entry = match tar.next() {
            Ok(Some(entry)) => entry,
            Ok(None) => return (files, String::new()),
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
                return (files, error.to_string().rsplit('`').next().unwrap().trim().to_owned());
            }
        };
        let mut content = Vec::new();
        if let Err(error) = tar.read_to_end(&mut content) {
            return (files, error.to_string().rsplit('`').next().unwrap().trim().to_owned());
        }
        files.push((entry.name, content));
    }
}

#[test]
fn long_names_and_empty_files() {
    let long = format!("a/{}.json", "n".repeat(150));
    let content = vec![7; 1500];
    let files: [(&str, &[u8]); 3] = [("./b.json", &content), (&long, b"x"), ("empty", b"")];
    for bytes in [tar(&files), gzip(&tar(&files))] {
        let (read, wrong) = read(&bytes, Limits::default());
        assert_eq!(wrong, "");
        let expected = [("b.json", &content[..]), (&long, b"x"), ("empty", b"")];
        assert!(read.iter().map(|(name, text)| (name.as_str(), &text[..])).eq(expected));
    }
}

#[test]
fn extended_headers_are_read() {
    let mut builder = Builder::new(Vec::new());
    builder.append_pax_extensions([("path", &b"told/elsewhere.json"[..])]).unwrap();
    let mut header = Header::new_ustar();
    header.set_size(2);
    builder.append_data(&mut header, "short", &b"ok"[..]).unwrap();
    let (files, wrong) = read(&builder.into_inner().unwrap(), Limits::default());
    assert_eq!(
        (files, wrong.as_str()),
        (vec![("told/elsewhere.json".to_owned(), b"ok".to_vec())], "")
    );
}

#[test]
fn limits_hold() {
    let files: [(&str, &[u8]); 2] = [("a", b"x"), ("b", b"y")];
    let limits = Limits { entries: 1, ..Limits::default() };
    let (read_, wrong) = read(&tar(&files), limits);
    assert_eq!((read_.len(), wrong.as_str()), (1, "has more entries than the limit"));
    let blank = vec![0; 8 << 20];
    let bomb = gzip(&tar(&[("bomb", &blank)]));
    let limits = Limits { ratio: 100, ..Limits::default() };
    assert_eq!(read(&bomb, limits).1, "is packed more tightly than any text");
    let limits = Limits { total_bytes: 1 << 20, ..Limits::default() };
    let wrong = "unpacks to more bytes than the limit of an archive";
    assert_eq!(read(&tar(&[("big", &blank)]), limits).1, wrong);
    // Also what is passed over counts.
    assert_eq!(read(&tar(&[("dir/", &[]), ("big", &blank)]), limits).1, wrong);
}

#[test]
fn a_name_without_end_is_not_read() {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::GNULongName);
    header.set_size(1 << 40);
    header.set_cksum();
    let (files, wrong) = read(header.as_bytes(), Limits::default());
    assert_eq!((files.len(), wrong.as_str()), (0, "has a name that is longer than the limit"));
}

#[test]
fn lies_and_cuts_are_told() {
    let whole = tar(&[("a", &[b'x'; 700])]);
    for cut in [100, 512, 600, 1300] {
        assert_eq!(read(&whole[..cut], Limits::default()).1, "ends in the middle", "{cut}");
    }
    let mut changed = whole.clone();
    changed[3] = b'!';
    let wrong = "is damaged: the checksum of a header is wrong";
    assert_eq!(read(&changed, Limits::default()).1, wrong);
    let packed = gzip(&whole);
    assert_eq!(read(&packed[..packed.len() / 2], Limits::default()).1, "is damaged");
    // A size that no archive has: what follows is not there.
    let mut header = Header::new_gnu();
    header.set_path("huge").unwrap();
    header.set_size(u64::MAX);
    header.set_cksum();
    assert_eq!(read(header.as_bytes(), Limits::default()).1, "ends in the middle");
}
