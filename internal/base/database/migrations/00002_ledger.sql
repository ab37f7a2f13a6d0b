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
  idx        BIGINT UNIQUE,   -- position in the log; NULL until the sequencer numbers it
  ord        BIGINT,          -- order among unnumbered entries; NULL once numbered
  stream     TEXT NOT NULL,
  stream_seq BIGINT NOT NULL,
  type       TEXT NOT NULL,
  at         BIGINT NOT NULL,
  subject    TEXT NOT NULL,
  hash       BLOB NOT NULL,   -- leaf hash: SHA-256 of 0x00 and the body
  body       BLOB             -- canonical JSON; NULL once its full bundle is on disk
);
CREATE INDEX ledger_entry_waiting ON ledger_entry (ord, id) WHERE idx IS NULL;
CREATE INDEX ledger_entry_subject ON ledger_entry (subject, idx);
CREATE INDEX ledger_entry_type ON ledger_entry (type, idx);

-- Empty between transactions: entries whose bundle is full pass through it on
-- their way back into ledger_entry without their bodies. (Emptying a column in
-- place would leave SQLite's pages nine tenths empty for ever.) For the same
-- reason nothing may reference ledger_entry by a foreign key: join by id.
CREATE TABLE ledger_moving (
  id TEXT NOT NULL, idx BIGINT NOT NULL, stream TEXT NOT NULL, stream_seq BIGINT NOT NULL,
  type TEXT NOT NULL, at BIGINT NOT NULL, subject TEXT NOT NULL, hash BLOB NOT NULL
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
