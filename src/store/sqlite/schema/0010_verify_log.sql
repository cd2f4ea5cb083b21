-- The verify requests of a destination stand in its newest PIN row (twofa/verify_log.h):
-- a request writes no row of its own.
ALTER TABLE pin ADD COLUMN verifies BLOB;
DROP TABLE verify_log;
