-- +goose Up
-- Access reviews: who may do what, frozen once per campaign, decided by people.
CREATE TABLE review_campaign (
  id          TEXT PRIMARY KEY,             -- arc_…
  number      BIGINT NOT NULL UNIQUE,       -- 3 of AR-3
  content     TEXT NOT NULL,                -- JSON: title, control, period, sources, reviewers, days for revocations
  digest      TEXT NOT NULL,                -- SHA-256 of content
  items       BIGINT NOT NULL,
  items_digest TEXT NOT NULL,               -- SHA-256 over the items as they were frozen
  parts_digest TEXT NOT NULL,               -- SHA-256 over each source and its state
  previous    BIGINT NOT NULL,              -- campaign that it is compared with; 0: none
  due_at      BIGINT NOT NULL,
  begun_at    BIGINT NOT NULL,
  begun_by    TEXT NOT NULL,
  begun_entry TEXT NOT NULL UNIQUE,
  state       TEXT NOT NULL,                -- running, closed, abandoned
  ended_at    BIGINT NOT NULL,
  ended_by    TEXT NOT NULL,
  ended_entry TEXT NOT NULL,
  ended_note  TEXT NOT NULL,
  ended_digest TEXT NOT NULL,               -- SHA-256 over the decisions
  evidence    TEXT NOT NULL                 -- E-12, once it was brought
);

-- What each place said, or why it said nothing, when the campaign began.
CREATE TABLE review_part (
  campaign   BIGINT NOT NULL REFERENCES review_campaign (number),
  place      TEXT NOT NULL,                 -- hst_…, dbs_…, attesta, lst_…
  part       TEXT NOT NULL,                 -- accounts, sudo, ssh_keys, roles, users, list
  kind       TEXT NOT NULL,                 -- host, database, attesta, list
  name       TEXT NOT NULL,
  state      TEXT NOT NULL,                 -- observed, not_observed
  why        TEXT NOT NULL,
  digest     TEXT NOT NULL,                 -- of what was read
  seen_from  BIGINT NOT NULL,
  seen_until BIGINT NOT NULL,
  items      BIGINT NOT NULL,
  left_out   BIGINT NOT NULL,               -- accounts that let nobody in
  PRIMARY KEY (campaign, place, part)
);

CREATE TABLE review_item (
  id          TEXT PRIMARY KEY,             -- ari_…
  campaign    BIGINT NOT NULL REFERENCES review_campaign (number),
  seq         BIGINT NOT NULL,              -- 17 of AR-3.17
  place       TEXT NOT NULL,
  part        TEXT NOT NULL,
  kind        TEXT NOT NULL,
  place_name  TEXT NOT NULL,
  account     TEXT NOT NULL,
  role        TEXT NOT NULL,
  detail      TEXT NOT NULL,
  privileged  BIGINT NOT NULL,
  person      TEXT NOT NULL,                -- per_…, or empty
  holder      TEXT NOT NULL,                -- usr_…, or empty
  person_name TEXT NOT NULL,
  manager     TEXT NOT NULL,
  last_used   BIGINT NOT NULL,              -- 0: the source does not say
  granted_at  BIGINT NOT NULL,
  granted_by  TEXT NOT NULL,                -- usr_…, or what the source calls them
  flags       TEXT NOT NULL,                -- words between spaces, with one at each end
  duties      TEXT NOT NULL,                -- what segregation of duties says
  change      TEXT NOT NULL,                -- new, same, changed; empty: nothing to compare with
  before      TEXT NOT NULL,                -- what was decided last time
  request     TEXT NOT NULL,                -- that granted it
  reviewer    TEXT NOT NULL,                -- usr_…, or empty
  decision    TEXT NOT NULL,                -- keep, revoke, change; empty: undecided
  decided_at  BIGINT NOT NULL,
  decided_by  TEXT NOT NULL,
  reason      TEXT NOT NULL,
  events      BIGINT NOT NULL,              -- sequence of the newest event
  search      TEXT NOT NULL,
  UNIQUE (campaign, seq)
);
CREATE INDEX review_item_key ON review_item (campaign, place, account, role);
-- What lists count by is read from here, without the rows.
CREATE INDEX review_item_count ON review_item (campaign, decision, change, flags, place, reviewer);

CREATE TABLE review_event (
  item_id      TEXT NOT NULL REFERENCES review_item (id),
  seq          BIGINT NOT NULL,             -- from 1
  kind         TEXT NOT NULL,               -- decided, withdrawn, assigned, referenced
  decision     TEXT NOT NULL,
  value        TEXT NOT NULL,               -- the role instead, the reviewer, the request
  reason       TEXT NOT NULL,
  compensation TEXT NOT NULL,
  made_at      BIGINT NOT NULL,
  made_by      TEXT NOT NULL,
  entry_id     TEXT NOT NULL UNIQUE,
  PRIMARY KEY (item_id, seq)
);

CREATE TABLE review_revocation (
  item_id  TEXT PRIMARY KEY REFERENCES review_item (id),
  state    TEXT NOT NULL,                   -- open, gone, withdrawn
  asked_at BIGINT NOT NULL,                 -- of the decision
  due_at   BIGINT NOT NULL,
  seen_at  BIGINT NOT NULL,                 -- last looked at, whatever was seen
  saw      TEXT NOT NULL,                   -- there, silent: what the last look said
  why      TEXT NOT NULL,
  gone_at  BIGINT NOT NULL,                 -- observation that shows it gone
  entry_id TEXT NOT NULL                    -- of that proof
);
CREATE INDEX review_revocation_state ON review_revocation (state, due_at);

-- Lists of accounts of systems that nothing reads.
CREATE TABLE review_list (
  id       TEXT PRIMARY KEY,                -- lup_…
  place    TEXT NOT NULL,                   -- lst_… of the system
  name     TEXT NOT NULL,
  owner    TEXT NOT NULL,                   -- usr_…, or empty
  taken_at BIGINT NOT NULL,                 -- when the list was taken from the system
  accounts BIGINT NOT NULL,
  left_out BIGINT NOT NULL,
  digest   TEXT NOT NULL,                   -- SHA-256 of the file
  content  TEXT NOT NULL,                   -- JSON of what was read
  content_digest TEXT NOT NULL,             -- SHA-256 of it
  made_at  BIGINT NOT NULL,
  made_by  TEXT NOT NULL,
  entry_id TEXT NOT NULL UNIQUE
);
CREATE INDEX review_list_place ON review_list (place, taken_at);

-- Pairs of entitlements that one person should not hold: versions of rules.
CREATE TABLE review_duty (
  number   BIGINT NOT NULL,
  version  BIGINT NOT NULL,                 -- from 1
  content  TEXT NOT NULL,                   -- JSON
  digest   TEXT NOT NULL,
  made_at  BIGINT NOT NULL,
  made_by  TEXT NOT NULL,
  entry_id TEXT NOT NULL UNIQUE,
  PRIMARY KEY (number, version)
);
