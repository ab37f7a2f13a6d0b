-- +goose Up
-- How much of their capacity hosts use. A number that differs each time is no fact:
-- it stands here, apart from sections, and grows by days.
CREATE TABLE capacity_host (
  source      TEXT PRIMARY KEY,         -- src_…
  host_id     TEXT NOT NULL,            -- hst_…
  name        TEXT NOT NULL,
  environment TEXT NOT NULL,
  joined_at   BIGINT NOT NULL,          -- first sample
  sampled_at  BIGINT NOT NULL,          -- newest sample
  missing     TEXT NOT NULL,            -- JSON: measure -> why it could not be read
  gone        BIGINT NOT NULL           -- 1: the host left the population
);

-- One measure of one host, at one place, as its newest sample left it.
CREATE TABLE capacity_series (
  source     TEXT NOT NULL REFERENCES capacity_host (source),
  no         BIGINT NOT NULL,           -- from 1 within the host
  measure    TEXT NOT NULL,
  place      TEXT NOT NULL,             -- mount point; '' where there is only one
  lim        BIGINT NOT NULL,
  used       BIGINT NOT NULL,
  val        BIGINT NOT NULL,           -- used of lim in basis points
  before     BIGINT NOT NULL,           -- that of the sample before
  p95        BIGINT NOT NULL,           -- 95th percentile of the last 24 hours
  sampled_at BIGINT NOT NULL,
  first_at   BIGINT NOT NULL,
  trend      TEXT NOT NULL,             -- short, none, rising, falling, full
  have       BIGINT NOT NULL,           -- days of history of the forecast
  since_day  BIGINT NOT NULL,           -- day of the step that cut it; 0 for none
  slope      BIGINT NOT NULL,           -- share a day, in billionths
  low        BIGINT NOT NULL,           -- full in days: at the earliest; -1 beyond the horizon
  mid        BIGINT NOT NULL,
  high       BIGINT NOT NULL,
  worst      BIGINT NOT NULL,           -- what lists begin with
  PRIMARY KEY (source, no),
  UNIQUE (source, measure, place)
);
CREATE INDEX capacity_worst ON capacity_series (worst, source, no);
CREATE INDEX capacity_measure ON capacity_series (measure, source);

-- The history: many numbers in a row, see internal/operations/capacity/chunk.go.
CREATE TABLE capacity_chunk (
  source  TEXT NOT NULL REFERENCES capacity_host (source),
  tier    TEXT NOT NULL,                -- raw, hour, day
  start   BIGINT NOT NULL,              -- first day, since 1970
  rolled  BIGINT NOT NULL,              -- 1: taken over into the next tier
  body    BLOB NOT NULL,
  PRIMARY KEY (source, tier, start)
);
CREATE INDEX capacity_chunk_due ON capacity_chunk (tier, rolled, start);

-- What changed the line: a host joined, a disk was enlarged.
CREATE TABLE capacity_event (
  source  TEXT NOT NULL REFERENCES capacity_host (source),
  at      BIGINT NOT NULL,
  kind    TEXT NOT NULL,                -- joined, left, appeared, grew, shrank
  measure TEXT NOT NULL,
  place   TEXT NOT NULL,
  was     BIGINT NOT NULL,
  became  BIGINT NOT NULL,
  PRIMARY KEY (source, at, kind, measure, place)
);
CREATE INDEX capacity_event_at ON capacity_event (at);

-- What exceeds a commitment now; it stays until use fell below where it clears.
CREATE TABLE capacity_exceed (
  line   TEXT NOT NULL,                 -- key of the commitment
  source TEXT NOT NULL REFERENCES capacity_host (source),
  no     BIGINT NOT NULL,
  since  BIGINT NOT NULL,
  PRIMARY KEY (line, source, no)
);
