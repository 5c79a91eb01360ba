//! Access keys: listed, made, put in another's place, revoked.

use lichen_engine::{
    AccessKey, Engine, Error as EngineError, Reader, Timestamp, format_date, printable,
};

use super::reply;
use crate::ask::{CreateKeyAsk, RotateKeyAsk};
use crate::memory::{Reply, Shape};
use crate::wire::{self, json, text};
use crate::{Result, access};

/// Rows of the audit log that are told.
const AUDIT_ROWS: usize = 1000;
/// What to do with a key.
const ONCE: &str = "this is the only time the key is shown: keep it where secrets are kept";

pub(super) fn list(reader: &Reader, shape: Shape) -> Result<Reply> {
    let (keys, now) = (reader.access_keys()?, reader.now());
    let shapes = || keys.iter().map(|key| wire::KeyShape::of(key, now)).collect();
    let shaped = || json(&wire::KeyPage { keys: shapes() });
    Ok(reply(shape, shaped, || text::lines(&keys, |key| line(key, now))))
}

pub(super) fn audit(reader: &Reader, shape: Shape) -> Result<Reply> {
    let entries = reader.audit_log(AUDIT_ROWS)?;
    let shapes = || entries.iter().map(Into::into).collect();
    let shaped = || json(&wire::AuditPage { entries: shapes() });
    let line = |entry: &lichen_engine::AuditEntry| {
        let at = lichen_engine::format_instant(entry.at);
        format!("{at}  {:<10}  {}  {}", entry.action, entry.object, entry.actor)
    };
    Ok(reply(shape, shaped, || text::lines(&entries, line)))
}

pub(super) fn create(
    engine: &mut Engine,
    ask: &CreateKeyAsk,
    shape: Shape,
    actor: &str,
) -> Result<Reply> {
    let reader = engine.read();
    let (now, expires) = (reader.now(), ask.expires(reader)?);
    let known = reader.access_keys()?;
    let (key, secret) =
        access::make(ask.name()?, ask.scopes()?, ask.limits()?, (now, expires), &known)
            .map_err(|source| EngineError::File { source })?;
    engine.add_access_key(&key, None, actor)?;
    Ok(made(&key, secret, now, shape))
}

pub(super) fn rotate(
    engine: &mut Engine,
    id: &str,
    ask: &RotateKeyAsk,
    shape: Shape,
    actor: &str,
) -> Result<Reply> {
    let (known, now) = (engine.read().access_keys()?, engine.read().now());
    let old = known.iter().find(|key| key.id == id && key.is_valid(now));
    let old = old.ok_or_else(|| EngineError::UnknownAccessKey { id: id.to_owned() })?;
    let (overlap, expires) = ask.ends(old, now)?;
    let (key, secret) =
        access::make(&old.name, old.scopes.clone(), old.streams.clone(), (now, expires), &known)
            .map_err(|source| EngineError::File { source })?;
    let key = AccessKey { replaces: Some(old.id.clone()), ..key };
    engine.add_access_key(&key, Some(overlap), actor)?;
    Ok(made(&key, secret, now, shape))
}

pub(super) fn revoke(engine: &mut Engine, id: &str, shape: Shape, actor: &str) -> Result<Reply> {
    engine.revoke_access_key(id, actor)?;
    let now = engine.read().now();
    let keys = engine.read().access_keys()?;
    let key = keys.iter().find(|key| key.id == id);
    let key = key.ok_or_else(|| EngineError::UnknownAccessKey { id: id.to_owned() })?;
    Ok(reply(shape, || json(&wire::KeyShape::of(key, now)), || line(key, now)))
}

/// A key that was made, with itself.
fn made(key: &AccessKey, secret: String, now: Timestamp, shape: Shape) -> Reply {
    let known = wire::KeyShape::of(key, now);
    let text = secret.clone();
    let written = reply(shape, || json(&wire::MadeKey { key: secret, known }), || text);
    Reply { notes: vec![line(key, now), ONCE.to_owned()], ..written }
}

fn line(key: &AccessKey, now: Timestamp) -> String {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.name()).collect();
    let day = |what: &str, at: Option<Timestamp>| {
        at.map_or_else(String::new, |at| format!("  {what} {}", format_date(at)))
    };
    let streams = key
        .streams
        .as_ref()
        .map_or_else(String::new, |limits| format!("  only {}", printable(&limits.0.join(", "))));
    format!(
        "{}  {:<8}  {:<16}  {}{streams}{}{}  since {}",
        key.id,
        wire::key_state(key, now),
        scopes.join(","),
        printable(&key.name),
        day("until", key.expires),
        day("used", key.used),
        format_date(key.created),
    )
}
