//! The exporter's own words, told from what people write.

use super::*;

#[test]
fn digits_of_many_scripts() {
    assert_eq!([digit('7'), digit('٧'), digit('۷'), digit('७')], [Some(7); 4]);
    assert_eq!([digit('x'), digit('½'), digit('²')], [None; 3]);
}

#[test]
fn attachments_by_their_names() {
    for line in [
        "<attached: IMG-1.jpg>",
        "a caption \u{200e}<attached: IMG-1.jpg>",
        "\u{200e}<adjunto: IMG-1.jpg>",
        "IMG-1.jpg (file attached)",
        "\u{200e}IMG-1.jpg (archivo adjunto)",
        "IMG-1.jpg (whatever it is called)",
    ] {
        assert_eq!(attached(line), Some("IMG-1.jpg"), "{line}");
    }
    assert_eq!(attached("report v2.pdf (Datei angehängt)"), Some("report v2.pdf"));
    for line in ["see notes.txt (below)", "a <b: c>", "x <see: a.b>", "(file attached)", "<>", ">"]
    {
        assert_eq!(attached(line), None, "{line}");
    }
}

#[test]
fn marks_of_edits_and_deletions() {
    assert_eq!(before_edit_mark("new text <This message was edited>"), Some("new text"));
    assert_eq!(before_edit_mark("neu \u{200e}<In einer Sprache ohne Eintrag>"), Some("neu"));
    assert_eq!(before_edit_mark("if a < b && c > d"), None);
    assert_eq!(before_edit_mark("Vec<u8>"), None);
    assert_eq!(before_edit_mark("\u{200e}<View once message omitted>"), None);
    assert_eq!(before_edit_mark("\u{200e}<attached: a.jpg>"), None);
    assert!(
        is_deleted("\u{200e}This message was deleted.") && is_deleted("Se eliminó este mensaje.")
    );
    assert!(!is_deleted("I said: this message was deleted"));
    assert_eq!(omitted("<Media omitted>"), Some(""));
    assert_eq!(omitted("\u{200e}image omitted"), Some("image"));
    assert_eq!(omitted("<Medien ausgeschlossen>"), Some(""));
    assert_eq!(omitted("the image omitted"), None);
}
