-- +goose Up
-- Numbers given out one by one: items, attributes, findings, and the
-- generation of the set of standards in force.
CREATE TABLE evidence_counter (
  name  TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO evidence_counter (name, value) VALUES ('item', 0), ('attribute', 0), ('finding', 0), ('standard', 0), ('fold', 0);

-- Every version of every standard that was ever installed, whole.
CREATE TABLE standard (
  id           TEXT PRIMARY KEY,             -- std_…
  pack         TEXT NOT NULL,                -- slug: linux-server
  version      TEXT NOT NULL,
  title        TEXT NOT NULL,
  digest       TEXT NOT NULL,                -- of the pack as installed, before tailoring
  content      BLOB NOT NULL,                -- the pack's files, a zip
  checks       BIGINT NOT NULL,
  attributes   BIGINT NOT NULL,
  generation   BIGINT NOT NULL UNIQUE,       -- order of installation: the newest of a pack is in force
  installed_at BIGINT NOT NULL,
  installed_by TEXT NOT NULL,                -- usr_… or system
  entry_id     TEXT NOT NULL,                -- ent_…
  UNIQUE (pack, version)
);

-- A named person's word for one content: tailoring makes another digest.
CREATE TABLE standard_approval (
  standard_id TEXT NOT NULL REFERENCES standard (id),
  digest      TEXT NOT NULL,                 -- tailoring included
  approved_at BIGINT NOT NULL,
  approved_by TEXT NOT NULL,                 -- usr_…
  entry_id    TEXT NOT NULL,
  PRIMARY KEY (standard_id, digest)
);

-- What an organisation changed of a standard's checks; the newest row of a check holds.
CREATE TABLE tailoring (
  id         TEXT PRIMARY KEY,               -- tlr_…
  pack       TEXT NOT NULL,
  check_id   TEXT NOT NULL,
  generation BIGINT NOT NULL UNIQUE,
  excluded   BIGINT NOT NULL,
  severity   TEXT NOT NULL,                  -- '': as declared
  parameters TEXT NOT NULL,                  -- JSON object: only those that differ
  reason     TEXT NOT NULL,
  made_at    BIGINT NOT NULL,
  made_by    TEXT NOT NULL,
  entry_id   TEXT NOT NULL
);
CREATE INDEX tailoring_check ON tailoring (check_id, generation);

-- Items of populations. The number stands for the id in the rows below.
CREATE TABLE item (
  no         BIGINT PRIMARY KEY,
  id         TEXT NOT NULL UNIQUE,           -- hst_…
  population TEXT NOT NULL,                  -- hosts
  source     TEXT NOT NULL,                  -- src_…: whose coverage the item inherits
  name       TEXT NOT NULL                   -- what people call it
);
CREATE INDEX item_source ON item (source);

-- Membership of a population on both time axes; append only.
CREATE TABLE item_presence (
  item_no    BIGINT NOT NULL,
  valid_from BIGINT NOT NULL,
  run_no     BIGINT NOT NULL,
  present    BIGINT NOT NULL,
  reason     TEXT NOT NULL,
  PRIMARY KEY (item_no, valid_from, run_no)
);

CREATE TABLE check_attribute (
  no           BIGINT PRIMARY KEY,
  check_id     TEXT NOT NULL,                -- linux-server/sshd-root-login
  attribute_id TEXT NOT NULL,
  population   TEXT NOT NULL,
  sections     TEXT NOT NULL,                -- comma-separated: what it reads, for coverage
  since        BIGINT NOT NULL,              -- when it first came into force: nothing is judged before
  UNIQUE (check_id, attribute_id)
);

-- A run judged one item's new evidence, or a population. Numbers of one
-- source's runs grow with time.
CREATE TABLE run (
  no              BIGINT PRIMARY KEY,
  id              TEXT NOT NULL UNIQUE,      -- run_…
  entry_id        TEXT NOT NULL UNIQUE,      -- ent_…: its ledger index is transaction time
  kind            TEXT NOT NULL,             -- facts, standard, presence, population
  population      TEXT NOT NULL,
  source          TEXT NOT NULL,             -- src_…; '' for a whole population
  batch           TEXT NOT NULL,             -- digest of the batch, '' where there was none
  standards       TEXT NOT NULL,             -- digest of the set in force
  inputs          TEXT NOT NULL,             -- digest of the evidence that was judged, '' where there was none
  valid_at        BIGINT NOT NULL,           -- when what it judged was observed
  recorded_at     BIGINT NOT NULL,
  items           BIGINT NOT NULL,
  evaluated       BIGINT NOT NULL,
  changed         BIGINT NOT NULL,
  pass            BIGINT NOT NULL,           -- of the changed outcomes; of the whole population in a population run
  fail            BIGINT NOT NULL,
  error           BIGINT NOT NULL,
  not_observed    BIGINT NOT NULL,
  not_applicable  BIGINT NOT NULL,
  waived          BIGINT NOT NULL,
  outcomes_digest TEXT NOT NULL,
  definition      TEXT NOT NULL,             -- JSON: the population's definition, count and digest; '' in other runs
  late            BIGINT NOT NULL            -- 1: it may have steps at or before the end of a fold, see below
);
CREATE INDEX run_source ON run (source, no);
CREATE INDEX run_recorded ON run (recorded_at, no);
CREATE INDEX run_valid ON run (population, valid_at);
CREATE INDEX run_late ON run (no) WHERE late = 1;

-- What an outcome says, once for all items that share it.
CREATE TABLE verdict (
  digest   BLOB PRIMARY KEY,                 -- first 16 bytes of SHA-256 over the other columns
  outcome  TEXT NOT NULL,
  reason   TEXT NOT NULL,
  observed TEXT NOT NULL,
  expected TEXT NOT NULL
);

-- Changes of outcomes; append only. The outcome at valid time V as known by
-- ledger size K is the row with the greatest (valid_from, run_no) among those
-- with valid_from <= V whose run has an index < K. 'gone': not judged any more.
CREATE TABLE outcome (
  item_no      BIGINT NOT NULL,
  attribute_no BIGINT NOT NULL,
  valid_from   BIGINT NOT NULL,
  run_no       BIGINT NOT NULL,
  outcome      TEXT NOT NULL,
  verdict      BLOB NOT NULL,
  PRIMARY KEY (item_no, attribute_no, valid_from, run_no)
);
CREATE INDEX outcome_run ON outcome (run_no);
CREATE INDEX outcome_notable ON outcome (outcome, item_no, attribute_no) WHERE outcome <> 'pass' AND outcome <> 'gone';

-- Step functions of the counts: the sum over valid_from <= V and runs known by
-- K is the count. Derived from outcome; can be rebuilt.
CREATE TABLE step (
  attribute_no   BIGINT NOT NULL,
  valid_from     BIGINT NOT NULL,
  run_no         BIGINT NOT NULL,
  pass           BIGINT NOT NULL,
  fail           BIGINT NOT NULL,
  error          BIGINT NOT NULL,
  not_observed   BIGINT NOT NULL,
  not_applicable BIGINT NOT NULL,
  waived         BIGINT NOT NULL,
  PRIMARY KEY (run_no, attribute_no, valid_from)
);
CREATE INDEX step_valid ON step (valid_from, attribute_no);

-- Sums of all steps with valid_from <= valid_upto of runs with an index <
-- known: neither can change any more, so that a count starts from the newest
-- fold instead of from the beginning.
CREATE TABLE step_fold (
  no         BIGINT PRIMARY KEY,
  valid_upto BIGINT NOT NULL,
  known      BIGINT NOT NULL
);
CREATE TABLE step_sum (
  fold_no        BIGINT NOT NULL,
  attribute_no   BIGINT NOT NULL,
  pass           BIGINT NOT NULL,
  fail           BIGINT NOT NULL,
  error          BIGINT NOT NULL,
  not_observed   BIGINT NOT NULL,
  not_applicable BIGINT NOT NULL,
  waived         BIGINT NOT NULL,
  PRIMARY KEY (fold_no, attribute_no)
);

-- When a source was heard. covered_to is the last observation, which each
-- message moves on; recorded_at is when the interval became known. One that was
-- filled in afterwards has an entry, whose index says from when on it is known.
CREATE TABLE coverage (
  source       TEXT NOT NULL,
  covered_from BIGINT NOT NULL,
  covered_to   BIGINT NOT NULL,
  recorded_at  BIGINT NOT NULL,
  entry_id     TEXT NOT NULL,                -- ent_…; '': heard at once
  PRIMARY KEY (source, covered_from, recorded_at)
);
CREATE INDEX coverage_entry ON coverage (entry_id) WHERE entry_id <> '';

-- Sections of which a source that was heard said nothing, or something whose
-- facts have not arrived. gap_to is the greatest BIGINT while that lasts. A
-- section is covered where its source is and no gap is.
CREATE TABLE coverage_gap (
  source   TEXT NOT NULL,
  section  TEXT NOT NULL,
  gap_from BIGINT NOT NULL,
  gap_to   BIGINT NOT NULL,
  reason   TEXT NOT NULL,
  PRIMARY KEY (source, section, gap_from)
);

CREATE TABLE finding (
  id              TEXT PRIMARY KEY,          -- fnd_…
  number          BIGINT NOT NULL UNIQUE,    -- F-12
  check_id        TEXT NOT NULL,
  attribute_id    TEXT NOT NULL,
  item_id         TEXT NOT NULL,
  item_name       TEXT NOT NULL,
  population      TEXT NOT NULL,
  source          TEXT NOT NULL,
  title           TEXT NOT NULL,
  severity        TEXT NOT NULL,             -- critical, high, medium, low
  severity_rank   BIGINT NOT NULL,           -- 1 critical … 4 low
  state           TEXT NOT NULL,             -- open, acknowledged, stale, closed
  stale_cause     TEXT NOT NULL DEFAULT '',  -- silent, vanished, unreadable, not_applicable, check_removed
  reason          TEXT NOT NULL,             -- why it is in this state, in plain words
  opened_at       BIGINT NOT NULL,           -- first opening: the clock runs from here
  due_at          BIGINT NOT NULL,
  failing_since   BIGINT NOT NULL,           -- newest opening or reopening
  acknowledged_at BIGINT NOT NULL DEFAULT 0,
  acknowledged_by TEXT NOT NULL DEFAULT '',
  closed_at       BIGINT NOT NULL DEFAULT 0,
  changed_at      BIGINT NOT NULL,           -- newest transition
  reopened        BIGINT NOT NULL DEFAULT 0, -- how often
  opened_run      TEXT NOT NULL,
  last_run        TEXT NOT NULL,
  search          TEXT NOT NULL              -- lower case
);
CREATE UNIQUE INDEX finding_live ON finding (check_id, attribute_id, item_id) WHERE state <> 'closed';
CREATE INDEX finding_identity ON finding (item_id, check_id, attribute_id, number);
CREATE INDEX finding_due ON finding (state, severity_rank, due_at, number);
CREATE INDEX finding_source ON finding (source, state);

-- A finding's timeline; append only.
CREATE TABLE finding_event (
  finding_id TEXT NOT NULL REFERENCES finding (id),
  seq        BIGINT NOT NULL,
  kind       TEXT NOT NULL,                  -- opened, acknowledged, stale, resumed, closed, reopened
  from_state TEXT NOT NULL,
  to_state   TEXT NOT NULL,
  valid_at   BIGINT NOT NULL,                -- when what caused it was observed
  at         BIGINT NOT NULL,                -- when it was recorded
  actor      TEXT NOT NULL,                  -- usr_…, src_… or system
  reason     TEXT NOT NULL,
  note       TEXT NOT NULL DEFAULT '',       -- what a person wrote
  run_id     TEXT NOT NULL DEFAULT '',
  entry_id   TEXT NOT NULL,
  PRIMARY KEY (finding_id, seq)
);
CREATE INDEX finding_event_at ON finding_event (at, finding_id, seq);

CREATE TABLE host (
  id             TEXT PRIMARY KEY,           -- hst_…
  source         TEXT NOT NULL UNIQUE,       -- src_…
  name           TEXT NOT NULL,
  os             TEXT NOT NULL DEFAULT '',   -- Debian GNU/Linux 13 (trixie)
  kernel         TEXT NOT NULL DEFAULT '',
  architecture   TEXT NOT NULL DEFAULT '',
  agent_version  TEXT NOT NULL DEFAULT '',
  clock_known    BIGINT NOT NULL DEFAULT 0,
  clock_offset   BIGINT NOT NULL DEFAULT 0,  -- µs, positive: the host is ahead
  first_seen     BIGINT NOT NULL,
  last_seen      BIGINT NOT NULL,            -- received
  last_observed  BIGINT NOT NULL,
  standards      TEXT NOT NULL DEFAULT '',   -- digest of the set it was last judged by
  in_force       TEXT NOT NULL DEFAULT '',   -- digest over the names and digests of the sections in force, once a heartbeat agreed
  confirmed_at   BIGINT NOT NULL DEFAULT 0,  -- when the host last said that these are in force
  silent_since   BIGINT NOT NULL DEFAULT 0,  -- set by the sweep; 0: heard
  retired_at     BIGINT NOT NULL DEFAULT 0,
  retired_by     TEXT NOT NULL DEFAULT '',
  retired_reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX host_name ON host (name, id);

-- Newest batch of each stream: what came later in a stream was observed later,
-- whatever the host's clock said.
CREATE TABLE host_stream (
  host_id  TEXT NOT NULL,
  stream   TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  valid_at BIGINT NOT NULL,
  PRIMARY KEY (host_id, stream)
);

-- Section bodies, once per digest: many hosts share them.
CREATE TABLE section_body (
  digest    TEXT PRIMARY KEY,
  body      BLOB NOT NULL,                   -- zstd of {"values":…,"missing":…}
  size      BIGINT NOT NULL,                 -- before compression
  stored_at BIGINT NOT NULL
);

-- What each section of a host was, from when on; append only but for
-- last_observed, which facts and heartbeats move on (of a section in force,
-- host.confirmed_at is later).
CREATE TABLE host_section (
  host_id       TEXT NOT NULL,
  section       TEXT NOT NULL,
  valid_from    BIGINT NOT NULL,
  run_no        BIGINT NOT NULL,
  digest        TEXT NOT NULL,
  registry      BIGINT NOT NULL,             -- version of the registry that the agent was built with
  last_observed BIGINT NOT NULL,
  received_at   BIGINT NOT NULL,
  PRIMARY KEY (host_id, section, valid_from, run_no)
);
CREATE INDEX host_section_run ON host_section (run_no);
CREATE INDEX host_section_digest ON host_section (digest);
