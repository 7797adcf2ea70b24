-- Many instances on one database. Adds only: no row that was there before is touched, so that the
-- previous version can still run beside this one.

-- Migrations from this one on. Those before are in __diesel_schema_migrations, whose unknown rows
-- earlier versions refuse: what is noted here they serve beside.
CREATE TABLE schema_migrations (
    version TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    applied_at BIGINT NOT NULL DEFAULT (EXTRACT(EPOCH FROM now())::BIGINT)
);

-- One row: the oldest newest migration that a program may know and still serve on these tables. A
-- migration that takes away what older programs need raises it.
CREATE TABLE schema_floor (
    id BIGINT NOT NULL PRIMARY KEY,
    version TEXT COLLATE "C" NOT NULL
);
INSERT INTO schema_floor (id, version) VALUES (1, '20261123000000');

-- Which instance does the work of that name. fence grows with each new holder. A holder that stops
-- in good order leaves expires_at 0 and when it was done.
CREATE TABLE leases (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    fence BIGINT NOT NULL,
    renewed_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    done_at BIGINT
);

-- Tables where rows come and go all the time are cleaned early and often, a little each time: at the
-- default of a fifth of the table, millions of dead rows would slow every look-up of the living.
ALTER TABLE refresh_tokens SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE opaque_access_tokens SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE grants SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE browser_sessions SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE revoked_tokens SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
ALTER TABLE client_assertions SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
ALTER TABLE guesses SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
ALTER TABLE logout_deliveries SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
-- The same, with room on each page for the new version of a row whose change touches no index: it
-- stays on its page, and no index grows.
ALTER TABLE authorization_codes SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
ALTER TABLE interactions SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
