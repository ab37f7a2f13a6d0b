package health

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Database asks whether the database answers, and with write whether it takes
// a transaction that writes.
func Database(db *database.DB, now clock.Clock, write bool) Check {
	return Check{Name: "database.answers", Asks: "Does the database answer?", Ready: true, Run: func(ctx context.Context) Result {
		began := now()
		if err := db.Ping(ctx, write); err != nil {
			return Failed(err)
		}
		how := "reads"
		if write {
			how = "reads and takes a transaction that writes"
		}
		return Pass("%s %s, in %s", engine(db), how, now().Sub(began).Round(time.Millisecond/10))
	}}
}

func engine(db *database.DB) string {
	if db.Dialect == database.Postgres {
		return "PostgreSQL"
	}
	return "SQLite"
}

// Schema asks whether the database has the schema that this program knows.
func Schema(db *database.DB) Check {
	return Check{Name: "database.schema", Asks: "Has the database the schema that this program knows?", Ready: true, Run: func(ctx context.Context) Result {
		have, newest, err := db.Version(ctx)
		if err != nil {
			return Failed(err)
		}
		switch {
		case have < newest:
			return Fail("start this version's server once: it backs up and migrates", "it has version %d; this program needs %d", have, newest)
		case have > newest:
			return Fail("run the version that wrote it, or a newer one", "it has version %d; this program knows versions up to %d", have, newest)
		}
		return Pass("version %d", have)
	}}
}

// LedgerHead asks whether the end of the ledger holds.
func LedgerHead(db *database.DB, dir, keyFile string) Check {
	return Check{Name: "ledger.head", Asks: "Do the ledger's checkpoint, its newest tiles and the database agree?", Run: func(ctx context.Context) Result {
		key, err := os.ReadFile(ledger.PublicKeyFile(keyFile))
		if errors.Is(err, fs.ErrNotExist) {
			return NotObserved("start the server once", "there is no ledger yet")
		}
		if err != nil {
			return Failed(fault.Wrap(fault.Unavailable, err, "the verifier key cannot be read: %v", err))
		}
		head, err := ledger.Quick(ctx, ledger.VerifyConfig{DB: db, Dir: dir, VerifierKey: strings.TrimSpace(string(key))})
		if fault.Is(err, fault.Refused) {
			return Fail("keep everything as it is and run 'attesta ledger verify'", "%s", err)
		}
		if err != nil {
			return Failed(err)
		}
		return Pass("the signed root of %d entries is that of the tiles and of the database", head.Size)
	}}
}

// Publishing asks whether entries get their positions.
func Publishing(log *ledger.Log) Check {
	return Check{Name: "ledger.publishes", Asks: "Do entries get their position in the ledger?", Ready: true, Run: func(ctx context.Context) Result {
		st, err := log.Status(ctx)
		switch {
		case err != nil:
			return Failed(err)
		case st.Err != nil:
			message, hint := fault.Public(st.Err)
			return Fail(hint, "it cannot publish since %s: %s; %d entries wait in the database", st.Since.UTC().Format(time.DateTime), message, st.Waiting)
		case st.Waiting > 100_000:
			return Fail("look at the load of the disk", "%d entries wait for their position", st.Waiting)
		}
		return Pass("%d entries published, %d on their way", st.Size, st.Waiting)
	}}
}

// LedgerClock asks whether the clock has fallen behind the ledger.
func LedgerClock(log *ledger.Log) Check {
	return Check{Name: "clock.ledger", Asks: "Is the clock level with the ledger's last entry?", Run: func(context.Context) Result {
		if held := log.Held(); held > time.Second {
			return Fail("set the clock right (timedatectl, chronyc makestep)", "the clock is %s behind the last entry; until it has caught up entries bear that entry's time", held.Round(time.Second))
		}
		return Pass("entries bear the clock's time")
	}}
}

// Backup asks how old the newest backup is.
func Backup(db *database.DB, now clock.Clock, oldest time.Duration) Check {
	return Check{Name: "backup.age", Asks: "Is there a recent backup?", Run: func(ctx context.Context) Result {
		at, ok, err := ledger.Last(ctx, db.Reader(), "backup.made")
		if err != nil {
			return Failed(err)
		}
		if !ok {
			return Fail("run 'attesta backup FILE' daily, and keep the file on another machine", "the ledger knows of no backup")
		}
		if age := now().Sub(at); age > oldest {
			return Fail("run 'attesta backup FILE', and see why the last ones did not", "the last one was made %s, %s ago", at.UTC().Format(time.DateTime), spanWords(age))
		}
		return Pass("the last one was made %s; whether the file is still there nobody here knows", at.UTC().Format(time.DateTime))
	}}
}

// Jobs asks whether periodic work is done.
func Jobs(runner *jobs.Runner, now clock.Clock) Check {
	return Check{Name: "jobs.run", Asks: "Does periodic and queued work get done?", Run: func(ctx context.Context) Result {
		all, err := runner.List(ctx)
		if err != nil {
			return Failed(err)
		}
		return judgeJobs(all, now())
	}}
}

func judgeJobs(all []jobs.Status, now time.Time) Result {
	var wrong []string
	waiting := int64(0)
	for _, j := range all {
		waiting += j.Waiting
		switch {
		case j.Failures > 0:
			wrong = append(wrong, fmt.Sprintf("%q failed %d times in a row: %s", j.Name, j.Failures, j.LastError))
		case j.Running && now.Sub(j.Since) > 30*time.Minute:
			wrong = append(wrong, fmt.Sprintf("%q runs since %s", j.Name, j.Since.UTC().Format(time.DateTime)))
		}
	}
	switch {
	case len(wrong) > 0:
		return Fail("see the server's log for the cause; it is tried again by itself", "%s", strings.Join(wrong, "; "))
	case waiting > 10_000:
		return Fail("look at the load of this machine", "%d jobs wait", waiting)
	}
	return Pass("%d kinds of jobs, none failing, %d waiting", len(all), waiting)
}

// Certificate asks how long the agents' authority, which signs the listener's
// and the agents' certificates, is valid.
func Certificate(keys string, now clock.Clock) Check {
	return Check{Name: "agents.certificate", Asks: "Is the certificate of the agents' authority valid for long enough?", Run: func(context.Context) Result {
		path := filepath.Join(keys, "agents-ca.crt")
		raw, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return NotObserved("start the server once", "there is no authority yet")
		}
		if err != nil {
			return Failed(fault.Wrap(fault.Unavailable, err, "%s cannot be read: %v", path, err))
		}
		block, _ := pem.Decode(raw)
		if block == nil {
			return Result{Outcome: "error", Reason: path + " holds no certificate", Do: "restore it from where you keep it"}
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return Result{Outcome: "error", Reason: path + " holds no certificate: " + err.Error(), Do: "restore it from where you keep it"}
		}
		left := c.NotAfter.Sub(now())
		switch {
		case left <= 0:
			return Fail("make a new authority and enrol the agents again", "it ended %s: no agent can report", c.NotAfter.UTC().Format(time.DateOnly))
		case left < 180*24*time.Hour:
			return Fail("plan a new authority and the enrolment of the agents again", "it ends %s", c.NotAfter.UTC().Format(time.DateOnly))
		}
		return Pass("until %s; the listener's own, of 90 days, renews itself", c.NotAfter.UTC().Format(time.DateOnly))
	}}
}

func spanWords(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours())/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d minutes", int(d.Minutes()))
}
