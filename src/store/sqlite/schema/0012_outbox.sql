-- The row of a PIN is its first message (seq 0) as well, until something is known of that:
-- a send writes one row, and what became of it the other.
ALTER TABLE pin ADD COLUMN channel INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pin ADD COLUMN lookup_wanted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pin ADD COLUMN tracked INTEGER NOT NULL DEFAULT 0;

-- One row: every PIN up to this one has its first message in `message`. A start looks at
-- those after it.
CREATE TABLE outbox (
	one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
	pin BLOB NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO outbox (one, pin) SELECT 1, coalesce(max(id), zeroblob(16)) FROM pin;

-- All messages. A time that is null is that of the PIN's id.
CREATE VIEW message_all AS
	SELECT pin, seq, channel, state, reason, created_at, updated_at, carrier,
		carrier_message_id, code, attempts, tries, lookup, lookup_at, status, error,
		done_at, reported_at
	FROM message
	UNION ALL
	SELECT p.id, 0, p.channel, 0, 0, NULL, NULL, NULL,
		NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL,
		NULL, NULL
	FROM pin p WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.pin = p.id AND m.seq = 0);
