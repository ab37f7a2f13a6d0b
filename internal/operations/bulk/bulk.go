package bulk

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/attesta/attesta/internal/base/access"
)

const (
	// Most is how many items a batch has at most.
	Most = 500
	// PreviewFor is how long what a preview said can be done.
	PreviewFor = time.Hour
	// UndoFor is how long after it was done a batch can be undone.
	UndoFor = 24 * time.Hour

	perTx = 50 // items of a transaction
)

// State is where a batch stands.
type State string

// The states.
const (
	Chosen    State = "chosen"    // nothing is known of what would change
	Previewed State = "previewed" // and nothing is changed yet
	Applying  State = "applying"  // some of it may be done
	Done      State = "done"
)

// LineState is what becomes of an item.
type LineState string

// The states of a line.
const (
	Will      LineState = "will"
	Cannot    LineState = "cannot"  // the preview said why
	WasDone   LineState = "done"    //
	Changed   LineState = "changed" // somebody changed it meanwhile: left alone
	Refused   LineState = "refused" // its own rules refused it, though the preview did not
	ChosenOne LineState = "chosen"
)

// Change is what becomes of one property of an item. Values that begin with
// "usr_" are people.
type Change struct {
	What string `json:"what"`
	From string `json:"from"`
	To   string `json:"to"`
}

// Line is one item of a batch.
type Line struct {
	Seq     int64     `json:"-"`
	Item    string    `json:"item"`
	Name    string    `json:"name"` // F-12, web-1
	About   string    `json:"about,omitempty"`
	State   LineState `json:"state"`
	Changes []Change  `json:"changes,omitempty"`
	Why     string    `json:"why,omitempty" doc:"Why it cannot be changed, or was not."`
	Entry   string    `json:"entry,omitempty" doc:"Of the ledger."`

	version, was, after string
}

// Counts are a batch's lines by state.
type Counts struct {
	Will    int64 `json:"will" doc:"Not done yet."`
	Cannot  int64 `json:"cannot" doc:"The preview said why."`
	Done    int64 `json:"done"`
	Changed int64 `json:"changed" doc:"Left alone, because somebody changed them after the preview."`
	Refused int64 `json:"refused" doc:"Refused by their own rules, though the preview did not foresee it."`
}

// Batch is an act on many items.
type Batch struct {
	ID          string            `json:"id"` // "blk_…"
	Kind        string            `json:"kind"`
	By          string            `json:"by"` // "usr_…"
	State       State             `json:"state"`
	Params      map[string]string `json:"params,omitempty"`
	Seen        string            `json:"seen,omitempty" doc:"Digest of what the preview said: what is applied is this."`
	MadeAt      time.Time         `json:"made_at,omitzero"`
	PreviewedAt time.Time         `json:"previewed_at,omitzero"`
	BegunAt     time.Time         `json:"begun_at,omitzero"`
	EndedAt     time.Time         `json:"ended_at,omitzero"`
	UndoUntil   time.Time         `json:"undo_until,omitzero" doc:"Until when it can be undone; absent: it cannot."`
	Undoes      string            `json:"undoes,omitempty" doc:"The batch that this one takes back."`
	UndoneBy    string            `json:"undone_by,omitempty" doc:"The batch that takes this one back."`
	Counts      Counts            `json:"counts"`
	Lines       []Line            `json:"lines,omitempty"`
	Address     string            `json:"-"` // of the list that it was chosen on

	begun, ended string // entries
}

// Ask is a question that a kind has before its preview.
type Ask struct {
	Name, Label, Hint string
	Type              string // "", "long", "owner", "role", "reviewer"
	Must              bool
}

// Kind is something that can be done to many.
type Kind struct {
	Name   string // "findings.assign": the operation that does it to one
	List   string // "findings"
	Title  string // "Say who is to mend them"
	Button string // of the preview: "Assign"
	Action access.Action
	Proof  bool // asks who is there, see access.Proved
	Asks   []Ask
	Before bool   // its questions are asked before there is a preview
	Undo   string // what undoing does; "": it cannot be undone
	Note   string // what else the preview says

	do deeds
}

// digest commits to what a preview said.
func (b Batch) digest() (string, error) {
	var lines [][3]any
	for _, l := range b.Lines {
		lines = append(lines, [3]any{l.Item, l.version, l.State != Cannot})
	}
	return digestOf([]any{b.Kind, b.Params, lines})
}

// result commits to what became of it.
func (b Batch) result() (string, error) {
	var lines [][3]any
	for _, l := range b.Lines {
		lines = append(lines, [3]any{l.Item, string(l.State), l.Entry})
	}
	return digestOf(lines)
}

func digestOf(v any) (string, error) {
	raw, err := json.Marshal(v)
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), err
}

func (b *Batch) count() {
	b.Counts = Counts{}
	for _, l := range b.Lines {
		switch l.State {
		case Will, ChosenOne:
			b.Counts.Will++
		case Cannot:
			b.Counts.Cannot++
		case WasDone:
			b.Counts.Done++
		case Changed:
			b.Counts.Changed++
		case Refused:
			b.Counts.Refused++
		}
	}
}
