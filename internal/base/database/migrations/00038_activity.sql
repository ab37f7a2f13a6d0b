-- +goose Up
-- Entries of the ledger by whom they are: made from the ledger by index, and
-- made again from it at will.
CREATE TABLE activity_entry (
  idx     BIGINT PRIMARY KEY,               -- in the ledger
  actor   TEXT NOT NULL,                    -- usr_…, src_… or system
  type    TEXT NOT NULL,
  subject TEXT NOT NULL,
  at      BIGINT NOT NULL
);
CREATE INDEX activity_entry_actor ON activity_entry (actor, idx);

-- Up to which ledger size entries were read.
CREATE TABLE activity_cursor (
  name TEXT PRIMARY KEY,                    -- 'ledger'
  upto BIGINT NOT NULL
);

-- A filter and order of a list under a name.
CREATE TABLE desk_view (
  id         TEXT PRIMARY KEY,              -- vew_…
  list       TEXT NOT NULL,                 -- "findings"
  name       TEXT NOT NULL,
  query      TEXT NOT NULL,                 -- of the address, without the place in the list
  owner      TEXT NOT NULL,                 -- usr_…
  shared     BIGINT NOT NULL,               -- 1: everybody who sees the list sees it
  changed_at BIGINT NOT NULL,
  removed_at BIGINT NOT NULL DEFAULT 0,     -- 0: it is there
  entry_id   TEXT NOT NULL                  -- ent_… of its newest view.saved, view.changed or view.removed
);
CREATE INDEX desk_view_list ON desk_view (list, removed_at);
CREATE INDEX desk_view_owner ON desk_view (owner, removed_at);
