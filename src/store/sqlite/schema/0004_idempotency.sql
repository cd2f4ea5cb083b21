-- One row an idempotency key in its 24 hours (store/idempotency.h). Open, that is
-- without a status, until its answer is known; then it names the message by which the
-- answer is found after a crash.

CREATE TABLE idempotency (
	account BLOB NOT NULL,
	name BLOB NOT NULL,
	created_at INTEGER NOT NULL,
	-- the key in DIR/idempotency-keyring that the fingerprint was made with
	secret INTEGER NOT NULL,
	fingerprint BLOB NOT NULL,
	run INTEGER NOT NULL,
	pin BLOB,
	seq INTEGER,
	status INTEGER,
	body BLOB,
	PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_created ON idempotency (created_at);
