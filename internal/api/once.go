package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

const (
	maxKey    = 200            // characters of an Idempotency-Key
	keyLives  = 24 * time.Hour // how long an answer is kept
	keyStalls = time.Minute    // after this a key whose answer never came may be used again
)

// kept is what is known of a key.
type kept struct {
	digest string
	answer []byte // nil while it is being done
	at     time.Time
}

// once does a change, or gives the stored answer where the same asker did it
// with the same Idempotency-Key before.
func (a *API) once(r *http.Request, who access.Principal, o *Operation, input json.RawMessage, do func(context.Context) ([]byte, error)) (body []byte, repeated bool, err error) {
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		body, err = do(r.Context())
		return body, false, err
	}
	if len(key) > maxKey || strings.ContainsFunc(key, func(c rune) bool { return c < ' ' || c > '~' }) {
		return nil, false, fault.New(fault.Invalid, "an Idempotency-Key has up to %d printable characters", maxKey)
	}
	sum := sha256.Sum256([]byte(o.Name + "\x00" + string(input)))
	id := sha256.Sum256([]byte(who.UserID + "\x00" + key))
	k, digest, now := hex.EncodeToString(id[:]), hex.EncodeToString(sum[:]), a.cfg.Clock()
	before, fresh, err := claimKey(r.Context(), a.cfg.DB, k, digest, now)
	if err != nil {
		return nil, false, err
	}
	switch {
	case fresh:
	case before.digest != digest:
		return nil, false, fault.New(fault.Conflict, "this Idempotency-Key was used for something else").WithHint("use a new key for each new change")
	case before.answer == nil:
		return nil, false, fault.New(fault.Conflict, "the same change is being made just now").WithHint("ask again in a few seconds")
	default:
		return before.answer, true, nil
	}
	body, err = do(r.Context())
	// Whoever hung up asks again with the same key: what was done stays said.
	ctx := context.WithoutCancel(r.Context())
	if err != nil {
		if dropped := dropKey(ctx, a.cfg.DB, k); dropped != nil {
			a.cfg.Logger.Warn("a key of a failed change stays for a minute", "error", dropped)
		}
		return nil, false, err
	}
	if err := keepAnswer(ctx, a.cfg.DB, k, body); err != nil {
		return nil, false, fault.Wrap(fault.KindOf(err), err, "the change was made, but its key could not be kept").WithHint("look whether it is there before you ask again")
	}
	return body, false, nil
}

// Sweep forgets keys after a day. A job calls it.
func (a *API) Sweep(ctx context.Context) error {
	return sweepKeys(ctx, a.cfg.DB, a.cfg.Clock().Add(-keyLives))
}
