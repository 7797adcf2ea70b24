-- From this migration on programs find codes, refresh tokens and opaque access tokens that carry the
-- second they are from. They make such tokens where the floor says that no older program reads the
-- database: here, if no server has ever used it. Elsewhere the next release raises the floor.
UPDATE schema_floor SET version = '20261125000000'
WHERE NOT EXISTS (SELECT 1 FROM data_keys) AND NOT EXISTS (SELECT 1 FROM signing_keys);
