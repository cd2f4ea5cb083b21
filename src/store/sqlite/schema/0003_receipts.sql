-- What carriers report of messages: status and error are the numbers of
-- twofa/report.def, done_at is by the carrier's clock, reported_at by ours.
ALTER TABLE message ADD COLUMN status INTEGER;
ALTER TABLE message ADD COLUMN error INTEGER;
ALTER TABLE message ADD COLUMN done_at INTEGER;
ALTER TABLE message ADD COLUMN reported_at INTEGER;

-- Whose receipt it is. Only messages whose receipt may still come (3: accepted) have
-- a place in it, so that it stays small and the hot path pays for one insertion.
CREATE INDEX message_receipt ON message (carrier_message_id, carrier)
	WHERE state = 3 AND carrier_message_id IS NOT NULL;

-- Receipts that fit no message yet: they come before the response to their submit, or
-- before its outcome is written. Bounded in number and age.
CREATE TABLE receipt_held (
	id INTEGER PRIMARY KEY,
	carrier TEXT NOT NULL,
	carrier_message_id TEXT NOT NULL,
	status INTEGER NOT NULL,
	error INTEGER NOT NULL,
	done_at INTEGER NOT NULL,
	at INTEGER NOT NULL
) STRICT;
