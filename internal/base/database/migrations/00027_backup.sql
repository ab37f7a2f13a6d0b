-- +goose Up
-- Backups that were made. A restored database knows of those before it.
CREATE TABLE backup_made (
  id        TEXT PRIMARY KEY,  -- bkp_…
  at        BIGINT NOT NULL,
  reason    TEXT NOT NULL,     -- asked, scheduled, migration
  manifest  TEXT NOT NULL,     -- SHA-256 of its manifest, hex
  size      BIGINT NOT NULL,   -- of the ledger
  root      TEXT NOT NULL,     -- of the ledger at that size
  bytes     BIGINT NOT NULL,   -- of all files in it
  files     BIGINT NOT NULL,
  encrypted BIGINT NOT NULL,   -- and then with keys
  entry     TEXT NOT NULL UNIQUE
);
CREATE INDEX backup_made_at ON backup_made (at, id);

-- Restores: each is a new epoch of the ledger, under another name and key.
CREATE TABLE ledger_epoch (
  origin   TEXT PRIMARY KEY,   -- of the epoch that began
  at       BIGINT NOT NULL,
  before   TEXT NOT NULL,      -- origin of the one before
  key      TEXT NOT NULL,      -- its verifier key
  size     BIGINT NOT NULL,    -- entries of it that are kept
  root     TEXT NOT NULL,      -- of them
  manifest TEXT NOT NULL,      -- of the backup that was restored
  entry    TEXT NOT NULL UNIQUE
);
