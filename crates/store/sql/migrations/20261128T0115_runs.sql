-- Runs of consumers over windows; runs and windows can carry labels. An enum is dropped only when no table uses it, so
-- the labels are copied aside.
CREATE TEMP TABLE tags_before AS SELECT thing_kind::VARCHAR AS thing_kind, thing_id, name FROM tags;
DROP TABLE tags;
DROP TYPE thing_kind;
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
INSERT INTO tags SELECT thing_kind::thing_kind, thing_id, name FROM tags_before;
DROP TABLE tags_before;

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
