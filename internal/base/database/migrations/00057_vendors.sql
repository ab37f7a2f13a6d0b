-- +goose Up
-- Vendors: each is the sequence of its records, which are only added.
CREATE TABLE vendor (
  id         TEXT PRIMARY KEY,              -- ven_…
  number     BIGINT NOT NULL UNIQUE,        -- 3 of V-3
  name_key   TEXT NOT NULL,                 -- the name in lower case, to find those that are there already
  seq        BIGINT NOT NULL,               -- of the newest record
  created_at BIGINT NOT NULL
);
CREATE INDEX vendor_name ON vendor (name_key);

CREATE TABLE vendor_record (
  vendor_id TEXT NOT NULL REFERENCES vendor (id),
  seq       BIGINT NOT NULL,                -- from 1
  kind      TEXT NOT NULL,                  -- asked, reviewed, approved, contract, …
  content   TEXT NOT NULL,                  -- JSON
  digest    TEXT NOT NULL,                  -- SHA-256 of content
  day       TEXT NOT NULL,                  -- of made_at in the organisation's zone
  made_at   BIGINT NOT NULL,
  made_by   TEXT NOT NULL,
  entry_id  TEXT NOT NULL UNIQUE,
  PRIMARY KEY (vendor_id, seq)
);

-- Controls that we expect of our customers: not about any vendor.
CREATE TABLE customer_control (
  number   BIGINT NOT NULL,
  version  BIGINT NOT NULL,                 -- from 1
  content  TEXT NOT NULL,                   -- JSON
  digest   TEXT NOT NULL,                   -- SHA-256 of content
  made_at  BIGINT NOT NULL,
  made_by  TEXT NOT NULL,
  entry_id TEXT NOT NULL UNIQUE,
  PRIMARY KEY (number, version)
);
