package change

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bindings are the rows that the ledger's entries about changes stand for.
func Bindings() []ledger.Binding {
	return []ledger.Binding{
		{Name: "change.repository_set", Check: boundRepository}, {Name: "change.read", Check: boundReading}, {Name: "change.told", Check: boundEvents}, {Name: "change.derived", Check: boundVersions},
		{Name: "change.standard_proposed", Check: boundStandard}, {Name: "change.standard_approved", Check: boundStandard}, {Name: "change.standard_ended", Check: boundStandard},
		{Name: "change.identity_set", Check: boundIdentity}, {Name: "change.key_made", Check: boundKey}, {Name: "change.token_signed", Check: boundToken},
	}
}

func refuse(rec ledger.Record, format string, args ...any) error {
	return fault.New(fault.Refused, "%s of %s: %s", rec.Type, rec.Subject, fmt.Sprintf(format, args...)).
		WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
}

// says holds what a row says against an entry.
func says(rec ledger.Record, want map[string]any) error {
	for name, v := range want {
		if n, ok := v.(int); ok {
			v = int64(n)
		}
		if rec.Data[name] != v {
			return refuse(rec, "the row says %s is %v, the ledger says %v", name, v, rec.Data[name])
		}
	}
	return nil
}

// boundRepository holds the newest settings against their entry; older ones live
// in the ledger alone, and the row must name one that came later.
func boundRepository(ctx context.Context, q database.Querier, rec ledger.Record) error {
	var slug, content, digest, by, entry string
	var removed int64
	err := q.QueryRowContext(ctx, `SELECT slug, content, digest, changed_by, entry_id, removed_at FROM change_repository WHERE id = $1`, rec.Subject).Scan(&slug, &content, &digest, &by, &entry, &removed)
	if gone(err) {
		return refuse(rec, "its row is gone")
	}
	if err != nil {
		return err
	}
	if digestOf([]byte(content)) != digest {
		return refuse(rec, "the settings of its row do not have their digest")
	}
	if entry != rec.ID {
		return later(ctx, q, rec, entry)
	}
	if by != rec.Actor {
		return refuse(rec, "its row names another person")
	}
	return says(rec, map[string]any{"slug": slug, "digest": digest, "removed": removed != 0})
}

