package anchor

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/proof"
	"github.com/attesta/attesta/internal/proof/stamp"
)

// holder hands a checkpoint to somebody outside. held is the size of the newest
// that they have taken; 0 for none.
type holder interface {
	hand(ctx context.Context, c proof.Checkpoint, held int64) (answer, error)
}

// answer is what somebody outside gave for a checkpoint, verified.
type answer struct {
	proof []byte
	said  time.Time
}

// holder gives what speaks to an anchor.
func (s *Service) holder(a Anchor) (holder, error) {
	address, err := s.cfg.Key.Unseal(sealedAs(a.ID), a.address)
	if err != nil {
		return nil, err
	}
	switch a.Kind {
	case TimeStamp:
		roots, err := stamp.ParseRoots([]byte(a.Trust))
		return authority{s.post, address, roots}, err
	case Witness:
		w, err := proof.NewWitness(a.Trust)
		return witness{s.post, s.cfg.Ledger, address, w}, err
	case Directory:
		return directory{address, s.cfg.Data}, nil
	}
	return receiver{s.post, address}, nil
}

// poster sends a body and gives the answer's status and body.
type poster func(ctx context.Context, address, kind string, body []byte) (status int, mime string, answer []byte, err error)

func (s *Service) post(ctx context.Context, address, kind string, body []byte) (int, string, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, "", nil, fault.Wrap(fault.Invalid, err, "this is no address").At("", 0, "address")
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("User-Agent", "Attesta/"+s.cfg.Version)
	resp, err := s.client.Do(req)
	if err != nil {
		var f *fault.Error
		if errors.As(err, &f) {
			return 0, "", nil, f
		}
		return 0, "", nil, fault.Wrap(fault.Unavailable, err, "it cannot be asked: %s", reason(err)).WithHint("see whether the address is right, and whether this server may reach it")
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, stamp.MaxToken+1))
	if err != nil || len(raw) > stamp.MaxToken {
		return 0, "", nil, fault.Wrap(fault.Unavailable, err, "its answer broke off, or has more than %d bytes", stamp.MaxToken)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), raw, nil
}

// reason gives the innermost words of an error, which hold no address.
func reason(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

func unexpected(who string, status int) error {
	return fault.New(fault.Unavailable, "the %s answered %d %s", who, status, strings.ToLower(http.StatusText(status))).WithHint("see whether the address is right; its owner knows more")
}

// authority is a time-stamp authority.
type authority struct {
	post    poster
	address string
	roots   *stamp.Roots
}

func (a authority) hand(ctx context.Context, c proof.Checkpoint, _ int64) (answer, error) {
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		return answer{}, fmt.Errorf("make a nonce: %w", err)
	}
	digest := sha256.Sum256(c.Raw)
	query, err := stamp.Request(digest, nonce)
	if err != nil {
		return answer{}, fmt.Errorf("write the question: %w", err)
	}
	status, _, raw, err := a.post(ctx, a.address, "application/timestamp-query", query)
	if err != nil {
		return answer{}, err
	}
	if status != http.StatusOK {
		return answer{}, unexpected("authority", status)
	}
	token, err := stamp.Token(raw)
	if err != nil {
		return answer{}, err
	}
	got, err := stamp.Verify(token, digest, a.roots)
	if err != nil {
		return answer{}, err
	}
	if got.Nonce == nil || got.Nonce.Cmp(nonce) != 0 {
		return answer{}, fault.New(fault.Refused, "the time stamp answers another question: its nonce is not ours").WithHint("somebody on the way may replay an old answer")
	}
	return answer{token, got.At}, nil
}

// witness is a C2SP tlog-witness.
type witness struct {
	post    poster
	log     *ledger.Log
	address string
	key     *proof.Witness
}

// maxLines bounds the signature lines of a witness's answer.
const maxLines = 16

