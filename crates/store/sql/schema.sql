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
    'commit', 'document', 'message', 'passage', 'person', 'ref', 'repo', 'run', 'stream', 'symbol', 'tool_call', 'version',
    'window'
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

-- Paths of files that code memory speaks of, those that are gone included. Big.
-- Invariant: `path_id` runs from 0; a path stands here once.
CREATE TABLE paths (
    path_id UINTEGER NOT NULL,
    path VARCHAR NOT NULL,
    path_raw BLOB                       -- where `path` is not UTF-8
);

CREATE TYPE extraction_status AS ENUM (
    'ok', 'has_error', 'timeout', 'crashed', 'too_large', 'too_deep', 'binary', 'generated', 'lfs_pointer', 'unsupported',
    'missing'
);

-- Texts of files whose symbols were read, or could not be. The same bytes stand here once for each way in which names of
-- files have them read. Derived: it can be read again from the repository. Big.
-- Invariant: `blob_id` runs from 0; (`oid`, `read_as`) is unique; where `kept`, blob_symbols has `symbols` rows of it, else none.
CREATE TABLE blobs (
    blob_id UINTEGER NOT NULL,
    oid BLOB NOT NULL USING COMPRESSION uncompressed,
    read_as VARCHAR NOT NULL,           -- the language that the file's name says; 'header' and 'script' where the text has to say
    language VARCHAR,                   -- the language it was read as; NULL where it was not read
    status extraction_status NOT NULL,  -- 'crashed' and 'timeout' are never tried again by the same extractor
    encoding VARCHAR NOT NULL,          -- 'utf-8', 'utf-16le', 'utf-16be', 'other'
    lines UINTEGER NOT NULL,            -- 0 for what is no text
    symbols UINTEGER NOT NULL,          -- how many it defines
    kept BOOLEAN NOT NULL,              -- whether they stand in blob_symbols
    extractor USMALLINT NOT NULL        -- version of the extractor that read it
);

CREATE TYPE symbol_kind AS ENUM (
    'module', 'class', 'struct', 'union', 'enum', 'interface', 'trait', 'annotation', 'object', 'extension', 'type',
    'function', 'method', 'constructor', 'macro', 'constant', 'variable', 'field', 'variant', 'test', 'section'
);

-- What tells a symbol from the others of its blob. Derived. Big.
-- Invariant: `key_id` runs from 0; all other columns together are unique.
CREATE TABLE symbol_keys (
    key_id UINTEGER NOT NULL,
    language VARCHAR NOT NULL,
    kind symbol_kind NOT NULL,
    qualified_name VARCHAR NOT NULL,    -- what it stands in and its name, joined by dots
    name VARCHAR NOT NULL,
    signature VARCHAR NOT NULL,         -- the declaration on one line, verbatim but for secrets
    duplicate UINTEGER NOT NULL         -- counts symbols of a blob that say the same of themselves, from 0
);

-- What symbols say, without where: two symbols of one body have equal texts and equal documentation. Derived. Big.
-- Invariant: `body_id` runs from 0; the five hashes together are unique.
CREATE TABLE symbol_bodies (
    body_id UINTEGER NOT NULL,
    raw_hash UUID NOT NULL USING COMPRESSION uncompressed, -- of the bytes
    norm_hash UUID NOT NULL USING COMPRESSION uncompressed, -- of the syntax: neither layout nor comments count
    anon_hash UUID NOT NULL USING COMPRESSION uncompressed, -- likewise, with the symbol's own name masked
    own_hash UUID NOT NULL USING COMPRESSION uncompressed, -- likewise, without the symbols in it
    doc_hash UUID NOT NULL,             -- of the words of its documentation; zero for none
    tokens UINTEGER NOT NULL,           -- words and marks
    lines UINTEGER NOT NULL,            -- without documentation
    sketch BLOB USING COMPRESSION uncompressed -- which words, to estimate how alike two are; NULL where it is not kept
);

