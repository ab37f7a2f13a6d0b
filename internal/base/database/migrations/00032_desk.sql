-- +goose Up
-- What people do with lists: take them away, keep views of them, change many
-- rows at once. And who did what, by person, from the ledger.
CREATE TABLE desk_export (
  entry_id   TEXT PRIMARY KEY,              -- list.exported
  list       TEXT NOT NULL,                 -- "findings"
  address    TEXT NOT NULL,                 -- path and query that were shown
  format     TEXT NOT NULL,                 -- csv, xlsx, json
  lines      BIGINT NOT NULL,               -- rows, without head
  digest     TEXT NOT NULL,                 -- SHA-256 of the file
  size       BIGINT NOT NULL,               -- bytes
  valid_at   BIGINT NOT NULL,               -- the moment that the list shows
  known_from BIGINT NOT NULL,               -- size of the ledger when reading began
  known_to   BIGINT NOT NULL,               -- and when it ended
  made_at    BIGINT NOT NULL,
  made_by    TEXT NOT NULL                  -- usr_…
);

CREATE TABLE desk_view (
  id         TEXT PRIMARY KEY,              -- vew_…
  list       TEXT NOT NULL,
  name       TEXT NOT NULL,
  query      TEXT NOT NULL,                 -- of the address, without the place in the list
  owner      TEXT NOT NULL,                 -- usr_…
  shared     BIGINT NOT NULL,               -- 1: everybody who sees the list sees it
  changed_at BIGINT NOT NULL,
  removed_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX desk_view_list ON desk_view (list, removed_at);

CREATE TABLE desk_view_change (
  entry_id TEXT PRIMARY KEY,                -- view.saved, view.changed, view.removed, view.chosen
  view_id  TEXT NOT NULL,
  seq      BIGINT NOT NULL,                 -- of the view's changes
  content  TEXT NOT NULL                    -- JSON; its SHA-256 stands in the entry
);
CREATE UNIQUE INDEX desk_view_change_view ON desk_view_change (view_id, seq);

-- The view that a person's links to a list lead to.
CREATE TABLE desk_choice (
  user_id TEXT NOT NULL,
  list    TEXT NOT NULL,
  view_id TEXT NOT NULL,
  PRIMARY KEY (user_id, list)
);

CREATE TABLE desk_batch (
  id         TEXT PRIMARY KEY,              -- bat_…
  kind       TEXT NOT NULL,                 -- "hosts.say"
  content    TEXT NOT NULL,                 -- JSON: what was to be done to which rows; its SHA-256 stands in the entry
  made_at    BIGINT NOT NULL,
  made_by    TEXT NOT NULL,
  entry_id   TEXT NOT NULL UNIQUE,          -- batch.begun
  undone_at  BIGINT NOT NULL DEFAULT 0,
  undo_entry TEXT NOT NULL DEFAULT ''       -- batch.undone
);

CREATE TABLE desk_batch_item (
  batch_id TEXT NOT NULL REFERENCES desk_batch (id),
  seq      BIGINT NOT NULL,
  subject  TEXT NOT NULL,
  name     TEXT NOT NULL,                   -- what people call it
  former   TEXT NOT NULL,                   -- JSON: what undoing restores
  later    TEXT NOT NULL DEFAULT '',        -- JSON: what stood there once it was done
  state    TEXT NOT NULL,                   -- planned, done, refused, undone, kept
  why      TEXT NOT NULL DEFAULT '',        -- of refused and kept
  PRIMARY KEY (batch_id, seq)
);

-- Entries by whom they are: made from the ledger, and made again from it at will.
CREATE TABLE activity_entry (
  idx     BIGINT PRIMARY KEY,               -- in the ledger
  actor   TEXT NOT NULL,                    -- usr_…
  type    TEXT NOT NULL,
  subject TEXT NOT NULL,
  at      BIGINT NOT NULL
);
CREATE INDEX activity_entry_actor ON activity_entry (actor, idx);
CREATE INDEX activity_entry_subject ON activity_entry (subject, idx);
CREATE INDEX activity_entry_type ON activity_entry (type, idx);

CREATE TABLE activity_mark (
  name TEXT PRIMARY KEY,
  seen BIGINT NOT NULL                      -- entries of the ledger that were looked at
);
