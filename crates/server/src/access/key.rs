//! Access keys as text: `lichen_<id>_<secret>_<checksum>`, all hexadecimal digits.
//!
//! The word at the front is for programs that look for secrets that were published, the id for looking it up, the checksum tells a
//! mistyped key from a wrong one without asking the store.

use lichen_engine::{AccessKey, AccessScope, StreamLimits, Timestamp};

/// What opens every key.
const PREFIX: &str = "lichen";
/// Bytes of an id and of a secret.
const ID_BYTES: usize = 4;
const SECRET_BYTES: usize = 32;

/// Makes a key whose id none of `known` has: what the store keeps of it, and the key itself.
pub(crate) fn make(
    name: &str,
    scopes: Vec<AccessScope>,
    streams: Option<StreamLimits>,
    (now, expires): (Timestamp, Option<Timestamp>),
    known: &[AccessKey],
) -> std::io::Result<(AccessKey, String)> {
    let id = loop {
        let id = hex(&random::<ID_BYTES>()?);
        if known.iter().all(|key| key.id != id) {
            break id;
        }
    };
    let text = write(&id, &hex(&random::<SECRET_BYTES>()?));
    let key = AccessKey {
        id,
        name: name.to_owned(),
        hash: hash(&text),
        scopes,
        streams,
        created: now,
        expires,
        revoked: None,
        replaces: None,
        used: None,
    };
    Ok((key, text))
}

/// The id in a key; `None` where it is none, or was mistyped.
pub(super) fn id_of(text: &str) -> Option<&str> {
    let (body, sum) = text.rsplit_once('_')?;
    let mut parts = body.split('_');
    let (prefix, id, secret) = (parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, bytes: usize| {
        text.len() == 2 * bytes
            && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_key = parts.next().is_none()
        && prefix == PREFIX
        && is_hex(id, ID_BYTES)
        && is_hex(secret, SECRET_BYTES)
        && sum == checksum(body);
    is_key.then_some(id)
}

/// What the store keeps of a key. 256 random bits need no slow hash.
pub(super) fn hash(text: &str) -> [u8; 32] {
    *blake3::hash(text.as_bytes()).as_bytes()
}

fn write(id: &str, secret: &str) -> String {
    let body = format!("{PREFIX}_{id}_{secret}");
    let sum = checksum(&body);
    format!("{body}_{sum}")
}

fn checksum(body: &str) -> String {
    format!("{:08x}", crc32fast::hash(body.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string takes all that is written");
    }
    text
}

fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> (AccessKey, String) {
        make("x", vec![AccessScope::Read], None, (Timestamp(0), None), &[]).unwrap()
    }

    #[test]
    fn a_key_tells_its_id_and_no_mistyped_one_does() {
        let (key, text) = made();
        assert_eq!(id_of(&text), Some(key.id.as_str()));
        assert_eq!(key.hash, hash(&text));
        for at in 0..text.len() {
            let mut wrong = text.clone().into_bytes();
            wrong[at] = if wrong[at] == b'0' { b'1' } else { b'0' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert_eq!(id_of(&wrong), None, "{at}");
        }
        for wrong in
            ["", "lichen", "lichen___", &text[1..], &format!("{text}0"), &text.to_uppercase()]
        {
            assert_eq!(id_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn no_two_keys_are_alike() {
        let ((one, first), (other, second)) = (made(), made());
        assert_ne!(first, second);
        assert_ne!(one.id, other.id);
        assert!(!format!("{one:?}").contains(&first[16..80]));
    }
}