// later makes sure that a row that another entry answers for names an entry of
// the same kind.
func later(ctx context.Context, q database.Querier, rec ledger.Record, entry string) error {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM ledger_entry WHERE id = $1 AND type = $2`, entry, rec.Type).Scan(&n); err != nil {
		return fmt.Errorf("read an entry: %w", err)
	}
	if n == 0 {
		return refuse(rec, "the entry that its row names is not in the ledger")
	}
	return nil
}

func boundReading(ctx context.Context, q database.Querier, rec ledger.Record) error {
	var repository, head, digest, goneDigest, goneIDs string
	var commits, lost int64
	err := q.QueryRowContext(ctx, `SELECT repository_id, head, commits, digest, gone, gone_digest, gone_ids FROM change_reading WHERE entry_id = $1`, rec.ID).Scan(&repository, &head, &commits, &digest, &lost, &goneDigest, &goneIDs)
	if gone(err) {
		return refuse(rec, "its row is gone")
	}
	if err != nil {
		return err
	}
	var shas []string
	rows, err := q.QueryContext(ctx, `SELECT sha FROM change_commit WHERE entry_id = $1`, rec.ID)
	if err := each(rows, err, "read commits", func() error {
		var sha string
		err := rows.Scan(&sha)
		shas = append(shas, sha)
		return err
	}); err != nil {
		return err
	}
	slices.Sort(shas)
	if digestOf([]byte(strings.Join(shas, "\n"))) != digest || digestOf([]byte(strings.ReplaceAll(goneIDs, " ", "\n"))) != goneDigest || repository != rec.Subject {
		return refuse(rec, "its commits are not those that were read")
	}
	return says(rec, map[string]any{"head": head, "commits": commits, "digest": digest, "gone": lost, "gone_digest": goneDigest})
}

func boundEvents(ctx context.Context, q database.Querier, rec ledger.Record) error {
	h, n := sha256.New(), 0
	var wrong error
	rows, err := q.QueryContext(ctx, `SELECT repository_id, delivery, content, digest, by_user FROM change_event WHERE entry_id = $1 ORDER BY seq`, rec.ID)
	if err := each(rows, err, "read events", func() error {
		var repository, delivery, content, digest, by string
		if err := rows.Scan(&repository, &delivery, &content, &digest, &by); err != nil {
			return err
		}
		if repository != rec.Subject || by != rec.Actor || digestOf([]byte(content)) != digest || digestOf([]byte(delivery)) != rec.Data["delivery"] {
			wrong = refuse(rec, "an event is not what was told")
		}
		n++
		h.Write([]byte(digest))
		return nil
	}); err != nil {
		return err
	}
	if wrong != nil {
		return wrong
	}
	return says(rec, map[string]any{"events": n, "digest": hex.EncodeToString(h.Sum(nil))})
}

func boundVersions(ctx context.Context, q database.Querier, rec ledger.Record) error {
	h, n := sha256.New(), 0
	var wrong error
	// Sorted here, not there: collations differ.
	var lines []string
	rows, err := q.QueryContext(ctx, `SELECT item_id, version, content, digest FROM change_version WHERE entry_id = $1`, rec.ID)
	if err := each(rows, err, "read versions", func() error {
		var id, content, digest string
		var version int64
		if err := rows.Scan(&id, &version, &content, &digest); err != nil {
			return err
		}
		if digestOf([]byte(content)) != digest {
			wrong = refuse(rec, "version %d of %s is not what was derived", version, id)
		}
		n++
		lines = append(lines, fmt.Sprintf("%s %d %s\n", id, version, digest))
		return nil
	}); err != nil {
		return err
	}
	if wrong != nil {
		return wrong
	}
	slices.Sort(lines)
	for _, line := range lines {
		h.Write([]byte(line))
	}
	return says(rec, map[string]any{"versions": n, "digest": hex.EncodeToString(h.Sum(nil))})
}

func boundStandard(ctx context.Context, q database.Querier, rec ledger.Record) error {
	var number int64
	var content, digest, made, decided, alone, entry, decision, ending string
	err := q.QueryRowContext(ctx, `SELECT number, content, digest, made_by, decided_by, alone, entry_id, decision, ending FROM change_standard WHERE id = $1`, rec.Subject).
		Scan(&number, &content, &digest, &made, &decided, &alone, &entry, &decision, &ending)
	if gone(err) {
		return refuse(rec, "its row is gone")
	}
	if err != nil {
		return err
	}
	want := map[string]any{"number": number}
	switch rec.Type {
	case "change.standard_proposed":
		if entry != rec.ID || made != rec.Actor || digestOf([]byte(content)) != digest {
			return refuse(rec, "its row says something else than was recorded")
		}
		want["digest"] = digest
	case "change.standard_approved":
		if decision != rec.ID || decided != rec.Actor {
			return refuse(rec, "its row says something else than was recorded")
		}
		want["by_author"] = alone != ""
	default:
		if ending != rec.ID {
			return refuse(rec, "its row says something else than was recorded")
		}
	}
	return says(rec, want)
}

// boundIdentity holds the newest word on a login against its entry; one that was
// taken back or said anew has no row of its own.
func boundIdentity(ctx context.Context, q database.Querier, rec ledger.Record) error {
	var as, user, by string
	err := q.QueryRowContext(ctx, `SELECT known_as, user_id, by_user FROM change_identity WHERE entry_id = $1`, rec.ID).Scan(&as, &user, &by)
	if gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if by != rec.Actor {
		return refuse(rec, "its row names another person")
	}
	told, err := ledger.Personal(ctx, q, rec)
	if err != nil {
		return err
	}
	if told != nil && told["known_as"] != as {
		return refuse(rec, "its row says something else than was recorded")
	}
	return says(rec, map[string]any{"user": user})
}

func boundKey(ctx context.Context, q database.Querier, rec ledger.Record) error {
	var public string
	err := q.QueryRowContext(ctx, `SELECT public FROM change_key WHERE entry_id = $1 AND id = $2`, rec.ID, rec.Subject).Scan(&public)
	if gone(err) {
		return refuse(rec, "its row is gone")
	}
	if err != nil {
		return err
	}
	return says(rec, map[string]any{"public": public})
}

func boundToken(ctx context.Context, q database.Querier, rec ledger.Record) error {
	var id, item, text, by string
	err := q.QueryRowContext(ctx, `SELECT id, item_id, text, made_by FROM change_token WHERE entry_id = $1`, rec.ID).Scan(&id, &item, &text, &by)
	if gone(err) {
		return refuse(rec, "its row is gone")
	}
	if err != nil {
		return err
	}
	if item != rec.Subject || by != rec.Actor {
		return refuse(rec, "its row says something else than was recorded")
	}
	return says(rec, map[string]any{"token": id, "digest": digestOf([]byte(text))})
}
