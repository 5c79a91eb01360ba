-- The whole current schema of a store: every table and column, and the rules they keep.
--
-- Conventions
-- * A row is a fact unless its table says "derived". Facts are appended; a correction is a new fact.
-- * Ids are 128 bits (48 bits of the thing's own time in milliseconds, then 80 bits of hash), stored as UUID, which
--   DuckDB orders as unsigned big-endian: ids of one kind sort by time, and Parquet keeps them exact.
--   `id_text` below gives the form that `lichen get` takes.
-- * Times are TIMESTAMP in UTC, whole milliseconds; `*_offset` is the minutes east of UTC of the clock they were
--   read from.
-- * Paths are text; where a path is not UTF-8, its bytes stand in `*_raw` and the text has U+FFFD for the odd ones.
-- * Small tables declare PRIMARY KEY and UNIQUE. Big ones (marked "big") carry no index at all: DuckDB keeps such
--   indexes in memory, slows every append by them, and has lost rows of them after a crash. Rows are appended in
--   the order of their ids as far as the source allows, and block statistics prune look-ups. Their rules are
--   stated as "Invariant" and checked by `lichen doctor`.
-- * Ids and long texts of big tables are stored uncompressed: bit-packing random 128-bit values saves nothing, and
--   unpacking it was the greater part of every look-up.
-- * Everything can be expressed in DuckLake (lists, not arrays; enums as text).

-- Forward steps that this file has gone through.
CREATE TABLE schema_migrations (
    name VARCHAR PRIMARY KEY -- file name of the step without its ending; sorts by time
);

-- Git repositories and plain folders.
CREATE TABLE repos (
    repo_id UUID PRIMARY KEY,           -- from `key`
    key VARCHAR NOT NULL UNIQUE,        -- where it stands, seen from the store: '.', or a path
    name VARCHAR NOT NULL,              -- a short name for people
    object_format VARCHAR CHECK (object_format IN ('sha1', 'sha256')), -- NULL for a folder without git
    shallow BOOLEAN NOT NULL            -- whether history is cut
);

-- People as commits name them.
CREATE TABLE people (
    person_id UUID PRIMARY KEY,         -- from name and address
    name VARCHAR NOT NULL,              -- as recorded
    email VARCHAR NOT NULL,             -- as recorded
    canonical_id UUID NOT NULL          -- who it is after the mailmap; itself where that says nothing
);

-- Commits. Big.
-- Invariant: `commit_id` is unique and derived from `oid` and `committed_at`.
CREATE TABLE git_commits (
    commit_id UUID NOT NULL USING COMPRESSION uncompressed,
    repo_id UUID NOT NULL,              -- the repository it was first read from
    oid BLOB NOT NULL CHECK (octet_length(oid) IN (20, 32)),
    tree BLOB NOT NULL,
    author_id UUID NOT NULL,            -- people, as recorded
    authored_at TIMESTAMP NOT NULL,
    authored_offset SMALLINT NOT NULL,
    committer_id UUID NOT NULL,         -- people, as recorded
    committed_at TIMESTAMP NOT NULL,
    committed_offset SMALLINT NOT NULL,
    message VARCHAR NOT NULL USING COMPRESSION uncompressed, -- whole, verbatim
    boundary BOOLEAN NOT NULL,          -- its parents are missing because the clone is shallow
    changes_known BOOLEAN NOT NULL      -- false where trees were missing; then it has no rows in file_changes
);

-- Parents of commits. Big.
-- Invariant: (`commit_id`, `ord`) is unique, `ord` runs from 0, the commit exists. The parent itself need not.
CREATE TABLE commit_parents (
    commit_id UUID NOT NULL USING COMPRESSION uncompressed,
    ord USMALLINT NOT NULL,             -- place among the parents, from 0
    parent_oid BLOB NOT NULL
);

CREATE TYPE change_status AS ENUM ('added', 'modified', 'deleted', 'renamed', 'type_changed');

-- Paths that commits changed, against the first parent; for a merge only those that differ from every parent. Big.
-- Invariant: (`commit_id`, `ord`) is unique, `ord` runs from 0, the commit exists.
CREATE TABLE file_changes (
    commit_id UUID NOT NULL USING COMPRESSION uncompressed,
    ord UINTEGER NOT NULL,              -- place among the commit's changes, from 0
    parent USMALLINT NOT NULL,          -- which parent it was compared with
    path VARCHAR NOT NULL,              -- after the commit, or before it for a deletion
    path_raw BLOB,                      -- where `path` is not UTF-8
    old_path VARCHAR,                   -- before a rename
    old_path_raw BLOB,                  -- where `old_path` is not UTF-8
    status change_status NOT NULL,
    old_oid BLOB,                       -- the entry before, where there was one
    new_oid BLOB,                       -- the entry after, where there is one
    old_mode UINTEGER NOT NULL,         -- as git's octal modes; 0 where there was none
    new_mode UINTEGER NOT NULL          -- 57344 (octal 160000) is a submodule
);

CREATE TYPE ref_kind AS ENUM ('branch', 'tag', 'remote', 'head', 'other');

-- Refs of repositories.
CREATE TABLE git_refs (
    ref_id UUID PRIMARY KEY,            -- from repository and name
    repo_id UUID NOT NULL,
    name VARCHAR NOT NULL,              -- in full: 'refs/heads/main'
    kind ref_kind NOT NULL
);

-- Where refs were seen to point; a row only where that differs from the row before.
-- Invariant: (`ref_id`, `ord`) is unique, `ord` runs from 0, the ref exists.
CREATE TABLE git_ref_events (
    ref_id UUID NOT NULL,
    ord UINTEGER NOT NULL,              -- place in the ref's history, from 0; the last is the present
    target BLOB,                        -- the commit, tags peeled; NULL when gone or pointing to none
    symbolic VARCHAR,                   -- the ref it names, where it is symbolic
    seen_at TIMESTAMP NOT NULL          -- when it was first seen so
);

CREATE TYPE document_kind AS ENUM ('markdown', 'rst', 'text', 'code', 'notebook');

-- Documents: texts with a home.
CREATE TABLE documents (
    document_id UUID PRIMARY KEY,       -- from repository and path
    repo_id UUID NOT NULL,
    path VARCHAR NOT NULL,              -- in the repository
    path_raw BLOB,                      -- where `path` is not UTF-8
    kind document_kind NOT NULL,
    language VARCHAR                    -- 'rust', 'python', ... for code
);

-- Texts that documents had. Big.
-- Invariant: `version_id` is unique and derived from document, previous version and text hash; (`document_id`, `ord`)
-- is unique, `ord` runs from 0, `previous_id` is the version of `ord` - 1; the document exists; `text_hash` is the
-- hash of `text`, zero where `text` is NULL.
CREATE TABLE document_versions (
    version_id UUID NOT NULL USING COMPRESSION uncompressed,
    document_id UUID NOT NULL USING COMPRESSION uncompressed,
    ord UINTEGER NOT NULL,              -- place in the document's history, from 0; the last is the current one
    previous_id UUID,                   -- NULL for the first
    text VARCHAR USING COMPRESSION uncompressed, -- NULL says that the document is gone
    text_hash UUID NOT NULL USING COMPRESSION uncompressed,
    title VARCHAR NOT NULL,             -- the first heading, or the file's name
    meta VARCHAR NOT NULL,              -- front matter as a JSON object; '' for none
    seen_at TIMESTAMP NOT NULL          -- when it was first seen so
);

CREATE TYPE stream_kind AS ENUM ('chat', 'agent');

-- Ordered sources of messages.
CREATE TABLE streams (
    stream_id UUID PRIMARY KEY,         -- from source and name
    source VARCHAR NOT NULL,            -- 'jsonl', 'claude-code', ...
    name VARCHAR NOT NULL,              -- its name there: a channel, a session's id
    kind stream_kind NOT NULL,
    title VARCHAR NOT NULL              -- for people; '' where the source has none
);

CREATE TYPE message_role AS ENUM ('user', 'assistant', 'tool', 'system', 'thinking');

-- Utterances. Big.
-- A message that was sent before one that had arrived in its stream already is late. The others lie in the order of
-- arrival and of time at once, and their running sums (`place`, `cum_bytes`, `cum_tokens`) never change, so that windows
-- are cut by a search over sums; a late one carries the sums of the timely message that it follows.
-- Order of a stream: by `place`, the timely one first, then late ones by `sent_at` and `ordinal`.
-- Invariant: `message_id` is unique and derived from the stream and the message's own id (or author, text and
-- place among equals) at `sent_at`, for an edit or deletion from what it replaces; the stream exists; within a stream
-- `ordinal` runs from 0, `byte_len` is the length of `text`; `late`, `place` and the sums are as said.
CREATE TABLE messages (
    message_id UUID NOT NULL USING COMPRESSION uncompressed,
    stream_id UUID NOT NULL USING COMPRESSION uncompressed,
    ordinal BIGINT NOT NULL,            -- place in the stream in the order of arrival, from 0
    external_id VARCHAR NOT NULL,       -- its id at the source; '' for none
    author VARCHAR NOT NULL,            -- '' where unknown
    role message_role NOT NULL,
    sent_at TIMESTAMP NOT NULL,
    sent_offset SMALLINT NOT NULL,
    text VARCHAR NOT NULL USING COMPRESSION uncompressed, -- verbatim, but for secrets
    byte_len UINTEGER NOT NULL,         -- UTF-8 bytes of `text`
    tokens UINTEGER,                    -- tokens of `text` as the built-in tokenizer counts; NULL where not counted yet
    late BOOLEAN NOT NULL,              -- sent before a message of the stream that had arrived already
    place BIGINT NOT NULL,              -- place among the timely ones, from 0; of the one it follows, or -1, where late
    cum_bytes BIGINT NOT NULL,          -- bytes of the timely ones up to `place`
    cum_tokens BIGINT,                  -- tokens of the timely ones up to `place`; NULL where one is not counted yet
    reply_to UUID,                      -- the message it answers, which need not be here
    replaces UUID,                      -- the message of the stream it takes the place of, as an edit or a deletion
    meta VARCHAR NOT NULL               -- further fields as a JSON object; '' for none
);

