-- Conversations: late messages find their place, edits replace, thinking is a role and a kind of passage of its own,
-- tokens are counted. The tables whose shape or enum changes go by Create-Copy-Swap; the copies are temporary because
-- an enum is dropped only when no table uses it.
DROP VIEW passage_texts;

CREATE TEMP TABLE messages_before AS
SELECT rowid AS row, message_id, stream_id, ordinal, external_id, author, role::VARCHAR AS role, sent_at, sent_offset,
    text, byte_len, NULL::UINTEGER AS tokens, reply_to, NULL::UUID AS replaces, meta
FROM messages;
DROP TABLE messages;
DROP TYPE message_role;
CREATE TYPE message_role AS ENUM ('user', 'assistant', 'tool', 'system', 'thinking');
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

INSERT INTO messages
WITH marked AS (
    SELECT *, coalesce(sent_at < max(sent_at) OVER before, false) AS late
    FROM messages_before
    WINDOW before AS (
        PARTITION BY stream_id ORDER BY ordinal ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
), timely AS (
    SELECT message_id, stream_id, sent_at, row_number() OVER so_far - 1 AS place,
        sum(byte_len) OVER so_far AS cum_bytes,
        CASE WHEN bool_and(tokens IS NOT NULL) OVER so_far THEN sum(tokens) OVER so_far END AS cum_tokens
    FROM marked WHERE NOT late
    WINDOW so_far AS (PARTITION BY stream_id ORDER BY ordinal ROWS UNBOUNDED PRECEDING)
), last_of_time AS (
    SELECT stream_id, sent_at, max(place) AS place, max(cum_bytes) AS cum_bytes,
        arg_max({'tokens': cum_tokens}, place).tokens AS cum_tokens
    FROM timely GROUP BY stream_id, sent_at
), placed AS (
    SELECT message_id, place, cum_bytes, cum_tokens FROM timely
    UNION ALL
    SELECT m.message_id, coalesce(t.place, -1), coalesce(t.cum_bytes, 0), CASE WHEN t.place IS NULL THEN 0 ELSE t.cum_tokens END
    FROM (SELECT message_id, stream_id, sent_at FROM marked WHERE late) AS m
    ASOF LEFT JOIN last_of_time AS t ON m.stream_id = t.stream_id AND m.sent_at >= t.sent_at
)
SELECT m.message_id, m.stream_id, m.ordinal, m.external_id, m.author, m.role, m.sent_at, m.sent_offset, m.text,
    m.byte_len, m.tokens, m.late, p.place, p.cum_bytes, p.cum_tokens, m.reply_to, m.replaces, m.meta
FROM marked AS m JOIN placed AS p USING (message_id)
ORDER BY m.row;
DROP TABLE messages_before;

CREATE TEMP TABLE passages_before AS SELECT * REPLACE (kind::VARCHAR AS kind), rowid AS row FROM passages;
DROP TABLE passages;
DROP TYPE passage_kind;
CREATE TYPE passage_kind AS ENUM ('chat', 'agent', 'doc', 'code', 'commit', 'thinking');
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
INSERT INTO passages SELECT * EXCLUDE (row) FROM passages_before ORDER BY row;
DROP TABLE passages_before;

-- Messages whose place another has taken: by an edit or a deletion, or by a later one of those.
CREATE VIEW replaced_messages AS
SELECT replaces AS message_id FROM messages WHERE replaces IS NOT NULL
UNION
SELECT message_id FROM messages WHERE replaces IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY replaces ORDER BY ordinal DESC) > 1;

CREATE VIEW passage_texts AS
SELECT p.seq, p.passage_id, p.kind, p.owner_kind, p.owner_id, p.line, p.context,
    decode(encode(coalesce(m.text, c.message, v.text))[p.start_byte + 1 : p.end_byte]) AS text
FROM passages AS p
LEFT JOIN messages AS m ON p.owner_kind = 'message' AND m.message_id = p.owner_id
LEFT JOIN git_commits AS c ON p.owner_kind = 'commit' AND c.commit_id = p.owner_id
LEFT JOIN document_versions AS v ON p.owner_kind = 'version' AND v.version_id = p.owner_id;
