//! What counts as right, as wrong, and as neither.

use lichen_model::{
    Detector, Lines, Oid, Reference, ReferenceRule, ReferenceStatus, RepoPath, SymbolKind, Target,
};

use super::{Count, Label, LabelKind, Labelled, Score, Sort};

fn file(lines: Option<Lines>) -> Target {
    Target::File { at: Oid(vec![1; 20]), path: RepoPath::from("src/x.rs"), lines }
}

fn symbol(qualified_name: &str) -> Target {
    Target::Symbol {
        at: Oid(vec![1; 20]),
        path: RepoPath::from("src/x.rs"),
        kind: SymbolKind::Function,
        qualified_name: qualified_name.to_owned(),
        line: 3,
    }
}

fn told(span: std::ops::Range<u32>, detector: Detector, candidates: Vec<Target>) -> Reference {
    let status = match candidates.len() {
        0 => ReferenceStatus::Unresolved,
        1 => ReferenceStatus::Resolved,
        _ => ReferenceStatus::Ambiguous,
    };
    Reference {
        span,
        detector,
        status,
        rule: ReferenceRule::Exact,
        confidence: 1.0,
        candidate_count: u32::try_from(candidates.len()).unwrap(),
        candidates,
    }
}

fn label(kind: LabelKind, span: std::ops::Range<u32>, targets: &[&str]) -> Label {
    let targets = targets.iter().map(|target| (*target).to_owned()).collect();
    Label { kind, start: span.start, end: span.end, targets }
}

#[test]
fn claims_and_labels_are_counted_by_sort() {
    let text = "see src/x.rs:3 and `Jar.open`, maybe `lid`, perhaps `odd`";
    let labels = [
        label(LabelKind::PathLine, 4..14, &["src/x.rs:3"]),
        label(LabelKind::Quoted, 19..29, &["src/x.rs::Jar.open"]),
        label(LabelKind::Quoted, 37..42, &["src/x.rs::lid"]),
        label(LabelKind::Ignored, 52..57, &[]),
    ];
    let right = [
        told(4..14, Detector::PathLine, vec![file(Some(Lines::one(3)))]),
        // Whatever it stands in besides is no fault.
        told(20..28, Detector::Symbol, vec![symbol("acme.Jar.open")]),
        told(37..42, Detector::Symbol, vec![symbol("lid"), symbol("Jar.lid")]),
        told(52..57, Detector::Symbol, vec![symbol("odd")]),
    ];
    let mut score = Score::default();
    let faults = score.judge(text, &labels, &right);
    let count = |claimed, right, labelled, found, offered| Count {
        claimed,
        right,
        labelled,
        found,
        offered,
    };
    assert_eq!(score.count(Sort::PathLine), count(1, 1, 1, 1, 0));
    assert_eq!(score.count(Sort::Symbol), count(1, 1, 2, 1, 1));
    assert_eq!(score.count(Sort::Quoted), count(1, 1, 2, 1, 1));
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].told, "ambiguous 2 src/x.rs::lid src/x.rs::Jar.lid");

    let wrong = [
        told(4..14, Detector::PathLine, vec![file(None)]),
        told(20..28, Detector::Symbol, vec![symbol("Jar.reopen")]),
        // Nobody labelled it.
        told(0..3, Detector::Commit, vec![Target::Commit(Oid(vec![2; 20]))]),
    ];
    let mut score = Score::default();
    let faults = score.judge(text, &labels, &wrong);
    assert_eq!(score.count(Sort::PathLine), count(1, 0, 1, 0, 0));
    assert_eq!(score.count(Sort::Symbol), count(1, 0, 2, 0, 0));
    assert_eq!(score.count(Sort::Commit), count(1, 0, 0, 0, 0));
    assert_eq!(faults.len(), 6, "{faults:?}");
    assert!(score.count(Sort::Path).precision().abs() < f64::EPSILON);
}

#[test]
fn a_file_of_labels_is_read() {
    let json = r##"{"repositories": [{"name": "jar", "web": ["https://github.com/acme/jar"]}], "messages": [{"repository": "jar",
        "commit": "1f2e", "references": [{"kind": "path_line", "start": 1, "end": 9, "targets": ["#1"]}, {"kind": "ignored", "start": 9, "end": 10}]}]}"##;
    let read: Labelled = serde_json::from_str(json).unwrap();
    assert_eq!(read.messages[0].references[1].kind, LabelKind::Ignored);
    assert!(serde_json::from_str::<Labelled>(&json.replace("ignored", "guess")).is_err());
}
