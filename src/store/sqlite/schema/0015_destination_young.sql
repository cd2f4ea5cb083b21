-- The PINs of a destination of the last days, which is where limits look: a send does not
-- touch what years have left in destination_pin (store/recent.h).
CREATE TABLE destination_young (
	application BLOB NOT NULL,
	destination TEXT NOT NULL,
	pin BLOB NOT NULL,
	PRIMARY KEY (application, destination, pin)
) STRICT, WITHOUT ROWID;

-- One row: what stands in destination_pin is not after this PIN, and the logs of verifies
-- there have requests until this upgrade, in ms; the clock's mark is a second behind at most.
CREATE TABLE destination_aged (
	one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
	pin BLOB NOT NULL,
	upgraded_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO destination_aged (one, pin, upgraded_at)
	SELECT 1, coalesce(max(id), zeroblob(16)),
		coalesce((SELECT value + 1000 FROM meta WHERE name = 'clock_high_water'), 0)
	FROM pin;
