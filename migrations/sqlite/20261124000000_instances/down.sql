DROP TABLE leases;
DROP TABLE schema_floor;
DROP TABLE schema_migrations;