-- What agents' messages did with tools. Big.
-- Invariant: `tool_call_id` is unique and derived from message and `ord`, which runs from 0; the message exists.
CREATE TABLE tool_calls (
    tool_call_id UUID NOT NULL USING COMPRESSION uncompressed,
    message_id UUID NOT NULL USING COMPRESSION uncompressed,
    ord UINTEGER NOT NULL,              -- place in the message, from 0
    external_id VARCHAR NOT NULL,       -- the call's id at the source
    tool VARCHAR NOT NULL,              -- 'Edit', 'Bash', ...
    paths VARCHAR[] NOT NULL,           -- files it names
    command VARCHAR,                    -- for a shell
    patch VARCHAR,                      -- a unified diff, for an edit
    input VARCHAR NOT NULL              -- all arguments as JSON, verbatim
);

CREATE TYPE passage_kind AS ENUM ('chat', 'agent', 'doc', 'code', 'commit', 'thinking');
CREATE TYPE owner_kind AS ENUM ('commit', 'message', 'version');

-- Spans of the texts of commits, messages and document versions: what is embedded and retrieved. Big. Derived: they
-- can be cut again from their owners; kept so that every answer cites the same spans.
-- Invariant: `seq` is 0, 1, 2, ... in the order of rows; it is the document number of the indexes, whose watermark
-- is the number of passages. `passage_id` is unique and derived from owner and `ord`, which runs from 0 within the
-- owner; the owner exists; the span lies in the owner's text, on character boundaries; `text_hash` is the hash of
-- that span.
CREATE TABLE passages (
    seq BIGINT NOT NULL,
    passage_id UUID NOT NULL USING COMPRESSION uncompressed,
    kind passage_kind NOT NULL,
    owner_kind owner_kind NOT NULL,     -- which table holds the owner
    owner_id UUID NOT NULL USING COMPRESSION uncompressed, -- commit_id, message_id or version_id
    ord UINTEGER NOT NULL,              -- place among the owner's passages, from 0
    start_byte UINTEGER NOT NULL,       -- in the UTF-8 form of the owner's text
    end_byte UINTEGER NOT NULL CHECK (end_byte >= start_byte),
    line UINTEGER NOT NULL,             -- first line in the owner's text, from 1
    context VARCHAR NOT NULL,           -- words that place the text: author, path, headings
    text_hash UUID NOT NULL USING COMPRESSION uncompressed
);

