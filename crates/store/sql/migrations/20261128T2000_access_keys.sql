-- Keys for the network, and what was done to them.

-- Keys that programs show over the network. The key itself is shown once, when it is made, and never kept.
CREATE TABLE access_keys (
    key_id VARCHAR PRIMARY KEY CHECK (octet_length(encode(key_id)) = 8), -- the part of the key that may be told
    name VARCHAR NOT NULL,              -- what people call it
    hash BLOB NOT NULL UNIQUE CHECK (octet_length(hash) = 32), -- BLAKE3 of the whole key, which is random enough to need no slow one
    scopes VARCHAR NOT NULL,            -- 'read', 'write', 'archive', 'admin', joined by commas
    streams VARCHAR,                    -- names of streams it is limited to, a line each, `*` at the end for all that begin so; NULL for all
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP,               -- from when on it is refused; NULL for never
    revoked_at TIMESTAMP,
    replaces VARCHAR,                   -- the key whose place it took
    used_at TIMESTAMP                   -- when it was used last, to about a minute
);

-- What was done to keys, and by whom. Rows are only added.
CREATE TABLE audit_log (
    done_at TIMESTAMP NOT NULL,
    actor VARCHAR NOT NULL,             -- the key that asked for it; 'local' for the owner of the store's files
    action VARCHAR NOT NULL,            -- 'key.create', 'key.rotate', 'key.revoke'
    object VARCHAR NOT NULL             -- the key it was done to
);
