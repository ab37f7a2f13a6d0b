-- +goose Up
-- What is to be done by somebody: the newest state stands in the row, for lists;
-- what happened stands in the steps, which are added and never changed.
CREATE TABLE task (
  id         TEXT PRIMARY KEY,       -- tsk_…
  number     BIGINT NOT NULL UNIQUE, -- 3 of T-3
  seq        BIGINT NOT NULL,        -- of its newest step
  state      TEXT NOT NULL,          -- open, doing, said, done, dropped
  owner      TEXT NOT NULL,          -- usr_…; '' for nobody yet
  due_at     BIGINT NOT NULL,        -- first moment after the last day; 0 for none
  waiting    BIGINT NOT NULL,        -- since when it waits on something; 0: it does not
  snoozed    BIGINT NOT NULL,        -- until when its owner does not want to see it; 0: not
  about      TEXT NOT NULL,          -- kind/ref of what it is about; '' for nothing
  gap        TEXT NOT NULL,          -- key of the gap that it closes; '' for none
  created_at BIGINT NOT NULL
);
CREATE INDEX task_owner ON task (owner, state, due_at);
CREATE INDEX task_about ON task (about);
CREATE INDEX task_gap ON task (gap) WHERE gap <> '';

CREATE TABLE task_step (
  task_id  TEXT NOT NULL REFERENCES task (id),
  seq      BIGINT NOT NULL,          -- from 1
  step     TEXT NOT NULL,            -- created, changed, started, waiting, resumed, snoozed, commented, said, done, returned, dropped, reopened
  content  TEXT NOT NULL,            -- JSON: the task as it is after the step
  digest   TEXT NOT NULL,            -- SHA-256 of content
  note     TEXT NOT NULL,            -- what a person wrote; '' for nothing
  made_at  BIGINT NOT NULL,
  made_by  TEXT NOT NULL,            -- usr_… or system
  entry_id TEXT NOT NULL UNIQUE,
  PRIMARY KEY (task_id, seq)
);
