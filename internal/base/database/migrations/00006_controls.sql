-- +goose Up
-- The system that is examined. One now; nothing forbids more.
CREATE TABLE system (
  id         TEXT PRIMARY KEY,      -- sys_…
  name       TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  entry_id   TEXT NOT NULL          -- ent_…
);

-- What is in scope; append only. The version that holds at a moment is the
-- newest whose effective_from is not after it.
CREATE TABLE scope (
  system_id      TEXT NOT NULL REFERENCES system (id),
  version        BIGINT NOT NULL,   -- from 1
  content        TEXT NOT NULL,     -- JSON: categories, answers, time zone
  digest         TEXT NOT NULL,     -- SHA-256 of content
  effective_from BIGINT NOT NULL,
  made_at        BIGINT NOT NULL,
  made_by        TEXT NOT NULL,     -- usr_… or system
  entry_id       TEXT NOT NULL UNIQUE,
  PRIMARY KEY (system_id, version)
);

-- Controls that were ever adopted.
CREATE TABLE control (
  id        TEXT PRIMARY KEY,       -- ctl_…
  system_id TEXT NOT NULL REFERENCES system (id),
  slug      TEXT NOT NULL,          -- stable: ssh-logins-hardened
  number    BIGINT NOT NULL,        -- C-12, from 1 in each system
  UNIQUE (system_id, slug),
  UNIQUE (system_id, number)
);

-- What happened to a control; append only. The row that holds at a moment is
-- the newest whose effective_from is not after it.
CREATE TABLE control_version (
  control_id     TEXT NOT NULL REFERENCES control (id),
  seq            BIGINT NOT NULL,   -- from 1, one per row
  version        BIGINT NOT NULL,   -- of the design: grows when the digest changes
  state          TEXT NOT NULL,     -- draft, adopted, retired
  design         TEXT NOT NULL,     -- JSON, whole
  digest         TEXT NOT NULL,     -- SHA-256 of design
  library        TEXT NOT NULL,     -- pack and version that it came from: soc2@1
  reason         TEXT NOT NULL,     -- what a person wrote; '' where none is asked
  effective_from BIGINT NOT NULL,
  made_at        BIGINT NOT NULL,
  made_by        TEXT NOT NULL,     -- usr_… or system
  entry_id       TEXT NOT NULL UNIQUE,
  PRIMARY KEY (control_id, seq)
);

-- Changes of deviating items alone: since when a check deviates is read from
-- here, not from every change of a year.
CREATE INDEX step_deviating ON step (attribute_no, valid_from, run_no, fail, waived) WHERE fail + waived <> 0;
