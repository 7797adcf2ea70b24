-- Many instances on one database. Adds only: no row that was there before is touched, so that the
-- previous version can still run beside this one.

-- Migrations from this one on. Those before are in __diesel_schema_migrations, whose unknown rows
-- earlier versions refuse: what is noted here they serve beside.
CREATE TABLE schema_migrations (
    version TEXT NOT NULL PRIMARY KEY,
    applied_at BIGINT NOT NULL DEFAULT (unixepoch())
);

-- One row: the oldest newest migration that a program may know and still serve on these tables. A
-- migration that takes away what older programs need raises it.
CREATE TABLE schema_floor (
    id BIGINT NOT NULL PRIMARY KEY,
    version TEXT NOT NULL
);
INSERT INTO schema_floor (id, version) VALUES (1, '20261123000000');

-- Which instance does the work of that name. fence grows with each new holder. A holder that stops
-- in good order leaves expires_at 0 and when it was done.
CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    fence BIGINT NOT NULL,
    renewed_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    done_at BIGINT
);
