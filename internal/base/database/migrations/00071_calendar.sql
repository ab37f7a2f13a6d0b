-- +goose Up
-- What people plan on the calendar, and secret links to it.
CREATE TABLE calendar_entry (
  id           TEXT PRIMARY KEY,            -- cal_…
  number       BIGINT NOT NULL UNIQUE,      -- 3 of K-3
  kind         TEXT NOT NULL,               -- freeze, test, exercise
  from_day     TEXT NOT NULL,               -- first day in the organisation's zone
  to_day       TEXT NOT NULL,               -- last day
  content      TEXT NOT NULL,               -- JSON
  made_at      BIGINT NOT NULL,
  made_by      TEXT NOT NULL,
  entry_id     TEXT NOT NULL UNIQUE,
  cancelled_at BIGINT NOT NULL,             -- 0: it stands
  cancelled_by TEXT NOT NULL,
  why          TEXT NOT NULL,
  cancel_entry TEXT NOT NULL
);
CREATE INDEX calendar_entry_days ON calendar_entry (to_day);

CREATE TABLE calendar_feed (
  id        TEXT PRIMARY KEY,               -- fed_…
  user_id   TEXT NOT NULL,
  digest    TEXT NOT NULL UNIQUE,           -- SHA-256 of the secret
  made_at   BIGINT NOT NULL,
  entry_id  TEXT NOT NULL UNIQUE,
  ended_at  BIGINT NOT NULL,                -- 0: it works
  ended_by  TEXT NOT NULL,
  end_entry TEXT NOT NULL
);
CREATE INDEX calendar_feed_user ON calendar_feed (user_id);
