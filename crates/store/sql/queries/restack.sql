-- Computes anew, for every message, whether it is late and where it stands: after texts or token counts have changed.
-- `temp.messages_before` holds all messages as they are to be, with `row` as the order to keep.
DELETE FROM messages;
INSERT INTO messages
WITH marked AS (
    SELECT *, coalesce(sent_at < max(sent_at) OVER before, false) AS late
    FROM temp.messages_before
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
