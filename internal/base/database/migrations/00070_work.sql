-- +goose Up
-- Who is away and who stands in; what stand-ins took on; what was told above.
CREATE TABLE absence (
  id        TEXT PRIMARY KEY,               -- abs_…
  person    TEXT NOT NULL,                  -- usr_…
  stand     TEXT NOT NULL,                  -- usr_…
  from_day  TEXT NOT NULL,                  -- first day in the organisation's zone
  to_day    TEXT NOT NULL,                  -- last day
  note      TEXT NOT NULL,
  set_at    BIGINT NOT NULL,
  set_by    TEXT NOT NULL,
  entry_id  TEXT NOT NULL UNIQUE,
  ended_at  BIGINT NOT NULL,                -- 0: it was not ended early
  ended_by  TEXT NOT NULL,
  end_entry TEXT NOT NULL                   -- '' where it was not
);
CREATE INDEX absence_days ON absence (to_day);

CREATE TABLE absence_act (
  id       TEXT PRIMARY KEY,                -- abt_…
  item     TEXT NOT NULL,                   -- kind/ref of the queue
  person   TEXT NOT NULL,                   -- for whom
  acted_at BIGINT NOT NULL,
  acted_by TEXT NOT NULL,
  entry_id TEXT NOT NULL UNIQUE
);
CREATE INDEX absence_act_item ON absence_act (item);

CREATE TABLE escalation (
  id       TEXT PRIMARY KEY,                -- esc_…
  item     TEXT NOT NULL,                   -- kind/ref of the queue
  due_at   BIGINT NOT NULL,                 -- that went by
  told     TEXT NOT NULL,                   -- usr_…; '' for whoever answers for the programme
  told_at  BIGINT NOT NULL,
  entry_id TEXT NOT NULL UNIQUE,
  UNIQUE (item, due_at)
);
