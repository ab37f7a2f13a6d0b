-- +goose Up
-- Imports of the programme from a folder: what each did to which file.
CREATE TABLE folder_import (
    id TEXT PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    digest TEXT NOT NULL,
    created BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    content TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    entry TEXT NOT NULL
);
