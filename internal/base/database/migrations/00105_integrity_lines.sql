-- +goose Up
-- The same update or change on several hosts, which lists have in one line.
CREATE TABLE integrity_fleet (
  fleet    TEXT PRIMARY KEY,            -- that of integrity_group
  verdict  TEXT NOT NULL,
  no       BIGINT NOT NULL,             -- its newest group
  last_at  BIGINT NOT NULL,             -- of that
  first_at BIGINT NOT NULL,             -- of any
  n_hosts  BIGINT NOT NULL,
  n_groups BIGINT NOT NULL,
  n        BIGINT NOT NULL              -- changes of all of them
);
DROP INDEX integrity_group_fleet;
CREATE INDEX integrity_group_fleet ON integrity_group (fleet, last_at, no);
INSERT INTO integrity_fleet (fleet, verdict, no, last_at, first_at, n_hosts, n_groups, n)
  SELECT g.fleet, MIN(g.verdict), (SELECT o.no FROM integrity_group o WHERE o.fleet = g.fleet ORDER BY o.last_at DESC, o.no DESC LIMIT 1),
    MAX(g.last_at), MIN(g.first_at), COUNT(DISTINCT g.source), COUNT(*), CAST(SUM(g.n) AS BIGINT) FROM integrity_group g WHERE g.fleet <> '' GROUP BY g.fleet;
CREATE INDEX integrity_fleet_last ON integrity_fleet (last_at, no);
CREATE INDEX integrity_fleet_verdict ON integrity_fleet (verdict, last_at, no);

-- What lists are filtered by, in the order in which they are shown.
CREATE INDEX integrity_group_alone ON integrity_group (last_at, no) WHERE fleet = '';
CREATE INDEX integrity_group_alone_verdict ON integrity_group (verdict, last_at, no) WHERE fleet = '';
CREATE INDEX integrity_group_exceeded ON integrity_group (last_at, no) WHERE exceeded = 1;
CREATE INDEX integrity_group_system ON integrity_group (last_at, no) WHERE n_system > 0;
CREATE INDEX integrity_group_config ON integrity_group (last_at, no) WHERE n_config > 0;
CREATE INDEX integrity_group_content ON integrity_group (last_at, no) WHERE n_content > 0;
CREATE INDEX integrity_group_person ON integrity_group (person, last_at, no);
CREATE INDEX integrity_group_program ON integrity_group (program, last_at, no);
CREATE INDEX integrity_group_ticket ON integrity_group (ticket, last_at, no);
CREATE INDEX integrity_group_tally ON integrity_group (last_at, verdict, n);
DROP INDEX integrity_change_at;
CREATE INDEX integrity_change_at ON integrity_change (source, at, group_no, seq);
CREATE INDEX integrity_change_when ON integrity_change (at, group_no, seq);