-- Where symbols stand in blobs: of the blobs that are `kept`. Derived. Big, sorted by `blob_id`.
-- Invariant: (`blob_id`, `ord`) is unique, `ord` runs from 0 in the order of starts, containers first; blob, key and body
-- exist; `parent` is less than `ord`. Bytes and lines are of the whole symbol: documentation, attributes, definition.
CREATE TABLE blob_symbols (
    blob_id UINTEGER NOT NULL,
    ord UINTEGER NOT NULL,              -- place among the blob's symbols
    parent UINTEGER,                    -- place of the symbol that it stands in
    key_id UINTEGER NOT NULL,
    body_id UINTEGER NOT NULL,
    start_byte UINTEGER NOT NULL,
    end_byte UINTEGER NOT NULL,         -- the byte behind the last
    start_line UINTEGER NOT NULL,       -- from 1
    end_line UINTEGER NOT NULL,         -- the line of the last byte
    definition_start_byte UINTEGER NOT NULL, -- the definition alone
    definition_end_byte UINTEGER NOT NULL,
    definition_start_line UINTEGER NOT NULL,
    definition_end_line UINTEGER NOT NULL,
    doc_start_byte UINTEGER,            -- its documentation; NULL for none
    doc_end_byte UINTEGER,
    doc_start_line UINTEGER,
    doc_end_line UINTEGER,
    name_line UINTEGER NOT NULL,        -- where its name stands, from 1
    name_column UINTEGER NOT NULL,      -- byte in that line, from 1
    is_test BOOLEAN NOT NULL            -- whether it is a test, or stands in one
);

-- Commits whose changes of symbols are known. Derived. Big.
-- Invariant: `commit_id` is unique; the commit exists.
CREATE TABLE indexed_commits (
    commit_id UUID NOT NULL USING COMPRESSION uncompressed,
    boundary BOOLEAN NOT NULL           -- it was compared with nothing, because history is cut there
);

CREATE TYPE symbol_match AS ENUM ('none', 'key', 'body', 'norm', 'anon', 'similarity');

-- What commits did to symbols, against the first parent; for a merge only what differs from every parent. Derived. Big.
-- `changes` is a set of bits: `change_words` names them.
-- Invariant: (`commit_id`, `ord`) is unique, `ord` runs from 0; the commit is in indexed_commits; paths, blobs, keys and
-- bodies exist; a side is there as a whole or not at all, and one side is there at least.
CREATE TABLE symbol_changes (
    commit_id UUID NOT NULL,
    ord UINTEGER NOT NULL,              -- place among the commit's changes of symbols, from 0
    old_path_id UINTEGER,               -- where it stood; NULL for one that came, unless it was made from another
    old_blob_id UINTEGER,
    old_ord UINTEGER,                   -- its place among the blob's symbols
    old_key_id UINTEGER,
    old_body_id UINTEGER,
    new_path_id UINTEGER,               -- where it stands; NULL for one that went
    new_blob_id UINTEGER,
    new_ord UINTEGER,
    new_key_id UINTEGER,
    new_body_id UINTEGER,
    changes USMALLINT NOT NULL,
    method symbol_match NOT NULL,       -- what shows that both are one symbol
    score REAL NOT NULL                 -- how surely, up to 1; of one that came, how surely it is new
);

-- First parents of refs whose symbols are followed. Derived. Big.
-- Invariant: (`ref_id`, `pos`) is unique, `pos` runs from 0; a commit stands once in a ref; the commit and the ref exist.
CREATE TABLE ref_chain (
    ref_id UUID NOT NULL,
    pos UINTEGER NOT NULL,              -- the oldest is at 0, the last is what the ref points to
    commit_id UUID NOT NULL USING COMPRESSION uncompressed
);

-- Which position of a chain brought a commit: its own for those of the chain, that of the merge for others. Derived. Big.
-- Invariant: (`ref_id`, `commit_id`) is unique; the position exists; every commit of the chain is there at its own.
CREATE TABLE ref_commits (
    ref_id UUID NOT NULL,
    commit_id UUID NOT NULL USING COMPRESSION uncompressed,
    pos UINTEGER NOT NULL
);

