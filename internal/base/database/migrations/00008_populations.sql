-- +goose Up
INSERT INTO evidence_counter (name, value) VALUES ('waiver', 0), ('exclusion', 0), ('extraction', 0);

-- An approved, expiring acceptance of what fails. Its items are those that were
-- named, or that its filter selected, when it was asked for; they do not change.
CREATE TABLE waiver (
  id           TEXT PRIMARY KEY,             -- wvr_…
  number       BIGINT NOT NULL UNIQUE,       -- W-3
  check_id     TEXT NOT NULL,                -- linux-server/sshd-root-login
  attribute_id TEXT NOT NULL,                -- '': every attribute of the check
  filter       TEXT NOT NULL,                -- CEL that selected the items; '': they were named
  items        BIGINT NOT NULL,
  items_digest TEXT NOT NULL,                -- over the sorted ids, each ended by a line feed
  reason       TEXT NOT NULL,
  owner        TEXT NOT NULL,                -- usr_…
  control      TEXT NOT NULL,                -- slug of the compensating control, or ''
  compensating TEXT NOT NULL,                -- what compensates, in words, or ''
  starts_at    BIGINT NOT NULL,              -- as asked for
  expires_at   BIGINT NOT NULL,
  asked_at     BIGINT NOT NULL,
  asked_by     TEXT NOT NULL,                -- usr_…
  state        TEXT NOT NULL,                -- asked, approved, refused, withdrawn, expired
  decided_at   BIGINT NOT NULL DEFAULT 0,
  decided_by   TEXT NOT NULL DEFAULT '',
  alone        TEXT NOT NULL DEFAULT '',     -- where the asker approved: what stands in for a second person
  holds_from   BIGINT NOT NULL DEFAULT 0,    -- in force over [holds_from, holds_to)
  holds_to     BIGINT NOT NULL DEFAULT 0,
  began        BIGINT NOT NULL DEFAULT 0,    -- 1: its items were judged with it
  ended        BIGINT NOT NULL DEFAULT 0,    -- 1: they were judged without it again
  search       TEXT NOT NULL                 -- lower case
);
CREATE INDEX waiver_state ON waiver (state, expires_at, number);
CREATE INDEX waiver_due ON waiver (holds_from, holds_to) WHERE holds_from > 0 AND ended = 0;

CREATE TABLE waiver_item (
  item_id   TEXT NOT NULL,
  waiver_id TEXT NOT NULL REFERENCES waiver (id),
  name      TEXT NOT NULL,                   -- what it was called then
  PRIMARY KEY (item_id, waiver_id)
);
CREATE INDEX waiver_item_waiver ON waiver_item (waiver_id, item_id);

-- A waiver's timeline; append only.
CREATE TABLE waiver_event (
  waiver_id TEXT NOT NULL REFERENCES waiver (id),
  seq       BIGINT NOT NULL,
  kind      TEXT NOT NULL,                   -- asked, approved, refused, withdrawn, began, expired
  state     TEXT NOT NULL,                   -- afterwards
  at        BIGINT NOT NULL,
  actor     TEXT NOT NULL,
  note      TEXT NOT NULL,                   -- what a person wrote
  entry_id  TEXT NOT NULL,
  PRIMARY KEY (waiver_id, seq)
);