CREATE TYPE thing_kind AS ENUM (
    'commit', 'document', 'message', 'passage', 'person', 'ref', 'repo', 'run', 'stream', 'tool_call', 'version', 'window'
);

-- Free labels on things.
CREATE TABLE tags (
    thing_kind thing_kind NOT NULL,     -- which table holds the thing
    thing_id UUID NOT NULL,
    name VARCHAR NOT NULL CHECK (trim(name) = name AND name <> ''),
    PRIMARY KEY (thing_kind, thing_id, name)
);

CREATE TYPE run_outcome AS ENUM ('done', 'failed', 'split');

-- Attempts of consumers at windows, as they were claimed.
-- Invariant: `run_id` is derived from consumer, signature, window, attempt and `claimed_at`, `window_id` from the stream
-- and all that says where the window lies; the stream exists; attempts at a window run from 1, and each but the last had
-- failed or expired before the next was claimed.
CREATE TABLE runs (
    run_id UUID PRIMARY KEY,
    consumer VARCHAR NOT NULL CHECK (trim(consumer) = consumer AND consumer <> ''),
    signature VARCHAR NOT NULL,         -- what the consumer processes with; '' for none
    window_id UUID NOT NULL,
    stream_id UUID NOT NULL,
    first_place BIGINT NOT NULL,        -- where the window's first message stands: `messages.place`
    first_late UINTEGER NOT NULL,       -- 0 for the timely one, then 1, 2, ... for late ones after it
    last_place BIGINT NOT NULL,         -- where its last message stands
    last_late UINTEGER NOT NULL,
    late UINTEGER NOT NULL,             -- late messages at these places: with more, it is another window
    replaced UINTEGER NOT NULL,         -- messages at these places that others took the place of: likewise
    start_byte UINTEGER,                -- where it is a part of one message: of that message's text
    end_byte UINTEGER CHECK ((start_byte IS NULL) = (end_byte IS NULL)),
    attempt UINTEGER NOT NULL CHECK (attempt > 0), -- the consumer's attempts at the window, this one included
    claimed_at TIMESTAMP NOT NULL,
    lease_until TIMESTAMP NOT NULL,     -- until when nobody else may claim the window
    UNIQUE (window_id, consumer, signature, attempt),
    CHECK ((first_place, first_late) <= (last_place, last_late)),
    CHECK (lease_until > claimed_at)
);

