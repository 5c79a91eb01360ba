-- What was purged is recognised when it is read again.

-- Texts that were purged, told apart without being kept: what is read again goes without them, purge by purge. `head`
-- and `hash` are made with keys that are derived from the store's `redaction.key`.
CREATE TABLE purged (
    purge UINTEGER NOT NULL,            -- which purge took it out, from 0
    byte_len UINTEGER NOT NULL CHECK (byte_len >= 6), -- UTF-8 bytes of the text
    head USMALLINT NOT NULL,            -- sixteen bits over its first six bytes, by which nearly every place is ruled out
    hash UUID NOT NULL UNIQUE,          -- the first half of a keyed BLAKE3 of it
    purged_at TIMESTAMP NOT NULL
);
