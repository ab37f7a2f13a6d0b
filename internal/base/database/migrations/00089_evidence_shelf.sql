-- +goose Up
-- How many versions were redacted is counted at each look at the list.
CREATE INDEX evidence_version_redacted ON evidence_version (evidence_id) WHERE redacted_by <> '';
