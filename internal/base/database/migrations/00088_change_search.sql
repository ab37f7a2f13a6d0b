-- +goose Up
-- Words are looked for in an index alone; PostgreSQL keeps at most 2,700 bytes in
-- an index's row, and 600 characters are at most 2,400.
UPDATE change_item SET search = substr(search, 1, 600) WHERE length(search) > 600;
CREATE INDEX change_item_search ON change_item (kind, withdrawn, at, id, search);