-- An item or scope that is left out of a population by a person's word. What is
-- left out by tailoring, by a where or because it was retired stands where it
-- was decided, and the register reads it there.
CREATE TABLE exclusion (
  id           TEXT PRIMARY KEY,             -- exc_…
  number       BIGINT NOT NULL UNIQUE,       -- X-3
  population   TEXT NOT NULL,                -- hosts
  subject      TEXT NOT NULL,                -- an item's id, or the key of something that is no item: "address 10.0.0.9"
  subject_name TEXT NOT NULL,
  cause        TEXT NOT NULL,                -- out_of_scope, not_an_item, other
  reason       TEXT NOT NULL,
  starts_at    BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL,
  asked_at     BIGINT NOT NULL,
  asked_by     TEXT NOT NULL,
  state        TEXT NOT NULL,                -- asked, approved, refused, ended, expired
  decided_at   BIGINT NOT NULL DEFAULT 0,
  decided_by   TEXT NOT NULL DEFAULT '',
  alone        TEXT NOT NULL DEFAULT '',
  holds_from   BIGINT NOT NULL DEFAULT 0,
  holds_to     BIGINT NOT NULL DEFAULT 0,
  began        BIGINT NOT NULL DEFAULT 0,
  ended        BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX exclusion_subject ON exclusion (subject, holds_from);
CREATE INDEX exclusion_state ON exclusion (state, expires_at, number);
CREATE INDEX exclusion_due ON exclusion (holds_from, holds_to) WHERE holds_from > 0 AND ended = 0;

CREATE TABLE exclusion_event (
  exclusion_id TEXT NOT NULL REFERENCES exclusion (id),
  seq          BIGINT NOT NULL,
  kind         TEXT NOT NULL,                -- asked, approved, refused, ended, began, expired
  state        TEXT NOT NULL,
  at           BIGINT NOT NULL,
  actor        TEXT NOT NULL,
  note         TEXT NOT NULL,
  entry_id     TEXT NOT NULL,
  PRIMARY KEY (exclusion_id, seq)
);

-- Definitions of populations. A version's content never changes; only its
-- approval, or its retirement, is added.
CREATE TABLE population_version (
  slug           TEXT NOT NULL,
  version        BIGINT NOT NULL,
  state          TEXT NOT NULL,              -- draft, approved, retired
  content        TEXT NOT NULL,              -- JSON
  digest         TEXT NOT NULL,              -- SHA-256 of content, in hex
  made_at        BIGINT NOT NULL,
  made_by        TEXT NOT NULL,              -- usr_… or system
  entry_id       TEXT NOT NULL,
  approved_at    BIGINT NOT NULL DEFAULT 0,
  approved_by    TEXT NOT NULL DEFAULT '',
  alone          TEXT NOT NULL DEFAULT '',   -- where the author approved: what stands in for a second person
  approval_entry TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (slug, version)
);

-- Frozen extractions. The items are a blob: a line of JSON each.
CREATE TABLE extraction (
  id          TEXT PRIMARY KEY,              -- pex_…
  number      BIGINT NOT NULL UNIQUE,        -- P-3
  slug        TEXT NOT NULL,
  version     BIGINT NOT NULL,
  definition  TEXT NOT NULL,                 -- digest of the version's content
  source      TEXT NOT NULL,
  window_from BIGINT NOT NULL,               -- window_from = window_to: an instant
  window_to   BIGINT NOT NULL,
  known       BIGINT NOT NULL,               -- ledger size that bounds what was known
  count       BIGINT NOT NULL,
  undecided   BIGINT NOT NULL,               -- of count: the filter could not be answered for them
  digest      TEXT NOT NULL,                 -- of the items, and of the blob that holds them
  size        BIGINT NOT NULL,               -- bytes of the blob
  excluded    BIGINT NOT NULL,               -- items that were left out by an exclusion
  exclusions  TEXT NOT NULL,                 -- JSON: the register of what was left out
  exclusions_digest TEXT NOT NULL,
  made_at     BIGINT NOT NULL,
  made_by     TEXT NOT NULL,
  entry_id    TEXT NOT NULL
);
CREATE INDEX extraction_slug ON extraction (slug, made_at);

-- An extraction held against a second source of the same things.
CREATE TABLE reconciliation (
  id            TEXT PRIMARY KEY,            -- rcn_…
  extraction_id TEXT NOT NULL REFERENCES extraction (id),
  kind          TEXT NOT NULL,               -- neighbours, zone, hosts_file
  name          TEXT NOT NULL,               -- of the second source: a zone, a file
  blob          TEXT NOT NULL,               -- what the second source was, as it was read
  a             BIGINT NOT NULL,             -- items of the extraction
  b             BIGINT NOT NULL,             -- entries of the second source
  matched_a     BIGINT NOT NULL,
  matched_b     BIGINT NOT NULL,
  digest        TEXT NOT NULL,               -- over the lines
  notes         TEXT NOT NULL,               -- JSON: what could not be used, and what stands out
  made_at       BIGINT NOT NULL,
  made_by       TEXT NOT NULL,
  entry_id      TEXT NOT NULL
);
CREATE INDEX reconciliation_extraction ON reconciliation (extraction_id, made_at);

CREATE TABLE reconciliation_line (
  reconciliation_id TEXT NOT NULL REFERENCES reconciliation (id),
  seq          BIGINT NOT NULL,
  side         TEXT NOT NULL,                -- both, a, b
  item         TEXT NOT NULL,                -- key in the extraction, '' on side b
  name         TEXT NOT NULL,
  detail       TEXT NOT NULL,                -- JSON: the entries of the second source, and by what they matched
  cause        TEXT NOT NULL DEFAULT '',     -- out_of_scope, not_an_item, to_be_enrolled, other
  explanation  TEXT NOT NULL DEFAULT '',
  explained_at BIGINT NOT NULL DEFAULT 0,
  explained_by TEXT NOT NULL DEFAULT '',
  exclusion_id TEXT NOT NULL DEFAULT '',
  entry_id     TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (reconciliation_id, seq)
);

-- A finding whose failing item is waived: its clock stands still meanwhile.
ALTER TABLE finding ADD COLUMN waiver TEXT NOT NULL DEFAULT '';
ALTER TABLE finding ADD COLUMN waived_from BIGINT NOT NULL DEFAULT 0;
ALTER TABLE finding ADD COLUMN waived_until BIGINT NOT NULL DEFAULT 0;

-- A host that an exclusion leaves out reports and is not judged.
ALTER TABLE host ADD COLUMN excluded_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE host ADD COLUMN exclusion TEXT NOT NULL DEFAULT '';
