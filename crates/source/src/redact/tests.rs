//! Texts with secrets, and what is left of them.

use proptest::prelude::*;

use super::*;

fn redact(text: &str) -> String {
    Redactor::new([7; 32]).redact(text).into_owned()
}

/// Placeholders without their tails.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(OPENING) {
        let len = placeholder_len(&rest[at..]);
        assert!(len > 0, "{rest}");
        out.push_str(&rest[..at + len - TAIL - 2]);
        out.push('>');
        rest = &rest[at + len..];
    }
    out + rest
}

fn check(text: &str, expected: &str) {
    let once = redact(text);
    assert_eq!(plain(&once), expected);
    assert_eq!(redact(&once), once);
}

#[test]
fn only_the_secret_goes() {
    check("postgres://ann:v3ry-Se5cure@db/x", "postgres://ann:<redacted:url-password>@db/x");
    check("export DB_PASSWORD=q7Zt!Wm2xLk9", "export DB_PASSWORD=<redacted:password>");
    check(
        "Server=db;User Id=sa;Password=Short1;",
        "Server=db;User Id=sa;Password=<redacted:connection-password>;",
    );
    check(
        "{\\\"api_key\\\": \\\"q7ZtWm2xLk9PcR4vBn8\\\"}",
        "{\\\"api_key\\\": \\\"<redacted:generic-secret>\\\"}",
    );
}

#[test]
fn lines_stay_where_they_were() {
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n".repeat(3);
    let key = format!("a\n-----BEGIN PRIVATE KEY-----\n{body}-----END PRIVATE KEY-----\nb\n");
    check(&key, "a\n<redacted:private-key>\n\n\n\n\nb\n");
    let cut = format!("a\n-----BEGIN PRIVATE KEY-----\n{body}\nand so on\n");
    assert_eq!(redact(&cut).lines().count(), cut.lines().count());
    assert!(
        !redact(&cut).contains("MIIE") && redact(&cut).contains("and so on"),
        "{}",
        redact(&cut)
    );
    let tail = format!("x: 1\n{body}-----END RSA PRIVATE KEY-----\n");
    assert!(
        !redact(&tail).contains("MIIE") && redact(&tail).starts_with("x: 1\n<redacted:"),
        "{}",
        redact(&tail)
    );
}

#[test]
fn json_stays_json() {
    let redactor = Redactor::new([1; 32]);
    let json =
        r#"{"a":{"password":"q7Zt!Wm2xLk9"},"text":"x\nDB_PASSWORD=q7Zt!Wm2xLk9\n\"y\"","n":1.50}"#;
    let redacted = redactor.redact_json(json);
    let value: serde_json::Value = serde_json::from_str(&redacted).unwrap();
    assert!(value["a"]["password"].as_str().unwrap().starts_with("<redacted:password:"));
    assert!(
        redacted.ends_with("\\n\\\"y\\\"\",\"n\":1.50}") && !redacted.contains("q7Zt"),
        "{redacted}"
    );
    assert_eq!(redactor.redact_json(&redacted), redacted);
}

#[test]
fn the_key_decides_the_tail() {
    let text = "SECRET=q7ZtWm2xLk9PcR4vBn8";
    assert_eq!(redact(text), redact(text));
    assert_ne!(redact(text), Redactor::new([8; 32]).redact(text));
}

proptest! {
    #[test]
    fn twice_is_once(parts in prop::collection::vec(prop::sample::select(vec![
        "password", "=", ": ", "\"", "\n", "q7Zt!Wm2xLk9PcR4v", "ghp_", "abcdef0123456789ABCDEF0123456789abcdef", "://", "ann:", "@", "-----BEGIN PRIVATE KEY-----",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7", "-----END PRIVATE KEY-----", "<redacted:x:", "01234567>", "<redacted:password:0a1b2c3d>", "Bearer ",
        "Authorization: ", " ", ";", "eyJ", ".", "é", "\\n", "AKIA", "token", "curl -u ", "_", "-", "Z2hwX2FiY2RlZjAxMjM0NTY3ODlBQkNERUYwMTIzNDU2Nzg5YWJjZGVm",
    ]), 0..24)) {
        let text = parts.concat();
        let once = redact(&text);
        prop_assert_eq!(&redact(&once), &once);
        prop_assert_eq!(text.matches('\n').count(), once.matches('\n').count());
    }
}

/// Keys made after every pattern of the tables, in the surroundings that texts give them: of at least 99 in 100 a
/// quarter or more is found, by whatever rule (webhooks hold an address besides the secret). The keys come from the
/// patterns themselves, so this tells that a rule never fires, or stops at a quote or an escape; it cannot tell what
/// the patterns miss of the world.
#[test]
fn planted_keys_are_found() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    const AROUND: [(&str, &str); 8] = [
        ("", ""),
        ("use ", " please"),
        ("key=\"", "\";"),
        ("{\"text\":\"line\\n", "\\nmore\"}"),
        ("`", "`."),
        ("(", ")"),
        ("é: ", "\nnext"),
        ("\u{1b}[32m", "\u{1b}[0m"),
    ];
    let mut runner = TestRunner::deterministic();
    let (mut planted, mut missed) = (0, Vec::new());
    let mut plant = |id: &str, pattern: &str, before: &str, after: &str| {
        let strategy = prop::string::string_regex(&rules::expression(pattern)).unwrap();
        let secret = strategy.new_tree(&mut runner).unwrap().current();
        let text = format!("{before}{secret}{after}");
        planted += 1;
        let covered = find(&text).iter().map(|found| found.span.len()).sum::<usize>();
        // Some patterns hold the address of a webhook or a name besides the secret.
        if covered * 4 < secret.len() {
            missed.push(format!("{id}: {text}"));
        }
    };
    for rule in rules::SHAPES {
        for (before, after) in AROUND {
            plant(rule.id, rule.pattern, before, after);
        }
    }
    for rule in rules::NAMED {
        for name in rule.names {
            let upper = name.to_ascii_uppercase();
            for (before, after) in [
                (format!("{upper}_API_KEY="), "\n"),
                (format!("{name}_token: \""), "\","),
                (format!("{{\"{name}_secret\": \""), "\"}"),
                (format!("{{\\\"{name}_key\\\": \\\""), "\\\"}"),
                (format!("--{name}-token "), " -v"),
                (format!("{name}.auth.key = '"), "'"),
                (format!("my{}{}Secret := `", name[..1].to_ascii_uppercase(), &name[1..]), "`"),
                (format!("export {upper}_SECRET_KEY="), ""),
            ] {
                plant(rule.id, rule.pattern, &before, after);
            }
        }
    }
    assert!(planted >= 2_000, "{planted}");
    assert!(
        missed.len() * 100 <= planted,
        "{} of {planted} missed:\n{}",
        missed.len(),
        missed.join("\n")
    );
}
