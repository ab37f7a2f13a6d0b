-- +goose Up
-- Rule sets of firewalls: the distinct ones, with who has them in force.
CREATE TABLE firewall_set (
  id         TEXT PRIMARY KEY,          -- fws_…
  no         BIGINT NOT NULL UNIQUE,    -- 3 of FW-3
  kind       TEXT NOT NULL,             -- host, aws, azure, gcp
  name       TEXT NOT NULL,             -- who has it, in words
  digest     TEXT NOT NULL,             -- of what is in force now
  parent     TEXT NOT NULL,             -- the set that it came apart from; '' for none
  first_at   BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,           -- its rules changed
  gone_at    BIGINT NOT NULL            -- 0: in force somewhere
);
CREATE INDEX firewall_set_digest ON firewall_set (kind, digest);

-- Chains and rules, once for all who have them, with what is said of them.
CREATE TABLE firewall_body (
  digest TEXT PRIMARY KEY,
  rules  BIGINT NOT NULL,
  body   BLOB NOT NULL,                 -- JSON: chains, rules
  report BLOB NOT NULL                  -- JSON: see internal/operations/firewall/analysis
);

-- Who has a rule set: a host, or a security group of a cloud.
CREATE TABLE firewall_member (
  source    TEXT PRIMARY KEY,           -- src_…; aws:123456789012/sg-0a1b
  kind      TEXT NOT NULL,
  host_id   TEXT NOT NULL,              -- '' of a cloud's
  name      TEXT NOT NULL,
  section   TEXT NOT NULL,              -- digest of what was read
  digest    TEXT NOT NULL,              -- of its rules; '' while they are not known
  set_id    TEXT NOT NULL,
  since     BIGINT NOT NULL,            -- has had these rules
  boot      BIGINT NOT NULL,
  heard_at  BIGINT NOT NULL,
  silent    BIGINT NOT NULL,
  why       TEXT NOT NULL,              -- why its rules are not known
  counting  TEXT NOT NULL               -- JSON: what counters said, and since when
);
CREATE INDEX firewall_member_set ON firewall_member (set_id);

-- What came and went in a rule set.
CREATE TABLE firewall_event (
  set_id TEXT NOT NULL,
  at     BIGINT NOT NULL,
  kind   TEXT NOT NULL,                 -- added, gone
  chain  TEXT NOT NULL,
  rule   TEXT NOT NULL,
  PRIMARY KEY (set_id, at, kind, chain, rule)
);
