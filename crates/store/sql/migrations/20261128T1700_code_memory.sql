-- Code memory: what blobs define, what commits did to it, symbols through the history of a ref, and what texts say of
-- code. Symbols can carry labels. An enum is dropped only when no table uses it, so the labels are copied aside.
CREATE TEMP TABLE tags_before AS SELECT thing_kind::VARCHAR AS thing_kind, thing_id, name FROM tags;
DROP TABLE tags;
DROP TYPE thing_kind;
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
INSERT INTO tags SELECT thing_kind::thing_kind, thing_id, name FROM tags_before;
DROP TABLE tags_before;

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
