-- +goose Up
-- Who may send, and what came in. A source is known by its certificate.
CREATE TABLE source (
  id               TEXT PRIMARY KEY,           -- src_…
  name             TEXT NOT NULL,              -- host name as of the last enrolment
  machine          TEXT NOT NULL DEFAULT '',   -- SHA-256 of the machine id; empty: none
  agent            TEXT NOT NULL DEFAULT '',   -- program and version, as of the last batch
  enrolled_at      BIGINT NOT NULL,
  enrolled_with    TEXT NOT NULL,              -- tok_… of the last enrolment
  certificate      TEXT NOT NULL,              -- serial of the newest certificate, hex
  expires_at       BIGINT NOT NULL,            -- of the newest certificate
  revoked_at       BIGINT NOT NULL DEFAULT 0,  -- 0: not revoked
  revoked_by       TEXT NOT NULL DEFAULT '',
  revoked_reason   TEXT NOT NULL DEFAULT '',
  seen_at          BIGINT NOT NULL DEFAULT 0,  -- last batch; 0: none yet
  clock_offset_us  BIGINT,                     -- source's clock minus ours; NULL: not measured
  clock_offset_at  BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX source_machine ON source (machine);

CREATE TABLE source_token (
  id         TEXT PRIMARY KEY,                 -- tok_…
  secret     TEXT NOT NULL UNIQUE,             -- SHA-256 of the token's secret, hex
  label      TEXT NOT NULL,
  made_by    TEXT NOT NULL,                    -- usr_… or system
  made_at    BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at    BIGINT NOT NULL DEFAULT 0,        -- 0: not used
  used_by    TEXT NOT NULL DEFAULT '',         -- src_…
  used_key   TEXT NOT NULL DEFAULT ''          -- SHA-256 of the public key it was used for
);

-- How far each numbered stream has come. contiguous follows from highest and
-- the holes; it is kept because every batch asks for it.
CREATE TABLE source_stream (
  source     TEXT NOT NULL REFERENCES source (id),
  stream     TEXT NOT NULL,
  contiguous BIGINT NOT NULL,                  -- nothing is missing up to here
  highest    BIGINT NOT NULL,                  -- highest sequence received
  received   BIGINT NOT NULL,                  -- batches, duplicates not counted
  duplicates BIGINT NOT NULL,
  beat       BIGINT NOT NULL DEFAULT 0,        -- sequence of the newest heartbeat kept; 0: none
  seen_at    BIGINT NOT NULL,
  PRIMARY KEY (source, stream)
);

-- Sequences that were skipped: open until they arrive, or until the source
-- says that they never will (declared_at).
CREATE TABLE source_hole (
  source      TEXT NOT NULL,
  stream      TEXT NOT NULL,
  first       BIGINT NOT NULL,
  last        BIGINT NOT NULL,
  seen_at     BIGINT NOT NULL,
  declared_at BIGINT NOT NULL DEFAULT 0,       -- 0: still awaited
  reason      TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (source, stream, first)
);

-- One row per batch received. Of heartbeats only the newest is kept per
-- stream: what they say stands in the coverage intervals.
CREATE TABLE batch (
  source          TEXT NOT NULL REFERENCES source (id),
  stream          TEXT NOT NULL,
  sequence        BIGINT NOT NULL,
  kind            TEXT NOT NULL,
  digest          TEXT NOT NULL,               -- SHA-256 of the bytes as received, hex
  observed_at     BIGINT NOT NULL,             -- by the source's clock
  received_at     BIGINT NOT NULL,
  clock_offset_us BIGINT,                      -- source's clock minus ours at that time; NULL: not measured
  items           BIGINT NOT NULL,
  bytes           BIGINT NOT NULL,             -- as received
  quarantined     BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (source, stream, sequence)
);

-- Batches that were received and could not be taken in: kept whole.
CREATE TABLE batch_quarantine (
  id          TEXT PRIMARY KEY,                -- qua_…
  source      TEXT NOT NULL REFERENCES source (id),
  stream      TEXT NOT NULL,
  sequence    BIGINT NOT NULL,
  kind        TEXT NOT NULL,
  digest      TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  reason      TEXT NOT NULL,
  raw         BLOB NOT NULL,                   -- the compressed envelope, as received
  resolved_at BIGINT NOT NULL DEFAULT 0,       -- when it was taken in after all; 0: not yet
  resolved_by TEXT NOT NULL DEFAULT '',
  UNIQUE (source, stream, sequence)
);
