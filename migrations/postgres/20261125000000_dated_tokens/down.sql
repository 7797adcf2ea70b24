-- An older program serves again. It does not find the tokens that carry their second.
UPDATE schema_floor SET version = '20261123000000';
