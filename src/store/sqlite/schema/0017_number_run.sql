-- The PINs of destinations of the last days, in runs of some hundred thousand that were
-- written one after the other (store/sqlite/number_index.h). What was there before is run 0.
ALTER TABLE destination_young RENAME TO destination_young_of_15;
CREATE TABLE destination_young (
	application BLOB NOT NULL,
	destination TEXT NOT NULL,
	pin BLOB NOT NULL,
	run INTEGER NOT NULL,
	PRIMARY KEY (run, application, destination, pin)
) STRICT, WITHOUT ROWID;

INSERT INTO destination_young (run, application, destination, pin)
	SELECT 0, application, destination, pin FROM destination_young_of_15
	ORDER BY application, destination, pin;
DROP TABLE destination_young_of_15;

-- A row for each run that is complete. What it has says nothing that the run does not say
-- too: a start is faster with it.
CREATE TABLE IF NOT EXISTS number_run (
	run INTEGER NOT NULL PRIMARY KEY,
	entries INTEGER NOT NULL,
	newest BLOB NOT NULL, -- no PIN of it is after this one
	filter BLOB NOT NULL -- which numbers it may have (number_filter.h)
) STRICT;
DELETE FROM number_run;
