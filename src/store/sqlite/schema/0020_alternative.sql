-- Other ways of a PIN to its person, for resends over other channels: a row for each
-- channel that the send named. A destination that is null is that of the PIN, a template
-- that is null too. A destination counts the PINs that name it as it counts its own.
CREATE TABLE IF NOT EXISTS alternative (
	pin BLOB NOT NULL,
	channel INTEGER NOT NULL,
	application BLOB NOT NULL,
	destination TEXT,
	template BLOB,
	PRIMARY KEY (pin, channel)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS alternative_destination ON alternative (application, destination, pin)
	WHERE destination IS NOT NULL;
