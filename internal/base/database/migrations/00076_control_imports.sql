-- +goose Up
-- Controls that came from a file: each import, and which control each row became.
CREATE TABLE control_import (
	id        TEXT PRIMARY KEY,
	number    BIGINT NOT NULL UNIQUE,
	file      TEXT NOT NULL,
	content   TEXT NOT NULL, -- JSON: the rows as they were taken in
	digest    TEXT NOT NULL, -- SHA-256 of content
	made_at   BIGINT NOT NULL,
	made_by   TEXT NOT NULL,
	entry_id  TEXT NOT NULL REFERENCES ledger_entry (id),
	undone_at BIGINT NOT NULL DEFAULT 0,
	undone_by TEXT NOT NULL DEFAULT '',
	undone_entry TEXT NOT NULL DEFAULT ''
);
CREATE TABLE control_import_line (
	import_id  TEXT NOT NULL REFERENCES control_import (id),
	key        TEXT NOT NULL, -- what the file calls the control
	control_id TEXT NOT NULL REFERENCES control (id),
	seq        BIGINT NOT NULL, -- version of the control that the row became
	PRIMARY KEY (import_id, key)
);
CREATE INDEX control_import_line_key ON control_import_line (key);
