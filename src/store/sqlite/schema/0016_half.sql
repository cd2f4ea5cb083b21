-- Messages in several parts of which some were reported delivered and others not yet; a
-- row goes when its message has been looked at after the newest of those receipts is old.
CREATE TABLE IF NOT EXISTS message_half (
	pin BLOB NOT NULL,
	seq INTEGER NOT NULL,
	at INTEGER NOT NULL, -- when the newest receipt of a part came
	done_at INTEGER, -- as that says
	PRIMARY KEY (pin, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS message_half_at ON message_half (at);
