-- +goose Up
-- Who approved alone what they had changed themselves says what makes up for
-- it; empty where another person approved.
ALTER TABLE standard_approval ADD COLUMN compensation TEXT NOT NULL DEFAULT '';

-- Up to which tier the findings of a standard are worked on; append only, the
-- newest row of a pack holds. A pack without one begins with essential.
CREATE TABLE standard_tier (
  id         TEXT PRIMARY KEY,               -- trs_…
  pack       TEXT NOT NULL,
  generation BIGINT NOT NULL UNIQUE,
  tier       TEXT NOT NULL,                  -- essential, recommended, thorough
  reason     TEXT NOT NULL,
  made_at    BIGINT NOT NULL,
  made_by    TEXT NOT NULL,
  entry_id   TEXT NOT NULL
);
CREATE INDEX standard_tier_pack ON standard_tier (pack, generation);

-- What another scanner found on a host: one row per result file, whose bytes
-- are a blob. Of one benchmark and profile the newest that ended holds.
CREATE TABLE scan_result (
  id          TEXT PRIMARY KEY,              -- scn_…
  host_id     TEXT NOT NULL,                 -- hst_…
  format      TEXT NOT NULL,                 -- xccdf or arf
  digest      TEXT NOT NULL,                 -- SHA-256 of the file, hex: the blob
  size        BIGINT NOT NULL,
  file        TEXT NOT NULL,                 -- its name, without directories
  test_id     TEXT NOT NULL,                 -- of the TestResult
  benchmark   TEXT NOT NULL,
  title       TEXT NOT NULL,
  version     TEXT NOT NULL,                 -- of the benchmark
  profile     TEXT NOT NULL,                 -- '': none was chosen
  scanner     TEXT NOT NULL,                 -- what the file says made it
  target      TEXT NOT NULL,                 -- what the file says was scanned
  started_at  BIGINT NOT NULL,               -- 0: the file does not say
  ended_at    BIGINT NOT NULL,
  imported_at BIGINT NOT NULL,
  imported_by TEXT NOT NULL,                 -- usr_… or system
  score       TEXT NOT NULL,                 -- as the scanner computed it; never used
  rules       BIGINT NOT NULL,               -- rows of scan_outcome
  left_out    BIGINT NOT NULL,               -- rules that were not selected
  outcomes    TEXT NOT NULL,                 -- digest over the rows
  entry_id    TEXT NOT NULL UNIQUE,
  UNIQUE (host_id, digest)
);
CREATE INDEX scan_result_host ON scan_result (host_id, benchmark, profile, ended_at);

CREATE TABLE scan_outcome (
  scan_id  TEXT NOT NULL REFERENCES scan_result (id),
  no       BIGINT NOT NULL,                  -- in the order of the file, from 1
  rule     TEXT NOT NULL,
  title    TEXT NOT NULL,
  severity TEXT NOT NULL,                    -- as the file says: unknown, info, low, medium, high
  result   TEXT NOT NULL,                    -- as the file says: pass, fixed, fail, …
  outcome  TEXT NOT NULL,                    -- pass, fail, error, not_observed, not_applicable, informational
  reason   TEXT NOT NULL,
  idents   TEXT NOT NULL,                    -- JSON list of identifiers
  PRIMARY KEY (scan_id, no)
);
CREATE INDEX scan_outcome_kind ON scan_outcome (scan_id, outcome, no);