-- How runs ended. A run without a row is claimed until its lease ends, and expired from then on.
-- Invariant: the run exists, and no later attempt at its window was claimed before it ended.
CREATE TABLE run_ends (
    run_id UUID PRIMARY KEY,
    ended_at TIMESTAMP NOT NULL,
    outcome run_outcome NOT NULL,
    reason VARCHAR NOT NULL,            -- why it failed
    CHECK (outcome = 'failed' OR reason = '')
);

-- What windows were split in that proved too large: offered to the consumer in the window's place.
-- Invariant: the run was split; `ord` runs from 0 to 1 at least; the parts lie in its window.
CREATE TABLE run_parts (
    run_id UUID NOT NULL,
    ord UINTEGER NOT NULL,              -- place among the parts, from 0
    window_id UUID NOT NULL,            -- as in runs, and so are the columns that follow
    first_place BIGINT NOT NULL,
    first_late UINTEGER NOT NULL,
    last_place BIGINT NOT NULL,
    last_late UINTEGER NOT NULL,
    late UINTEGER NOT NULL,
    replaced UINTEGER NOT NULL,
    start_byte UINTEGER,
    end_byte UINTEGER CHECK ((start_byte IS NULL) = (end_byte IS NULL)),
    PRIMARY KEY (run_id, ord)
);