-- Symbols through the history of a ref: what all their versions are versions of. Derived. Big.
-- Invariant: within a ref `symbol` runs from 0 in the order of `from_pos`; `symbol_id` is unique and derived from the ref,
-- `introduced_commit`, `first_path_id` and `first_ord`; commit, path and key exist; `predecessor` is another symbol of the ref.
CREATE TABLE code_symbols (
    ref_id UUID NOT NULL,
    symbol UINTEGER NOT NULL,           -- its number in the ref
    symbol_id UUID NOT NULL USING COMPRESSION uncompressed,
    first_key_id UINTEGER NOT NULL,     -- what it was called when it was first seen
    first_path_id UINTEGER NOT NULL,    -- where that was
    first_ord UINTEGER NOT NULL,        -- its place among the symbols of the text that was there
    from_pos UINTEGER NOT NULL,         -- the first position that has it
    introduced_commit UUID NOT NULL,    -- the commit that introduced it, or in which it was first seen
    introduced_confidence REAL NOT NULL, -- how surely it did not exist before; 0 where history begins with it
    predecessor UINTEGER                -- the symbol that it was copied or split from
);

-- From when to when symbols were what they were, along the first parents of a ref. What landed a version is the commit of
-- the chain at `from_pos`. Derived. Big.
-- Invariant: (`ref_id`, `symbol`, `from_pos`) is unique; versions of one symbol do not overlap; symbol, key, path, body,
-- commit and positions exist; of what is open, (`ref_id`, `path_id`, `key_id`) is unique.
CREATE TABLE symbol_versions (
    ref_id UUID NOT NULL,
    symbol UINTEGER NOT NULL,           -- code_symbols
    key_id UINTEGER NOT NULL,
    path_id UINTEGER NOT NULL,
    body_id UINTEGER NOT NULL,
    from_pos UINTEGER NOT NULL,         -- the first position that has it
    to_pos UINTEGER,                    -- the first position that has it no more; NULL while it is so
    origin_commit UUID NOT NULL,        -- the commit that made it so: that of the chain, or one that a merge brought
    changes USMALLINT NOT NULL,         -- as in symbol_changes
    method symbol_match NOT NULL,
    score REAL NOT NULL,
    CHECK (to_pos > from_pos)
);

-- From when to when paths had texts, along the first parents of a ref; only paths whose names say that they may have
-- symbols. Derived. Big.
-- Invariant: (`ref_id`, `path_id`, `from_pos`) is unique; texts of one path do not overlap; path and blobs exist.
CREATE TABLE file_versions (
    ref_id UUID NOT NULL,
    path_id UINTEGER NOT NULL,
    blob_id UINTEGER NOT NULL,          -- its text
    known_blob_id UINTEGER,             -- the text whose symbols it is taken to have: another where its own is unknown
    from_pos UINTEGER NOT NULL,
    to_pos UINTEGER,
    CHECK (to_pos > from_pos)
);

-- How far symbols are followed; written last in the transaction that brings them there. Derived.
CREATE TABLE symbol_index (
    ref_id UUID PRIMARY KEY,
    repo_id UUID NOT NULL,
    tip BLOB NOT NULL,                  -- object id of the last commit of the chain
    positions UINTEGER NOT NULL,        -- length of the chain
    symbols UINTEGER NOT NULL,          -- how many there ever were
    extractor USMALLINT NOT NULL,       -- version of the extractor; another one reads everything again
    matcher USMALLINT NOT NULL,         -- version of the rules by which symbols are matched; likewise
    finished_at TIMESTAMP NOT NULL
);

CREATE TYPE reference_source AS ENUM ('commit', 'message', 'version', 'tool_call');
CREATE TYPE reference_detector AS ENUM (
    'link', 'hunk', 'frame', 'path_line', 'path', 'commit', 'issue', 'symbol'
);
CREATE TYPE reference_kind AS ENUM ('path', 'lines', 'commit', 'issue', 'symbol', 'ref');
CREATE TYPE reference_status AS ENUM ('resolved', 'ambiguous', 'unresolved', 'foreign');
CREATE TYPE as_of_rule AS ENUM ('recorded', 'reflog', 'session', 'committed', 'none');

