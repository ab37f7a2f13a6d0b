-- +goose Up
-- Badges, readings and sensors. Sites, badge systems, lists, visitors and sensors
-- themselves stand in the journal; here is what would be too much for it.

-- What lets a machine report for a site or a badge system.
CREATE TABLE place_token (
  subject TEXT PRIMARY KEY,             -- sit_… or bsy_…
  hash    TEXT NOT NULL,                -- SHA-256 of the token
  made_at BIGINT NOT NULL
);

-- The lines of a list of badge holders, as JSON; the list itself is in the journal
-- with their digest.
CREATE TABLE badge_content (
  list_id TEXT PRIMARY KEY,             -- bli_…
  content TEXT NOT NULL
);

-- A badge as the newest list says it.
CREATE TABLE badge_card (
  id         BIGINT PRIMARY KEY,        -- short, for readings
  system_id  TEXT NOT NULL,             -- bsy_…
  number     TEXT NOT NULL,
  state      TEXT NOT NULL,             -- active, inactive, gone, unlisted
  content    TEXT NOT NULL,             -- JSON: holder, zones
  first_at   BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,           -- newest list that has it
  used_at    BIGINT NOT NULL,           -- newest reading or what a list says; 0 for never
  UNIQUE (system_id, number)
);

-- What changed at a badge from one list to the next.
CREATE TABLE badge_change (
  list_id TEXT NOT NULL,                -- bli_…
  seq     BIGINT NOT NULL,              -- from 1 within the list
  card_id BIGINT NOT NULL,
  kind    TEXT NOT NULL,                -- issued, activated, deactivated, removed, holder, zones
  at      BIGINT NOT NULL,              -- when the list was taken
  content TEXT NOT NULL,                -- JSON: before and after
  PRIMARY KEY (list_id, seq)
);
CREATE INDEX badge_change_at ON badge_change (at);
CREATE INDEX badge_change_card ON badge_change (card_id, at);

CREATE TABLE badge_door (
  id        BIGINT PRIMARY KEY,
  system_id TEXT NOT NULL,
  name      TEXT NOT NULL,
  UNIQUE (system_id, name)
);

-- Readings: numbers only, since there are many.
CREATE TABLE badge_reading (
  card_id BIGINT NOT NULL,
  at      BIGINT NOT NULL,
  door_id BIGINT NOT NULL,
  granted BIGINT NOT NULL,              -- 1: it opened
  PRIMARY KEY (card_id, at, door_id)
);
CREATE INDEX badge_reading_at ON badge_reading (at);

-- A day of readings of a system, as it was recorded once it was over.
CREATE TABLE badge_day (
  system_id TEXT NOT NULL,
  day       TEXT NOT NULL,              -- in UTC
  open      BIGINT NOT NULL,            -- 1: readings came since it was recorded
  readings  BIGINT NOT NULL,
  digest    TEXT NOT NULL,
  pruned    BIGINT NOT NULL,            -- 1: its readings are no longer kept
  entry_id  TEXT NOT NULL,
  PRIMARY KEY (system_id, day)
);

-- Messages that were taken, so that none is taken twice.
CREATE TABLE place_message (
  digest TEXT PRIMARY KEY,
  at     BIGINT NOT NULL
);

-- When a sensor was last heard, and what it said. What that means is a step of the
-- sensor in the journal, and only where it changes.
CREATE TABLE sensor_heard (
  sensor_id TEXT PRIMARY KEY,           -- sen_…
  at        BIGINT NOT NULL,            -- as the sensor says
  heard_at  BIGINT NOT NULL,
  value     TEXT NOT NULL,              -- decimal; '' for none
  said      TEXT NOT NULL               -- ok, alarm, or what it says
);
