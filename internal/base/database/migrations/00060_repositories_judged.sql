-- +goose Up
-- What was last said of a repository as a source of facts: their digest.
ALTER TABLE change_repository ADD COLUMN observed TEXT NOT NULL DEFAULT '';
