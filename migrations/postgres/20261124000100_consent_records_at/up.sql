-- Finds the records that are older than retention.consent_records. Built beside the traffic.
CREATE INDEX CONCURRENTLY IF NOT EXISTS consent_records_at ON consent_records (at);