func (w witness) hand(ctx context.Context, c proof.Checkpoint, held int64) (answer, error) {
	for range 2 { // once more from the size that it says it knows
		p := proof.Consistency{Checkpoint: c.Raw}
		if held > 0 {
			var err error
			if p, err = proof.ProveConsistency(c, held, w.log.Tile); err != nil {
				return answer{}, err
			}
		}
		status, mime, raw, err := w.post(ctx, strings.TrimSuffix(w.address, "/")+"/add-checkpoint", "text/plain; charset=utf-8", p.Text())
		if err != nil {
			return answer{}, err
		}
		switch status {
		case http.StatusOK:
			return w.read(c, raw)
		case http.StatusConflict:
			size, err := strconv.ParseInt(strings.TrimSuffix(string(raw), "\n"), 10, 64)
			if !strings.HasPrefix(mime, "text/x.tlog.size") || err != nil || size < 0 {
				return answer{}, fault.New(fault.Refused, "the witness answered 409: it holds another checkpoint of %d entries than this ledger has", held).
					WithHint("run 'attesta ledger verify': the ledger may have been written anew")
			}
			if size > c.Size {
				return answer{}, fault.New(fault.Refused, "the witness has seen %d entries of this ledger, which has %d: it was put back to an earlier state", size, c.Size).
					WithHint("keep everything as it is; bring back the newest data, or restore a backup, which begins an epoch")
			}
			if size == held {
				return answer{}, fault.New(fault.Unavailable, "the witness says it knows %d entries, and does not take a proof from there", size)
			}
			held = size
		case http.StatusUnprocessableEntity:
			return answer{}, fault.New(fault.Refused, "the witness does not see this ledger continue the one of %d entries that it cosigned", held).WithHint("run 'attesta ledger verify': the ledger may have been written anew")
		case http.StatusNotFound:
			return answer{}, fault.New(fault.Refused, "the witness does not know this log").WithHint("give its owner the origin and the key: 'attesta ledger key' prints both")
		case http.StatusForbidden:
			return answer{}, fault.New(fault.Refused, "the witness does not know the key that signs this log").WithHint("give its owner the present key: 'attesta ledger key' prints it")
		default:
			return answer{}, unexpected("witness", status)
		}
	}
	return answer{}, fault.New(fault.Unavailable, "the witness changes its mind about what it knows").WithHint("somebody else hands it checkpoints of this ledger at the same time")
}

// read takes the witness's own line out of its answer, once it is verified.
func (w witness) read(c proof.Checkpoint, raw []byte) (answer, error) {
	for i, line := range bytes.SplitAfter(raw, []byte("\n")) {
		if i > maxLines {
			break
		}
		if !bytes.HasPrefix(line, []byte("— "+w.key.Name()+" ")) {
			continue
		}
		if at, ok := w.key.Cosigned(append(bytes.Clone(c.Raw), line...)); ok {
			return answer{bytes.Clone(line), at}, nil
		}
	}
	return answer{}, fault.New(fault.Refused, "the witness's answer holds no signature of %s over this checkpoint", w.key.Name()).WithHint("the key may be that of another witness")
}

// directory is a place for copies.
type directory struct{ path, data string }

// CopyName is what a copy of a checkpoint is called in a directory.
func CopyName(c proof.Checkpoint) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, strings.ToLower(c.Origin))
	return fmt.Sprintf("%.120s-%012d.checkpoint", name, c.Size)
}

func (d directory) hand(_ context.Context, c proof.Checkpoint, _ int64) (answer, error) {
	if err := d.check(); err != nil {
		return answer{}, err
	}
	path := filepath.Join(d.path, CopyName(c))
	if have, err := os.ReadFile(path); err == nil {
		if bytes.Equal(have, c.Raw) {
			return answer{}, nil
		}
		return answer{}, fault.New(fault.Refused, "%s holds another checkpoint of %d entries than this ledger has", path, c.Size).WithHint("run 'attesta ledger verify --checkpoint %s': the ledger may have been written anew", path)
	}
	f, err := os.CreateTemp(d.path, ".attesta-checkpoint-*")
	if err == nil {
		_, err = f.Write(c.Raw)
		err = errors.Join(err, f.Chmod(0o444), f.Sync(), f.Close())
		if err == nil {
			err = os.Rename(f.Name(), path)
		}
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}
	if err == nil {
		var dir *os.File
		if dir, err = os.Open(d.path); err == nil {
			err = errors.Join(dir.Sync(), dir.Close())
		}
	}
	if err != nil {
		return answer{}, fault.Wrap(fault.Unavailable, err, "the copy cannot be written into %s: %s", d.path, reason(err)).WithHint("check that it is mounted, its owner, its mode and its room")
	}
	return answer{}, nil
}

// check refuses a directory that is not there, and one inside the data directory:
// what is there goes with it.
func (d directory) check() error {
	st, err := os.Stat(d.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !st.IsDir() {
		return fault.New(fault.Unavailable, "there is no directory %s", d.path).At("", 0, "address").WithHint("make it, or mount it, best of another machine")
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s cannot be looked at: %s", d.path, reason(err)).At("", 0, "address")
	}
	real, err := filepath.EvalSymlinks(d.path)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s cannot be looked at", d.path).At("", 0, "address")
	}
	if within, err := filepath.Rel(d.data, real); d.data != "" && err == nil && filepath.IsLocal(within) {
		return fault.New(fault.Invalid, "%s is inside the data directory: who can write the ledger anew can write that anew", d.path).At("", 0, "address").WithHint("name a directory of another machine")
	}
	return nil
}

// receiver is somebody who takes copies.
type receiver struct {
	post    poster
	address string
}

func (r receiver) hand(ctx context.Context, c proof.Checkpoint, _ int64) (answer, error) {
	status, _, _, err := r.post(ctx, r.address, "text/plain; charset=utf-8", c.Raw)
	if err != nil {
		return answer{}, err
	}
	if status < 200 || status > 299 {
		return answer{}, unexpected("receiver", status)
	}
	return answer{}, nil
}
