-- +goose Up
-- What the counts beside verdicts are made from, without reading a group.
DROP INDEX integrity_group_tally;
CREATE INDEX integrity_group_tally ON integrity_group (verdict, last_at, n);
