-- +goose Up
-- Whether an approval of a package is one of its files outside of repositories too.
ALTER TABLE component_decision ADD COLUMN from_file BIGINT NOT NULL DEFAULT 0;
