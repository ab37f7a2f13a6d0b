-- +goose Up
-- A fold also says since when an attribute deviates, and has a later twin: what
-- is known of the same moment by now. Folds are derived: they are made again.
DELETE FROM step_sum;
DELETE FROM step_fold;
ALTER TABLE step_sum ADD COLUMN since BIGINT NOT NULL DEFAULT 0;  -- µs; 0: no item fails or is waived
ALTER TABLE step_fold ADD COLUMN again BIGINT NOT NULL DEFAULT 0; -- 1: the later twin
CREATE INDEX step_fold_upto ON step_fold (valid_upto, known);

-- Lists and their counts, read from the index alone.
CREATE INDEX finding_summary ON finding (state, severity, waived_from, due_at);
CREATE INDEX finding_severity ON finding (severity, due_at, number);
CREATE INDEX finding_changed ON finding (changed_at, number);
CREATE INDEX host_listed ON host (population, retired_at, name, id);
CREATE INDEX host_failing ON host (population, retired_at, n_fail DESC, name, id, n_waived);
