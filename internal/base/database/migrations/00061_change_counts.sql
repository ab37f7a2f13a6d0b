-- +goose Up
-- Counts of every answer are read from this alone.
CREATE INDEX change_item_counts ON change_item (kind, withdrawn, outcome, route, requested, tested, approved, accepted, segregated, deployed, merged, intact);
