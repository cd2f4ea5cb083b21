-- The first schema. Ids are 16 octets (twofa/ident.h), times are milliseconds since 1970.
-- Tables without rowid: the primary key is the place of the row.

CREATE TABLE meta (
	name TEXT NOT NULL PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
	id BLOB NOT NULL PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Only the BLAKE2b-256 of a key is kept.
CREATE TABLE api_key (
	hash BLOB NOT NULL PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	account BLOB NOT NULL,
	name TEXT NOT NULL,
	scopes INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE application (
	account BLOB NOT NULL,
	id BLOB NOT NULL,
	name TEXT NOT NULL,
	enabled INTEGER NOT NULL,
	process BLOB NOT NULL,
	v1_texts INTEGER NOT NULL,
	pin_attempts INTEGER NOT NULL,
	allow_multiple INTEGER NOT NULL,
	pin_ttl TEXT NOT NULL,
	verify_limit TEXT NOT NULL,
	send_application_limit TEXT NOT NULL,
	send_phone_limit TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE template (
	account BLOB NOT NULL,
	application BLOB NOT NULL,
	id BLOB NOT NULL,
	pin_type INTEGER NOT NULL,
	pin_length INTEGER NOT NULL,
	text TEXT NOT NULL,
	placeholder TEXT NOT NULL,
	sender TEXT,
	language TEXT,
	voice_name TEXT,
	repeat_dtmf TEXT,
	speech_rate REAL,
	dlt_entity TEXT,
	dlt_template TEXT,
	dlt_telemarketer TEXT,
	v1_sender INTEGER NOT NULL,
	PRIMARY KEY (account, application, id)
) STRICT, WITHOUT ROWID;

-- No PIN: what it is computed from, less the key (twofa/pin.h). What the
-- application said when the PIN was made stays with it.
CREATE TABLE pin (
	id BLOB NOT NULL PRIMARY KEY,
	account BLOB NOT NULL,
	application BLOB NOT NULL,
	template BLOB NOT NULL,
	destination TEXT NOT NULL,
	salt BLOB NOT NULL,
	generation INTEGER NOT NULL,
	key_id INTEGER NOT NULL,
	pin_type INTEGER NOT NULL,
	pin_length INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	attempts_max INTEGER NOT NULL,
	multiple INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	verified_at INTEGER,
	-- what a resend repeats
	sender TEXT,
	placeholders TEXT
) STRICT, WITHOUT ROWID;

-- The log of the limit per destination, and the list of verifications. The key of
-- the row, which carries the time, is the index's last column.
CREATE INDEX pin_destination ON pin (application, destination);

-- One row a message of a PIN: 0 the send, then the resends. State and reason are
-- the numbers of twofa/message.h.
CREATE TABLE message (
	pin BLOB NOT NULL,
	seq INTEGER NOT NULL,
	channel INTEGER NOT NULL,
	state INTEGER NOT NULL,
	reason INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL,
	carrier TEXT,
	carrier_message_id TEXT,
	code INTEGER,
	attempts INTEGER NOT NULL,
	placeholders TEXT,
	PRIMARY KEY (pin, seq)
) STRICT, WITHOUT ROWID;

-- What a start has to look at: messages whose fate is open.
CREATE INDEX message_open ON message (pin, seq) WHERE state < 2;

-- The log of verifyPinLimit and of the strict profile's failure budget.
CREATE TABLE verify_log (
	application BLOB NOT NULL,
	destination TEXT NOT NULL,
	at INTEGER NOT NULL,
	tie INTEGER NOT NULL,
	failed INTEGER NOT NULL,
	PRIMARY KEY (application, destination, at, tie)
) STRICT, WITHOUT ROWID;

-- The ring of sendPinPerApplicationLimit (twofa/limit.h).
CREATE TABLE application_usage (
	application BLOB NOT NULL PRIMARY KEY,
	ring BLOB NOT NULL
) STRICT, WITHOUT ROWID;
