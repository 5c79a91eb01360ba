//! Access keys and the audit log.

use lichen_model::{AccessKey, AccessScope, AuditEntry, StreamLimits, Timestamp};

use crate::sample::open;

fn key(id: &str, replaces: Option<&str>) -> AccessKey {
    AccessKey {
        id: id.to_owned(),
        name: "a; DROP TABLE access_keys".to_owned(),
        hash: *hash(id),
        scopes: vec![AccessScope::Read, AccessScope::Admin],
        streams: Some(StreamLimits(vec!["it's".to_owned(), "team-*".to_owned()])),
        created: Timestamp(1_000),
        expires: Some(Timestamp(9_000)),
        revoked: None,
        replaces: replaces.map(str::to_owned),
        used: None,
    }
}

/// Different bytes for different ids.
fn hash(id: &str) -> &'static [u8; 32] {
    if id == "00000001" { &[1; 32] } else { &[2; 32] }
}

#[test]
fn keys_are_kept_as_they_were_made_and_what_befalls_them_is_noted() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let (first, second) = (key("00000001", None), key("00000002", Some("00000001")));
    store.add_access_key(&first, None, "local").unwrap();
    assert!(store.add_access_key(&first, None, "local").is_err(), "an id is taken once");
    assert_eq!(store.read().access_keys().unwrap(), std::slice::from_ref(&first));
    let later = Timestamp(20_000);
    store.add_access_key(&second, Some(later), "00000001").unwrap();
    assert_eq!(store.read().access_keys().unwrap()[0].expires, first.expires, "none lives longer");
    store.note_access(&[("00000002".to_owned(), Timestamp(5_000))]).unwrap();
    assert!(store.revoke_access_key("00000001", Timestamp(6_000), "local").unwrap());
    assert!(!store.revoke_access_key("00000001", Timestamp(7_000), "local").unwrap());
    assert!(!store.revoke_access_key("' OR true --", Timestamp(7_000), "local").unwrap());
    store.close().unwrap();
    let store = open(dir.path());
    let revoked = AccessKey { revoked: Some(Timestamp(6_000)), ..first };
    let used = AccessKey { used: Some(Timestamp(5_000)), ..second };
    assert_eq!(store.read().access_keys().unwrap(), [revoked, used]);
    let entry = |at, actor: &str, action: &str| AuditEntry {
        at: Timestamp(at),
        actor: actor.to_owned(),
        action: action.to_owned(),
        object: "00000001".to_owned(),
    };
    assert_eq!(
        store.read().audit_log(10).unwrap(),
        [
            entry(6_000, "local", "key.revoke"),
            entry(1_000, "00000001", "key.rotate"),
            entry(1_000, "local", "key.create"),
        ]
    );
}

#[test]
fn the_end_of_an_overlap_comes_before_the_end_of_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let first = AccessKey { expires: None, streams: None, ..key("00000001", None) };
    store.add_access_key(&first, None, "local").unwrap();
    let second = key("00000002", Some("00000001"));
    store.add_access_key(&second, Some(Timestamp(4_000)), "local").unwrap();
    let keys = store.read().access_keys().unwrap();
    assert_eq!((keys[0].expires, &keys[0].streams), (Some(Timestamp(4_000)), &None));
}
