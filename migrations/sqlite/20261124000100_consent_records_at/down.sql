DROP INDEX consent_records_at;
