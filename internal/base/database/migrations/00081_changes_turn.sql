-- +goose Up
-- When time alone makes something of a repository another: 0 for never. Between
-- that and what is new nothing is derived.
ALTER TABLE change_repository ADD COLUMN turns_at BIGINT NOT NULL DEFAULT 0;
UPDATE change_repository SET stale = 1;