-- Remote embedding models whose vectors are kept. The built-in model has no row: its vectors are derived state.
CREATE TABLE embedding_models (
    model_id INTEGER PRIMARY KEY,       -- from 1, in the order of arrival
    name VARCHAR NOT NULL UNIQUE,       -- endpoint and model
    dimensions INTEGER NOT NULL CHECK (dimensions > 0)
);

-- Vectors that were paid for, by the hash of the text that was embedded. Big.
-- Invariant: (`model_id`, `text_hash`) is unique, the model exists, `vector` has its dimensions.
CREATE TABLE embeddings (
    model_id INTEGER NOT NULL,
    text_hash UUID NOT NULL USING COMPRESSION uncompressed,
    vector FLOAT[] NOT NULL
);

-- How far sources have been read; written in the transaction that takes in what was read.
CREATE TABLE ingest_progress (
    source VARCHAR PRIMARY KEY,         -- 'git:.', 'jsonl:<path>', ...
    position VARCHAR NOT NULL           -- what the source's reader needs to go on
);

-- Texts that were purged, told apart without being kept: what is read again goes without them, purge by purge. `head`
-- and `hash` are made with keys that are derived from the store's `redaction.key`.
CREATE TABLE purged (
    purge UINTEGER NOT NULL,            -- which purge took it out, from 0
    byte_len UINTEGER NOT NULL CHECK (byte_len >= 6), -- UTF-8 bytes of the text
    head USMALLINT NOT NULL,            -- sixteen bits over its first six bytes, by which nearly every place is ruled out
    hash UUID NOT NULL UNIQUE,          -- the first half of a keyed BLAKE3 of it
    purged_at TIMESTAMP NOT NULL
);

-- The text form of an id: the kind's letter and 26 characters of Crockford's base32. Letters: c commit, d document,
-- m message, p passage, h person, b ref, r repository, x run, s stream, t tool call, v version, w window.
CREATE MACRO id_text(letter, id) AS letter || list_aggregate(
    list_transform(
        range(26),
        lambda i: substr(
            '0123456789abcdefghjkmnpqrstvwxyz',
            1 + ('0b' || substr('00' || id::BLOB::BIT::VARCHAR, (1 + 5 * i)::INTEGER, 5))::INTEGER,
            1
        )
    ),
    'string_agg',
    ''
);

-- Object ids as git prints them.
CREATE MACRO oid_text(oid) AS lower(hex(oid));

-- The current version of every document that is not gone.
CREATE VIEW current_documents AS
SELECT d.document_id, d.repo_id, d.path, d.kind, d.language, v.version_id, v.title, v.text, v.meta, v.seen_at
FROM documents AS d
JOIN (
    SELECT document_id, arg_max(version_id, ord) AS version_id FROM document_versions GROUP BY document_id
) AS latest ON latest.document_id = d.document_id
JOIN document_versions AS v ON v.version_id = latest.version_id
WHERE v.text IS NOT NULL;

-- Messages whose place another has taken: by an edit or a deletion, or by a later one of those.
CREATE VIEW replaced_messages AS
SELECT replaces AS message_id FROM messages WHERE replaces IS NOT NULL
UNION
SELECT message_id FROM messages WHERE replaces IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY replaces ORDER BY ordinal DESC) > 1;

-- Passages with the text they are spans of.
CREATE VIEW passage_texts AS
SELECT p.seq, p.passage_id, p.kind, p.owner_kind, p.owner_id, p.line, p.context,
    decode(encode(coalesce(m.text, c.message, v.text))[p.start_byte + 1 : p.end_byte]) AS text
FROM passages AS p
LEFT JOIN messages AS m ON p.owner_kind = 'message' AND m.message_id = p.owner_id
LEFT JOIN git_commits AS c ON p.owner_kind = 'commit' AND c.commit_id = p.owner_id
LEFT JOIN document_versions AS v ON p.owner_kind = 'version' AND v.version_id = p.owner_id;
