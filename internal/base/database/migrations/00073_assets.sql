-- +goose Up
-- Assets: what the organisation says of each, as a sequence of records that are
-- only added. What other registers know (hosts, databases, vendors) is read from
-- them; an asset has a row here once somebody said something of it.
CREATE TABLE asset (
  id         TEXT PRIMARY KEY,              -- ast_…
  number     BIGINT NOT NULL UNIQUE,        -- 3 of A-3
  origin     TEXT NOT NULL UNIQUE,          -- hst_…, dbs_…, ven_…, place:…; its own id where it was entered here
  name_key   TEXT NOT NULL,                 -- the name in lower case; empty where its origin has the name
  seq        BIGINT NOT NULL,               -- of the newest record
  created_at BIGINT NOT NULL
);
CREATE INDEX asset_name ON asset (name_key);

-- Flows that were declared.
CREATE TABLE asset_flow (
  id         TEXT PRIMARY KEY,              -- flw_…
  number     BIGINT NOT NULL UNIQUE,        -- 3 of DF-3
  seq        BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE asset_record (
  subject   TEXT NOT NULL,                  -- ast_… or flw_…
  seq       BIGINT NOT NULL,                -- from 1
  kind      TEXT NOT NULL,                  -- asset.described, flow.declared, …
  content   TEXT NOT NULL,                  -- JSON
  digest    TEXT NOT NULL,                  -- SHA-256 of content
  day       TEXT NOT NULL,                  -- of made_at in the organisation's zone
  made_at   BIGINT NOT NULL,
  made_by   TEXT NOT NULL,
  entry_id  TEXT NOT NULL UNIQUE,
  PRIMARY KEY (subject, seq)
);
