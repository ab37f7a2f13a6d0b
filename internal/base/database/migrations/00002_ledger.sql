-- +goose Up
-- A stream has one writer at a time: this row is updated in the transaction
-- that adds an entry, so the next writer waits for that commit.
CREATE TABLE ledger_stream (
  stream TEXT PRIMARY KEY,
  seq    BIGINT NOT NULL, -- sequence of its last entry
  at     BIGINT NOT NULL, -- time of its last entry
  ord    BIGINT NOT NULL  -- order of its last entry
);

CREATE TABLE ledger_entry (
  id         TEXT PRIMARY KEY,
  idx        BIGINT,          -- position in the log; NULL until the sequencer numbers it
  ord        BIGINT,          -- order among unnumbered entries; NULL once numbered
  stream     TEXT NOT NULL,
  stream_seq BIGINT NOT NULL,
  type       TEXT NOT NULL,
  at         BIGINT NOT NULL,
  subject    TEXT NOT NULL,
  hash       BLOB NOT NULL    -- leaf hash: SHA-256 of 0x00 and the entry's bytes
);
-- Every index is partial, so that an entry enters it once.
CREATE UNIQUE INDEX ledger_entry_idx ON ledger_entry (idx) WHERE idx IS NOT NULL;
CREATE INDEX ledger_entry_waiting ON ledger_entry (ord, id) WHERE idx IS NULL;
CREATE INDEX ledger_entry_subject ON ledger_entry (subject, idx) WHERE idx IS NOT NULL;
CREATE INDEX ledger_entry_type ON ledger_entry (type, idx) WHERE idx IS NOT NULL;

-- The bytes of an entry (canonical JSON) until its full bundle is on disk. In a
-- table of its own, so that numbering rewrites small rows and that what is let
-- go of leaves no half-empty pages.
CREATE TABLE ledger_body (
  entry_id TEXT PRIMARY KEY,
  body     BLOB NOT NULL
);

-- What a commitment hides. Erasure deletes the row and appends a redaction.
CREATE TABLE ledger_personal (
  entry_id TEXT PRIMARY KEY,
  salt     BLOB NOT NULL,
  payload  BLOB NOT NULL
);

-- One row for each published checkpoint: dates map to log sizes through it.
CREATE TABLE ledger_checkpoint (
  size BIGINT PRIMARY KEY,
  root BLOB NOT NULL,
  at   BIGINT NOT NULL
);
CREATE INDEX ledger_checkpoint_at ON ledger_checkpoint (at);