-- Places in texts that speak of code, and what of a repository they mean. Derived: they can be found and resolved again
-- from their sources and the repository. Big.
-- Invariant: (`source_kind`, `source_id`, `ord`) is unique, `ord` runs from 0; the source exists; the span lies in the
-- text that `field` names, on character boundaries, and says `raw`; what is named by an id exists.
CREATE TABLE code_references (
    source_kind reference_source NOT NULL, -- which table holds the text
    source_id UUID NOT NULL USING COMPRESSION uncompressed, -- commit_id, message_id, version_id or tool_call_id
    ord UINTEGER NOT NULL,              -- place among the source's references, from 0
    field VARCHAR NOT NULL,             -- '' for the text; of a tool call 'paths', 'command', 'patch' or 'input'
    start_byte UINTEGER NOT NULL,
    end_byte UINTEGER NOT NULL CHECK (end_byte >= start_byte),
    raw VARCHAR NOT NULL,               -- the words, verbatim
    detector reference_detector NOT NULL, -- what found it
    kind reference_kind NOT NULL,       -- what it names
    status reference_status NOT NULL,
    rule VARCHAR NOT NULL,              -- by which rule it was resolved, or why it was not
    candidate_count UINTEGER NOT NULL,  -- what it might mean, counted
    candidates VARCHAR[] NOT NULL,      -- some of them, for people: paths, names, object ids
    confidence REAL NOT NULL,           -- how surely it means what the columns below say
    repo_id UUID,                       -- the repository it speaks of
    as_of_commit UUID,                  -- the commit that was current when the text was written
    as_of_rule as_of_rule NOT NULL,     -- how that is known
    as_of_confidence REAL NOT NULL,
    path_id UINTEGER,                   -- the file
    first_line UINTEGER,                -- lines in it, from 1, both included
    last_line UINTEGER,
    commit_id UUID,                     -- the commit it names
    symbol_id UUID,                     -- the symbol it names, or that stands on its lines
    key_id UINTEGER,                    -- what that was called then
    issue UBIGINT,                      -- the number of an issue or a request
    permalink VARCHAR                   -- an address of what it means, where the commit is known to be pushed
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

-- The text form of an id: the kind's letter and 26 characters of Crockford's base32. Letters: c commit, d document,
-- m message, p passage, h person, b ref, r repository, x run, s stream, y symbol, t tool call, v version, w window.
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

-- The words for a set of changes of a symbol: `symbol_changes.changes`, `symbol_versions.changes`.
CREATE MACRO change_words(changes) AS list_transform(
    list_filter(range(14), lambda i: (changes::BIGINT >> i) & 1 = 1),
    lambda i: [
        'introduced', 'body', 'signature', 'doc', 'format', 'member', 'renamed', 'scope', 'moved', 'file_moved', 'copied',
        'split', 'deleted', 'boundary'
    ][i + 1]
);

-- Every version of every symbol that is followed, with what it was called, who landed it and who made it.
CREATE VIEW symbol_timeline AS
SELECT s.symbol_id, v.ref_id, v.symbol, k.language, k.kind, k.qualified_name, k.name, k.signature, p.path, v.from_pos,
    v.to_pos, change_words(v.changes) AS changes, v.method::VARCHAR AS method, v.score, l.commit_id AS landed_commit,
    v.origin_commit, c.committed_at AS origin_at, c.author_id AS origin_author
FROM symbol_versions AS v
JOIN code_symbols AS s ON s.ref_id = v.ref_id AND s.symbol = v.symbol
JOIN symbol_keys AS k ON k.key_id = v.key_id
JOIN paths AS p ON p.path_id = v.path_id
JOIN ref_chain AS l ON l.ref_id = v.ref_id AND l.pos = v.from_pos
JOIN git_commits AS c ON c.commit_id = v.origin_commit;

-- The symbols that are there at the tips of the refs that are followed, and on which lines.
CREATE VIEW live_symbols AS
SELECT s.symbol_id, v.ref_id, v.symbol, k.language, k.kind, k.qualified_name, k.name, k.signature, p.path, b.start_line,
    b.end_line, b.is_test, v.from_pos, v.origin_commit
FROM symbol_versions AS v
JOIN code_symbols AS s ON s.ref_id = v.ref_id AND s.symbol = v.symbol
JOIN symbol_keys AS k ON k.key_id = v.key_id
JOIN paths AS p ON p.path_id = v.path_id
LEFT JOIN file_versions AS f ON f.ref_id = v.ref_id AND f.path_id = v.path_id AND f.to_pos IS NULL
LEFT JOIN blob_symbols AS b ON b.blob_id = f.known_blob_id AND b.key_id = v.key_id
WHERE v.to_pos IS NULL;

-- Symbols by how often they were made what they are: where work goes on. Counted are versions in which the symbol's own text
-- changed, and not its layout or what stands in it.
CREATE VIEW hot_spots AS
SELECT l.symbol_id, l.ref_id, l.kind, l.qualified_name, l.path, l.start_line, count(*) AS changes,
    count(DISTINCT p.canonical_id) AS authors, min(c.committed_at) AS first_changed, max(c.committed_at) AS last_changed
FROM live_symbols AS l
JOIN symbol_versions AS v ON v.ref_id = l.ref_id AND v.symbol = l.symbol
JOIN git_commits AS c ON c.commit_id = v.origin_commit
JOIN people AS p ON p.person_id = c.author_id
WHERE v.changes & 15 <> 0
GROUP BY ALL;

-- Pairs of symbols that the same commits changed: `share` is the part of the changes of the one that changed less. Commits that
-- changed more than 30 symbols say nothing of that sort.
CREATE VIEW co_changes AS
WITH changed AS (
    SELECT DISTINCT v.ref_id, v.symbol, v.origin_commit FROM symbol_versions AS v WHERE v.changes & 15 <> 0
), few AS (
    SELECT ref_id, origin_commit FROM changed GROUP BY ALL HAVING count(*) BETWEEN 2 AND 30
), told AS (
    SELECT c.* FROM changed AS c JOIN few USING (ref_id, origin_commit)
), often AS (
    SELECT ref_id, symbol, count(*) AS commits FROM told GROUP BY ALL
), pairs AS (
    SELECT a.ref_id, a.symbol, b.symbol AS other, count(*) AS commits
    FROM told AS a
    JOIN told AS b ON b.ref_id = a.ref_id AND b.origin_commit = a.origin_commit AND b.symbol > a.symbol
    GROUP BY ALL
)
SELECT a.symbol_id, b.symbol_id AS other_id, a.ref_id, a.qualified_name, a.path, b.qualified_name AS other_name,
    b.path AS other_path, p.commits, p.commits / least(x.commits, y.commits) AS share
FROM pairs AS p
JOIN often AS x ON x.ref_id = p.ref_id AND x.symbol = p.symbol
JOIN often AS y ON y.ref_id = p.ref_id AND y.symbol = p.other
JOIN live_symbols AS a ON a.ref_id = p.ref_id AND a.symbol = p.symbol
JOIN live_symbols AS b ON b.ref_id = p.ref_id AND b.symbol = p.other;

-- Who made the symbols of a file what they are: how many are now as the person made them, and how many versions of those
-- that are there the person made in all.
CREATE VIEW ownership AS
SELECT l.ref_id, l.path, p.canonical_id AS person_id, any_value(n.name) AS name,
    count(DISTINCT l.symbol) FILTER (v.to_pos IS NULL) AS symbols, count(*) AS versions, max(c.committed_at) AS last_changed
FROM live_symbols AS l
JOIN symbol_versions AS v ON v.ref_id = l.ref_id AND v.symbol = l.symbol
JOIN git_commits AS c ON c.commit_id = v.origin_commit
JOIN people AS p ON p.person_id = c.author_id
JOIN people AS n ON n.person_id = p.canonical_id
GROUP BY l.ref_id, l.path, p.canonical_id;
