-- +goose Up
-- Where a backup was put and what became of its file.
ALTER TABLE backup_made ADD COLUMN path TEXT NOT NULL DEFAULT '';        -- '': made before this was kept
ALTER TABLE backup_made ADD COLUMN packed BIGINT NOT NULL DEFAULT 0;     -- bytes of the file
ALTER TABLE backup_made ADD COLUMN sha256 TEXT NOT NULL DEFAULT '';      -- of the file, hex
ALTER TABLE backup_made ADD COLUMN actor TEXT NOT NULL DEFAULT '';       -- usr_…; system
ALTER TABLE backup_made ADD COLUMN removed_at BIGINT NOT NULL DEFAULT 0; -- 0: it was not removed by the retention

-- Each attempt to make a backup, or to verify one, however it ended.
CREATE TABLE backup_run (
  id       TEXT PRIMARY KEY,            -- bkr_…
  what     TEXT NOT NULL,               -- make, verify
  reason   TEXT NOT NULL,               -- of making: asked, scheduled; of verifying ''
  backup   TEXT NOT NULL DEFAULT '',    -- bkp_…: what was made, or is verified
  actor    TEXT NOT NULL,               -- usr_…; system
  asked_at BIGINT NOT NULL,
  began_at BIGINT NOT NULL DEFAULT 0,   -- 0: it waits
  ended_at BIGINT NOT NULL DEFAULT 0,
  state    TEXT NOT NULL,               -- waiting, running, done, failed
  how      TEXT NOT NULL DEFAULT '',    -- of verifying: restored, read, bytes
  trouble  TEXT NOT NULL DEFAULT '',    -- why it failed, in public words
  hint     TEXT NOT NULL DEFAULT '',
  entry    TEXT NOT NULL DEFAULT ''     -- ent_… of its end
);
CREATE INDEX backup_run_asked ON backup_run (what, asked_at, id);
CREATE INDEX backup_run_backup ON backup_run (backup, what, ended_at);

-- What somebody set of the schedule; without a row the configuration's holds.
CREATE TABLE backup_schedule (
  name  TEXT PRIMARY KEY,               -- 'schedule'
  every BIGINT NOT NULL,                -- µs between two scheduled backups; 0: none are made
  keep  BIGINT NOT NULL,                -- how many files stay
  entry TEXT NOT NULL                   -- ent_… of its newest backup.schedule_set
);

-- Who outside holds checkpoints of the ledger. Addresses are sealed: they may
-- hold a secret.
CREATE TABLE anchor (
  id           TEXT PRIMARY KEY,        -- anc_…
  name         TEXT NOT NULL,
  kind         TEXT NOT NULL,           -- rfc3161, witness, directory, webhook
  address      BLOB NOT NULL,           -- sealed: a URL, or a directory's path
  place        TEXT NOT NULL,           -- what of it is shown
  trust        TEXT NOT NULL,           -- PEM of the authority's root, or a witness's verifier key
  every        BIGINT NOT NULL,         -- µs between two checkpoints
  made_at      BIGINT NOT NULL,
  entry        TEXT NOT NULL,           -- ent_… of its newest anchor.set
  next_at      BIGINT NOT NULL DEFAULT 0,
  failing      BIGINT NOT NULL DEFAULT 0,   -- attempts in a row
  failed_since BIGINT NOT NULL DEFAULT 0,
  trouble      TEXT NOT NULL DEFAULT '',    -- of the last of them
  held_size    BIGINT NOT NULL DEFAULT 0,   -- of the newest checkpoint that it has taken
  held_at      BIGINT NOT NULL DEFAULT 0,
  removed_at   BIGINT NOT NULL DEFAULT 0
);

-- What each of them answered: kept, so that it can be verified without them.
CREATE TABLE anchor_receipt (
  id     TEXT PRIMARY KEY,              -- rcp_…
  anchor TEXT NOT NULL REFERENCES anchor (id),
  size   BIGINT NOT NULL,               -- of the ledger
  root   TEXT NOT NULL,                 -- base64
  note   TEXT NOT NULL,                 -- the signed checkpoint that was handed out
  proof  BLOB NOT NULL,                 -- token (DER), cosignature lines, or nothing
  said   BIGINT NOT NULL,               -- the time that the proof itself gives; 0: none
  at     BIGINT NOT NULL,
  entry  TEXT NOT NULL UNIQUE           -- ent_… of its anchor.held
);
CREATE INDEX anchor_receipt_anchor ON anchor_receipt (anchor, size);
CREATE INDEX anchor_receipt_at ON anchor_receipt (at, id);
