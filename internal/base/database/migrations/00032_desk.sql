-- +goose Up
-- Lists that people took away as files.
CREATE TABLE desk_export (
  entry_id   TEXT PRIMARY KEY,              -- list.exported
  list       TEXT NOT NULL,                 -- "findings"
  address    TEXT NOT NULL,                 -- path and query that were shown
  format     TEXT NOT NULL,                 -- csv, xlsx, json
  lines      BIGINT NOT NULL,               -- rows, without head
  digest     TEXT NOT NULL,                 -- SHA-256 of the file
  size       BIGINT NOT NULL,               -- bytes
  valid_at   BIGINT NOT NULL,               -- the moment that the list shows
  known_from BIGINT NOT NULL,               -- size of the ledger when reading began
  known_to   BIGINT NOT NULL,               -- and when it ended
  made_at    BIGINT NOT NULL,
  made_by    TEXT NOT NULL                  -- usr_…
);
