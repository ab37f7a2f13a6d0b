package ledger

import (
	"context"
	"maps"
)

// TiedBy is the name under which an entry's data says of what it is a part.
const TiedBy = "bulk"

type tieKey struct{}

// Tie lets every entry that is appended with the context say of what it is a
// part: its data has the id under TiedBy. It ties the entries of an act on many
// things, each of which has an entry of its own.
func Tie(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, tieKey{}, id)
}

// tied gives an entry with what the context ties it to.
func tied(ctx context.Context, e Entry) Entry {
	id, _ := ctx.Value(tieKey{}).(string)
	if id == "" {
		return e
	}
	e.Data = maps.Clone(e.Data)
	if e.Data == nil {
		e.Data = map[string]any{}
	}
	e.Data[TiedBy] = id
	return e
}
