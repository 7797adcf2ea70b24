-- Finds the records that are older than retention.consent_records.
CREATE INDEX consent_records_at ON consent_records (at);
