-- +goose Up
-- Evidence packages that were made; the files stand in the data directory's
-- exports, under their SHA-256. Append only.
CREATE TABLE package_export (
  id          TEXT PRIMARY KEY,   -- pkg_…
  kind        TEXT NOT NULL,      -- engagement, window, control
  subject     TEXT NOT NULL,      -- what it is about; '' for a window
  title       TEXT NOT NULL,
  window_from BIGINT NOT NULL,
  window_to   BIGINT NOT NULL,
  start_size  BIGINT NOT NULL,    -- sizes of the ledger
  end_size    BIGINT NOT NULL,
  head_size   BIGINT NOT NULL,    -- when it was made
  files       BIGINT NOT NULL,
  records     BIGINT NOT NULL,    -- proved one by one
  size        BIGINT NOT NULL,    -- bytes of the zip
  digest      TEXT NOT NULL,      -- SHA-256 of the zip
  personal    BIGINT NOT NULL,    -- records whose personal data is disclosed
  made_at     BIGINT NOT NULL,
  made_by     TEXT NOT NULL,      -- usr_… or system
  entry_id    TEXT NOT NULL UNIQUE
);
CREATE INDEX package_export_subject ON package_export (kind, subject, id);
