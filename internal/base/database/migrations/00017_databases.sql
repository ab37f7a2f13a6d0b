-- +goose Up
-- Databases report like hosts do: what was read of them stands in the same
-- tables, told apart by the population.
ALTER TABLE host ADD COLUMN population TEXT NOT NULL DEFAULT 'hosts';
CREATE INDEX host_population ON host (population, name, id);

-- How a database is reached. The connection string is sealed with the key in
-- keys/sealed.key, for this source alone.
CREATE TABLE database_connection (
  source     TEXT PRIMARY KEY,              -- src_…
  name       TEXT NOT NULL,
  place      TEXT NOT NULL,                 -- HOST:PORT/DATABASE, for people
  connection BLOB NOT NULL,                 -- sealed
  added_at   BIGINT NOT NULL,
  entry_id   TEXT NOT NULL,                 -- database.added
  removed_at BIGINT NOT NULL DEFAULT 0,     -- 0: it is read
  gone_entry TEXT NOT NULL DEFAULT '',      -- database.removed
  tried_at   BIGINT NOT NULL DEFAULT 0,     -- when it last could not be read; 0: never since it could
  trouble    TEXT NOT NULL DEFAULT ''       -- why
);
CREATE UNIQUE INDEX database_connection_name ON database_connection (name, removed_at);
