//! Which branch is the default one.

use lichen_model::{Ref, RefState, Repo, Timestamp};

use super::*;

fn seen(name: &str, target: u8, symbolic: Option<&str>) -> SeenRef {
    let repo = Repo::id(".");
    let kind = match name {
        "HEAD" => RefKind::Head,
        name if name.starts_with("refs/heads/") => RefKind::Branch,
        name if name.starts_with("refs/remotes/") => RefKind::Remote,
        _ => RefKind::Other,
    };
    let reference = Ref { id: Ref::id(repo, name), repo, name: name.to_owned(), kind };
    let target = (target > 0).then(|| Oid(vec![target; 20]));
    SeenRef {
        state: RefState { reference, target, symbolic: symbolic.map(str::to_owned) },
        seen: Timestamp(0),
    }
}

#[test]
fn the_default_branch_is_found() {
    let head = |branch: &str| seen("HEAD", 9, Some(branch));
    let main = || seen("refs/heads/main", 1, None);
    let feature = || seen("refs/heads/feature", 9, None);
    let origin = || seen("refs/remotes/origin/HEAD", 2, Some("refs/remotes/origin/dev"));
    let origin_dev = || seen("refs/remotes/origin/dev", 2, None);
    let dev = || seen("refs/heads/dev", 3, None);
    let gone = || seen("refs/heads/main", 0, None);
    let cases = [
        (vec![head("refs/heads/feature"), feature(), main()], false, Some("refs/heads/main")),
        (vec![head("refs/heads/feature"), feature(), main()], true, Some("refs/heads/feature")),
        (vec![head("refs/heads/feature"), feature(), gone()], false, Some("refs/heads/feature")),
        (vec![main(), origin(), origin_dev()], false, Some("refs/remotes/origin/dev")),
        (vec![main(), origin(), origin_dev(), dev()], false, Some("refs/heads/dev")),
        (vec![seen("HEAD", 9, None)], false, Some("HEAD")),
        (vec![gone()], false, None),
        (vec![seen("refs/pull/1/head", 4, None)], false, Some("refs/pull/1/head")),
    ];
    for (refs, is_bare, expected) in cases {
        let branches = Branches::of(&refs, &HashMap::new(), is_bare);
        let expected = expected.map(|name| Ref::id(Repo::id("."), name));
        assert_eq!(branches.map(|branches| branches.reference), expected, "{refs:?}");
    }
}

#[test]
fn what_was_followed_stays_followed_and_heads_of_requests_are_left_out() {
    let refs = [
        seen("refs/heads/main", 1, None),
        seen("refs/heads/old", 2, None),
        seen("refs/pull/1/head", 3, None),
    ];
    let old = Ref::id(Repo::id("."), "refs/heads/old");
    let indexed = IndexedBefore { tip: Oid(vec![2; 20]), extractor: 1, matcher: 1 };
    let branches = Branches::of(&refs, &HashMap::from([(old, indexed)]), false).unwrap();
    assert_eq!(branches.reference, old);
    assert_eq!(branches.others, [Oid(vec![1; 20]), Oid(vec![2; 20])]);
    assert!(branches.is_left(Ref::id(Repo::id("."), "refs/heads/main")));
    assert!(!branches.is_left(Ref::id(Repo::id("elsewhere"), "refs/heads/main")));
}
